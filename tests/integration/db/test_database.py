"""Sessions on real databases: what is kept, what is refused, who waits for whom."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, Table, Text, insert, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from shared.db import (
    Database,
    DatabaseUnavailable,
    InstanceMismatch,
    Instant,
    Json,
    claim,
    instance_table,
    metadata_for,
    on_commit,
)
from tests.harness.processes import ROOT

pytestmark = pytest.mark.anyio

metadata = metadata_for()
instance = instance_table(metadata)
note = Table(
    "note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text),
    Column("at", Instant),
    Column("facts", Json),
)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    async with made.write() as session:
        await (await session.connection()).run_sync(metadata.create_all)
    yield made
    await made.close()


async def test_a_write_is_kept_and_a_failed_one_is_not(db: Database) -> None:
    called: list[str] = []
    async with db.write() as session:
        await session.execute(insert(note).values(id=1, text="kept"))
        on_commit(session, lambda: called.append("committed"))
        assert called == []

    async def failing() -> None:
        async with db.write() as session:
            await session.execute(insert(note).values(id=2, text="lost"))
            on_commit(session, lambda: called.append("never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    async with db.read() as session:
        assert (await session.scalars(select(note.c.id))).all() == [1]
    assert called == ["committed"]


async def test_a_read_session_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError):
        async with db.read() as session:
            await session.execute(insert(note).values(id=1))
    async with db.write() as session:  # the same connection may write again afterwards
        await session.execute(insert(note).values(id=1))


async def test_values_come_back_as_they_were(db: Database) -> None:
    berlin = timezone(timedelta(hours=1))
    facts = {"b": [1, 2.5, None, True], "a": {"ü": "ß"}, "empty": {}}
    async with db.write() as session:
        await session.execute(
            insert(note).values(id=1, at=datetime(2026, 1, 1, 1, 0, 0, 999999, tzinfo=berlin), facts=facts)
        )
        await session.execute(insert(note).values(id=2, at=datetime(1999, 1, 1, tzinfo=UTC), facts=17))
        await session.execute(insert(note).values(id=3))
    async with db.read() as session:
        rows = (await session.execute(select(note).order_by(note.c.at, note.c.id))).all()
    by_id = {row.id: (row.at, row.facts) for row in rows}
    assert by_id == {
        1: (datetime(2026, 1, 1, tzinfo=UTC), facts),
        2: (datetime(1999, 1, 1, tzinfo=UTC), 17),
        3: (None, None),
    }
    with pytest.raises(StatementError, match="aware"):
        async with db.write() as session:
            await session.execute(insert(note).values(id=4, at=datetime(2026, 1, 1)))  # noqa: DTZ001  (the naive moment is what is refused)


async def test_errors_do_not_quote_data(db: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        async with db.write() as session:
            await session.execute(
                text("INSERT INTO note (id, nothing) VALUES (1, :text)"), {"text": "mary@example.org"}
            )
    assert "mary" not in str(refused.value)


async def test_an_identity_is_fixed_at_the_first_start(db: Database) -> None:
    values = await asyncio.gather(
        *(claim(db, instance, "public_url", "https://one.example") for _ in range(5))
    )
    assert set(values) == {"https://one.example"}
    with pytest.raises(InstanceMismatch, match=r"https://two\.example.*https://one\.example"):
        await claim(db, instance, "public_url", "https://two.example")


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    absent = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable):
        await absent.ping()
    await absent.close()


_INCREMENT = """
import asyncio, sys
from sqlalchemy import text
from shared.db import Database

async def main(url, times):
    db = Database(url)
    async def once():
        async with db.write() as session:
            lock = "FOR UPDATE" if db.dialect == "postgresql" else ""
            value = await session.scalar(text(f"SELECT text FROM note WHERE id = 1 {lock}"))
            await session.execute(text("UPDATE note SET text = :v WHERE id = 1"), {"v": str(int(value) + 1)})
    for _ in range(times // 2):
        await asyncio.gather(once(), once())
    await db.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_no_update_is_lost_between_processes(db: Database) -> None:
    """Four processes read a number and write it back incremented; SQLAlchemy's defaults lose most of these."""
    processes, times = 4, 50
    async with db.write() as session:
        await session.execute(insert(note).values(id=1, text="0"))
    url = db.url.render_as_string(hide_password=False)
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _INCREMENT, url, str(times), cwd=ROOT, stderr=subprocess.PIPE
        )
        for _ in range(processes)
    ]
    for process in started:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    async with db.read() as session:
        assert await session.scalar(select(note.c.text)) == str(processes * times)


async def test_a_reader_sees_one_moment_while_others_write(db: Database) -> None:
    async with db.write() as session:
        await session.execute(insert(note).values(id=1, text="before"))
    async with db.read() as reader:
        assert await reader.scalar(select(note.c.text)) == "before"
        async with db.write() as writer:
            await writer.execute(update(note).values(text="after"))
        seen = await reader.scalar(select(note.c.text))
    assert seen == ("before" if db.dialect == "sqlite" else "after"), (
        "PostgreSQL reads committed, SQLite a snapshot"
    )
