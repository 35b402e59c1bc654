"""JSON Canonicalization Scheme, RFC 8785."""

import re
from json.encoder import encode_basestring as _quote
from typing import Any

from shared.vc.errors import JsonRefused

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_INTEGER = 2**53
# ECMAScript, Number::toString: plain notation up to 21 digits before the point, and six zeros after it.
_PLAIN_DIGITS = 21
_PLAIN_ZEROS = -6


def canonicalize(value: Any) -> bytes:
    """The canonical UTF-8 bytes of a JSON value.

    Args:
        value: as `strict_json.loads` returns it.

    Raises:
        JsonRefused: for NaN, infinities, integers beyond 2**53 and lone surrogates, which RFC 8785 excludes.
    """
    parts: list[str] = []
    _write(value, parts)
    text = "".join(parts)
    if _SURROGATE.search(text):
        raise JsonRefused("lone_surrogate", "A string holds half of a surrogate pair.")
    return text.encode()


def number(value: float) -> str:
    """A number as ECMAScript prints it (RFC 8785, section 3.2.2.3)."""
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise JsonRefused("number_range", "An integer is beyond 2^53.")
        return str(value)
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN is what differs from itself
        raise JsonRefused("not_a_number", "A number is NaN or infinite.")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # value = 0.digits * 10**point
    point = (
        int(exponent or 0)
        + len(whole)
        - (len(whole + fraction) - len(digits) if whole.strip("0") == "" else 0)
    )
    digits = digits.rstrip("0")
    return sign + _place(digits, point)


def _place(digits: str, point: int) -> str:
    if len(digits) <= point <= _PLAIN_DIGITS:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _PLAIN_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if _PLAIN_ZEROS < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    shown = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{shown}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_quote(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, (int, float)):
        parts.append(number(value))
    elif isinstance(value, dict):
        separator = "{"
        # RFC 8785 orders by UTF-16 code units; for ASCII names that is Python's own order.
        names = sorted(value, key=None if all(map(str.isascii, value)) else _utf16)
        for name in names:
            parts.append(f"{separator}{_quote(name)}:")
            _write(value[name], parts)
            separator = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, parts)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")
