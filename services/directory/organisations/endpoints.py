"""HTTP for organisations."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.directory.context import Current
from services.directory.errors import LoginTaken
from services.directory.organisations import service
from services.directory.organisations.schemas import (
    ActivityOut,
    OrganisationChange,
    OrganisationCreate,
    OrganisationOut,
    OrganisationRegistered,
)
from services.directory.tables import rate_limits
from shared.http.access import Access, public, require
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    problems,
)
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.web.csrf import ForgedForm

router = Router(tags=["Organisations"])
OrganisationRead = Annotated[Access, Depends(require("organisation:read"))]
OrganisationWrite = Annotated[Access, Depends(require("organisation:write"))]


@router.post(
    "/v1/organisations",
    status_code=201,
    summary="Sign an organisation up",
    dependencies=[public],
    responses=problems(LoginTaken, TooManyRequests),
)
async def register_organisation(
    given: OrganisationCreate, context: Current, request: Request, response: Response
) -> OrganisationRegistered:
    """A school, a company, a community, one person: everything in Confer belongs to an organisation.

    Name, kind and website are public. The owner signs in at `/v1/sessions` afterwards.
    """
    allowance = await context.limits.sign_ups.check(context.db, rate_limits, client_address(request))
    response.headers.update(allowance.headers)
    return await service.register(context, given)


@router.get(
    "/v1/organisations/{organisation_id}", summary="Read the organisation", responses=problems(NotFound)
)
async def read_organisation(
    organisation_id: Id, access: OrganisationRead, context: Current, response: Response
) -> OrganisationOut:
    """Your own; another one is answered as if it did not exist."""
    organisation, version = await service.read(context, access, organisation_id)
    response.headers["ETag"] = etag(version)
    return organisation


@router.patch(
    "/v1/organisations/{organisation_id}",
    summary="Change the organisation",
    responses=problems(NotFound, PreconditionFailed, PreconditionRequired, ForgedForm),
)
async def change_organisation(
    organisation_id: Id,
    given: OrganisationChange,
    access: OrganisationWrite,
    context: Current,
    seen: IfMatch,
    response: Response,
) -> OrganisationOut:
    """Name, kind and website."""
    organisation, version = await service.change(context, access, organisation_id, given, seen)
    response.headers["ETag"] = etag(version)
    return organisation


@router.post(
    "/v1/organisations/{organisation_id}/close",
    summary="Close the organisation",
    responses=problems(NotFound, ForgedForm),
)
async def close_organisation(
    organisation_id: Id, access: OrganisationWrite, context: Current
) -> OrganisationOut:
    """For good: sessions, clients and consents end, statements of recognition are withdrawn.

    Badges that were awarded stay verifiable.
    """
    return await service.close(context, access, organisation_id)


@router.get(
    "/v1/organisations/{organisation_id}/activity",
    summary="Read the journal",
    responses=problems(NotFound, InvalidCursor),
)
async def list_activity(
    organisation_id: Id,
    access: OrganisationRead,
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
) -> Page[ActivityOut]:
    """Every write in the organisation's name and who did it, newest first."""
    items, end = await service.journal(context, access, organisation_id, asked)
    return page(request, response, asked, items, end=end)
