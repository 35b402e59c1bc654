"""The numbers of published events: the order in which a feed shows them.

`outbox.position` does not do: a transaction that commits late has a lower position than one that was read before it, and a
reader who goes on "after the last one seen" never sees it. These numbers are taken from one counter row in the transaction that
marks the events as published. The row stays locked until that transaction ends, so whoever sees a number sees every lower one
that will ever exist; a transaction that is rolled back leaves a gap, which means nothing.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shared.db import ReadSession, WriteSession
from shared.messaging.tables import MessagingTables

_FEED = "feed"
_AT_ONCE = 1000


async def take(session: WriteSession, tables: MessagingTables, count: int) -> int:
    """The first of `count` consecutive numbers, in the caller's transaction.

    What an older release published meanwhile (it gives no numbers) is numbered first: an event never stands behind a later one of
    its key.
    """
    await catch_up(session, tables)
    return await _advance(session, tables, count)


async def catch_up(session: WriteSession, tables: MessagingTables) -> None:
    """Number what was published without a number, in the order of the outbox, which is that of each key."""
    outbox = tables.outbox
    missed = (
        select(outbox.c.position)
        .where(outbox.c.published_at.is_not(None), outbox.c.feed_number.is_(None))
        .order_by(outbox.c.position)
        .limit(_AT_ONCE)
    )
    while positions := (await session.scalars(missed)).all():
        first = await _advance(session, tables, len(positions))
        # Another process may have numbered them while this one waited for the counter: a number never changes.
        numbered = (
            update(outbox)
            .where(outbox.c.position == bindparam("row"), outbox.c.feed_number.is_(None))
            .values(feed_number=bindparam("number"))
        )
        rows = [{"row": position, "number": first + place} for place, position in enumerate(positions)]
        await session.execute(numbered, rows)


async def anything_missed(session: ReadSession, tables: MessagingTables) -> bool:
    """Whether `catch_up` has something to do."""
    outbox = tables.outbox
    missed = select(outbox.c.position).where(
        outbox.c.published_at.is_not(None), outbox.c.feed_number.is_(None)
    )
    return (await session.execute(missed.limit(1))).first() is not None


async def last(session: ReadSession, tables: MessagingTables) -> int:
    """The highest number given so far; every event up to it can be read."""
    return await session.scalar(select(tables.feed.c.last).where(tables.feed.c.name == _FEED)) or 0


async def _advance(session: WriteSession, tables: MessagingTables, count: int) -> int:
    table = tables.feed
    # Both dialects have the statement, SQLAlchemy a class for each.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(table)
        .values(name=_FEED, last=count)
        .on_conflict_do_update(index_elements=["name"], set_={"last": table.c.last + count})
        .returning(table.c.last)
    )
    reached = (await session.execute(counted)).scalar_one()
    return int(reached) - count + 1
