"""Bulk work: received whole or not at all, every row done once, whoever dies in between."""

import asyncio
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, Request
from sqlalchemy import func, select

from shared.clock import utc_now
from shared.db import Database
from shared.http.access import Access, require
from shared.http.application import create_application
from shared.http.body import MIB, body_limit
from shared.http.problems import NotFound
from shared.http.routing import Router
from shared.jobs import JobRunner, JobStore, Kind, jobs_router, open_job, read_rows
from shared.jobs.errors import JobFinished, JobNotCompleted, NoRows, TooManyRows
from shared.jobs.store import ABANDONED, LEASE
from tests.integration.jobs.service import ALICE, BOB, KINDS, effects, opened, tables

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]


async def submit(service: SimpleNamespace, names: list[str], access: Access = ALICE, **options: Any) -> str:
    async with open_job(service.db, service.jobs.store, access=access, kind="things", **options) as receiver:
        await receiver.add_all({"name": name, "external_id": f"x-{name}"} for name in names)
        await receiver.flush()
        async with service.db.write() as session:
            await receiver.seal(session)
    return receiver.id


async def submit_and_break(service: SimpleNamespace) -> None:
    async with open_job(service.db, service.jobs.store, access=ALICE, kind="things") as receiver:
        await receiver.add_all({"name": "a"} for _ in range(1200))
        raise ConnectionError("the caller is gone")


async def effects_of(db: Database, job: str) -> Counter[str]:
    async with db.read() as session:
        return Counter((await session.execute(select(effects.c.name).where(effects.c.job == job))).scalars())


async def job_row(service: SimpleNamespace, job: str, access: Access = ALICE) -> Any:
    async with service.db.read() as session:
        return await service.jobs.store.find(session, access.organisation, job)


async def test_every_row_gets_its_result(database_url: str) -> None:
    async with opened(database_url) as service:
        names = [f"n{number}" for number in range(180)]
        names[7] = "bad"
        names[61] = "broken"  # raises: its chunk is halved until it stands alone
        names[62] = "refused"
        job = await submit(service, names, external_id="mine", metadata={"a": "b"})
        assert await service.jobs.run_one()

        found = await job_row(service, job)
        assert (found.state, found.total, found.succeeded, found.failed) == ("completed", 180, 177, 3)
        assert (found.external_id, found.metadata, found.actor) == ("mine", {"a": "b"}, "member:alice")
        assert await effects_of(service.db, job) == Counter(set(names) - {"bad", "broken", "refused"})
        async with service.db.read() as session:
            failed = await service.jobs.store.rows(session, job, state="failed", after=None, limit=10)
            inputs = (await session.execute(select(func.count(tables.row.c.input)))).scalar_one()
        assert [(row.position, row.problem["code"]) for row in failed] == [
            (7, "conflict"),
            (61, "internal-error"),
            (62, "conflict"),
        ]
        assert "secret" not in json.dumps(failed[1].problem)
        assert failed[0].external_id == "x-bad"
        assert inputs == 3, "inputs of rows that succeeded are kept no longer"


async def test_repair_does_only_the_failed_rows_again(database_url: str) -> None:
    async with opened(database_url) as service:
        store: JobStore = service.jobs.store
        job = await submit(service, ["a", "bad", "b", "bad"])
        await service.jobs.run_one()
        async with service.db.write() as session:
            await store.repair(session, ALICE.organisation, job, {1: {"name": "c"}})
        await service.jobs.run_one()

        found = await job_row(service, job)
        assert (found.state, found.succeeded, found.failed) == ("completed", 3, 1)
        assert await effects_of(service.db, job) == Counter(["a", "b", "c"])


async def test_repair_refuses_what_cannot_be_repaired(database_url: str) -> None:
    async with opened(database_url) as service:
        store: JobStore = service.jobs.store
        job = await submit(service, ["a", "bad"])
        with pytest.raises(JobNotCompleted):
            async with service.db.write() as session:
                await store.repair(session, ALICE.organisation, job, {})
        await service.jobs.run_one()
        with pytest.raises(Exception, match="not a failed row"):
            async with service.db.write() as session:
                await store.repair(session, ALICE.organisation, job, {0: {"name": "z"}})
        with pytest.raises(NotFound):
            async with service.db.write() as session:
                await store.repair(session, BOB.organisation, job, {})
        assert (await job_row(service, job)).state == "completed"


async def test_cancelled_job_begins_no_further_row(database_url: str) -> None:
    async with opened(database_url) as service:
        store: JobStore = service.jobs.store
        job = await submit(service, ["a", "b"])
        async with service.db.write() as session:
            await store.cancel(session, ALICE.organisation, job)
        assert not await service.jobs.run_one()
        assert await effects_of(service.db, job) == Counter()
        with pytest.raises(JobFinished):
            async with service.db.write() as session:
                await store.cancel(session, ALICE.organisation, job)


