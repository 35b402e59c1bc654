"""Rows cut out of a stream: the same rows wherever the stream is split, and nothing that readers disagree on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.problems import Problem, TooLarge, Unparseable, UnsupportedMediaType
from shared.jobs.rows import MAX_ROW_BYTES, read_rows

pytestmark = pytest.mark.anyio


class Sent:
    """A request whose body arrives in the given parts."""

    def __init__(self, media_type: str, parts: list[bytes]) -> None:
        self.headers = {"content-type": media_type}
        self._parts = parts

    async def stream(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


async def rows(body: bytes, media_type: str = "application/json", step: int | None = None) -> list[Any]:
    size = step or max(len(body), 1)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return [row async for row in read_rows(Sent(media_type, parts))]  # type: ignore[arg-type]  # stands for a request


async def refused(body: bytes, media_type: str = "application/json") -> Problem:
    with pytest.raises(Problem) as caught:
        await rows(body, media_type)
    return caught.value


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(max_size=6), values, max_size=4), max_size=6)


@given(objects, st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
@settings(deadline=None, max_examples=200)
async def test_json_split_anywhere_gives_the_same_rows(
    sent: list[dict[str, Any]], step: int, indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(sent, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    if "\\ud" in body.decode(errors="replace").lower():
        return  # lone surrogates are refused by the strict parser; pairs are tested below
    assert await rows(body, step=step) == sent


@given(objects, st.integers(1, 9))
@settings(deadline=None, max_examples=100)
async def test_ndjson_split_anywhere_gives_the_same_rows(sent: list[dict[str, Any]], step: int) -> None:
    body = "\r\n".join(json.dumps(each) for each in sent).encode()
    if b"\\ud" in body.lower():
        return
    assert await rows(body, "application/x-ndjson", step) == sent


async def test_strings_with_brackets_quotes_and_backslashes() -> None:
    sent = [{"a": '[]{},"\\'}, {"\\": "\\\\"}, {"": '\\"'}, {"é": "😀"}]
    for step in (1, 2, 3, 100):
        assert await rows(json.dumps(sent).encode(), step=step) == sent


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"\n[\n]\n"])
async def test_an_empty_array_has_no_rows(body: bytes) -> None:
    for step in (1, 100):
        assert await rows(body, step=step) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{}",
        b"null",
        b"[",
        b"[{}",
        b"[{},",
        b"[{},]",
        b"[,{}]",
        b"[{},,{}]",
        b"[{}}]",
        b"[{}]]",
        b"[{}] {}",
        b"[{} {}]",
        b"[1]",
        b'["a"]',
        b"[[]]",
        b"[null]",
        b'[{"a": NaN}]',
        b'[{"a": 1, "a": 2}]',
        b'[{"a": "\\ud800"}]',
        b'[{"a": 123456789012345678901234567890}]',
        b'[{"a": "',
        b"[{'a': 1}]",
        b"[{]}",
        b"\xff[{}]",
        b'[{"a": "\xff"}]',
        b"[" + b"[" * 100_000,
        b'[{"a":' * 200 + b"1" + b"}]" * 200,
    ],
)
async def test_what_is_no_array_of_objects_is_unparseable(body: bytes) -> None:
    assert isinstance(await refused(body), Unparseable)


async def test_the_row_that_cannot_be_read_is_named() -> None:
    problem = await refused(b'[{"a": 1}, {"b": 2}, {"c": 1, "c": 2}]')
    assert problem.extensions["row"] == 2
    problem = await refused(b'{"a": 1}\n\n{"b": }\n', "application/x-ndjson")
    assert problem.extensions["row"] == 1


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson", "text/csv"])
async def test_a_row_without_end_is_refused_before_memory_is_full(media_type: str) -> None:
    taken = 0

    class Endless(Sent):
        async def stream(self) -> AsyncIterator[bytes]:
            nonlocal taken
            yield b'[{"a": "' if media_type != "text/csv" else b'a\n"'
            while True:
                taken += 8192
                yield b"x" * 8192

    with pytest.raises(Unparseable):
        _ = [row async for row in read_rows(Endless(media_type, []))]  # type: ignore[arg-type]  # likewise
    assert taken <= 2 * MAX_ROW_BYTES + 8192


async def test_a_body_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.jobs.rows.MAX_BODY_BYTES", 1000)
    assert isinstance(await refused(b'{"a": 1}\n' * 200, "application/x-ndjson"), TooLarge)


async def test_csv() -> None:
    body = (
        '\ufeffrecipient.identity,recipient.name,"na""me",empty\r\n'
        'a@example.org,"Ada, the\r\nfirst",x,\r\n'
        "\r\n"
        'b@example.org,"says ""hi""",ÿ,\r\n'
    ).encode()
    expected = [
        {"recipient": {"identity": "a@example.org", "name": "Ada, the\r\nfirst"}, 'na"me': "x"},
        {"recipient": {"identity": "b@example.org", "name": 'says "hi"'}, 'na"me': "ÿ"},
    ]
    for step in (1, 3, 1000):
        assert await rows(body, "text/csv; charset=utf-8", step) == expected


async def test_csv_with_semicolons_as_spreadsheets_of_europe_write_it() -> None:
    assert await rows(b"a;b\n1,5;2\n", "text/csv") == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
        b"a,a\n1,2\n",
        b"a,\n1,2\n",
        b"a,a.b\n1,2\n",
        b'a\n"1\n',
        b'a\n"1"x\n',
        b"a\n\xff\n",
        (",".join(f"c{number}" for number in range(300)) + "\n").encode(),
    ],
)
async def test_bad_csv_is_unparseable(body: bytes) -> None:
    assert isinstance(await refused(body, "text/csv"), Unparseable)


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
async def test_other_media_types_are_refused(media_type: str) -> None:
    assert isinstance(await refused(b"[]", media_type), UnsupportedMediaType)


async def test_the_digest_sees_every_byte() -> None:
    seen = b""

    def digest(part: bytes) -> None:
        nonlocal seen
        seen += part

    body = b'[{"a": 1}, {"b": 2}]  \n'
    request = Sent("application/json", [body[:5], body[5:]])
    assert len([row async for row in read_rows(request, digest=digest)]) == 2  # type: ignore[arg-type]  # likewise
    assert seen == body
