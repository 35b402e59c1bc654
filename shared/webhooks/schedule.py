"""When a delivery is tried again, and what an answer means (Standard Webhooks 1.0.0, § Deliverability and reliability)."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from shared.http.fetch import Posted

# The example schedule of the specification: ten tries in three days.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
_LONGEST_ASKED_FOR = timedelta(hours=24)
_GONE = 410

Outcome = Literal["delivered", "refused", "gone"]


@dataclass(frozen=True)
class Try:
    """One try, as the log keeps it. `failure` is `http_status` or a code of `shared.http.fetch.FetchError`."""

    at: datetime
    milliseconds: int
    status: int | None = None
    failure: str | None = None
    retry_after: timedelta | None = None

    @property
    def outcome(self) -> Outcome:
        if self.failure is None:
            return "delivered"
        return "gone" if self.status == _GONE else "refused"


def judged(answer: Posted, at: datetime, milliseconds: int) -> Try:
    """What an answer means: 2xx is taken, anything else is not, a redirect neither."""
    taken = 200 <= answer.status < 300
    return Try(
        at,
        milliseconds,
        answer.status,
        None if taken else "http_status",
        None if taken else _asked_for(answer.retry_after, at),
    )


def next_try(attempts: int, tried: Try, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None: that was the last one."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1]
    # Up to a tenth longer, so that what failed together does not come back together; nothing secret depends on it.
    pause *= 1 + random.uniform(0, 0.1)  # noqa: S311  (jitter, no secret)
    return now + max(pause, tried.retry_after or timedelta())


def _asked_for(header: str | None, now: datetime) -> timedelta | None:
    """`Retry-After` in seconds or as a date (RFC 9110 §10.2.3), a day at most."""
    if header is None or len(header) > 100:
        return None
    if header.isascii() and header.isdigit():
        seconds = min(int(header), int(_LONGEST_ASKED_FOR.total_seconds()))
        return timedelta(seconds=seconds)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta()), _LONGEST_ASKED_FOR)
