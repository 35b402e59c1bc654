"""The same, written the plain way: what our parsers are held against."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def base58(text: str) -> bytes | None:
    """Letter by letter; None for what is none."""
    number = 0
    for letter in text:
        if letter not in _LETTERS:
            return None
        number = number * 58 + _LETTERS.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + (number.to_bytes((number.bit_length() + 7) // 8) if number else b"")


def moment(text: str) -> datetime | None:
    """RFC 3339 with a zone, field by field; what is finer than a microsecond is cut off."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    *fields, fraction, sign, hours, minutes = found.groups()
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        return None
    try:
        local = datetime(*(int(one) for one in fields), tzinfo=UTC)  # type: ignore[arg-type, misc]  # six numbers
        local = local.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def day(text: str) -> bool:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return False
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return False
    return True


def lenient_json(text: str) -> tuple[bool, Any]:
    """What Python's own reader makes of a text, and whether it is one at all."""
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None


def sorted_members(value: Any) -> bool:
    """Whether all objects of a parsed text have their members in the order of RFC 8785 (UTF-16 code units)."""
    if isinstance(value, dict):
        names = [name.encode("utf-16-be") for name in value]
        return names == sorted(names) and all(sorted_members(one) for one in value.values())
    return all(sorted_members(one) for one in value) if isinstance(value, list) else True
