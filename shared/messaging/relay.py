"""The relay: publishes what was committed to the outbox, and marks it.

It takes rows that are not marked, never "those after the last one seen": a transaction that commits late gets a
lower position than one already published. Of each key it marks only the prefix that the log has taken. If it dies
between publishing and marking, the events are published again, and consumers drop them by their sequence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, exists, func, select, update

from shared.clock import Clock, utc_now
from shared.contracts import schema_url
from shared.db import Database, ReadSession, WriteSession
from shared.messaging.backoff import Backoff, is_temporary
from shared.messaging.envelope import ERASED_TYPE, MAX_EVENT_BYTES, Event
from shared.messaging.feed import numbers
from shared.messaging.lease import Lease, LeaseLost
from shared.messaging.log import Log, LogUnavailable, Record, RecordRefused
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.outbox import Wake
from shared.messaging.tables import MessagingTables
from shared.messaging.topics import Topic

BATCH = 400
LEASE = timedelta(seconds=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OutboxRow:
    """A row of the outbox, as `expand` gets it. `reference` is what `Outgoing` was given."""

    position: int
    id: str
    topic: str
    subject: str
    sequence: int
    type: str
    source: str
    organisation: str
    time: datetime
    recorded_ms: int
    dataschema: str | None
    traceparent: str | None
    data: Mapping[str, Any] | None
    reference: str | None


Expand = Callable[[ReadSession, Sequence[OutboxRow]], Awaitable[Mapping[str, Mapping[str, Any] | None]]]
"""Reads the data of private events: by the rows' `id`, the event's data, or None if they were erased."""


def expand_by_topic(each: Mapping[Topic, Expand]) -> Expand:
    """One `Expand` for a service with several private topics; each topic's rows go to its own."""
    by_name = {topic.name: expand for topic, expand in each.items()}

    async def expand_all(
        session: ReadSession, rows: Sequence[OutboxRow]
    ) -> Mapping[str, Mapping[str, Any] | None]:
        found: dict[str, Mapping[str, Any] | None] = {}
        for name in {row.topic for row in rows}:
            found.update(await by_name[name](session, [row for row in rows if row.topic == name]))
        return found

    return expand_all


_Data = Mapping[str, Any] | RecordRefused | None  # None: erased; RecordRefused: there can be none


@dataclass(frozen=True)
class _Settled:
    row: OutboxRow
    erased: bool = False
    blocked: str | None = None