async def test_what_was_not_received_whole_leaves_nothing(database_url: str) -> None:
    async with opened(database_url) as service:
        with pytest.raises(ConnectionError):
            await submit_and_break(service)
        with pytest.raises(NoRows):
            await submit(service, [])
        async with open_job(service.db, service.jobs.store, access=ALICE, kind="things"):
            pass  # never sealed
        async with service.db.read() as session:
            for table in (tables.job, tables.row):
                assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_what_a_dead_process_was_receiving_is_removed_later(database_url: str) -> None:
    async with opened(database_url) as service:
        store: JobStore = service.jobs.store
        async with service.db.write() as session:
            job = await store.open(
                session,
                organisation="o",
                actor="a",
                kind="things",
                parameters={},
                external_id=None,
                metadata=None,
            )
            await store.add(session, job, 0, [{"name": "a"}])
        assert not await service.jobs.run_one()
        assert (await job_row(service, job, Access("o", "a", frozenset()))).state == "receiving"
        later = JobRunner(service.db, tables, KINDS, lambda: utc_now() + ABANDONED + timedelta(minutes=1))
        assert not await later.run_one()
        async with service.db.read() as session:
            for table in (tables.job, tables.row):
                assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_too_many_rows_are_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.jobs.receiver.MAX_ROWS", 10)
    async with opened(database_url) as service:
        with pytest.raises(TooManyRows):
            await submit(service, ["a"] * 11)


async def test_two_runners_share_the_work_and_do_no_row_twice(database_url: str) -> None:
    async with opened(database_url) as service:
        other = JobRunner(service.db, tables, KINDS, utc_now)
        jobs = [await submit(service, [f"{number}-{row}" for row in range(120)]) for number in range(4)]
        await asyncio.gather(
            *(runner.run_one() for runner in (service.jobs, other, service.jobs, other, other))
        )
        while await service.jobs.run_one():
            pass
        for number, job in enumerate(jobs):
            assert await effects_of(service.db, job) == Counter(f"{number}-{row}" for row in range(120))
            assert (await job_row(service, job)).state == "completed"


async def test_a_runner_that_lost_its_lease_records_nothing(database_url: str) -> None:
    """A process stopped in mid-chunk wakes up after another one took over."""
    async with opened(database_url) as service:
        job = await submit(service, ["a", "b", "c"])
        reached, go_on = asyncio.Event(), asyncio.Event()
        original = service.jobs._do

        async def stopped(*arguments: Any) -> None:
            reached.set()
            await go_on.wait()
            await original(*arguments)

        service.jobs._do = stopped
        late = asyncio.create_task(service.jobs.run_one())
        await reached.wait()
        much_later = JobRunner(service.db, tables, KINDS, lambda: utc_now() + LEASE + timedelta(seconds=5))
        assert await much_later.run_one()
        go_on.set()
        await late
        assert await effects_of(service.db, job) == Counter(["a", "b", "c"])
        assert (await job_row(service, job)).succeeded == 3


async def test_killed_in_mid_run_and_resumed(database_url: str) -> None:
    """SIGKILL within a chunk: another process goes on, and every row is done exactly once."""
    async with opened(database_url) as service:
        names = [f"n{number}" for number in range(230)]
        job = await submit(service, names, parameters={"kill_at": 120})
        command = [sys.executable, "-m", "tests.integration.jobs.service", database_url]
        process = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, timeout=60, check=False)
        assert process.returncode == -9
        found = await job_row(service, job)
        assert (found.state, found.succeeded) == ("running", 100), "the unfinished chunk left nothing"
        assert sum((await effects_of(service.db, job)).values()) == 100

        async with service.db.write() as session:
            await session.execute(tables.job.update().values(parameters={}))
        later = JobRunner(service.db, tables, KINDS, lambda: utc_now() + LEASE + timedelta(seconds=5))
        assert await later.run_one()
        found = await job_row(service, job)
        assert (found.state, found.succeeded, found.failed) == ("completed", 230, 0)
        assert await effects_of(service.db, job) == Counter(names)


async def test_a_job_whose_needs_are_out_of_reach_comes_back_later(database_url: str) -> None:
    from shared.db import DatabaseUnavailable

    async def away(*_: Any) -> Any:
        raise DatabaseUnavailable("gone")

    async with opened(database_url) as service:
        job = await submit(service, ["a"])
        now = utc_now()
        runner = JobRunner(service.db, tables, {"things": Kind(away)}, lambda: now)
        assert await runner.run_one()
        assert (await job_row(service, job)).state == "running"
        assert not await runner.run_one(), "not before its pause is over"
        good = JobRunner(service.db, tables, KINDS, lambda: now + timedelta(seconds=2))
        assert await good.run_one()
        assert await effects_of(service.db, job) == Counter(["a"])


class Anyone:
    async def authenticate(self, request: Request) -> Access | None:
        return {"alice": ALICE, "bob": BOB}.get(request.headers.get("x-who", ""))


