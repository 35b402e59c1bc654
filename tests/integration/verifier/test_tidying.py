"""What is kept no longer than needed: reports of jobs, inputs that could not be used, buckets and answers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from services.verifier.app import Verifier
from services.verifier.tables import JOBS
from services.verifier.verifications.jobs import KIND, tidy
from shared.db import Database, migrate
from shared.http.problems import InternalError
from shared.jobs import JobStore, RowResult

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.fixture
async def db(database_url: str):
    migrate.upgrade(database_url, Verifier.migrations)
    database = Database(database_url)
    yield database
    await database.close()


async def completed_job(db: Database, at: datetime) -> str:
    """One row verified, one that met an error of ours."""
    store = JobStore(JOBS, lambda: at)
    async with db.write() as session:
        job = await store.open(
            session,
            organisation="o",
            actor="client:1",
            kind=KIND,
            parameters={},
            external_id=None,
            metadata=None,
        )
        await store.add(session, job, 0, [{"applicant": {"email": "mira@example.org"}}] * 2)
        await store.seal(session, job, 2)
        problem = InternalError("An error of ours.")
        await store.record(
            session, job, [RowResult(0, result={"verdict": "accepted"}), RowResult(1, problem=problem)]
        )
        await store.complete(session, job)
    return job


async def inputs(db: Database, job: str) -> list[bool]:
    """Whether each row's input is still there."""
    query = select(JOBS.row.c.input).where(JOBS.row.c.job == job).order_by(JOBS.row.c.position)
    async with db.read() as session:
        return ["mira" in (kept or "") for kept in await session.scalars(query)]


async def jobs(db: Database) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(JOBS.job)) or 0


async def test_a_job_goes_in_steps(db: Database):
    job = await completed_job(db, NOW)
    steps = [
        (timedelta(hours=1), 1, [False, True]),  # what could not be verified may be repaired for a day
        (timedelta(days=1, minutes=1), 1, [False, False]),
        (timedelta(days=29), 1, [False, False]),
        (timedelta(days=30, minutes=1), 0, []),
    ]
    for later, left, kept in steps:
        async with db.write() as session:
            await tidy(session, lambda moment=NOW + later: moment, result_days=30)
        assert await jobs(db) == left
        assert await inputs(db, job) == kept


async def test_jobs_that_go_on_are_left_alone(db: Database):
    store = JobStore(JOBS, lambda: NOW)
    async with db.write() as session:
        job = await store.open(
            session,
            organisation="o",
            actor="client:1",
            kind=KIND,
            parameters={},
            external_id=None,
            metadata=None,
        )
        await store.add(session, job, 0, [{"url": "https://mira.example"}])
        await store.seal(session, job, 1)
        await tidy(session, lambda: NOW + timedelta(days=400), result_days=30)
    assert await jobs(db) == 1
    assert await inputs(db, job) == [True]
