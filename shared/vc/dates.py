"""Dates and times as credentials write them (XML Schema `dateTimeStamp` in RFC 3339's form)."""

import re
from datetime import UTC, date, datetime

# Python reads a zone of +14:80 as +15:20; RFC 3339 (5.6) has no such minute.
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:[0-5]\d)", re.ASCII)
_WHOLE_SECONDS = len("2025-01-31T09:30:00Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_date_time(text: object) -> datetime | None:
    """The moment that `text` names, in UTC; `None` if it names none.

    A date-time without zone is refused: it means another moment to every reader.
    """
    if not isinstance(text, str) or _DATE_TIME.fullmatch(text) is None:
        return None
    try:
        if len(text) == _WHOLE_SECONDS:
            return datetime.fromisoformat(text)  # in UTC already
        return datetime.fromisoformat(_to_microseconds(text)).astimezone(UTC)
    except (ValueError, OverflowError):  # beyond the year 1 or 9999 once in UTC
        return None


def write_date_time(moment: datetime) -> str:
    """Whole seconds in UTC with `Z`. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("the time has to be aware")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_microseconds(text: str) -> str:
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = re.match(r"\d+", tail)
    assert digits is not None  # the pattern above asks for at least one
    return f"{head}.{digits[0][:6].ljust(6, '0')}{tail[digits.end() :]}"


def is_date(text: object) -> bool:
    """Whether `text` is a calendar date, `YYYY-MM-DD`."""
    if not isinstance(text, str) or _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
