"""The consumer: handles each event once in effect, in the order of its key.

It reads in batches and handles a batch in one transaction, together with the inbox and its position in the log. If
that fails it halves the batch until the culprit is alone. A culprit that can never succeed is put aside with its
reason, and its key with it: the later events of that key join it, all other keys go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from shared.clock import Clock, utc_now
from shared.db import Database, WriteSession
from shared.messaging.backoff import Backoff, is_temporary
from shared.messaging.envelope import Event, UnreadableEvent, parse
from shared.messaging.inbox import Inbox, Key, Progress
from shared.messaging.log import Entry, Log, LogUnavailable, Partition, Reader
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.tables import MessagingTables
from shared.messaging.topics import Topic
from shared.observability.context import following

BATCH = 200
ATTEMPTS = 3  # for errors that are nobody's absence: a bug, a broken promise, or a rare race
_HOUSEKEEPING_SECONDS = 1.0
_LAG_SECONDS = 15.0

_log = structlog.get_logger(__name__)

Handler = Callable[[WriteSession, Event], Awaitable[None]]
"""Does what the event asks for in the given transaction, and nothing outside of it."""


class Unprocessable(Exception):
    """Raised by a handler for an event that can never be handled; the message becomes the reason (no personal data)."""


class Rewound(Exception):
    """The consumer's position was set back in its database; reading starts again from there."""


@dataclass(frozen=True)
class Subscription:
    """What a consumer reads. `name` identifies it for ever: its positions and inbox are stored under it.

    Events of types without a handler are passed over.
    """

    name: str
    topics: Sequence[Topic]
    handlers: Mapping[str, Handler]


@dataclass
class _Work:
    """One transaction's worth of entries, and what became of them."""

    entries: Sequence[Entry]
    failure: str | None = None  # set when the only entry is to be put aside
    progress: dict[Key, Progress] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    handled: list[Entry] = field(default_factory=list)
    duplicates: list[Entry] = field(default_factory=list)
    parked: list[tuple[Entry, str]] = field(default_factory=list)


