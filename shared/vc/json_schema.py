"""JSON Schemas that issuers publish, applied under a budget: a schema is a program, and these are strangers'.

`jsonschema` does the work. What is ours is what a stranger's schema must not do: fetch other schemas, run regular
expressions that backtrack (they run in a linear-time engine), or branch without end. `format` is not asserted, as the
drafts since 2019-09 have it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import jsonschema
import jsonschema_rs
from referencing import Registry
from referencing.exceptions import Unresolvable

from shared.vc.budget import Budget
from shared.vc.errors import BudgetExceeded, VcError

# What one keyword costs at least, in units of the budget: finding, calling and evolving a validator.
_CALL, _REFERENCE = 8, 40
_DRAFTS = {
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": "Draft202012Validator",
}
_NEWEST = "https://json-schema.org/draft/2020-12/schema"
# Their cost cannot be counted from outside: they evaluate subschemas again behind the keywords' back.
_NOT_APPLIED = ("unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef")
# What a regular expression may grow to, and what it then costs to make, and to run over each character, at worst.
_MAX_PROGRAM, _COMPILING, _MATCHING = 1 << 16, 500, 8
_Keyword = Callable[[Any, Any, Any, Any], Iterator[Any] | None]


class SchemaRefused(VcError):
    """The schema cannot be applied: `malformed_schema`, `unsupported_schema`."""

    conclusive = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place where a document does not fit a schema. `pointer` is a JSON pointer into the document."""

    pointer: str
    reason: str


@dataclass(slots=True)
class _Run:
    budget: Budget
    sizes: Mapping[int, int]
    patterns: dict[str, Any]


_run: ContextVar[_Run] = ContextVar("schema_run")


def misfits(
    schema: Mapping[str, Any], document: Mapping[str, Any], *, budget: Budget, most: int
) -> list[Misfit]:
    """Where `document` does not fit `schema`, at most `most` places; none when it fits.

    Args:
        schema: a JSON Schema of draft 4, 6, 7, 2019-09 or 2020-12 (which is meant where it names none).
        document: strictly parsed JSON.
        budget: work allowed.
        most: how many places are wanted.

    Raises:
        SchemaRefused: it is no schema, refers to another document, or uses what is not applied here.
        BudgetExceeded: it would take too much work.
    """
    validator_class = _class(_draft(schema))
    sizes: dict[int, int] = {}
    # The library writes instances into its messages, so each costs by its length.
    budget.spend((_measure(document, sizes) + _measure(schema, {})) // 100)
    if not jsonschema_rs.meta.is_valid(dict(schema)):
        raise SchemaRefused("malformed_schema", "What stands at the schema's address is no JSON Schema.")
    token = _run.set(_Run(budget, sizes, {}))
    try:
        validator = validator_class(dict(schema), registry=Registry())
        return [
            Misfit(_pointer(error.absolute_path), error.message)
            for error in islice(validator.iter_errors(document), most)
        ]
    except Unresolvable as error:
        raise SchemaRefused(
            "unsupported_schema", "The schema refers to something that does not stand in it."
        ) from error
    except RecursionError:
        raise BudgetExceeded from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A reference may lead to a part that the metaschema took for plain data; the library runs into it unguarded.
        raise SchemaRefused("malformed_schema", "The schema uses as a schema what is none.") from error
    finally:
        _run.reset(token)


def _draft(schema: Mapping[str, Any]) -> str:
    named = schema.get("$schema", _NEWEST)
    draft = _DRAFTS.get(named.removesuffix("#")) if isinstance(named, str) else None
    if draft is None:
        raise SchemaRefused("unsupported_schema", "The schema is of a draft that is not known here.")
    return draft


def _pointer(path: Any) -> str:
    return "".join("/" + str(one).replace("~", "~0").replace("/", "~1") for one in path)


def _measure(value: Any, sizes: dict[int, int]) -> int:
    """About how long a value is when written, noted for every object and array in it."""
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, Mapping):
        size = sum(len(name) + _measure(one, sizes) + 4 for name, one in value.items())
    elif isinstance(value, list):
        size = sum(_measure(one, sizes) + 2 for one in value)
    else:
        return 8
    sizes[id(value)] = size
    return size


# --- keywords under a budget --------------------------------------------------------------------


@cache
def _class(draft: str) -> Any:
    base = getattr(jsonschema, draft)
    keywords = {name: _counted(name, keyword) for name, keyword in base.VALIDATORS.items()}
    keywords |= {name: _refused(name) for name in _NOT_APPLIED if name in keywords}
    keywords |= {
        "pattern": _counted("pattern", _pattern),
        "patternProperties": _counted("patternProperties", _pattern_properties),
        "additionalProperties": _counted("additionalProperties", _additional_properties),
    }
    return jsonschema.validators.extend(base, validators=keywords)


def _counted(name: str, keyword: _Keyword) -> _Keyword:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        run = _run.get()
        size = run.sizes.get(id(instance), len(instance) if isinstance(instance, str) else 8)
        width = len(value) if isinstance(value, list | dict) else 1
        units = _CALL + 2 * width + size // 100
        if name == "$ref":
            units += _REFERENCE
        elif name == "enum":
            units += width * size // 50
        elif name == "uniqueItems" and isinstance(instance, list):
            units += len(instance) ** 2
        elif isinstance(instance, list | dict):
            units += len(instance)
        run.budget.spend(units)
        yield from keyword(validator, value, instance, schema) or ()

    return counted


def _refused(name: str) -> _Keyword:
    def refused(_validator: Any, _value: Any, _instance: Any, _schema: Any) -> Iterator[Any]:
        raise SchemaRefused("unsupported_schema", f"The schema uses `{name}`, which is not applied here.")

    return refused


def _fits(pattern: str, text: str) -> bool:
    run = _run.get()
    if pattern not in run.patterns:
        run.budget.spend(_COMPILING)
        run.patterns[pattern] = _linear(pattern)
    run.budget.spend(1 + len(text) * _MATCHING)
    return bool(run.patterns[pattern].is_valid(text))


def _linear(pattern: str) -> Any:
    """The pattern in an engine that never backtracks: time linear in the text, whatever the pattern."""
    options = jsonschema_rs.RegexOptions(size_limit=_MAX_PROGRAM, dfa_size_limit=_MAX_PROGRAM)
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except jsonschema_rs.ValidationError as error:
        raise SchemaRefused(
            "unsupported_schema", "The schema uses a regular expression that is not applied here."
        ) from error


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if validator.is_type(instance, "string") and not _fits(pattern, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            if _fits(pattern, name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, subschema: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in declared or any(_fits(pattern, name) for pattern in patterns):
            continue
        if subschema is False:
            yield jsonschema.ValidationError(f"{name!r} is a property that the schema does not allow")
        elif subschema is not True:
            yield from validator.descend(value, subschema, path=name)
