"""A producer and a consumer on the event backbone, with tables that show what happened to every event."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Table, Text, func, insert, select, update

from shared.db import Database, WriteSession, metadata_for
from shared.messaging import (
    Consumer,
    Event,
    Handler,
    Outbox,
    Outgoing,
    Relay,
    Subscription,
    Topic,
    Wake,
    messaging_tables,
)
from shared.messaging.log import Entry, Log, Record
from shared.messaging.log.kafka import KafkaLog
from shared.messaging.log.local import LocalLog

HAPPENED = "org.confer.thing.happened.v1"
SECONDS = 20.0

metadata = metadata_for()
tables = messaging_tables(metadata)
# The producer's aggregates, and the consumer's note of each event handled: no uniqueness, so that doubles show.
thing = Table(
    "thing", metadata, Column("id", Text, primary_key=True), Column("event_sequence", Integer, nullable=False)
)
effect = Table(
    "effect",
    metadata,
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("body", Text),
)


async def create_tables(db: Database) -> None:
    """Make all tables in an empty database."""
    async with db.write() as session:
        await (await session.connection()).run_sync(metadata.create_all)


def open_backbone_log(where: str) -> Log:
    """The log at `where`: the path of a local log, or `kafka:<bootstrap>`."""
    scheme, _, rest = where.partition(":")
    return KafkaLog(rest, session_ms=6000) if scheme == "kafka" else LocalLog(Path(where))


async def note_effect(session: WriteSession, event: Event) -> None:
    """The plainest handler: one row per call."""
    row = {"subject": event.subject, "sequence": event.sequence, "body": event.data.get("body")}
    await session.execute(insert(effect).values(row))


@dataclass
class Backbone:
    """One producer and one consumer. Every instance has a topic and a consumer name of its own."""

    producer: Database
    consumer: Database
    log: Log
    topic: Topic = field(default_factory=lambda: Topic(f"test.t{secrets.token_hex(6)}", partitions=3))
    group: str = field(default_factory=lambda: f"test-{secrets.token_hex(6)}")
    wake: Wake = field(default_factory=Wake)

    @property
    def outbox(self) -> Outbox:
        return Outbox(tables, "http://localhost:8001", self.wake)

    def relay(self, log: Log | None = None, **options: Any) -> Relay:
        options.setdefault("lease", timedelta(seconds=3))
        return Relay(self.producer, log or self.log, tables, wake=self.wake, **options)

    def consume(self, handler: Handler = note_effect, **options: Any) -> Consumer:
        subscription = Subscription(self.group, [self.topic], {HAPPENED: handler})
        return Consumer(self.consumer, self.log, tables, subscription, **options)

    async def happen(self, session: WriteSession, *subjects: str, **options: Any) -> None:
        """In the caller's transaction: one more event of each subject, from its locked aggregate."""
        for subject in subjects:
            row = select(thing.c.event_sequence).where(thing.c.id == subject).with_for_update()
            sequence = await session.scalar(row)
            if sequence is None:
                await session.execute(insert(thing).values(id=subject, event_sequence=1))
            else:
                counted = update(thing).where(thing.c.id == subject)
                await session.execute(counted.values(event_sequence=sequence + 1))
            event = self.outgoing(subject, (sequence or 0) + 1, **options)
            await self.outbox.add(session, event)

    def outgoing(self, subject: str, sequence: int, **options: Any) -> Outgoing:
        if "reference" not in options:
            options.setdefault("data", {"body": f"{subject}/{sequence}"})
        return Outgoing(self.topic.name, subject, HAPPENED, "org-1", sequence, **options)

    async def commit(self, *subjects: str, **options: Any) -> None:
        """One transaction with one more event of each subject."""
        async with self.producer.write() as session:
            await self.happen(session, *subjects, **options)

    async def put(self, *numbered: tuple[str, int]) -> None:
        """Put events straight into the log, past the outbox."""
        await self.put_bytes(*((key, event_bytes(key, sequence)) for key, sequence in numbered))

    async def put_bytes(self, *records: tuple[str, bytes]) -> None:
        results = await self.log.publish([Record(self.topic.name, key, value) for key, value in records])
        assert results == [None] * len(records)

    async def unpublished(self) -> int:
        """How many rows of the outbox are not marked."""
        async with self.producer.read() as session:
            waiting = tables.outbox.c.published_at.is_(None)
            count = await session.scalar(select(func.count()).select_from(tables.outbox).where(waiting))
        return int(count or 0)

    async def marked(self) -> list[tuple[str, int]]:
        """Subject and sequence of the rows of the outbox that are marked, in the order of the table."""
        async with self.producer.read() as session:
            table = tables.outbox
            done = select(table.c.subject, table.c.sequence).where(table.c.published_at.is_not(None))
            rows = await session.execute(done.order_by(table.c.position))
        return [(row.subject, row.sequence) for row in rows]

    async def effects(self) -> list[tuple[str, int]]:
        """Subject and sequence of what the consumer did, in the order it did it."""
        async with self.consumer.read() as session:
            rows = await session.execute(select(effect).order_by(effect.c.position))
        return [(row.subject, row.sequence) for row in rows]

    async def effects_by_key(self) -> dict[str, list[int]]:
        """For each subject the sequences in the order they were handled."""
        found: dict[str, list[int]] = {}
        for subject, sequence in await self.effects():
            found.setdefault(subject, []).append(sequence)
        return found

    async def in_log(self) -> list[Entry]:
        """Everything in this instance's topic."""
        end = sum((await self.log.ends([self.topic])).values())
        found: list[Entry] = []
        async with self.log.tail([self.topic], {}) as reader:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                more = await reader.read(1000, 0.3)
                if not more and (found or end <= 1):
                    break
                found += more
        return found

    async def until_handled(self, expected: Mapping[str, Sequence[int]]) -> None:
        """Wait until exactly these sequences were handled; shows the difference if it takes too long."""

        async def done() -> bool:
            return {k: sorted(set(v)) for k, v in (await self.effects_by_key()).items()} == {
                k: sorted(v) for k, v in expected.items()
            }

        await until(done, lambda: f"expected {expected}")


def event_bytes(subject: str, sequence: int, **changes: Any) -> bytes:
    """An event as a producer would publish it."""
    from shared.clock import utc_now

    values: dict[str, Any] = {
        "type": HAPPENED,
        "source": "http://localhost:8001",
        "subject": subject,
        "organisation": "org-1",
        "sequence": sequence,
        "time": utc_now(),
        "data": {"body": f"{subject}/{sequence}"},
        "id": secrets.token_hex(16),
    }
    return Event(**(values | changes)).to_bytes()


@asynccontextmanager
async def running(*runners: Any) -> AsyncIterator[None]:
    """Run relays, consumers and tails while the block lasts; an exception of one of them fails the test."""
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in ended:
            assert not task.cancelled(), "a runner was cancelled from inside"
            task.result()


async def until(
    condition: Callable[[], Awaitable[bool]],
    describe: Callable[[], str] = lambda: "",
    seconds: float = SECONDS,
) -> None:
    """Wait for a condition, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {describe()}"
        await asyncio.sleep(0.02)


def sequences(keys: Iterable[str], count: int) -> dict[str, list[int]]:
    """For each key 1 … count."""
    return {key: list(range(1, count + 1)) for key in keys}