class Consumer:
    """Runs a subscription. Any number may run in any number of processes: they share the partitions."""

    def __init__(
        self,
        db: Database,
        log: Log,
        tables: MessagingTables,
        subscription: Subscription,
        *,
        clock: Clock = utc_now,
        batch: int = BATCH,
        metrics: MessagingMetrics | None = None,
    ) -> None:
        self._db = db
        self._log = log
        self._subscription = subscription
        self._inbox = Inbox(tables, subscription.name, db.dialect, clock)
        self._batch = batch
        self._metrics = metrics or MessagingMetrics()
        self._reached: dict[Partition, int] = {}
        self._next_housekeeping = 0.0
        self._next_lag = 0.0
        self._logger = _log.bind(consumer=subscription.name)

    async def run(self) -> None:
        """Consume until cancelled. Waits and goes on by itself when the database or the log is away."""
        backoff = Backoff()
        while True:
            try:
                self._reached.clear()
                opened = self._log.consume(
                    self._subscription.name, self._subscription.topics, self._positions
                )
                async with opened as reader:
                    await self._follow(reader, backoff)
            except Rewound as notice:
                self._logger.info("consumer.rewound", reason=str(notice))
            except Exception as error:
                if not is_temporary(error):
                    raise
                self._logger.warning("consumer.waiting", reason=str(error))
                await asyncio.sleep(backoff.next())

    async def _follow(self, reader: Reader, backoff: Backoff) -> None:
        while True:
            entries = await reader.read(self._batch, _HOUSEKEEPING_SECONDS)
            if entries:
                await self._apply(entries)
            if time.monotonic() >= self._next_housekeeping:
                await self._housekeeping()
            backoff.reset()

    async def _positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        async with self._db.read() as session:
            found = await self._inbox.positions(session, partitions)
        for partition in partitions:
            self._reached[partition] = found.get(partition, 0)
        return found

    async def _apply(self, entries: Sequence[Entry]) -> None:
        """Handle all of them: when this returns, their effects are committed or they are put aside."""
        backoff = Backoff()
        while True:
            try:
                await self._handle_or_halve(entries)
            except Exception as error:
                if not is_temporary(error):
                    raise
                self._logger.warning("consumer.retry", reason=str(error))
                await asyncio.sleep(backoff.next())
            else:
                return

    async def _handle_or_halve(self, entries: Sequence[Entry]) -> None:
        try:
            await self._commit(_Work(entries))
        except Exception as error:
            if is_temporary(error) or isinstance(error, Rewound):
                raise
            if len(entries) == 1:
                await self._last_attempts(entries[0], error)
                return
        else:
            return
        middle = len(entries) // 2
        await self._handle_or_halve(entries[:middle])
        await self._handle_or_halve(entries[middle:])

    async def _last_attempts(self, entry: Entry, error: Exception) -> None:
        backoff = Backoff(first=0.05)
        for _ in range(ATTEMPTS - 1):
            if isinstance(error, Unprocessable):
                break
            await asyncio.sleep(backoff.next())
            try:
                await self._commit(_Work([entry]))
            except Exception as again:
                if is_temporary(again) or isinstance(again, Rewound):
                    raise
                error = again
            else:
                return
        self._logger.error(
            "consumer.parked", topic=entry.topic, offset=entry.offset, reason=_reason(error), exc_info=error
        )
        await self._commit(_Work([entry], failure=_reason(error)))

    async def _commit(self, work: _Work) -> None:
        last = {(entry.topic, entry.partition): entry.offset for entry in work.entries}
        async with self._db.write() as session:
            stored = await self._inbox.lock_positions(session, last)
            for partition, offset in stored.items():
                if offset < self._reached.get(partition, 0):
                    raise Rewound(f"{partition[0]}/{partition[1]} to {offset}")
            fresh = [e for e in work.entries if e.offset >= stored[e.topic, e.partition]]
            await self._take_all(session, work, fresh)
            await self._inbox.save(session, {key: work.progress[key] for key in work.changed})
            reached = {p: max(offset + 1, stored[p]) for p, offset in last.items()}
            await self._inbox.save_positions(session, reached)
        self._reached |= reached
        self._count(work)

    async def _take_all(self, session: WriteSession, work: _Work, entries: Sequence[Entry]) -> None:
        read = [(entry, _read(entry)) for entry in entries]
        work.progress = await self._inbox.load(session, {(entry.topic, entry.key) for entry in entries})
        for entry, event in read:
            progress = work.progress.setdefault((entry.topic, entry.key), Progress())
            await self._take(session, work, progress, entry, event)

    async def _take(
        self,
        session: WriteSession,
        work: _Work,
        progress: Progress,
        entry: Entry,
        event: Event | UnreadableEvent,
    ) -> None:
        key = (entry.topic, entry.key)
        if isinstance(event, UnreadableEvent):
            await self._park(session, work, entry, None, f"unreadable: {event}")
        elif event.sequence <= progress.last:
            work.duplicates.append(entry)
            return
        elif work.failure is not None:
            await self._park(session, work, entry, event, work.failure)
        elif event.sequence == progress.last + 1 and not await self._is_aside(session, progress, key, event):
            await self._handle(session, event)
            progress.last = event.sequence
            work.handled.append(entry)
            if progress.stalled:
                await self._inbox.mark_replay(session, key)
                self._next_housekeeping = 0.0
        else:
            missing = progress.last + 1
            await self._inbox.park(session, entry, event, "waiting", f"waits for sequence {missing}")
            work.parked.append((entry, "waiting"))
            progress.stalled = True
        work.changed.add(key)

    async def _park(
        self, session: WriteSession, work: _Work, entry: Entry, event: Event | None, reason: str
    ) -> None:
        await self._inbox.park(session, entry, event, "failed", reason)
        work.parked.append((entry, "failed"))
        work.progress[entry.topic, entry.key].stalled = True

    async def _is_aside(self, session: WriteSession, progress: Progress, key: Key, event: Event) -> bool:
        """Whether this very event was put aside before, so that only a replay may handle it."""
        if not progress.stalled:
            return False
        return any(row.sequence == event.sequence for row in await self._inbox.parked(session, key, limit=1))

    async def _handle(self, session: WriteSession, event: Event) -> None:
        handler = self._subscription.handlers.get(event.type)
        if handler is not None:
            with following(event.traceparent):
                await handler(session, event)

    async def _housekeeping(self) -> None:
        """Try again what may be tried again, and measure."""
        self._next_housekeeping = time.monotonic() + _HOUSEKEEPING_SECONDS
        async with self._db.read() as session:
            keys = await self._inbox.keys_to_replay(session)
            stored = await self._inbox.positions(session, self._reached)
        # A topic where nothing new arrives would not show that an operator set its position back.
        for (topic, partition), offset in stored.items():
            if offset < self._reached[topic, partition]:
                raise Rewound(f"{topic}/{partition} to {offset}")
        for key in keys:
            while await self._replay(key):
                pass
        if time.monotonic() >= self._next_lag:
            self._next_lag = time.monotonic() + _LAG_SECONDS
            try:
                await self._measure()
            except LogUnavailable as error:  # it may still be handed entries; only the measuring has to wait
                self._logger.warning("consumer.not_measured", reason=str(error))

    async def _replay(self, key: Key) -> bool:
        """Handle events of a key that were put aside, in one transaction. True: there may be more."""
        culprit: list[int] = []
        try:
            async with self._db.write() as session:
                return await self._replay_in(session, key, culprit)
        except Exception as error:
            if is_temporary(error) or not culprit:
                raise
            self._logger.exception("consumer.replay_failed", topic=key[0])
            async with self._db.write() as session:
                await self._inbox.fail(session, culprit[-1], _reason(error))
                await self._inbox.settle_waiting(session, key)
            return False

    async def _replay_in(self, session: WriteSession, key: Key, culprit: list[int]) -> bool:
        progress = (await self._inbox.load(session, [key])).get(key, Progress())
        rows = await self._inbox.parked(session, key, limit=self._batch)
        done: list[int] = []
        for row in rows:
            event = _read(Entry(key[0], 0, 0, key[1], row.event))
            culprit.append(row.position)
            if isinstance(event, UnreadableEvent):
                if row.state == "replay":
                    await self._inbox.fail(session, row.position, f"unreadable: {event}")
                continue
            if event.sequence > progress.last:
                if row.state == "failed" or event.sequence != progress.last + 1:
                    break
                await self._handle(session, event)
                progress.last = event.sequence
            done.append(row.position)
        await self._inbox.unpark(session, done)
        left = await self._inbox.parked(session, key, limit=1)
        progress.stalled = bool(left)
        await self._inbox.save(session, {key: progress})
        if not done:
            await self._inbox.settle_waiting(session, key)
        return bool(done) and bool(left)

    async def _measure(self) -> None:
        name, metrics = self._subscription.name, self._metrics
        ends = await self._log.ends(self._subscription.topics)
        async with self._db.read() as session:
            positions = await self._inbox.positions(session, ends)
            parked = await self._inbox.count_parked(session)
        for topic in self._subscription.topics:
            behind = sum(end - positions.get(p, 0) for p, end in ends.items() if p[0] == topic.name)
            metrics.lag.labels(name, topic.name).set(max(behind, 0))
        for state in ("failed", "waiting", "replay"):
            metrics.parked_now.labels(name, state).set(parked.get(state, 0))

    def _count(self, work: _Work) -> None:
        name = self._subscription.name
        for entry in work.handled:
            self._metrics.handled.labels(name, entry.topic).inc()
        for entry in work.duplicates:
            self._metrics.duplicates.labels(name, entry.topic).inc()
        for entry, state in work.parked:
            self._metrics.parked.labels(name, entry.topic, state).inc()


def _read(entry: Entry) -> Event | UnreadableEvent:
    try:
        event = parse(entry.value)
    except UnreadableEvent as error:
        return error
    if event.subject != entry.key:
        return UnreadableEvent("its subject is not the key it was published under")
    return event


def _reason(error: Exception) -> str:
    # The text of an error raised by a library may quote data; only our own refusals are written to be shown.
    return (
        str(error) if isinstance(error, Unprocessable) else f"failed {ATTEMPTS} times: {type(error).__name__}"
    )
