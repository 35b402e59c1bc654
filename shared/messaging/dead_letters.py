"""What operators do about events that could not be handled or published. Each acts in the caller's transaction.

An event put aside is `failed` (it cannot be handled, with the reason), `waiting` (an earlier event of its key is
missing or failed) or `replay` (the consumer tries it again within a second or so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from shared.db import ReadSession, WriteSession
from shared.messaging.tables import MessagingTables


class NoSuchDeadLetter(Exception):
    """There is no event with that id put aside."""


@dataclass(frozen=True)
class DeadLetter:
    """An event put aside, without its data. `sequence` and `type` are None if it could not be read."""

    id: int
    consumer: str
    topic: str
    subject: str
    sequence: int | None
    type: str | None
    organisation: str | None
    state: str
    reason: str
    parked_at: datetime


@dataclass(frozen=True)
class BlockedEvent:
    """An event of the outbox that the log can never take; the later ones of its key wait behind it."""

    id: str
    topic: str
    subject: str
    sequence: int
    type: str
    reason: str


async def dead_letters(
    session: ReadSession, tables: MessagingTables, *, consumer: str | None = None, limit: int = 200
) -> Sequence[DeadLetter]:
    """Events put aside, oldest first, at most `limit`."""
    table = tables.parked
    query = select(table).order_by(table.c.position).limit(limit)
    if consumer is not None:
        query = query.where(table.c.consumer == consumer)
    return [
        DeadLetter(
            row.position,
            row.consumer,
            row.topic,
            row.subject,
            row.sequence,
            row.type,
            row.organisation,
            row.state,
            row.reason,
            row.parked_at,
        )
        for row in await session.execute(query)
    ]


async def inspect(session: ReadSession, tables: MessagingTables, letter: int) -> bytes:
    """The bytes of an event put aside, as published (they may hold personal data). Raises `NoSuchDeadLetter`."""
    table = tables.parked
    event: bytes | None = await session.scalar(select(table.c.event).where(table.c.position == letter))
    if event is None:
        raise NoSuchDeadLetter(str(letter))
    return event


async def replay(
    session: WriteSession, tables: MessagingTables, consumer: str, topic: str, subject: str
) -> int:
    """Have all events of a key that were put aside tried again, in their order. Returns how many."""
    table = tables.parked
    tried = await session.execute(
        update(table)
        .where(_of(table, consumer, topic, subject))
        .values(state="replay")
        .returning(table.c.position)
    )
    return len(tried.all())


async def drop(session: WriteSession, tables: MessagingTables, letter: int) -> None:
    """Give up an event and whatever is missing before it; the later events of its key go on.

    Raises `NoSuchDeadLetter`.
    """
    parked, inbox = tables.parked, tables.inbox
    row = (await session.execute(select(parked).where(parked.c.position == letter).with_for_update())).first()
    if row is None:
        raise NoSuchDeadLetter(str(letter))
    mine = _of(inbox, row.consumer, row.topic, row.subject)
    await session.execute(select(inbox.c.last_sequence).where(mine).with_for_update())
    await session.execute(delete(parked).where(parked.c.position == letter))
    later = _of(parked, row.consumer, row.topic, row.subject)
    given_up = row.sequence
    if given_up is None:  # unreadable: what comes next tells which one it must have been
        following = await session.scalar(select(func.min(parked.c.sequence)).where(later))
        given_up = None if following is None else following - 1
    if given_up is not None:
        await session.execute(
            update(inbox).where(mine, inbox.c.last_sequence < given_up).values(last_sequence=given_up)
        )
    await session.execute(update(parked).where(later, parked.c.state == "waiting").values(state="replay"))
    left = await session.scalar(select(func.count()).select_from(parked).where(later))
    await session.execute(update(inbox).where(mine).values(stalled=bool(left)))


async def forget(session: WriteSession, tables: MessagingTables, topic: str, subject: str) -> None:
    """Erase the events of a key that any consumer put aside; used when a person is erased."""
    parked, inbox = tables.parked, tables.inbox
    await session.execute(delete(parked).where(parked.c.topic == topic, parked.c.subject == subject))
    await session.execute(
        update(inbox).where(inbox.c.topic == topic, inbox.c.subject == subject).values(stalled=False)
    )


async def rewind(
    session: WriteSession,
    tables: MessagingTables,
    consumer: str,
    topic: str,
    *,
    again: bool = False,
) -> None:
    """Have a consumer read a topic from its beginning: after the log was lost and filled again.

    Events handled before are dropped as duplicates, unless `again`: then the inbox is emptied too, to rebuild what
    was made from the events (which the caller has thrown away in this same transaction).
    """
    position, inbox, parked = tables.position, tables.inbox, tables.parked
    await session.execute(
        update(position)
        .where(position.c.consumer == consumer, position.c.topic == topic)
        .values(next_offset=0)
    )
    if again:
        for table in (inbox, parked):
            await session.execute(delete(table).where(table.c.consumer == consumer, table.c.topic == topic))


async def republish(
    session: WriteSession, tables: MessagingTables, topic: str, subject: str | None = None
) -> int:
    """Have the relay publish a topic (or one key) again, in the old order. Returns how many events.

    Consumers that handled them drop them; data erased meanwhile are not published.
    """
    outbox = tables.outbox
    query = update(outbox).where(outbox.c.topic == topic, outbox.c.published_at.is_not(None))
    if subject is not None:
        query = query.where(outbox.c.subject == subject)
    again = await session.execute(query.values(published_at=None).returning(outbox.c.position))
    return len(again.all())


async def blocked_events(session: ReadSession, tables: MessagingTables) -> Sequence[BlockedEvent]:
    """Events of the outbox that the log can never take, each with its reason."""
    outbox = tables.outbox
    rows = await session.execute(
        select(outbox).where(outbox.c.blocked_reason.is_not(None)).order_by(outbox.c.position)
    )
    return [
        BlockedEvent(row.id, row.topic, row.subject, row.sequence, row.type, row.blocked_reason)
        for row in rows
    ]


async def unblock(session: WriteSession, tables: MessagingTables, topic: str, subject: str) -> None:
    """Have the blocked events of a key tried again, after the cause was mended."""
    outbox = tables.outbox
    await session.execute(
        update(outbox).where(outbox.c.topic == topic, outbox.c.subject == subject).values(blocked_reason=None)
    )


def _of(table: Table, consumer: str, topic: str, subject: str) -> ColumnElement[bool]:
    return (table.c.consumer == consumer) & (table.c.topic == topic) & (table.c.subject == subject)
