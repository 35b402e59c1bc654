"""One value against one rule."""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache

from shared.vc.dates import is_date, parse_date_time

from .classes import Property
from .enumerations import EXTENSION
from .findings import Finding

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^<>\"{}|\\^`\x00-\x20]+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", re.ASCII)
_VALUE_OBJECT = frozenset({"@value", "@language", "@direction"})
_LANGUAGE_KEY = re.compile(r"@(value|language|direction)|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_COMPACT_JWS = re.compile(r"[a-zA-Z0-9_-]+\.[a-zA-Z0-9_-]*\.[a-zA-Z0-9_-]+", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+", re.ASCII)


def is_uri(value: object) -> bool:
    """Whether `value` is an absolute URI (or IRI): a scheme, a colon, and something without spaces."""
    return isinstance(value, str) and _URI.fullmatch(value) is not None


def is_sound(value: object, rule: Property) -> bool:
    """Whether `value_finding` surely has nothing to say: False for objects of the model, and for anything unusual."""
    return sound_test(rule)(value)


@cache
def sound_test(rule: Property) -> Callable[[object], bool]:
    """`is_sound` for one rule."""
    if rule.kind == "text":
        return lambda value: type(value) is str
    if rule.kind == "list":
        values = frozenset(rule.values)
        return lambda value: type(value) is str and value in values
    return _RULES[rule.kind][0] if rule.kind in _RULES else lambda _: False


def value_finding(value: object, rule: Property, pointer: str, name: str) -> Finding | None:
    """The fault of a single value that is not an object of the model; `None` if it has none."""
    if rule.kind == "list":
        return _enumerated(value, rule, pointer, name)
    test, code, should = _RULES[rule.kind]
    if test(value):
        return None
    if not isinstance(value, str):
        code = "model.wrong_type"
    return Finding(pointer, code, f"`{name}` has to be {should}.")


def _enumerated(value: object, rule: Property, pointer: str, name: str) -> Finding | None:
    if not isinstance(value, str):
        return Finding(pointer, "model.wrong_type", f"`{name}` has to be a text.")
    if value in rule.values or (rule.extensible and EXTENSION.fullmatch(value)):
        return None
    how = " or begin with `ext:`" if rule.extensible else ""
    return Finding(pointer, "model.not_in_list", f"`{name}` has to be one of {', '.join(rule.values)}{how}.")


def _text(value: object) -> bool:
    # The data model of the W3C lets a text be a language value object, the JSON Schemas a map of languages.
    if isinstance(value, dict):
        return bool(value) and all(
            isinstance(one, str) and _LANGUAGE_KEY.fullmatch(name) for name, one in value.items()
        )
    return isinstance(value, str)


def _phrase(value: object) -> bool:
    # VCDM 2.0, 11.1: a string, or a value object with nothing beside its language and direction.
    if isinstance(value, dict):
        return (
            value.keys() <= _VALUE_OBJECT
            and all(isinstance(one, str) for one in value.values())
            and "@value" in value
        )
    return isinstance(value, str)


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_RULES: Mapping[str, tuple[Callable[[object], bool], str, str]] = {
    "text": (_text, "model.wrong_type", "a text"),
    "phrase": (_phrase, "model.wrong_type", "a text, or a value object with language and direction"),
    "uri": (is_uri, "model.malformed_uri", "an absolute URI"),
    "date-time": (
        lambda value: parse_date_time(value) is not None,
        "model.malformed_date",
        "a date and time with a time zone, such as 2025-01-31T09:30:00Z",
    ),
    "date": (is_date, "model.malformed_date", "a date, such as 2025-01-31"),
    "number": (_number, "model.wrong_type", "a number"),
    "boolean": (lambda value: isinstance(value, bool), "model.wrong_type", "true or false"),
    "language": (_matches(_LANGUAGE), "model.malformed_value", "a language code, such as en or pt-BR"),
    "jws": (_matches(_COMPACT_JWS), "model.malformed_value", "a compact JWS"),
    "email": (_matches(_EMAIL), "model.malformed_value", "an e-mail address"),
}
