"""The outbox: events written in the transaction of what they tell, published afterwards by the relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from shared.clock import Clock, utc_now
from shared.contracts.channels import CHANNELS
from shared.db import WriteSession, encode_json, new_id, on_commit
from shared.messaging.envelope import MAX_EVENT_BYTES
from shared.messaging.tables import MessagingTables
from shared.messaging.topics import TOPICS

# Room for the envelope beside the data.
MAX_DATA_BYTES = MAX_EVENT_BYTES - 64 * 1024
_PRIVATE = frozenset(topic.name for topic in TOPICS if topic.private)


class Wake:
    """Tells the relay of this process that something was committed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the waiting relay, or the next one to wait."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken since the last call, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()


@dataclass(frozen=True)
class Outgoing:
    """An event to be published.

    `topic` is the topic's name and `subject` the key; `sequence` comes from the aggregate's own counter, incremented
    while its row is locked. Exactly one of `data` (public: kept in the outbox) and `reference` (private: the
    relay's `expand` reads the data when publishing, so that erasing the data erases them everywhere) is given.
    """

    topic: str
    subject: str
    type: str
    organisation: str
    sequence: int
    data: Mapping[str, Any] | None = None
    reference: str | None = None
    dataschema: str | None = None
    time: datetime | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.reference is None):
            raise ValueError("an event has either data or a reference")
        if self.topic in _PRIVATE and self.data is not None:
            raise ValueError(f"events of the private topic {self.topic} are kept by reference")
        if self.sequence < 1:
            raise ValueError("sequences start with 1")
        if self.type not in CHANNELS.get(self.topic, (self.type,)):
            raise ValueError(f"{self.type} is not among the events of {self.topic}")


class Outbox:
    """Adds events to the outbox of one service.

    `source` is the service's public base URL, `wake` that of the relay in this process, `trace` returns the W3C
    traceparent of what is going on.
    """

    def __init__(
        self,
        tables: MessagingTables,
        source: str,
        wake: Wake | None = None,
        *,
        clock: Clock = utc_now,
        trace: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._table = tables.outbox
        self._source = source
        self._wake = wake
        self._clock = clock
        self._trace = trace

    async def add(self, session: WriteSession, *events: Outgoing) -> None:
        """Add events to the caller's transaction; the relay is woken after its commit.

        Raises `ValueError` for data that are too large or not JSON, and SQLAlchemy's `IntegrityError` when a
        sequence was used before (two writers did not lock the aggregate).
        """
        if not events:
            return
        common = {
            "source": self._source,
            "traceparent": self._trace(),
            "recorded_ms": time.time_ns() // 1_000_000,
        }
        now = self._clock()
        # Sequences of one key ascend within the table, because the relay reads in the order of `position`.
        ordered = sorted(events, key=lambda event: (event.topic, event.subject, event.sequence))
        rows = [_row(event, now) | common for event in ordered]
        await session.execute(insert(self._table), rows)
        if self._wake is not None:
            on_commit(session, self._wake.set)


def _row(event: Outgoing, now: datetime) -> dict[str, Any]:
    if event.data is not None and len(encode_json(event.data).encode()) > MAX_DATA_BYTES:
        raise ValueError(f"the data of {event.type} are longer than {MAX_DATA_BYTES} bytes")
    return {
        "id": new_id(),
        "topic": event.topic,
        "subject": event.subject,
        "sequence": event.sequence,
        "type": event.type,
        "organisation": event.organisation,
        "time": event.time or now,
        "dataschema": event.dataschema,
        "data": None if event.data is None else dict(event.data),
        "reference": event.reference,
    }
