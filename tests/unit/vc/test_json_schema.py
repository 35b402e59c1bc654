"""JSON Schemas of strangers: what fits, what does not, and what none of them may do."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vc.budget import DEFAULT_UNITS, Budget
from shared.vc.errors import BudgetExceeded
from shared.vc.json_schema import SchemaRefused, misfits

DOCUMENT = {
    "name": "Ada",
    "level": 3,
    "tags": ["a", "b"],
    "inner": {"a1": "x" * 50, "b": [1, 2, {"c": 1337}]},
}
DRAFTS = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


def applied(schema: dict[str, Any], document: dict[str, Any] = DOCUMENT, most: int = 5) -> list[str]:
    return [one.pointer for one in misfits(schema, document, budget=Budget(), most=most)]


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_draft_is_applied(draft: str) -> None:
    schema = {
        "$schema": draft,
        "type": "object",
        "required": ["name"],
        "properties": {"level": {"type": "integer", "maximum": 5}, "name": {"pattern": "^A"}},
    }
    assert applied(schema) == []
    assert sorted(applied(schema, {"name": "Bo", "level": 9})) == ["/level", "/name"]
    assert applied(schema, {"level": 1}) == [""]


def test_a_misfit_says_where_and_why() -> None:
    schema = {"properties": {"inner": {"properties": {"b": {"items": {"type": "integer"}}}}}}
    (found,) = misfits(schema, DOCUMENT, budget=Budget(), most=5)
    assert (found.pointer, found.reason) == ("/inner/b/2", "{'c': 1337} is not of type 'integer'")
    assert applied({"properties": {"a/b~c": {"type": "null"}}}, {"a/b~c": 1}) == ["/a~1b~0c"]


def test_no_more_misfits_than_wanted() -> None:
    assert len(applied({"properties": {"tags": {"items": {"type": "null"}}}}, most=1)) == 1


def test_patterns_and_additional_properties() -> None:
    schema = {"patternProperties": {"^a": {"type": "string"}}, "properties": {"b": True}}
    assert applied({"properties": {"inner": {**schema, "additionalProperties": False}}}) == []
    wrong = {"patternProperties": {"^a": {"type": "null"}}, "additionalProperties": {"type": "null"}}
    assert applied({"properties": {"inner": wrong}}) == ["/inner/a1", "/inner/b"]
    assert applied({"properties": {"inner": {"additionalProperties": False}}}) == ["/inner", "/inner"]


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": 17}, "malformed_schema"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "unsupported_schema"),
        ({"$schema": 4}, "unsupported_schema"),
        ({"$ref": "https://elsewhere.example/schema.json"}, "unsupported_schema"),
        ({"$ref": "#/nowhere"}, "unsupported_schema"),
        ({"$ref": "#/maximum", "maximum": 5}, "malformed_schema"),
        ({"$ref": "#/x", "x": {"required": 5}}, "malformed_schema"),
        ({"unevaluatedProperties": False}, "unsupported_schema"),
        ({"$dynamicRef": "#x"}, "unsupported_schema"),
        ({"properties": {"name": {"pattern": "(a)\\1"}}}, "unsupported_schema"),
        ({"properties": {"name": {"pattern": "a" * 3000}}}, "unsupported_schema"),
        ({"properties": {"name": {"pattern": "((a{1000}){1000}){1000}"}}}, "unsupported_schema"),
    ],
)
def test_what_is_not_applied_is_refused_and_never_a_misfit(schema: dict[str, Any], code: str) -> None:
    with pytest.raises(SchemaRefused) as refused:
        applied(schema)
    assert refused.value.code == code
    assert not refused.value.conclusive


def branching(depth: int) -> dict[str, Any]:
    """Each of `depth` levels asks for the next one twice: 2**depth evaluations of 100 bytes a level."""
    levels = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/a0", "$defs": levels | {f"a{depth}": {"type": "object"}}}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        branching(40),
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        nested(300),
        {"anyOf": [{"type": "null"}] * 8_000},
        {"enum": [{"a": n} for n in range(8_000)]},
        {"patternProperties": {f"^{n}": True for n in range(8_000)}},
        {"properties": {"many": {"uniqueItems": True}}},
    ],
    ids=["branching", "itself", "itself within", "deep", "wide", "long list", "many patterns", "unique"],
)
def test_a_schema_without_end_runs_out_of_work(schema: dict[str, Any]) -> None:
    document = {**DOCUMENT, "many": [{"n": n} for n in range(300)]}
    with pytest.raises(BudgetExceeded):
        applied(schema, document)


def test_a_backtracking_pattern_takes_linear_time() -> None:
    schema = {"properties": {"name": {"pattern": "^(a+)+$"}}}
    spent = []
    for length in (500, 1_000):
        budget = Budget()
        assert misfits(schema, {"name": "a" * length + "b"}, budget=budget, most=1)
        spent.append(DEFAULT_UNITS - budget.left)
    assert spent[1] < 2 * spent[0]
    with pytest.raises(BudgetExceeded):
        applied(schema, {"name": "a" * 10_000})


def test_patterns_are_paid_for_once_each() -> None:
    names = {f"a{number}": "x" for number in range(100)}
    applied({"patternProperties": {"^a": {"pattern": "^x$"}}}, names)
    with pytest.raises(BudgetExceeded):
        applied({"patternProperties": {f"^a{number}$": True for number in range(200)}}, names)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
_SCHEMAS = st.recursive(
    st.sampled_from(
        [
            True,
            False,
            {"type": "string"},
            {"minimum": 0},
            {"const": "a"},
            {"pattern": "^a"},
            {"enum": [1, "b"]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: {"items": one}, inner),
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda one, two: {"properties": {"a": one}, "additionalProperties": two}, inner, inner),
        st.builds(
            lambda one, two: {"patternProperties": {"^a": one}, "additionalProperties": two}, inner, inner
        ),
        st.builds(lambda several: {"anyOf": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda several: {"oneOf": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"contains": one, "uniqueItems": True}, inner),
    ),
    max_leaves=6,
)


@given(_SCHEMAS, st.dictionaries(st.text("ab", max_size=2), _VALUES, max_size=3))
def test_the_verdict_is_another_librarys(schema: Any, document: dict[str, Any]) -> None:
    schema = {"allOf": [schema]}
    assert (applied(schema, document) == []) == jsonschema_rs.Draft202012Validator(schema).is_valid(document)
