"""JSON as every reader understands it alike (RFC 8259 narrowed by I-JSON, RFC 7493), bounded.

What parsers read differently is refused: a member twice in one object, NaN and Infinity, lone surrogates, numbers
that a double does not give back. Python's own scanner does the work; what it lets through is caught by its hooks. Texts
in which none of that can be are told first, and read by orjson.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from shared.vc.errors import JsonRefused

JsonValue = Any
JsonObject = dict[str, Any]

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 100_000
_MAX_INTEGER = 2**53
_MAX_NUMBER_LENGTH = 400

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(
    data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_nodes: int = MAX_NODES
) -> JsonValue:
    """Parse one JSON text strictly.

    Args:
        data: UTF-8 bytes without byte order mark, or text.
        max_bytes: bytes (characters, for text) accepted.
        max_depth: nesting of arrays and objects accepted.
        max_nodes: commas and opening brackets accepted, outside strings: a measure of how many values there are.

    Returns:
        dict, list, str, int, float, bool or None; object members in their order.

    Raises:
        JsonRefused: with code not_utf8, too_large, too_deep, too_many_nodes, syntax, duplicate_member,
            not_a_number, number_range, number_precision or lone_surrogate.
    """
    if len(data) > max_bytes:
        raise JsonRefused("too_large", f"The JSON is longer than {max_bytes} bytes.")
    if isinstance(data, bytes):
        value = _plain(data, max_depth, max_nodes)
        if value is not _UNSURE:
            return value
    text = _decode(data) if isinstance(data, bytes) else data
    _refuse_many(text, max_nodes)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonRefused("syntax", f"This is not JSON: {error.msg}.", offset=error.pos) from error
    except RecursionError as error:
        raise JsonRefused("too_deep", f"The JSON is nested deeper than {max_depth} levels.") from error
    # The number of brackets is an upper bound of depth; only a text beyond it is walked.
    if text.count("{") + text.count("[") > max_depth:
        _refuse_depth(value, max_depth)
    if _SURROGATE_ESCAPE.search(text) or (isinstance(data, str) and _SURROGATE.search(text)):
        _refuse_surrogates(value)
    return value


def loads_object(data: bytes | str, **limits: int) -> JsonObject:
    """`loads`, and the value must be an object (JsonRefused `not_an_object`)."""
    value = loads(data, **limits)
    if not isinstance(value, dict):
        raise JsonRefused("not_an_object", "The JSON text is not an object.")
    return value


def dumps(value: JsonValue) -> bytes:
    """Compact UTF-8 JSON in the order of the members: the same bytes for the same value and order.

    Raises:
        JsonRefused: for NaN, Infinity and lone surrogates, which have no JSON.
    """
    try:
        quick = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:
        pass  # half of a surrogate pair, or something that only Python's own writer takes
    else:
        if b"null" not in quick:  # which NaN and infinity would become
            return quick
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise JsonRefused("lone_surrogate", "A string holds half of a surrogate pair.") from error
    except ValueError as error:
        raise JsonRefused("not_a_number", "A number is NaN or infinite.") from error


_UNSURE: Final = object()


def _plain(data: bytes, max_depth: int, max_nodes: int) -> JsonValue:
    """The value of a text without fractions and escapes in which no member stands twice and no limit is near; or _UNSURE.

    Of what is refused here, orjson refuses half surrogates, NaN and what is not UTF-8. It keeps the last of two members
    of one name, so what it kept is counted: without escapes, every name and string takes two quotation marks.
    """
    if len(data) >= max_nodes or b"\\" in data:
        return _UNSURE
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _UNSURE
    level, strings, depth = [value], 0, 0
    while level:
        depth += 1
        inner: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                strings += 1
            elif kind is dict:
                strings += len(item)
                inner += item.values()
            elif kind is list:
                inner += item
            elif kind is float or (kind is int and not -_MAX_INTEGER <= item <= _MAX_INTEGER):
                return _UNSURE
        level = inner
    return value if data.count(b'"') == 2 * strings and depth <= max_depth else _UNSURE


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused("not_utf8", "The JSON is not UTF-8.", offset=error.start) from error


def _refuse_many(text: str, max_nodes: int) -> None:
    """Before parsing, which costs memory: strings are left out only when their content could matter."""
    if text.count(",") + text.count("{") + text.count("[") < max_nodes:
        return
    bare = _STRING.sub("", text)
    if bare.count(",") + bare.count("{") + bare.count("[") >= max_nodes:
        raise JsonRefused("too_many_nodes", f"The JSON holds more than {max_nodes} values.")


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                shown = name.encode("utf-8", "replace").decode()[:100]
                raise JsonRefused("duplicate_member", f'The member "{shown}" stands twice in one object.')
            seen.add(name)
    return value


def _integer(literal: str) -> int:
    if len(literal) > 17 or abs(value := int(literal)) > _MAX_INTEGER:
        shown = literal[:40]
        raise JsonRefused("number_range", f"The integer {shown} is beyond 2^53: readers disagree about it.")
    return value


def _fraction(literal: str) -> float:
    value = float(literal) if len(literal) <= _MAX_NUMBER_LENGTH else float("inf")
    shown = literal[:40]
    if value in {float("inf"), float("-inf")}:
        raise JsonRefused("number_range", f"The number {shown} is beyond what a double can hold.")
    try:
        # Fewer than 16 digits come back from a double as they were.
        exact = (len(literal) <= 15 and value != 0) or Decimal(literal) == Decimal(repr(value))
    except InvalidOperation:  # an exponent beyond those that Decimal has
        exact = False
    if not exact:
        raise JsonRefused("number_precision", f"The number {shown} is not what a double gives back.")
    return value


def _constant(name: str) -> None:
    raise JsonRefused("not_a_number", f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


def _refuse_depth(root: JsonValue, max_depth: int) -> None:
    """Level by level, so that depth cannot exhaust our own stack."""
    level, depth = [root], 0
    while level := [item for item in level if type(item) is dict or type(item) is list]:
        depth += 1
        if depth > max_depth:
            raise JsonRefused("too_deep", f"The JSON is nested deeper than {max_depth} levels.")
        level = [inner for item in level for inner in (item.values() if type(item) is dict else item)]


def _refuse_surrogates(root: JsonValue) -> None:
    pending: list[Any] = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and _SURROGATE.search(value):
            raise JsonRefused("lone_surrogate", "A string holds half of a surrogate pair.")
