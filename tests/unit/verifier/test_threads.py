import asyncio
import threading
import time

import pytest

from services.verifier.errors import Busy
from services.verifier.verifications.threads import Threads

pytestmark = pytest.mark.anyio


async def test_work_runs_on_another_thread_and_fetches_at_home():
    threads = Threads(2, 10)
    threads.start()
    home = threading.get_ident()

    async def fetch() -> int:
        return threading.get_ident()

    async def verify() -> tuple[int, int]:
        return threading.get_ident(), await threads.at_home(fetch)

    there, fetched_on = await threads.run(verify)
    assert there != home
    assert fetched_on == home
    await threads.stop()


async def test_what_computes_holds_up_neither_this_loop_nor_the_other_thread():
    threads = Threads(2, 10)
    threads.start()
    release = threading.Event()

    async def hostile() -> str:
        release.wait(30)
        return "hostile"

    async def quick() -> str:
        return "quick"

    held = asyncio.ensure_future(threads.run(hostile))
    await asyncio.sleep(0)
    begun = time.monotonic()
    assert await threads.run(quick) == "quick"
    assert time.monotonic() - begun < 10
    assert not held.done()
    release.set()
    assert await held == "hostile"
    await threads.stop()


async def test_a_bound_on_what_waits():
    threads = Threads(1, 1)
    threads.start()
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()

    async def held() -> None:
        await threads.at_home(wait)

    first = asyncio.ensure_future(threads.run(held))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await threads.run(held)
    release.set()
    await first
    await threads.run(held)
    await threads.stop()


async def test_errors_come_back_and_cancelling_reaches_the_thread():
    threads = Threads(1, 5)
    threads.start()

    async def fail() -> None:
        raise LookupError("as it was")

    with pytest.raises(LookupError, match="as it was"):
        await threads.run(fail)

    cancelled = threading.Event()
    began = asyncio.Event()
    home = asyncio.get_running_loop()

    async def endless() -> None:
        home.call_soon_threadsafe(began.set)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    task = asyncio.ensure_future(threads.run(endless))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, 10)
    await threads.stop()