def application(service: SimpleNamespace) -> Any:
    router = Router(prefix="/v1/things")

    @router.post("/bulk", status_code=202)
    @body_limit(512 * MIB, streamed=True)
    async def create_things(
        request: Request, who: Annotated[Access, Depends(require("things:write"))]
    ) -> dict[str, Any]:
        async with open_job(service.db, service.jobs.store, access=who, kind="things") as receiver:
            await receiver.add_all(read_rows(request))
            await receiver.flush()
            async with service.db.write() as session:
                await receiver.seal(session)
        return {"job": receiver.id, "total": receiver.total}

    service.name = "issuer"
    service.settings = SimpleNamespace(public_url="http://test", directory_url="http://directory")
    service.dependencies = tuple
    service.authenticator = Anyone()
    routers = [router, jobs_router(read=require("things:read"), write=require("things:write"))]
    return create_application(service, title="Things", description="", routers=routers)


def client(service: SimpleNamespace, who: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(service))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"x-who": who})


async def test_jobs_over_http(database_url: str) -> None:
    async with (
        opened(database_url) as service,
        client(service, "alice") as alice,
        client(service, "bob") as bob,
    ):
        sent = "name,external_id\n" + "".join(f"n{number},x{number}\n" for number in range(9)) + "bad,x9\n"
        answer = await alice.post("/v1/things/bulk", content=sent, headers={"content-type": "text/csv"})
        assert answer.status_code == 202, answer.text
        job = answer.json()["job"]
        await service.jobs.run_one()

        shown = (await alice.get(f"/v1/jobs/{job}")).json()
        assert (shown["state"], shown["total"], shown["failed"], shown["pending"]) == ("completed", 10, 1, 0)
        rows = (await alice.get(f"/v1/jobs/{job}/rows", params={"limit": 4})).json()
        following = (
            await alice.get(f"/v1/jobs/{job}/rows", params={"limit": 4, "cursor": rows["next"]})
        ).json()
        assert [row["index"] for row in rows["items"] + following["items"]] == list(range(8))
        failed = (await alice.get(f"/v1/jobs/{job}/rows", params={"state": "failed"})).json()["items"]
        assert [(row["index"], row["external_id"], row["problem"]["code"]) for row in failed] == [
            (9, "x9", "conflict")
        ]

        for path in (f"/v1/jobs/{job}", f"/v1/jobs/{job}/rows"):
            assert (await bob.get(path)).status_code == 404
        for action in ("repair", "cancel"):
            assert (await bob.post(f"/v1/jobs/{job}/{action}")).status_code == 404
        assert (await bob.get("/v1/jobs")).json()["items"] == []

        corrected = {"rows": [{"index": 9, "input": {"name": "good"}}]}
        repaired = await alice.post(f"/v1/jobs/{job}/repair", json=corrected)
        assert (repaired.status_code, repaired.json()["state"]) == (202, "queued")
        await service.jobs.run_one()
        assert (await alice.get(f"/v1/jobs/{job}")).json()["succeeded"] == 10
        assert (await alice.post(f"/v1/jobs/{job}/repair")).json()["code"] == "job-not-completed"
        assert (await alice.post(f"/v1/jobs/{job}/cancel")).json()["code"] == "job-finished"


async def test_jobs_are_paged_newest_first(database_url: str) -> None:
    async with opened(database_url) as service, client(service, "alice") as alice:
        jobs = {await submit(service, ["a"]) for _ in range(5)}
        await submit(service, ["a"], access=BOB)
        seen, cursor = [], None
        while True:
            page = (
                await alice.get("/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
            ).json()
            seen += [job["id"] for job in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == 5
        assert set(seen) == jobs
        forged = await alice.get("/v1/jobs", params={"cursor": "WyJ5ZXN0ZXJkYXkiLCJ4Il0"})
        assert (forged.status_code, forged.json()["code"]) == (400, "invalid-cursor")


async def test_a_bad_row_in_the_stream_refuses_the_whole_call(database_url: str) -> None:
    async with opened(database_url) as service, client(service, "alice") as alice:
        lines = b'{"name": "a"}\n' * 700 + b'{"name": "b", "name": "c"}\n'
        answer = await alice.post(
            "/v1/things/bulk", content=lines, headers={"content-type": "application/x-ndjson"}
        )
        assert (answer.status_code, answer.json()["code"], answer.json()["row"]) == (400, "unparseable", 700)
        assert (await alice.get("/v1/jobs")).json()["items"] == []


async def test_receiving_many_rows_takes_no_more_memory(tmp_path: Path) -> None:
    """Twenty thousand rows in a stream: what is held at once stays far below what was sent."""
    row = b'{"name": "' + b"x" * 400 + b'"}'

    async def body() -> Any:
        yield b"["
        for number in range(20_000):
            yield (b"," if number else b"") + row
        yield b"]"

    async with (
        opened(f"sqlite+aiosqlite:///{tmp_path}/flat.sqlite3") as service,
        client(service, "alice") as alice,
    ):
        headers = {"content-type": "application/json"}
        await alice.post("/v1/things/bulk", content=b"[" + row + b"]", headers=headers)
        tracemalloc.start()
        answer = await alice.post("/v1/things/bulk", content=body(), headers=headers)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.json()["total"] == 20_000
        assert peak < 4 * MIB, f"{peak} bytes at once for {20_000 * len(row)} bytes sent"
