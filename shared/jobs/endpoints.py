"""`/v1/jobs`: the same in every service that does bulk work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Row

from shared.clock import to_rfc3339
from shared.db import Database
from shared.http.access import Access, Required, insufficient_scope
from shared.http.paging import PageQuery, page
from shared.http.problems import Forbidden, InvalidCursor, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.jobs.errors import JobFinished, JobNotCompleted
from shared.jobs.runner import JobRunner
from shared.jobs.schemas import JobOut, JobRowOut, Repair, RowState


def job_out(found: Row[Any]) -> JobOut:
    """A row of `job` as the API shows it."""
    return JobOut(
        id=found.id,
        kind=found.kind,
        state=found.state,
        total=found.total,
        succeeded=found.succeeded,
        failed=found.failed,
        pending=found.total - found.succeeded - found.failed,
        created_at=found.created_at,
        started_at=found.started_at,
        completed_at=found.completed_at,
        actor=found.actor,
        external_id=found.external_id,
        metadata=found.metadata,
    )


def jobs_router(*, read: Required, write: Required, scopes: Mapping[str, str] | None = None) -> Router:
    """The router. Uses `service.db` and `service.jobs` (a JobRunner).

    `read` and `write` are what `require(…)` made: for looking, and for cancelling and repairing. `scopes` names a scope
    that cancelling and repairing jobs of a kind need besides.
    """
    router = Router(prefix="/v1/jobs", tags=["jobs"])
    Reader = Annotated[Access, Depends(read)]  # noqa: N806  (types)
    Writer = Annotated[Access, Depends(write)]  # noqa: N806  (a type, made per router)

    @router.get("", summary="List jobs, newest first", responses=problems(InvalidCursor))
    async def list_jobs(request: Request, response: Response, who: Reader, asked: PageQuery) -> Page[JobOut]:
        db, runner = _parts(request)
        async with db.read() as session:
            found = await runner.store.list(
                session, who.organisation, after=_job_position(asked.after(str, str)), limit=asked.limit + 1
            )
        shown = found[: asked.limit]
        end = (to_rfc3339(shown[-1].created_at), shown[-1].id) if len(found) > asked.limit else None
        return page(request, response, asked, [job_out(each) for each in shown], end=end)

    @router.get("/{job}", summary="How a job stands", responses=problems(NotFound))
    async def read_job(request: Request, who: Reader, job: Id) -> JobOut:
        db, runner = _parts(request)
        async with db.read() as session:
            return job_out(await runner.store.find(session, who.organisation, job))

    @router.get("/{job}/rows", summary="How each row ended", responses=problems(NotFound, InvalidCursor))
    async def list_job_rows(
        request: Request,
        response: Response,
        who: Reader,
        job: Id,
        asked: PageQuery,
        state: Annotated[RowState | None, Query(description="Only rows in this state.")] = None,
    ) -> Page[JobRowOut]:
        db, runner = _parts(request)
        position = asked.after(int)
        async with db.read() as session:
            await runner.store.find(session, who.organisation, job)
            found = await runner.store.rows(
                session, job, state=state, after=position[0] if position else None, limit=asked.limit + 1
            )
        shown = [_row_out(each) for each in found[: asked.limit]]
        end = (shown[-1].index,) if len(found) > asked.limit else None
        return page(request, response, asked, shown, end=end)

    @router.post(
        "/{job}/repair",
        status_code=202,
        summary="Do the failed rows again",
        responses=problems(NotFound, JobNotCompleted, Forbidden),
    )
    async def repair_job(request: Request, who: Writer, job: Id, wanted: Repair | None = None) -> JobOut:
        """Every failed row is done again, those in `rows` with the corrected input. Rows that succeeded stay as they are."""
        db, runner = _parts(request)
        corrected = {row.index: row.input for row in (wanted.rows if wanted else [])}
        async with db.write() as session:
            _allowed(scopes, who, await runner.store.find(session, who.organisation, job))
            found = await runner.store.repair(session, who.organisation, job, corrected)
        runner.wake()
        return job_out(found)

    @router.post(
        "/{job}/cancel", summary="Begin no further row", responses=problems(NotFound, JobFinished, Forbidden)
    )
    async def cancel_job(request: Request, who: Writer, job: Id) -> JobOut:
        """What is done stays done; pending rows are given up."""
        db, runner = _parts(request)
        async with db.write() as session:
            _allowed(scopes, who, await runner.store.find(session, who.organisation, job))
            return job_out(await runner.store.cancel(session, who.organisation, job))

    return router


def _parts(request: Request) -> tuple[Database, JobRunner]:
    service = request.app.state.service
    return service.db, service.jobs


def _allowed(scopes: Mapping[str, str] | None, who: Access, found: Row[Any]) -> None:
    scope = (scopes or {}).get(found.kind)
    if scope is not None and scope not in who.scopes:
        raise insufficient_scope(scope)


def _job_position(position: tuple[Any, ...] | None) -> tuple[str, str] | None:
    """Cursors are not signed: what stands where a time belongs is checked."""
    if position is None:
        return None
    try:
        moment = datetime.fromisoformat(position[0])
    except ValueError as error:
        raise InvalidCursor("Leave `cursor` out to start from the first page.") from error
    if moment.tzinfo is None:
        raise InvalidCursor("Leave `cursor` out to start from the first page.")
    return position[0], position[1]


def _row_out(found: Row[Any]) -> JobRowOut:
    return JobRowOut(
        index=found.position,
        state=found.state,
        external_id=found.external_id,
        result=found.result,
        problem=found.problem,
    )
