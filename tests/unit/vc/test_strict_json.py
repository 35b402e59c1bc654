import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vc import strict_json
from shared.vc.errors import JsonRefused


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": 1, "a": 2}', "duplicate_member"),
        ('{"a": {"b": 1, "b": 1}}', "duplicate_member"),
        (r'{"a": 1, "\u0061": 2}', "duplicate_member"),
        ("[NaN]", "not_a_number"),
        ("[Infinity]", "not_a_number"),
        ("[-Infinity]", "not_a_number"),
        ("[1e309]", "number_range"),
        ("[-1e309]", "number_range"),
        ("[9007199254740993]", "number_range"),
        ("[123456789012345678901234567890]", "number_range"),
        ("[" + "9" * 5000 + ".0]", "number_range"),
        ("[9007199254740993.0]", "number_precision"),
        ("[0.1000000000000000055]", "number_precision"),
        ("[1e-400]", "number_precision"),
        (r'["\ud800"]', "lone_surrogate"),
        (r'["\udc00\ud800"]', "lone_surrogate"),
        (r'{"\uDBFF": 1}', "lone_surrogate"),
        ('["\ud800"]', "lone_surrogate"),
        ("[" * 65 + "]" * 65, "too_deep"),
        ("[" * 90_000, "too_deep"),
        ("[" + "0," * 100_000 + "0]", "too_many_nodes"),
        ("{} {}", "syntax"),
        ("{'a': 1}", "syntax"),
        ("[1,]", "syntax"),
        ("[01]", "syntax"),
        ('["\t"]', "syntax"),
        ("", "syntax"),
        ("\ufeff{}", "syntax"),
        (b"\xff\xfe{\x00}\x00", "not_utf8"),
        (b'"\xed\xa0\x80"', "not_utf8"),
        (b" " * (2 * 1024 * 1024 + 1), "too_large"),
    ],
)
def test_what_readers_would_read_differently_is_refused(text: str | bytes, code: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        strict_json.loads(text)
    assert refused.value.code == code
    assert refused.value.reason.endswith(".")
    if isinstance(text, str) and code != "lone_surrogate":
        with pytest.raises(JsonRefused) as as_bytes:
            strict_json.loads(text.encode())
        assert (as_bytes.value.code, as_bytes.value.reason) == (code, refused.value.reason)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740992", 9007199254740992),
        ("[1.0, -0.0, 1e2, 0.30000000000000004]", [1.0, -0.0, 100.0, 0.30000000000000004]),
        (r'"\ud83d\ude00 \\ud800"', "\U0001f600 \\ud800"),
        ("[" * 64 + "]" * 64, None),
        ('{"a": {"b": 1}, "c": {"b": 1}}', {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_what_every_reader_reads_alike_is_read(text: str, value: object) -> None:
    assert value is None or strict_json.loads(text) == value
    assert value is not None or strict_json.loads(text)


def test_a_refusal_says_where() -> None:
    with pytest.raises(JsonRefused) as refused:
        strict_json.loads('{"a": 1,\n "b": x}')
    assert refused.value.offset == 15


def test_only_an_object_will_do_where_one_is_asked_for() -> None:
    assert strict_json.loads_object(b'{"a": []}') == {"a": []}
    with pytest.raises(JsonRefused) as refused:
        strict_json.loads_object(b"[]")
    assert refused.value.code == "not_an_object"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    assert strict_json.loads(strict_json.dumps(value)) == value
    assert strict_json.loads(json.dumps(value)) == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\ud8truefalsn \n', max_size=60))
def test_it_reads_what_the_standard_library_reads_or_refuses_by_name(text: str) -> None:
    try:
        value = strict_json.loads(text)
    except JsonRefused:
        return
    assert value == json.loads(text)


# Strings that look like the seams of objects, with and without escapes; white space where it may stand.
_strings = st.sampled_from(
    ["a", "b", ":", "a:", '":', '":"', '"', "\\", '\\":', "a :", "null", "{", ",", "\u00e9", ""]
)
_gaps = st.sampled_from(["", "", "", "", "", "", " ", "\n", "\t", "\r"])


@st.composite
def _texts(draw: st.DrawFn, depth: int = 0) -> str:
    """JSON texts, some of which have a member twice in an object."""
    kind = draw(st.integers(0, 6 if depth < 3 else 3))
    if kind < 3:
        return json.dumps(draw(_strings), ensure_ascii=draw(st.booleans()))
    if kind == 3:
        return draw(st.sampled_from(["null", "true", "[]", "{}", "1", "2.5"]))
    if kind == 4:
        return "[" + ",".join(draw(st.lists(_texts(depth + 1), max_size=3))) + "]"
    members = [
        f"{json.dumps(draw(_strings))}{draw(_gaps)}:{draw(_gaps)}{draw(_texts(depth + 1))}"
        for _ in range(draw(st.integers(1, 4)))
    ]
    return "{" + f"{draw(_gaps)},{draw(_gaps)}".join(members) + "}"


@settings(max_examples=500)
@given(_texts())
def test_bytes_are_read_as_text_is(text: str) -> None:
    def outcome(data: bytes | str) -> object:
        try:
            return strict_json.loads(data)
        except JsonRefused as error:
            return error.code, error.reason

    assert outcome(text.encode()) == outcome(text)


def test_depth_is_counted_alike_in_bytes_and_text() -> None:
    for depth in range(60, 68):
        for text in (
            "[" * depth + "]" * depth,
            "[" * depth + "null" + "]" * depth,
            '{"a":' * depth + "{}" + "}" * depth,
        ):
            outcomes = []
            for data in (text, text.encode()):
                try:
                    strict_json.loads(data)
                    outcomes.append("read")
                except JsonRefused as error:
                    outcomes.append(error.code)
            assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_numbers_that_have_no_json_are_not_written(value: object) -> None:
    with pytest.raises(JsonRefused) as refused:
        strict_json.dumps(value)
    assert refused.value.code == "not_a_number"
