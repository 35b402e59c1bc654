"""Carrying a service from one database to another, and its topics from the local log to Kafka (decision 2).

What is carried from is only read. The consumers' places in the log stay behind: on the new log they read from the start, and the
inbox, which is carried along, drops what was handled before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from sqlalchemy import Integer, MetaData, Table, func, insert, select, text

from shared.db import Database, WriteSession, migrate
from shared.messaging.log import Log, open_log
from shared.messaging.log.protocol import Record
from shared.messaging.topics import TOPICS
from shared.process.service import Service

_ROWS_AT_ONCE = 500
_LEFT_BEHIND = {"log_position", "messaging_lease"}
"""Places in the old log, and who was publishing: neither means anything on the new one."""


class MoveRefused(Exception):
    """The move cannot be made as asked; the message says what to change."""


@dataclass(frozen=True)
class Moved:
    rows: int
    events: int


async def move_service(service: Service, target_url: str, kafka: str, *, say: Callable[[str], None]) -> Moved:
    """Copy every row of the service's database to `target_url`, and the topics that it owns to Kafka.

    Args:
        service: opened on what is carried from; closed afterwards. Nothing may be writing there.
        target_url: an empty database; it is migrated first.
        kafka: `host:port` of the broker, or nothing to leave the events where they are.
        say: is told about progress, a line per table and topic.

    Raises:
        MoveRefused: the target holds rows already, or is the source itself.
    """
    metadata: MetaData = import_module(service.migrations).metadata
    if target_url == service.settings.database_url:
        raise MoveRefused("--to names the database that is carried from")
    migrate.check(service.settings.database_url, service.migrations)
    migrate.upgrade(target_url, service.migrations)
    target = Database(target_url)
    try:
        async with target.write() as writer:
            await _refuse_unless_empty(writer, metadata)
            rows = 0
            for table in metadata.sorted_tables:
                if table.name not in _LEFT_BEHIND:
                    copied = await _copy(service.db, writer, table)
                    rows += copied
                    say(f"  {table.name}: {copied}")
            if target.dialect == "postgresql":
                await _advance_counters(writer, metadata)
        events = await _move_topics(service, kafka, say) if kafka else 0
    finally:
        await target.close()
        await service.stop()
    return Moved(rows, events)


async def _refuse_unless_empty(writer: WriteSession, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        if (await writer.execute(select(func.count()).select_from(table))).scalar_one():
            raise MoveRefused(f"the target's table {table.name} holds rows; give an empty database")


async def _copy(source: Database, writer: WriteSession, table: Table) -> int:
    copied = 0
    async with source.read() as reader:
        rows = await reader.stream(select(table).execution_options(yield_per=_ROWS_AT_ONCE))
        async for batch in rows.mappings().partitions(_ROWS_AT_ONCE):
            await writer.execute(insert(table), [dict(row) for row in batch])
            copied += len(batch)
    return copied


async def _advance_counters(writer: WriteSession, metadata: MetaData) -> None:
    """PostgreSQL counts on from where a sequence stands, not from the rows that were carried in."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or not isinstance(column.type, Integer):
            continue
        await writer.execute(
            text(
                f'SELECT setval(s, (SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{table.name}"), false) '  # noqa: S608  (names of our own tables)
                "FROM pg_get_serial_sequence(:table, :column) AS s WHERE s IS NOT NULL"
            ),
            {"table": table.name, "column": column.name},
        )


async def _move_topics(service: Service, kafka: str, say: Callable[[str], None]) -> int:
    """Publish, in order, everything that the old log holds in the topics that this service writes."""
    prefix = f"confer.{service.name}."
    target = open_log(service.settings.model_copy(update={"kafka_bootstrap": kafka}))
    try:
        await target.ensure_topics()
        moved = 0
        for topic in (topic for topic in TOPICS if topic.name.startswith(prefix)):
            count = await _move_topic(service.log, target, topic.name)
            say(f"  {topic.name}: {count}")
            moved += count
        return moved
    finally:
        await target.close()


async def _move_topic(source: Log, target: Log, name: str) -> int:
    topics = [topic for topic in TOPICS if topic.name == name]
    remaining = {place: end for place, end in (await source.ends(topics)).items() if end > 0}
    moved = 0
    async with source.tail(topics, {}) as reader:
        while remaining:
            entries = await reader.read(_ROWS_AT_ONCE, seconds=1.0)
            for outcome in await target.publish([Record(e.topic, e.key, e.value) for e in entries]):
                if outcome is not None:
                    raise outcome
            moved += len(entries)
            if not entries:
                break  # offsets may have gaps at the end (retention): nothing came in time, so nothing is left
            read = {(entry.topic, entry.partition): entry.offset + 1 for entry in entries}
            remaining = {place: end for place, end in remaining.items() if read.get(place, 0) < end}
    return moved
