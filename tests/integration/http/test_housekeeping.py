"""Tidying up, and limits as endpoints use them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import Depends, Request
from sqlalchemy import func, select

from shared.db import Database, DatabaseUnavailable, WriteSession, metadata_for
from shared.db.database import create_engine, writing
from shared.http.access import Access, public, require
from shared.http.application import create_application
from shared.http.housekeeping import Housekeeping
from shared.http.ratelimit import RateLimit, forget_full, limited, ratelimit_table
from shared.http.routing import Router

pytestmark = pytest.mark.anyio
metadata = metadata_for()
limits = ratelimit_table(metadata)
LIMIT = RateLimit("things", 2, timedelta(hours=1))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path}/limits.sqlite3"
    engine = writing(create_engine(url))
    async with engine.connect() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.commit()
    await engine.dispose()
    made = Database(url)
    yield made
    await made.close()


async def test_tasks_are_done_and_a_database_that_is_away_does_not_end_the_worker(db: Database) -> None:
    done: list[str] = []

    async def away(_: WriteSession) -> None:
        done.append("away")
        raise DatabaseUnavailable("gone")

    async def tidy(session: WriteSession) -> None:
        await forget_full(session, limits, now=lambda: 1e12)
        done.append("tidy")

    await RateLimit("x", 1, timedelta(seconds=1)).check(db, limits, "subject")
    worker = Housekeeping(db, away, tidy, every=timedelta(milliseconds=10))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while len(done) < 4:
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert done[:4] == ["away", "tidy", "away", "tidy"]
    async with db.read() as session:
        assert (await session.execute(select(func.count()).select_from(limits))).scalar_one() == 0


async def test_a_bug_in_a_task_is_not_swallowed(db: Database) -> None:
    async def broken(_: WriteSession) -> None:
        raise LookupError("bug")

    with pytest.raises(LookupError):
        await Housekeeping(db, broken).run()


class Anyone:
    async def authenticate(self, request: Request) -> Access | None:
        who = request.headers.get("x-organisation")
        return Access(who, "client:c", frozenset()) if who else None


def client(db: Database, address: str) -> httpx.AsyncClient:
    router = Router(prefix="/v1")

    @router.get("/open", dependencies=[public, Depends(limited(LIMIT))])
    async def read_open() -> int:
        return 1

    @router.get("/closed", dependencies=[Depends(require()), Depends(limited(LIMIT))])
    async def read_closed() -> int:
        return 1

    service = SimpleNamespace(
        name="issuer",
        settings=SimpleNamespace(public_url="https://x.example", directory_url="https://d.example"),
        dependencies=tuple,
        authenticator=Anyone(),
        db=db,
        rate_limits=limits,
    )
    app = create_application(service, title="Things", description="", routers=[router])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 1)), base_url="https://x.example"
    )


async def test_limits_per_address_and_per_organisation(db: Database) -> None:
    async with client(db, "2001:db8:1:2::1") as caller, client(db, "2001:db8:1:2:ffff::9") as neighbour:
        first = await caller.get("/v1/open")
        assert first.headers["ratelimit-policy"] == '"things";q=2;w=3600'
        assert first.headers["ratelimit"].startswith('"things";r=1;t=')
        assert (await neighbour.get("/v1/open")).status_code == 200
        refused = await caller.get("/v1/open")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["ratelimit"].startswith('"things";r=0;')
        for organisation, statuses in (("a", [200, 200, 429]), ("b", [200])):
            answers = [
                await caller.get("/v1/closed", headers={"x-organisation": organisation}) for _ in statuses
            ]
            assert [answer.status_code for answer in answers] == statuses
    async with client(db, "2001:db8:1:3::1") as other:
        assert (await other.get("/v1/open")).status_code == 200
