"""What was published before there was a feed is in it, in the order in which it was written."""

import asyncio

from sqlalchemy import Connection, MetaData, insert, select

from services.directory import tables
from services.directory.app import Directory
from shared.clock import utc_now
from shared.db import Database, migrate
from shared.messaging.feed import numbers
from tests.harness.migrations import walk


def _outbox(connection: Connection, known: MetaData) -> None:
    moment = utc_now() if connection.dialect.name == "postgresql" else "2026-11-22T00:00:00Z"
    for sequence, published in ((1, moment), (2, moment), (3, None)):
        connection.execute(
            insert(known.tables["outbox"]).values(
                id=f"event-{sequence}", topic="confer.directory.organisations", subject="o", sequence=sequence, type="t",
                source="s", organisation="o", time=moment, recorded_ms=0, published_at=published,
            )
        )  # fmt: skip


def test_a_filled_outbox_goes_up_and_down(database_url: str) -> None:
    walk(database_url, Directory.migrations, {"0001": _outbox})
    migrate.check(database_url, Directory.migrations)


def test_the_counter_goes_on_behind_the_past(database_url: str) -> None:
    async def look() -> tuple[list[int | None], int]:
        db = Database(database_url)
        try:
            async with db.write() as session:
                connection = await session.connection()
                known = MetaData()
                await connection.run_sync(known.reflect)
                await connection.run_sync(_outbox, known)
        finally:
            await db.close()
        await asyncio.to_thread(migrate.upgrade, database_url, Directory.migrations)
        db = Database(database_url)
        outbox = tables.messaging.outbox
        try:
            async with db.write() as session:
                found = await session.scalars(select(outbox.c.feed_number).order_by(outbox.c.position))
                given = list(found)
                return given, await numbers.take(session, tables.messaging, 1)
        finally:
            await db.close()

    migrate.upgrade(database_url, Directory.migrations, "0001")
    assert asyncio.run(look()) == ([1, 2, None], 3)
