"""HTTP for partner clients."""

from typing import Annotated

from fastapi import Body, Depends, Request, Response

from services.directory.clients import service
from services.directory.clients.schemas import (
    ClientChange,
    ClientCreate,
    ClientOut,
    ClientWithSecret,
    SecretRotate,
)
from services.directory.context import Current
from services.directory.errors import ClientRevoked, MoreThanHeld
from shared.http.access import Access, require
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import InvalidCursor, NotFound, PreconditionFailed, PreconditionRequired, problems
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.web.csrf import ForgedForm

router = Router(tags=["Clients"])
ClientsRead = Annotated[Access, Depends(require("organisation:read"))]
ClientsWrite = Annotated[Access, Depends(require("clients:write"))]


@router.get(
    "/v1/organisations/{organisation_id}/clients",
    summary="List the organisation's clients",
    responses=problems(NotFound, InvalidCursor),
)
async def list_clients(
    organisation_id: Id,
    access: ClientsRead,
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
) -> Page[ClientOut]:
    """Revoked ones included."""
    items, end = await service.browse(context, access, organisation_id, asked)
    return page(request, response, asked, items, end=end)


@router.post(
    "/v1/organisations/{organisation_id}/clients",
    status_code=201,
    summary="Create a client",
    responses=problems(NotFound, MoreThanHeld, ForgedForm),
)
async def create_client(
    organisation_id: Id, given: ClientCreate, access: ClientsWrite, context: Current, response: Response
) -> ClientWithSecret:
    """A program that gets its own access tokens at `/oauth/token`. The secret is in this answer and nowhere else.

    A client gets no scopes that whoever creates it does not hold.
    """
    response.headers["Cache-Control"] = "no-store"
    return await service.create(context, access, organisation_id, given)


@router.get(
    "/v1/organisations/{organisation_id}/clients/{client_id}",
    summary="Read a client",
    responses=problems(NotFound),
)
async def read_client(
    organisation_id: Id, client_id: Id, access: ClientsRead, context: Current, response: Response
) -> ClientOut:
    """With its `ETag`, which a change needs."""
    client, version = await service.read(context, access, organisation_id, client_id)
    response.headers["ETag"] = etag(version)
    return client


@router.patch(
    "/v1/organisations/{organisation_id}/clients/{client_id}",
    summary="Change a client",
    responses=problems(
        NotFound, MoreThanHeld, ClientRevoked, PreconditionFailed, PreconditionRequired, ForgedForm
    ),
)
async def change_client(
    organisation_id: Id,
    client_id: Id,
    given: ClientChange,
    access: ClientsWrite,
    context: Current,
    seen: IfMatch,
    response: Response,
) -> ClientOut:
    """Name, scopes, redirect URIs. Access tokens follow with their next issue."""
    client, version = await service.change(context, access, organisation_id, client_id, given, seen)
    response.headers["ETag"] = etag(version)
    return client


@router.post(
    "/v1/organisations/{organisation_id}/clients/{client_id}/rotate",
    status_code=201,
    summary="Rotate a client's secret",
    responses=problems(NotFound, MoreThanHeld, ClientRevoked, ForgedForm),
)
async def rotate_client_secret(
    organisation_id: Id,
    client_id: Id,
    access: ClientsWrite,
    context: Current,
    response: Response,
    given: Annotated[SecretRotate | None, Body()] = None,
) -> ClientWithSecret:
    """A new secret, shown once. The secrets before stay good for `overlap_seconds` (a day if not said)."""
    response.headers["Cache-Control"] = "no-store"
    return await service.rotate(context, access, organisation_id, client_id, given or SecretRotate())


@router.post(
    "/v1/organisations/{organisation_id}/clients/{client_id}/revoke",
    summary="Revoke a client",
    responses=problems(NotFound, ClientRevoked, ForgedForm),
)
async def revoke_client(
    organisation_id: Id, client_id: Id, access: ClientsWrite, context: Current
) -> ClientOut:
    """For good. Access tokens it holds expire by themselves within minutes."""
    return await service.revoke(context, access, organisation_id, client_id)
