"""The smallest service that does bulk work: a table of effects, and a job kind that writes them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace

from sqlalchemy import Column, Integer, String, Table

from shared.clock import utc_now
from shared.db import Database, WriteSession, metadata_for
from shared.db.database import create_engine, writing
from shared.http.access import Access
from shared.http.problems import Conflict
from shared.jobs import Job, JobRow, JobRunner, Kind, RowResult, job_tables

metadata = metadata_for()
tables = job_tables(metadata)
effects = Table(
    "effect",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", String(32), nullable=False),
    Column("name", String(100), nullable=False),
)
ALICE = Access("organisation-a", "member:alice", frozenset({"things:read", "things:write"}))
BOB = Access("organisation-b", "member:bob", frozenset({"things:read", "things:write"}))


async def handle(session: WriteSession, job: Job, rows: Sequence[JobRow]) -> Sequence[RowResult]:
    """Writes an effect per row; refuses `bad` politely, breaks on `broken`, dies where `kill_at` says."""
    results = []
    for row in rows:
        name = row.input["name"]
        if name == "bad":
            results.append(RowResult(row.index, problem=Conflict("This one is bad.")))
            continue
        if name == "broken":
            raise ValueError("a secret detail")
        if name == "refused":
            raise Conflict("Not this one.")
        await session.execute(effects.insert().values(job=job.id, name=name))
        if row.index == job.parameters.get("kill_at"):
            os.kill(os.getpid(), 9)
        results.append(RowResult(row.index, {"effect": name}))
    return results


KINDS = {"things": Kind(handle, chunk=50)}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SimpleNamespace]:
    db = Database(url)
    engine = writing(create_engine(url))
    async with engine.connect() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.commit()
    await engine.dispose()
    try:
        yield SimpleNamespace(db=db, jobs=JobRunner(db, tables, KINDS, utc_now))
    finally:
        await db.close()


async def main(url: str) -> None:
    async with opened(url) as service:
        await service.jobs.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
