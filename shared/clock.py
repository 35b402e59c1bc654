"""Time as a dependency: whole seconds, UTC, injected."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present as an aware UTC datetime in whole seconds."""

CLOCK_SKEW = timedelta(seconds=60)
"""How far two honest clocks may be apart wherever a time from outside is compared with ours."""


def utc_now() -> datetime:
    """The system's clock, cut to whole seconds (VC Data Model 2.0 dates carry no fractions here)."""
    return datetime.now(UTC).replace(microsecond=0)


def to_rfc3339(moment: datetime) -> str:
    """`2026-11-21T20:15:00Z`: how a moment is written in every document and API answer.

    Raises ValueError for a naive datetime: its moment is unknown.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
