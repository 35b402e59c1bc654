"""What has to be tidied up now and then, each in a transaction of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.db import Database, WriteSession, is_transient
from shared.observability.logs import get_logger

_log = get_logger("shared.http")
Task = Callable[[WriteSession], Awaitable[None]]


class Housekeeping:
    """A worker's `run`: every task once at the start, then at intervals.

    `Housekeeping(db, lambda s: forget_old(s, answers, clock), lambda s: forget_full(s, limits), queue.forget_old)`. Tasks
    may run in several processes at once; they delete what is old, which is the same whoever does it.
    """

    def __init__(self, db: Database, *tasks: Task, every: timedelta = timedelta(minutes=15)) -> None:
        self._db = db
        self._tasks = tasks
        self._every = every

    async def run(self) -> None:
        """Tidy up until cancelled."""
        while True:
            for task in self._tasks:
                await self._do(task)
            await asyncio.sleep(self._every.total_seconds())

    async def _do(self, task: Task) -> None:
        try:
            async with self._db.write() as session:
                await task(session)
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("housekeeping.postponed", reason=type(error).__name__)
