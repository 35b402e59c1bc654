"""HTTP for awards, one at a time."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from services.issuer.awards import issuing, service
from services.issuer.awards.schemas import AwardIn, AwardOut, ChangeIn, Delivery, ReplaceIn, State
from services.issuer.awards.store import AwardFilter
from services.issuer.context import Current
from services.issuer.errors import (
    AchievementArchived,
    AchievementNotPublished,
    AwardRevoked,
    DuplicateAward,
    InvalidCredential,
    InvalidEvidence,
    InvalidRecipient,
    InvalidResult,
    NotSuspendable,
    NotSuspended,
    ProfileClosed,
    RecipientErased,
)
from services.issuer.repeatable import answer_once
from shared.clock import to_rfc3339
from shared.db import WriteSession
from shared.http.access import Access, require
from shared.http.idempotency import Idempotent, StoredResponse, created
from shared.http.paging import PageQuery, page
from shared.http.problems import IdempotencyKeyReused, InvalidCursor, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import ExternalId, Id, Page

router = Router(prefix="/v1/awards", tags=["awards"])
AwardsRead = Annotated[Access, Depends(require("awards:read"))]
AwardsWrite = Annotated[Access, Depends(require("awards:write"))]
AwardsRevoke = Annotated[Access, Depends(require("awards:revoke"))]
AwardsReplace = Annotated[Access, Depends(require("awards:write", "awards:revoke"))]
_CONTENT = (
    InvalidRecipient,
    InvalidResult,
    InvalidEvidence,
    InvalidCredential,
    NotFound,
    DuplicateAward,
    AchievementNotPublished,
    AchievementArchived,
    ProfileClosed,
    IdempotencyKeyReused,
)


@router.post(
    "",
    status_code=201,
    response_model=AwardOut,
    summary="Award an achievement to one recipient",
    responses=problems(*_CONTENT),
)
async def create_award(given: AwardIn, access: AwardsWrite, context: Current, asked: Idempotent) -> Response:
    """Signs the credential and sends it on its way to the recipient's backpack. Nothing half done stays behind."""
    places = await issuing.places_for_one(context, access.organisation, given.achievement)

    async def act(session: WriteSession) -> StoredResponse:
        made = await service.award(context, access, given, places, session)
        return created(made, location=f"/v1/awards/{made.id}")

    return await answer_once(context, access, asked, act)


@router.get(
    "",
    summary="List the organisation's awards",
    responses=problems(InvalidCursor),
    response_model_exclude_none=True,
)
async def list_awards(
    request: Request,
    response: Response,
    asked: PageQuery,
    access: AwardsRead,
    context: Current,
    achievement: Annotated[Id | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    delivery: Annotated[Delivery | None, Query()] = None,
    external_id: Annotated[ExternalId | None, Query()] = None,
    job: Annotated[Id | None, Query()] = None,
) -> Page[AwardOut]:
    """Newest first, a page at a time."""
    only = AwardFilter(achievement, state, delivery, external_id, job)
    found = await service.listed(context, access, _position(asked.after(str, str)), asked.limit + 1, only)
    shown = found[: asked.limit]
    end = (to_rfc3339(shown[-1].created_at), shown[-1].id) if len(found) > asked.limit else None
    return page(request, response, asked, shown, end=end)


def _position(position: tuple[Any, ...] | None) -> tuple[datetime, str] | None:
    """Cursors are not signed: what stands where a time belongs is checked."""
    if position is None:
        return None
    try:
        moment = TypeAdapter(AwareDatetime).validate_python(position[0])
    except ValidationError as error:
        raise InvalidCursor("Leave `cursor` out to start from the first page.") from error
    return moment, position[1]


@router.get(
    "/{award_id}", summary="Read an award", responses=problems(NotFound), response_model_exclude_none=True
)
async def read_award(award_id: Id, access: AwardsRead, context: Current) -> AwardOut:
    """With what happened to it since it was made."""
    return await service.read(context, access, award_id)


@router.post(
    "/{award_id}/revoke",
    summary="Revoke an award",
    responses=problems(NotFound, AwardRevoked),
    response_model_exclude_none=True,
)
async def revoke_award(award_id: Id, given: ChangeIn, access: AwardsRevoke, context: Current) -> AwardOut:
    """Final. Verifiers learn it within seconds; the holder is told, with the reason."""
    async with context.db.write() as session:
        return await service.change(context, access, award_id, "revoke", given, session)


@router.post(
    "/{award_id}/suspend",
    summary="Suspend an award",
    responses=problems(NotFound, AwardRevoked, NotSuspendable),
    response_model_exclude_none=True,
)
async def suspend_award(award_id: Id, given: ChangeIn, access: AwardsRevoke, context: Current) -> AwardOut:
    """For now, where the achievement was declared suspendable."""
    async with context.db.write() as session:
        return await service.change(context, access, award_id, "suspend", given, session)


@router.post(
    "/{award_id}/reinstate",
    summary="Reinstate a suspended award",
    responses=problems(NotFound, AwardRevoked, NotSuspended),
    response_model_exclude_none=True,
)
async def reinstate_award(award_id: Id, given: ChangeIn, access: AwardsRevoke, context: Current) -> AwardOut:
    """It holds again, as before."""
    async with context.db.write() as session:
        return await service.change(context, access, award_id, "reinstate", given, session)


@router.post(
    "/{award_id}/replace",
    status_code=201,
    response_model=AwardOut,
    summary="Replace an award's credential",
    responses=problems(*_CONTENT, AwardRevoked, RecipientErased),
)
async def replace_award(
    award_id: Id, given: ReplaceIn, access: AwardsReplace, context: Current, asked: Idempotent
) -> Response:
    """The same achievement, with corrected results, dates or recipient; the old credential is revoked as superseded."""

    async def act(session: WriteSession) -> StoredResponse:
        made = await service.replace(context, access, award_id, given, session)
        return created(made, location=f"/v1/awards/{made.id}")

    return await answer_once(context, access, asked, act)
