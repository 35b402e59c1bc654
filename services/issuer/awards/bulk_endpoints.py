"""HTTP for bulk work on awards: taken in as a stream, answered with a Job."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.issuer import tables
from services.issuer.awards import bulk
from services.issuer.awards.schemas import BulkStatusIn
from services.issuer.context import Context, Current
from services.issuer.repeatable import answer_once
from shared.db import WriteSession, on_commit
from shared.http.access import Access, require
from shared.http.body import MIB, body_limit
from shared.http.idempotency import Idempotent, IdempotentRequest, StoredResponse, created
from shared.http.problems import (
    IdempotencyKeyReused,
    TooLarge,
    Unparseable,
    UnsupportedMediaType,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import ExternalId, Id
from shared.jobs import JobOut, JobRunner, JobStore, open_job, read_rows
from shared.jobs.endpoints import job_out
from shared.jobs.errors import NoRows, TooManyRows
from shared.jobs.rows import MAX_BODY_BYTES

router = Router(prefix="/v1/awards", tags=["awards"])
AwardsWrite = Annotated[Access, Depends(require("awards:write"))]
AwardsRevoke = Annotated[Access, Depends(require("awards:revoke"))]
_ROWS = {
    "requestBody": {
        "required": True,
        "description": "Rows like the body of `POST /v1/awards`: a JSON array, NDJSON, or CSV in UTF-8 whose first line "
        "names the columns.",
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/AwardIn"}},
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
            "text/csv": {
                "schema": {"type": "string"},
                "example": "email,recipient.name,subject.role,external_id\nada@learner.example,Ada Learner,Author,e-1\n",
            },
        },
    }
}


@router.post(
    "/bulk",
    status_code=202,
    response_model=JobOut,
    summary="Award to many recipients",
    responses=problems(
        Unparseable, UnsupportedMediaType, TooLarge, TooManyRows, NoRows, IdempotencyKeyReused
    ),
    openapi_extra=_ROWS,
)
@body_limit(MAX_BODY_BYTES, streamed=True)
async def create_awards_in_bulk(
    request: Request,
    access: AwardsWrite,
    context: Current,
    asked: Idempotent,
    achievement: Annotated[Id | None, Query(description="For rows that name none.")] = None,
    external_id: Annotated[ExternalId | None, Query(description="Of the job as a whole.")] = None,
) -> Response:
    """Up to 200,000 rows. The answer is a Job: its rows tell how each ended, and only failed ones are done again on repair.

    CSV columns are the fields of an award with dots (`recipient.identity`, `metadata.course`), and `email` for a recipient
    by e-mail address; `subject`, `subject.result` and `evidence` hold JSON. Empty fields are left out.
    """
    seen = hashlib.sha256()
    parameters = {"achievement": achievement} if achievement is not None else {}
    rows = read_rows(request, digest=seen.update)
    return await _take_on(
        context,
        _runner(request),
        access,
        asked,
        bulk.AWARDS,
        parameters,
        rows,
        external_id,
        None,
        seen.hexdigest,
    )


@router.post(
    "/bulk-status",
    status_code=202,
    response_model=JobOut,
    summary="Revoke, suspend or reinstate many awards",
    responses=problems(IdempotencyKeyReused, TooLarge),
)
@body_limit(16 * MIB)
async def change_awards_in_bulk(
    given: BulkStatusIn, request: Request, access: AwardsRevoke, context: Current, asked: Idempotent
) -> Response:
    """The same change for up to 200,000 awards. The answer is a Job; its rows are the awards, in the order given."""
    parameters: dict[str, Any] = {"action": given.action, "code": given.code}
    if given.reason is not None:
        parameters["reason"] = given.reason
    rows = ({"award": award} for award in given.awards)
    return await _take_on(
        context,
        _runner(request),
        access,
        asked,
        bulk.STATUS_CHANGES,
        parameters,
        rows,
        given.external_id,
        given.metadata,
        None,
    )


def _runner(request: Request) -> JobRunner:
    runner: JobRunner = request.app.state.service.jobs
    return runner


async def _take_on(
    context: Context,
    runner: JobRunner,
    access: Access,
    asked: IdempotentRequest,
    kind: str,
    parameters: Mapping[str, Any],
    rows: AsyncIterator[Mapping[str, Any]] | Iterable[Mapping[str, Any]],
    external_id: str | None,
    metadata: Mapping[str, str] | None,
    digest: Any,
) -> Response:
    """Receive the rows, then queue the job with the answer in one transaction; a repetition leaves no second job."""
    store = JobStore(tables.jobs, context.clock)
    opened = open_job(
        context.db,
        store,
        access=access,
        kind=kind,
        parameters=parameters,
        external_id=external_id,
        metadata=metadata,
    )
    async with opened as receiver:
        await receiver.add_all(rows)
        await receiver.flush()

        async def act(session: WriteSession) -> StoredResponse:
            await receiver.seal(session)
            on_commit(session, runner.wake)
            job = await store.find(session, access.organisation, receiver.id)
            return created(job_out(job), location=f"/v1/jobs/{receiver.id}", status=202)

        return await answer_once(context, access, asked if digest is None else asked.with_body(digest()), act)
