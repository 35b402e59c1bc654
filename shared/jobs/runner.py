"""Doing the rows: one job at a time per runner, chunk by chunk, each in one transaction with its results."""

import asyncio
from collections.abc import Mapping, Sequence

from shared.clock import Clock
from shared.db import Database, is_transient
from shared.http.problems import InternalError, Problem
from shared.jobs.model import Job, JobRow, Kind, RowResult
from shared.jobs.store import LEASE, JobStore, Lease, LeaseLost
from shared.jobs.tables import JobTables
from shared.observability.logs import get_logger

_log = get_logger("shared.jobs")
_POLL_SECONDS = 1.0


class JobRunner:
    """A worker's `run`. Any number of them, in any number of processes, share the jobs; each chunk is done once.

    A job belongs to who holds its lease; the lease's epoch is checked under the job's row lock in the transaction that
    records the rows. A runner that died loses nothing but its unfinished chunk; one that was only stopped and wakes up late
    finds its epoch gone and records nothing.
    """

    def __init__(self, db: Database, tables: JobTables, kinds: Mapping[str, Kind], clock: Clock) -> None:
        self.store = JobStore(tables, clock)
        self._db = db
        self._kinds = kinds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be work: `on_commit(session, runner.wake)` where a job is sealed. (It would find it by itself.)"""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._woken.clear()
            if not await self.run_one():
                try:
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    continue

    async def run_one(self) -> bool:
        """Take one job and work on it until it is finished or lost; whether there was one."""
        leased = await self._lease()
        if leased is None:
            return False
        try:
            working = True
            while working:
                working = await self._chunk(leased.job, leased.epoch)
        except LeaseLost:
            _log.info("job.left", job=leased.job)
        except Exception as error:  # noqa: BLE001  (whatever it was, the job is tried again later)
            if not is_transient(error):
                _log.error("job.failed", job=leased.job, exc_info=error)
            await self._postpone(leased)
        return True

    async def _lease(self) -> Lease | None:
        """A job that is free. It is looked for without writing: an idle runner takes nobody's turn."""
        async with self._db.read() as session:
            if not await self.store.anything_to_do(session, list(self._kinds)):
                return None
        async with self._db.write() as session:
            await self.store.remove_abandoned(session)
            return await self.store.lease(session, list(self._kinds))

    async def _chunk(self, job_id: str, epoch: int) -> bool:
        """Do the next rows; False when none are left."""
        async with self._db.write() as session:
            job = await self.store.hold(session, job_id, epoch)
            kind = self._kinds[job.kind]
            rows = await self.store.pending(session, job_id, kind.chunk)
            if not rows:
                if kind.completed is not None:
                    await kind.completed(session, job)
                await self.store.complete(session, job_id)
                _log.info(
                    "job.completed", job=job_id, organisation=job.organisation, kind=job.kind, total=job.total
                )
                return False
        await self._do(kind, job, epoch, rows)
        return True

    async def _do(self, kind: Kind, job: Job, epoch: int, rows: Sequence[JobRow]) -> None:
        """These rows in one transaction; if that fails, their halves; a single one that fails is the culprit."""
        try:
            ready = await self._prepared(kind, job, epoch, rows)
            async with self._db.write() as session:
                await self.store.hold(session, job.id, epoch)
                results = await kind.handle(session, job, ready)
                _complete(rows, results)
                await self.store.record(session, job.id, results)
        except LeaseLost:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            if len(rows) > 1:
                half = len(rows) // 2
                await self._do(kind, job, epoch, rows[:half])
                await self._do(kind, job, epoch, rows[half:])
                return
            await self._refuse(job, epoch, rows[0], error)

    async def _prepared(self, kind: Kind, job: Job, epoch: int, rows: Sequence[JobRow]) -> Sequence[JobRow]:
        """The rows as the handler gets them; the lease is kept for as long as that takes."""
        if kind.prepare is None:
            return rows
        task = asyncio.ensure_future(kind.prepare(job, rows))
        try:
            while not (await asyncio.wait({task}, timeout=LEASE.total_seconds() / 3))[0]:
                async with self._db.write() as session:
                    await self.store.hold(session, job.id, epoch)
            return task.result()
        finally:
            task.cancel()

    async def _refuse(self, job: Job, epoch: int, row: JobRow, error: Exception) -> None:
        problem = (
            error
            if isinstance(error, Problem)
            else InternalError("This row met an error of ours; repair it later.")
        )
        if problem is not error:
            _log.error("job.row_failed", job=job.id, index=row.index, exc_info=error)
        async with self._db.write() as session:
            await self.store.hold(session, job.id, epoch)
            await self.store.record(session, job.id, [RowResult(row.index, problem=problem)])

    async def _postpone(self, lease: Lease) -> None:
        """Come back later; if even that cannot be written, the lease runs out by itself."""
        try:
            async with self._db.write() as session:
                await self.store.postpone(session, lease)
        except Exception as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(_POLL_SECONDS)


def _complete(rows: Sequence[JobRow], results: Sequence[RowResult]) -> None:
    """A handler answers for every row it was given, once: anything else is a bug, and must not be recorded."""
    if sorted(result.index for result in results) != [row.index for row in rows]:
        raise RuntimeError("the handler did not answer for exactly the rows it was given")
