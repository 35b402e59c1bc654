"""HTTP of the VC-API: instances (our own API), and the operations of VCALM, in its shapes."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from services.issuer.context import Current
from services.issuer.repeatable import answer_once
from services.issuer.status.publishing import RESPONSES, answer
from services.issuer.vc_api import service, store
from services.issuer.vc_api.errors import InstanceClosed, WrongKeyType, problem_details
from services.issuer.vc_api.schemas import DeriveIn, InstanceIn, InstanceOut, IssueIn, SecuredOut, StatusIn
from shared.db import WriteSession
from shared.http.access import Access, public, require
from shared.http.idempotency import Idempotent, StoredResponse, created
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    SCHEMA,
    IdempotencyKeyReused,
    InvalidCursor,
    NotFound,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page


async def _switched_on(context: Current) -> None:
    """Before anything else is looked at: where the operator has not switched it on, there is no VC-API."""
    if not context.settings.vc_api:
        raise NotFound("There is nothing at this address.")


_ON = [Depends(_switched_on)]
router = Router(prefix="/v1/vc-api/instances", tags=["VC-API"], dependencies=_ON)
standard_router = Router(tags=["VC-API"], errors=problem_details, dependencies=_ON)
lists_router = Router(prefix="/status-lists", tags=["public"])
"""Not behind the setting: credentials point at these lists, whatever becomes of it."""
Reader = Annotated[Access, Depends(require("vc-api:read"))]
Writer = Annotated[Access, Depends(require("vc-api:write"))]
IssuerCoordinator = Annotated[Access, Depends(require("vc-api:issue"))]


def _refusals(*statuses: int) -> dict[int | str, dict[str, object]]:
    text = {400: "Refused: see `type`", 404: "No such credential", 409: "There is one with this id"}
    return {
        status: {
            "description": text[status],
            "content": {"application/problem+json": {"schema": SCHEMA}},
        }
        for status in statuses
    }


@router.post(
    "",
    status_code=201,
    response_model=InstanceOut,
    summary="Open an instance of the VC-API",
    responses=problems(NotFound, WrongKeyType, IdempotencyKeyReused),
)
async def open_vc_api_instance(
    given: InstanceIn, access: Writer, context: Current, asked: Idempotent
) -> Response:
    """Makes a key that signs whatever credential names its DID as issuer, and never a badge of a profile."""

    async def act(session: WriteSession) -> StoredResponse:
        made = await service.open_instance(context, access, given, session)
        return created(made, location=f"/v1/vc-api/instances/{made.id}")

    return await answer_once(context, access, asked, act)


@router.get(
    "",
    summary="List the organisation's instances of the VC-API",
    responses=problems(NotFound, InvalidCursor),
    response_model_exclude_none=True,
)
async def list_vc_api_instances(
    request: Request, response: Response, asked: PageQuery, access: Reader, context: Current
) -> Page[InstanceOut]:
    """In no particular order, a page at a time."""
    after = asked.after(str)
    found = await service.listed(context, access, after[0] if after else None, asked.limit + 1)
    shown = found[: asked.limit]
    return page(request, response, asked, shown, end=(shown[-1].id,) if len(found) > asked.limit else None)


@router.get(
    "/{instance_id}",
    summary="Read an instance of the VC-API",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def read_vc_api_instance(instance_id: Id, access: Reader, context: Current) -> InstanceOut:
    """With its DID, and the status entries that its credentials carry."""
    return await service.read(context, access, instance_id)


@router.post(
    "/{instance_id}/close",
    summary="Close an instance of the VC-API",
    responses=problems(NotFound, InstanceClosed),
    response_model_exclude_none=True,
)
async def close_vc_api_instance(instance_id: Id, access: Writer, context: Current) -> InstanceOut:
    """Final. It signs nothing more; what it signed stays verifiable, and its statuses can still be set."""
    async with context.db.write() as session:
        return await service.close(context, access, instance_id, session)


@standard_router.post(
    "/credentials/issue",
    status_code=201,
    summary="Secure a credential (VCALM)",
    responses=_refusals(400, 409),
)
async def issue_credential(given: IssueIn, access: IssuerCoordinator, context: Current) -> SecuredOut:
    """By the instance whose DID the credential names as its issuer. Only where the operator has switched the VC-API on."""
    return SecuredOut(verifiableCredential=await service.issue(context, access, given))


@standard_router.post(
    "/credentials/derive",
    status_code=201,
    summary="Derive what a holder shows (VCALM)",
    responses=_refusals(400),
)
async def derive_credential(given: DeriveIn, access: IssuerCoordinator, context: Current) -> SecuredOut:
    """From a credential with an ecdsa-sd-2023 base proof: what is mandatory and what the pointers choose."""
    del access
    return SecuredOut(verifiableCredential=await service.derive(context, given))


@standard_router.post(
    "/credentials/status", summary="Set a credential's status (VCALM)", responses=_refusals(400, 404)
)
async def set_credential_status(
    given: StatusIn, access: IssuerCoordinator, context: Current
) -> dict[str, str]:
    """Of a credential issued here by an instance that gives status entries; the list is signed anew at once."""
    await service.set_status(context, access, given)
    return {}


@lists_router.get(
    "/{list_id}",
    dependencies=[public],
    summary="Read a status list of the VC-API",
    responses=RESPONSES,
    response_class=Response,
)
async def read_vc_api_status_list(
    list_id: Id,
    request: Request,
    context: Current,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Tells the status of every credential on the list, and of none which it is."""
    async with context.db.read() as session:
        found = await store.list_of(session, list_id)
    return answer(context, request, if_none_match, found)
