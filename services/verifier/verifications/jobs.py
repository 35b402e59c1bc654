"""Bulk verification as a job: what fetches happens outside of any transaction, what is recorded in one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi import Response
from sqlalchemy import delete, select, update

from services.verifier.policies.service import Policies
from services.verifier.tables import IDEMPOTENCY, JOBS, RATE_LIMITS
from services.verifier.verifications.schemas import Batch
from services.verifier.verifications.service import Verifications
from shared.clock import Clock
from shared.db import Database, WriteSession, on_commit
from shared.http.access import Access
from shared.http.idempotency import IdempotentRequest, StoredResponse, created, find, forget_old, once
from shared.http.ratelimit import forget_full
from shared.jobs import Job, JobRow, JobRunner, Kind, RowResult, open_job
from shared.jobs.endpoints import job_out
from shared.vc.policy import policy_from_json

KIND = "verifications"
_CHUNK = 20
"""Rows verified between two transactions: few enough to be done within a lease even where servers are slow."""
_WRAPPED = "item"
_ERASED = "{}"
_INPUTS_KEPT = timedelta(days=1)
"""How long a row that met an error of ours can be repaired; its input may name a person."""


def kind_of(verifications: Verifications) -> Kind:
    """Verifying fetches, so it happens before the transaction; changing nothing, it may be done again after a kill."""

    async def verify(job: Job, rows: Sequence[JobRow]) -> Sequence[JobRow]:
        access = Access(job.organisation, job.actor, frozenset())
        policy = policy_from_json(job.parameters["policy"])
        # An error of ours fails the row, which can then be repaired.
        items = [_item(row.input) for row in rows]
        reports = await verifications.many(access, items, policy, own_errors=True)
        return [
            replace(row, input={"report": json.loads(report)})
            for row, report in zip(rows, reports, strict=True)
        ]

    async def record(_: WriteSession, __: Job, rows: Sequence[JobRow]) -> Sequence[RowResult]:
        return [RowResult(row.index, result=row.input["report"]) for row in rows]

    return Kind(record, chunk=_CHUNK, prepare=verify)


@dataclass(frozen=True)
class Opening:
    """Opens jobs."""

    db: Database
    jobs: JobRunner
    policies: Policies
    clock: Clock

    async def open(self, access: Access, batch: Batch, asked: IdempotentRequest) -> Response:
        """A job for these items, once per Idempotency-Key. Raises PolicyUnknown, PolicyRulesRefused."""
        policy = await self.policies.resolve(access, batch.policy)
        async with self.db.write() as session:
            found = await find(session, IDEMPOTENCY, access.organisation, asked)
        if found is not None:
            return found.to_response()
        async with open_job(
            self.db,
            self.jobs.store,
            access=access,
            kind=KIND,
            parameters={"policy": policy.to_json()},
            external_id=batch.external_id,
            metadata=batch.metadata,
        ) as receiver:
            await receiver.add_all(_row(value) for value in batch.items)
            await receiver.flush()
            async with self.db.write() as session:

                async def seal() -> StoredResponse:
                    await receiver.seal(session)
                    job = await self.jobs.store.find(session, access.organisation, receiver.id)
                    return created(job_out(job), location=f"/v1/jobs/{receiver.id}", status=202)

                on_commit(session, self.jobs.wake)
                answer = await once(
                    session,
                    table=IDEMPOTENCY,
                    organisation=access.organisation,
                    asked=asked,
                    clock=self.clock,
                    act=seal,
                )
        return answer.to_response()


def _row(value: Any) -> Mapping[str, Any]:
    """An item as a job's row: as it is, or wrapped if it is no object (and will be refused in its report)."""
    return value if isinstance(value, dict) and value.keys() != {_WRAPPED} else {_WRAPPED: value}


def _item(row: Mapping[str, Any]) -> Any:
    return row[_WRAPPED] if row.keys() == {_WRAPPED} else row


async def tidy(session: WriteSession, clock: Clock, result_days: int) -> None:
    """Remove what is kept no longer: old jobs with their reports, inputs of failed rows, answers, full buckets."""
    job, row = JOBS.job, JOBS.row
    ended = select(job.c.id).where(job.c.completed_at < clock() - timedelta(days=result_days))
    await session.execute(delete(row).where(row.c.job.in_(ended)))
    await session.execute(delete(job).where(job.c.id.in_(ended)))
    over = select(job.c.id).where(job.c.completed_at < clock() - _INPUTS_KEPT)
    # Not NULL: the row can still be repaired with its input given anew, and an empty one is refused in its report.
    held = row.c.job.in_(over) & row.c.input.is_not(None) & (row.c.input != _ERASED)
    await session.execute(update(row).where(held).values(input=_ERASED))
    await forget_old(session, IDEMPOTENCY, clock)
    await forget_full(session, RATE_LIMITS)
