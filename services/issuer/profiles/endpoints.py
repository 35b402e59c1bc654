"""HTTP for issuer profiles."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.issuer.context import Current
from services.issuer.errors import InvalidProfile, ProfileClosed
from services.issuer.profiles import service
from services.issuer.profiles.schemas import CloseIn, ProfileChange, ProfileIn, ProfileOut
from services.issuer.repeatable import answer_once
from shared.db import WriteSession
from shared.http.access import Access, require
from shared.http.etag import IfMatch, etag
from shared.http.idempotency import Idempotent, StoredResponse, created
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    IdempotencyKeyReused,
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(prefix="/v1/profiles", tags=["profiles"])
ProfilesRead = Annotated[Access, Depends(require("profiles:read"))]
ProfilesWrite = Annotated[Access, Depends(require("profiles:write"))]


@router.post(
    "",
    status_code=201,
    response_model=ProfileOut,
    summary="Open an issuer profile",
    responses=problems(InvalidProfile, IdempotencyKeyReused),
)
async def create_profile(
    given: ProfileIn, access: ProfilesWrite, context: Current, asked: Idempotent
) -> Response:
    """Gives it a DID and a signing key of its own. Its name and properties will stand in every badge it awards."""

    async def act(session: WriteSession) -> StoredResponse:
        made = await service.open_profile(context, access, given, session)
        return created(made, location=f"/v1/profiles/{made.id}", etag=etag(1))

    return await answer_once(context, access, asked, act)


@router.get(
    "",
    summary="List the organisation's issuer profiles",
    responses=problems(InvalidCursor),
    response_model_exclude_none=True,
)
async def list_profiles(
    request: Request, response: Response, asked: PageQuery, access: ProfilesRead, context: Current
) -> Page[ProfileOut]:
    """In no particular order, a page at a time."""
    after = asked.after(str)
    found = await service.listed(context, access, after[0] if after else None, asked.limit + 1)
    shown = found[: asked.limit]
    return page(request, response, asked, shown, end=(shown[-1].id,) if len(found) > asked.limit else None)


@router.get(
    "/{profile_id}",
    summary="Read an issuer profile",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def read_profile(
    profile_id: Id, response: Response, access: ProfilesRead, context: Current
) -> ProfileOut:
    """With its present signing key."""
    found, version = await service.read(context, access, profile_id)
    response.headers["ETag"] = etag(version)
    return found


@router.put(
    "/{profile_id}",
    summary="Change an issuer profile",
    responses=problems(NotFound, InvalidProfile, ProfileClosed, PreconditionFailed, PreconditionRequired),
    response_model_exclude_none=True,
)
async def change_profile(
    profile_id: Id,
    given: ProfileChange,
    response: Response,
    precondition: IfMatch,
    access: ProfilesWrite,
    context: Current,
) -> ProfileOut:
    """Badges awarded before keep what they say."""
    async with context.db.write() as session:
        changed, version = await service.change(context, access, profile_id, given, precondition, session)
    response.headers["ETag"] = etag(version)
    return changed


@router.post(
    "/{profile_id}/close",
    summary="Close an issuer profile",
    responses=problems(NotFound, ProfileClosed),
    response_model_exclude_none=True,
)
async def close_profile(
    profile_id: Id, given: CloseIn, access: ProfilesWrite, context: Current
) -> ProfileOut:
    """It awards nothing more. Its DID document and status lists stay, so that its badges remain verifiable."""
    async with context.db.write() as session:
        return await service.close(context, access, profile_id, given, session)
