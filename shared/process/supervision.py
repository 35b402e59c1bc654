"""Keeping workers alive: a worker that fails is started again, with growing pauses, and says so."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog

from shared.observability.metrics import worker_failures
from shared.process.service import Worker

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_log = structlog.get_logger("confer.workers")


async def keep_running(worker: Worker) -> None:
    """Run one worker until cancelled; whatever it raises is logged, counted and followed by a new start.

    The pause doubles from half a second to thirty and is short again after the worker ran longer than the longest pause.
    """
    pause = _FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        try:
            await worker.run()
            reason = "ended by itself"
        except Exception as error:  # noqa: BLE001  (the one place that outlives any failure: it reports and starts anew)
            _log.exception("worker failed", worker=worker.name, error=type(error).__name__)
            reason = type(error).__name__
        worker_failures.labels(worker.name).inc()
        if loop.time() - begun > _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        _log.warning("worker starts again", worker=worker.name, reason=reason, pause_seconds=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


@asynccontextmanager
async def running(workers: Iterable[Worker]) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Have the workers run while the block does; they are cancelled and awaited at its end."""
    tasks = [asyncio.create_task(keep_running(worker), name=worker.name) for worker in workers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
