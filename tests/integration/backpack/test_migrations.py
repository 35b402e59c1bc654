"""The history of the backpack's tables: up and down, empty and filled, and the same as the code's."""

import pytest
from sqlalchemy import inspect

from services.backpack.app import Backpack
from services.backpack.learners.store import Learner, Login
from shared.clock import utc_now
from shared.db import Database, migrate, new_id

pytestmark = pytest.mark.anyio


async def tables(db: Database) -> set[str]:
    async with db.read() as session:
        connection = await session.connection()
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def fill(db: Database) -> None:
    row = new_id()
    async with db.write() as session:
        session.add(Learner(id=row, name=b"sealed", created_at=utc_now()))
        await session.flush()
        login = Login(id=new_id(), learner_id=row, provider="password", subject_lookup="0" * 64)
        login.subject, login.changed_at = b"sealed", utc_now()
        session.add(login)


@pytest.mark.parametrize("filled", [False, True])
async def test_up_and_down(database_url: str, filled: bool) -> None:
    from anyio import to_thread

    async def run(step: str, *more: str) -> None:
        await to_thread.run_sync(getattr(migrate, step), database_url, Backpack.migrations, *more)

    revisions = migrate.revisions(Backpack.migrations)
    db = Database(database_url)
    try:
        for revision in revisions:
            await run("upgrade", revision)
        await run("check")
        if filled:
            await fill(db)
        for revision in [*reversed(revisions[:-1]), "base"]:
            await run("downgrade", revision)
        assert await tables(db) <= {"alembic_version"}
        await run("upgrade")
        await run("check")
    finally:
        await db.close()
