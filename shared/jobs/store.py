"""Every query on jobs and their rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, or_, select, update

from shared.clock import Clock
from shared.db import ReadSession, WriteSession, new_id
from shared.http.problems import FieldError, InvalidRequest, NotFound
from shared.jobs.errors import JobFinished, JobNotCompleted
from shared.jobs.model import Job, JobRow, RowResult
from shared.jobs.tables import JobTables

LEASE = timedelta(seconds=15)
ABANDONED = timedelta(hours=2)


_PAUSES = (1, 2, 5, 10, 30, 60)


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, as long as no later epoch exists."""

    job: str
    epoch: int
    attempts: int


class LeaseLost(Exception):
    """Another runner has the job now, or it was cancelled."""


class JobStore:
    """Jobs of one service. Every method that serves the API is bound to an organisation."""

    def __init__(self, tables: JobTables, clock: Clock) -> None:
        self._job = tables.job
        self._row = tables.row
        self._clock = clock

    # --- receiving ---

    async def open(
        self,
        session: WriteSession,
        *,
        organisation: str,
        actor: str,
        kind: str,
        parameters: Mapping[str, Any],
        external_id: str | None,
        metadata: Mapping[str, str] | None,
    ) -> str:
        """A new job that receives its rows; its id."""
        job = new_id()
        values = {
            "id": job,
            "organisation": organisation,
            "actor": actor,
            "kind": kind,
            "state": "receiving",
            "total": 0,
            "succeeded": 0,
            "failed": 0,
            "external_id": external_id,
            "metadata": dict(metadata) if metadata else None,
            "parameters": dict(parameters),
            "created_at": self._clock(),
            "lease_epoch": 0,
            "attempts": 0,
        }
        await session.execute(insert(self._job).values(values))
        return job

    async def add(
        self, session: WriteSession, job: str, first: int, inputs: Sequence[Mapping[str, Any]]
    ) -> None:
        """Rows from position `first` on."""
        rows = [
            {
                "job": job,
                "position": first + offset,
                "state": "pending",
                "external_id": _external_id(each),
                "input": json.dumps(each, ensure_ascii=False, separators=(",", ":")),
            }
            for offset, each in enumerate(inputs)
        ]
        await session.execute(insert(self._row), rows)

    async def seal(self, session: WriteSession, job: str, total: int) -> None:
        """All rows are there: the job may be run."""
        statement = update(self._job).where(self._job.c.id == job, self._job.c.state == "receiving")
        done = await session.execute(statement.values(state="queued", total=total).returning(self._job.c.id))
        if done.one_or_none() is None:
            raise JobFinished("The job was cancelled while its rows arrived.")

    async def remove(self, session: WriteSession, job: str) -> None:
        """The job and its rows, as if it had never been."""
        await session.execute(delete(self._row).where(self._row.c.job == job))
        await session.execute(delete(self._job).where(self._job.c.id == job))

    async def remove_abandoned(self, session: WriteSession) -> None:
        """Jobs whose rows stopped arriving: the process or the caller died."""
        old = select(self._job.c.id).where(
            self._job.c.state == "receiving", self._job.c.created_at < self._clock() - ABANDONED
        )
        for job in (await session.execute(old.limit(10))).scalars().all():
            await self.remove(session, job)

    # --- the API ---

    async def find(
        self, session: ReadSession, organisation: str, job: str, *, lock: bool = False
    ) -> Row[Any]:
        """The job. Raises NotFound, also for another organisation's."""
        statement = select(self._job).where(self._job.c.id == job, self._job.c.organisation == organisation)
        found = (await session.execute(statement.with_for_update() if lock else statement)).one_or_none()
        if found is None:
            raise NotFound("There is no such job in your organisation.")
        return found

    async def list(
        self, session: ReadSession, organisation: str, *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Newest first; `after` is (created_at in RFC 3339, id) of the last job seen."""
        job = self._job
        statement = select(job).where(job.c.organisation == organisation)
        if after is not None:
            moment = datetime.fromisoformat(after[0])
            older = and_(job.c.created_at == moment, job.c.id < after[1])
            statement = statement.where(or_(job.c.created_at < moment, older))
        statement = statement.order_by(job.c.created_at.desc(), job.c.id.desc()).limit(limit)
        return (await session.execute(statement)).all()

    async def rows(
        self, session: ReadSession, job: str, *, state: str | None, after: int | None, limit: int
    ) -> Sequence[Any]:
        """Rows in the order they were sent."""
        row = self._row
        columns = (row.c.position, row.c.state, row.c.external_id, row.c.result, row.c.problem)
        statement = select(*columns).where(row.c.job == job)
        if state is not None:
            statement = statement.where(row.c.state == state)
        if after is not None:
            statement = statement.where(row.c.position > after)
        return (await session.execute(statement.order_by(row.c.position).limit(limit))).all()

    async def cancel(self, session: WriteSession, organisation: str, job: str) -> Row[Any]:
        """No further row is begun; what is done stays done. Raises NotFound, JobFinished."""
        found = await self.find(session, organisation, job, lock=True)
        if found.state in {"completed", "cancelled"}:
            raise JobFinished(f"The job is {found.state} already.")
        values = {"state": "cancelled", "completed_at": self._clock(), "lease_until": None}
        await session.execute(update(self._job).where(self._job.c.id == job).values(values))
        # Nobody will do them any more, and they may name people.
        await session.execute(
            update(self._row).where(self._row.c.job == job, self._row.c.state == "pending").values(input=None)
        )
        return await self.find(session, organisation, job)

    async def repair(
        self, session: WriteSession, organisation: str, job: str, corrected: Mapping[int, Mapping[str, Any]]
    ) -> Row[Any]:
        """Only the failed rows again, some of them corrected. Raises NotFound, JobNotCompleted, InvalidRequest."""
        found = await self.find(session, organisation, job, lock=True)
        if found.state != "completed" or not found.failed:
            raise JobNotCompleted("Only a completed job with failed rows can be repaired.")
        await self._correct(session, job, corrected)
        here = (self._row.c.job == job) & (self._row.c.state == "failed")
        await session.execute(update(self._row).where(here).values(state="pending", problem=None))
        values = {"state": "queued", "failed": 0, "completed_at": None, "lease_until": None, "attempts": 0}
        await session.execute(update(self._job).where(self._job.c.id == job).values(values))
        return await self.find(session, organisation, job)

    async def _correct(
        self, session: WriteSession, job: str, corrected: Mapping[int, Mapping[str, Any]]
    ) -> None:
        for number, (index, given) in enumerate(corrected.items()):
            here = (
                (self._row.c.job == job) & (self._row.c.position == index) & (self._row.c.state == "failed")
            )
            text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
            values = {"input": text, "external_id": _external_id(given)}
            done = await session.execute(
                update(self._row).where(here).values(values).returning(self._row.c.position)
            )
            if done.one_or_none() is None:
                raise InvalidRequest(
                    f"Row {index} is not a failed row of this job; only those can be corrected.",
                    errors=[FieldError(f"/rows/{number}/index", "is not a failed row")],
                )

    # --- the runner ---

    async def anything_to_do(self, session: ReadSession, kinds: Sequence[str]) -> bool:
        """Whether there is a job to lease, or an abandoned one to remove."""
        job, now = self._job, self._clock()
        free = or_(job.c.lease_until.is_(None), job.c.lease_until < now)
        waiting = and_(job.c.state.in_(["queued", "running"]), job.c.kind.in_(kinds), free)
        abandoned = and_(job.c.state == "receiving", job.c.created_at < now - ABANDONED)
        return (
            await session.execute(select(job.c.id).where(or_(waiting, abandoned)).limit(1))
        ).first() is not None

    async def lease(self, session: WriteSession, kinds: Sequence[str]) -> Lease | None:
        """A job to be worked on, and the epoch that entitles to it; None if there is none."""
        now, job = self._clock(), self._job
        free = or_(job.c.lease_until.is_(None), job.c.lease_until < now)
        wanted = select(job.c.id, job.c.lease_epoch, job.c.attempts).where(
            job.c.state.in_(["queued", "running"]), job.c.kind.in_(kinds), free
        )
        # Jobs that never ran come first: one that keeps failing holds up nobody.
        found = (
            await session.execute(
                wanted.order_by(job.c.attempts, job.c.created_at).limit(1).with_for_update(skip_locked=True)
            )
        ).one_or_none()
        if found is None:
            return None
        epoch = found.lease_epoch + 1
        values = {
            "state": "running",
            "lease_epoch": epoch,
            "lease_until": now + LEASE,
            "started_at": func.coalesce(job.c.started_at, bindparam("now", now, type_=job.c.started_at.type)),
        }
        await session.execute(update(job).where(job.c.id == found.id).values(values))
        return Lease(found.id, epoch, found.attempts)

    async def hold(self, session: WriteSession, job: str, epoch: int) -> Job:
        """Lock the job for this transaction and extend the lease. Raises LeaseLost."""
        found = (
            await session.execute(select(self._job).where(self._job.c.id == job).with_for_update())
        ).one_or_none()
        if found is None or found.lease_epoch != epoch or found.state != "running":
            raise LeaseLost
        values = {"lease_until": self._clock() + LEASE}
        await session.execute(update(self._job).where(self._job.c.id == job).values(values))
        return Job(
            id=found.id,
            organisation=found.organisation,
            actor=found.actor,
            kind=found.kind,
            parameters=found.parameters,
            external_id=found.external_id,
            metadata=found.metadata,
            created_at=found.created_at,
            total=found.total,
        )

    async def pending(self, session: ReadSession, job: str, limit: int) -> Sequence[JobRow]:
        """The next rows to be done."""
        row = self._row
        statement = select(row.c.position, row.c.input, row.c.external_id).where(
            row.c.job == job, row.c.state == "pending"
        )
        found = (await session.execute(statement.order_by(row.c.position).limit(limit))).all()
        return [JobRow(each.position, json.loads(each.input), each.external_id) for each in found]

    async def record(self, session: WriteSession, job: str, results: Sequence[RowResult]) -> None:
        """How rows ended, and the job's counts, in the transaction of the rows' effects."""
        good = [
            {"at": each.index, "outcome": dict(each.result) if each.result is not None else None}
            for each in results
            if each.problem is None
        ]
        bad = [
            {"at": each.index, "why": each.problem.to_json()} for each in results if each.problem is not None
        ]
        here = (
            (self._row.c.job == job)
            & (self._row.c.position == bindparam("at"))
            & (self._row.c.state == "pending")
        )
        connection = await session.connection()
        if good:
            done: dict[str, Any] = {
                "state": "succeeded",
                "input": None,
                "problem": None,
                "result": bindparam("outcome"),
            }
            await connection.execute(update(self._row).where(here).values(done), good)
        if bad:
            refused = {"state": "failed", "problem": bindparam("why")}
            await connection.execute(update(self._row).where(here).values(refused), bad)
        counts = {"succeeded": self._job.c.succeeded + len(good), "failed": self._job.c.failed + len(bad)}
        await session.execute(update(self._job).where(self._job.c.id == job).values(attempts=0, **counts))

    async def complete(self, session: WriteSession, job: str) -> None:
        values = {"state": "completed", "completed_at": self._clock(), "lease_until": None}
        await session.execute(update(self._job).where(self._job.c.id == job).values(values))

    async def postpone(self, session: WriteSession, lease: Lease) -> None:
        """Leave the job for later, longer each time: what it needs is out of reach."""
        pause = timedelta(seconds=_PAUSES[min(lease.attempts, len(_PAUSES) - 1)])
        here = (
            (self._job.c.id == lease.job)
            & (self._job.c.lease_epoch == lease.epoch)
            & (self._job.c.state == "running")
        )
        values = {"lease_until": self._clock() + pause, "attempts": self._job.c.attempts + 1}
        await session.execute(update(self._job).where(here).values(values))


def _external_id(given: Mapping[str, Any]) -> str | None:
    """The caller's own name for the row, if it is one we can give back."""
    found = given.get("external_id")
    return found if isinstance(found, str) and 0 < len(found) <= 255 and "\x00" not in found else None