class Relay:
    """Publishes the outbox of one service. Any number may run; one leads, the others stand by.

    `expand` is needed if the service has private events. `wake` is the one given to the `Outbox` of this process;
    commits of other processes are noticed within `idle` seconds.
    """

    def __init__(
        self,
        db: Database,
        log: Log,
        tables: MessagingTables,
        *,
        expand: Expand | None = None,
        wake: Wake | None = None,
        clock: Clock = utc_now,
        name: str = "relay",
        lease: timedelta = LEASE,
        idle: float = 0.25,
        batch: int = BATCH,
        metrics: MessagingMetrics | None = None,
    ) -> None:
        self._db = db
        self._log = log
        self._tables = tables
        self._outbox = tables.outbox
        self._expand = expand
        self._wake = wake or Wake()
        self._name = name
        self._idle = idle
        self._batch = batch
        self._lease = Lease(db, tables.lease, name, lease, clock)
        self._clock = clock
        self._metrics = metrics or MessagingMetrics()

    async def run(self) -> None:
        """Publish until cancelled. Waits and goes on by itself when the database or the log is away."""
        backoff = Backoff()
        try:
            while True:
                try:
                    settled = await self.step()
                    backoff.reset()
                except LeaseLost:
                    _log.warning("relay.lease_lost", relay=self._name)
                    settled = 0
                except Exception as error:
                    if not is_temporary(error):
                        raise
                    _log.warning("relay.waiting", relay=self._name, reason=str(error))
                    await asyncio.sleep(backoff.next())
                    continue
                if settled == 0:
                    await self._wake.wait(self._idle)
        finally:
            await self._release()

    async def step(self) -> int:
        """Publish and mark one batch. Returns how many rows were settled; 0 also when another relay leads.

        Raises `LogUnavailable`, `DatabaseUnavailable`, `LeaseLost`.
        """
        if not await self._lease.hold():
            self._watch([])  # whoever leads tells how old the oldest is
            return 0
        async with self._db.read() as session:
            rows = await self._waiting(session)
            self._watch(rows)
            if not rows:
                return 0
            prepared = await self._prepare(session, rows)
        settled, unavailable = await self._publish(rows, prepared)
        if settled:
            async with self._db.write() as write:
                await self._lease.confirm(write)
                await self._mark(write, settled)
        if unavailable is not None:
            raise unavailable
        return len(settled)

    async def _waiting(self, session: ReadSession) -> list[OutboxRow]:
        outbox, other = self._outbox, self._outbox.alias("other")
        blocked = exists(
            select(other.c.position).where(
                other.c.blocked_reason.is_not(None),
                other.c.topic == outbox.c.topic,
                other.c.subject == outbox.c.subject,
            )
        )
        found = await session.execute(
            select(*(outbox.c[name] for name in OutboxRow.__dataclass_fields__))
            .where(outbox.c.published_at.is_(None), ~blocked)
            .order_by(outbox.c.position)
            .limit(self._batch)
        )
        return [_outbox_row(row) for row in found]

    def _watch(self, rows: Sequence[OutboxRow]) -> None:
        age = time.time() - rows[0].recorded_ms / 1000 if rows else 0.0
        self._metrics.outbox_age.labels(self._name).set(max(age, 0.0))

    async def _prepare(self, session: ReadSession, rows: Sequence[OutboxRow]) -> dict[str, _Data]:
        """By row id: the event's data, None for erased ones, or why there can be none."""
        private = [row for row in rows if row.reference is not None]
        prepared: dict[str, _Data] = {row.id: row.data for row in rows if row.reference is None}
        if not private:
            return prepared
        if self._expand is None:
            raise RuntimeError("the outbox holds private events but the relay was given no expand")
        prepared.update(await self._expanded(session, private, self._expand))
        return prepared

    async def _expanded(
        self, session: ReadSession, rows: Sequence[OutboxRow], expand: Expand
    ) -> dict[str, _Data]:
        try:
            # A savepoint: on PostgreSQL a failed statement would end the transaction for the halves too.
            async with session.begin_nested():
                found = await expand(session, rows)
            return {row.id: found[row.id] for row in rows}
        except Exception as error:
            if is_temporary(error):
                raise
            if len(rows) == 1:
                _log.exception("relay.expand_failed", relay=self._name, type=rows[0].type, id=rows[0].id)
                return {rows[0].id: RecordRefused(f"its data cannot be read: {type(error).__name__}")}
        middle = len(rows) // 2
        first = await self._expanded(session, rows[:middle], expand)
        return first | await self._expanded(session, rows[middle:], expand)

    async def _publish(
        self, rows: Sequence[OutboxRow], prepared: Mapping[str, _Data]
    ) -> tuple[list[_Settled], LogUnavailable | None]:
        records: list[Record] = []
        refused: dict[str, Exception] = {}
        sent: list[OutboxRow] = []
        stopped: set[tuple[str, str]] = set()
        for row in rows:
            key = (row.topic, row.subject)
            if key in stopped:
                continue
            made = _record(row, prepared[row.id])
            if isinstance(made, RecordRefused):
                refused[row.id] = made
                stopped.add(key)
            else:
                records.append(made)
            sent.append(row)
        results = iter(await self._log.publish(records)) if records else iter(())
        outcomes = [(row, refused[row.id] if row.id in refused else next(results)) for row in sent]
        return self._settle(outcomes, prepared)

    def _settle(
        self,
        outcomes: Sequence[tuple[OutboxRow, Exception | None]],
        prepared: Mapping[str, _Data],
    ) -> tuple[list[_Settled], LogUnavailable | None]:
        settled: list[_Settled] = []
        stopped: set[tuple[str, str]] = set()
        unavailable: LogUnavailable | None = None
        now = time.time()
        for row, error in outcomes:
            key = (row.topic, row.subject)
            if key in stopped:
                continue
            if error is None:
                settled.append(_Settled(row, erased=prepared[row.id] is None))
                self._metrics.published.labels(self._name, row.topic).inc()
                self._metrics.relay_latency.labels(self._name).observe(max(now - row.recorded_ms / 1000, 0))
                continue
            stopped.add(key)
            if isinstance(error, RecordRefused):
                settled.append(_Settled(row, blocked=str(error)))
                self._metrics.outbox_blocked.labels(self._name).inc()
                _log.error("relay.blocked", relay=self._name, topic=row.topic, type=row.type, id=row.id)
            elif isinstance(error, LogUnavailable):
                unavailable = error
            else:
                raise error
        return settled, unavailable

    async def _mark(self, session: WriteSession, settled: Sequence[_Settled]) -> None:
        outbox = self._outbox
        mine = (
            update(outbox)
            .where(outbox.c.position == bindparam("row"), outbox.c.published_at.is_(None))
            .where(self._lease.still_mine())
        )
        done = [item for item in settled if item.blocked is None]
        if done:
            # Under the counter's lock, so that the order of the numbers is the order of the commits.
            number = await numbers.take(session, self._tables, len(done))
            marked = mine.values(
                published_at=self._clock(),
                erased=bindparam("gone"),
                feed_number=func.coalesce(outbox.c.feed_number, bindparam("number")),
            )
            await session.execute(
                marked,
                [
                    {"row": item.row.position, "gone": item.erased, "number": number + place}
                    for place, item in enumerate(done)
                ],
            )
        blocked = [item for item in settled if item.blocked is not None]
        if blocked:
            stopped = mine.values(blocked_reason=bindparam("reason"))
            await session.execute(stopped, [{"row": i.row.position, "reason": i.blocked} for i in blocked])

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self._lease.release()
        except Exception as error:  # noqa: BLE001  it runs out by itself; the relay is ending anyway
            _log.warning("relay.lease_not_released", relay=self._name, reason=type(error).__name__)


def _outbox_row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(**row._asdict())


def event_of(row: OutboxRow, data: Mapping[str, Any] | None) -> Event:
    """The event of a row with its data; without them (they were erased) the one that takes its place."""
    return Event(
        type=ERASED_TYPE if data is None else row.type,
        source=row.source,
        subject=row.subject,
        organisation=row.organisation,
        sequence=row.sequence,
        time=row.time,
        # An erased event leaves its place in the sequence, so that consumers do not wait for it, and nothing else.
        data={} if data is None else data,
        id=row.id,
        traceparent=row.traceparent,
        dataschema=schema_url(row.source, ERASED_TYPE) if data is None else row.dataschema,
    )


def _record(row: OutboxRow, data: _Data) -> Record | RecordRefused:
    if isinstance(data, RecordRefused):
        return data
    try:
        value = event_of(row, data).to_bytes()
    except ValueError:
        return RecordRefused("its data are not JSON")
    if len(value) > MAX_EVENT_BYTES:
        return RecordRefused(f"longer than {MAX_EVENT_BYTES} bytes")
    return Record(row.topic, row.subject, value)
