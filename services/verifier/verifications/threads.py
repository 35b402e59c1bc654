"""Threads that verify, so that a badge made to cost time holds up neither the requests nor many other badges.

A verification is a coroutine that computes for a few milliseconds at a time (each step under the work budget of
`shared.vc`) and waits for documents in between. Each thread here has an event loop of its own and takes many of them; what
they fetch is fetched on the service's loop, where the connections and the cache live.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from services.verifier.errors import Busy

T = TypeVar("T")


class Threads:
    """A fixed number of threads and a bound on what waits for them."""

    def __init__(self, count: int, waiting: int) -> None:
        self._home: asyncio.AbstractEventLoop | None = None
        self._count = count
        self._waiting = waiting
        self._load = [0] * count
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; called on the loop that the documents are to be fetched on."""
        self._home = asyncio.get_running_loop()
        self._loops = [asyncio.new_event_loop() for _ in range(self._count)]
        for number, loop in enumerate(self._loops):
            thread = threading.Thread(target=_run_loop, args=(loop,), name=f"verify-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    async def stop(self) -> None:
        """End every thread; what is still being verified is cancelled."""
        if self._home is None:
            return
        for loop, thread in zip(self._loops, self._threads, strict=True):
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_cancel_others(), loop))
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)
        self._threads.clear()
        self._home = None

    async def run(self, make: Callable[[], Coroutine[Any, Any, T]], *, bounded: bool = True) -> T:
        """Await `make()` on the least loaded thread.

        Raises:
            Busy: as many as may wait are waiting (never with `bounded=False`, for callers that bound themselves).
        """
        if bounded and sum(self._load) >= self._waiting:
            raise Busy
        chosen = self._load.index(min(self._load))
        self._load[chosen] += 1
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), self._loops[chosen]))
        finally:
            self._load[chosen] -= 1

    async def at_home(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Called by a verification: await `make()` on the service's own loop."""
        assert self._home is not None, "not started"
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), self._home))


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _cancel_others() -> None:
    others: list[Awaitable[Any]] = []
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            task.cancel()
            others.append(task)
    await asyncio.gather(*others, return_exceptions=True)
