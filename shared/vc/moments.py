"""Times as credentials write them: XML Schema dateTime with or without a zone (VCDM 2.0, 4.9; VC Data Integrity, 2.1)."""

import re
from datetime import UTC, datetime
from typing import Any

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_MAX_LENGTH = 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: Any) -> datetime:
    """A time as an aware UTC datetime; one without a zone is UTC.

    Raises:
        ValueError: it is not a text of that form, or beyond what a datetime holds.
    """
    match = _MOMENT.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
    if match is None:
        raise ValueError("not a time")
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond what a datetime holds") from error


def write(moment: datetime) -> str:
    """Whole seconds in UTC with `Z`. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("the time has to be aware")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
