"""Worker processes: what they answer, what they ask for, and what becomes of an item that ends its worker."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from services.verifier.errors import Busy
from services.verifier.workers import worker
from services.verifier.workers.pool import Documents, Pool, Task
from shared.vc import strict_json
from shared.vc.fetching import Fetched, RecognitionAnswer
from shared.vc.policy import DEFAULT
from tests.harness.credentials import NOW, Issuer, Network

pytestmark = pytest.mark.anyio
POLICY = json.dumps(DEFAULT.to_json())
SECONDS = 30.0


async def nobody(_: str) -> RecognitionAnswer:
    return RecognitionAnswer(())


@asynccontextmanager
async def started(count: int, network: Network, waiting: int = 10) -> AsyncIterator[Pool]:
    pool = Pool(count, waiting, Documents(network, nobody))
    pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def task(badge: object) -> Task:
    return Task(badge if isinstance(badge, bytes) else strict_json.dumps(badge), NOW, POLICY)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def test_reports_come_back_and_documents_are_fetched_by_the_service() -> None:
    network = Network()
    issuer = Issuer(network)
    issuer.bits["revocation"].set(7)
    issuer.publish()
    good = issuer.award(credentialStatus=issuer.entry(5))
    revoked = issuer.award(credentialStatus=issuer.entry(7))
    async with started(2, network) as pool:
        answers = await pool.many(
            [task(good), task(revoked), task({"hello": "world"}), task(b"x" * 5_000_000)]
        )
        assert [answer.verdict for answer in answers] == ["accepted", "rejected", None, None]
        assert [answer.why for answer in answers] == [None, None, "unrecognised", "too_long"]
        fetched = {one["url"] for one in json.loads(answers[0].report)["fetched"]}
        assert fetched == set(network.asked)
        assert len(network.asked) == len(fetched)  # once for both badges
        network.pages.clear()
        report = json.loads((await pool.one(task(good))).report)
        assert report["verdict"] == "undetermined"
        assert "key.unreachable" in {check["code"] for check in report["checks"]}


async def test_what_ends_a_worker_is_told_and_what_stood_beside_it_is_verified() -> None:
    network = Network()
    issuer = Issuer(network)
    bad = Issuer(network, "https://bad.example")
    async with started(1, network) as pool:
        await pool.one(task(issuer.award()))
        first = pool.pids
        answering = network.__call__

        async def deadly(url: str, *, accept: str, max_bytes: int) -> Fetched:
            """Stands for an item that makes its worker end: it does so when its issuer is asked for."""
            if "bad.example" in url:
                os.kill(pool.pids[0], signal.SIGPROF)
                await asyncio.sleep(SECONDS)
            return await answering(url, accept=accept, max_bytes=max_bytes)

        pool._workers[0]._documents = Documents(deadly, nobody)
        answers = await pool.many([task(issuer.award()), task(bad.award()), task(issuer.award())])
        assert [answer.verdict for answer in answers] == ["accepted", None, "accepted"]
        assert answers[1].why == "overran"
        assert (await pool.one(task(issuer.award()))).verdict == "accepted"
        assert pool.pids != first


async def test_a_bound_on_what_waits() -> None:
    network = Network()
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(url: str, *, accept: str, max_bytes: int) -> Fetched:
        asked.set()
        await release.wait()
        return await network(url, accept=accept, max_bytes=max_bytes)

    badge = task(Issuer(network).award())
    pool = Pool(1, 1, Documents(slow, nobody))
    pool.start()
    first = asyncio.ensure_future(pool.one(badge))
    await asked.wait()
    with pytest.raises(Busy):
        await pool.one(badge)
    release.set()
    assert (await first).verdict == "accepted"
    assert (await pool.one(badge)).verdict == "accepted"
    await pool.stop()
    with pytest.raises(Busy):
        await pool.one(badge)


async def test_workers_end_with_the_pool() -> None:
    async with started(2, Network()) as pool:
        await until(lambda: len(pool.pids) == 2)
        pids = pool.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_step_that_never_ends_ends_its_process() -> None:
    """The net beneath the work budget: a process of its own, which winds up and computes on."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child's side
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        worker.STEP_SECONDS = 0.2
        worker._wind_up()
        while True:
            pass
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGPROF


def test_reports_are_written_without_nul() -> None:
    assert json.loads(worker.written({"a": "x\x00y", "b": ["\x00", {"\x00": 1}], "c": "\\u0000"})) == {
        "a": "x\ufffdy",
        "b": ["\ufffd", {"\ufffd": 1}],
        "c": "\\u0000",
    }
