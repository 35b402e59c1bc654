"""Identifiers over HTTP."""

from fastapi import Request

from services.backpack.context import Current
from services.backpack.errors import (
    IdentifierPresent,
    IdentifierTaken,
    InvalidIdentifier,
    LinkUsedUp,
    NoProofByMail,
)
from services.backpack.identifiers import service
from services.backpack.identifiers.schemas import (
    Confirmation,
    ConfirmedOut,
    IdentifierIn,
    IdentifierList,
    IdentifierOut,
)
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from shared.http.access import public
from shared.http.problems import NotFound, TooManyRequests, problems
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.web.csrf import ForgedForm

router = Router(tags=["identifiers"])
_MINE = "/v1/learners/me/identifiers"


@router.get(_MINE, summary="List identifiers")
async def list_identifiers(context: Current, signed: Holder) -> IdentifierList:
    """The e-mail addresses, DIDs and other identifiers on the account, oldest first."""
    return IdentifierList(items=list(await service.list_of(context, signed.learner_id)))


@router.post(
    _MINE,
    status_code=201,
    summary="Add an identifier",
    responses=problems(InvalidIdentifier, IdentifierPresent, TooManyRequests, ForgedForm),
)
async def create_identifier(given: IdentifierIn, context: Current, signed: Holder) -> IdentifierOut:
    """Add an e-mail address, which is sent a confirmation mail, or another identifier, which stays unverified."""
    return await service.add(context, signed.learner_id, given.type, given.value)


@router.post(
    _MINE + "/{identifier_id}/send",
    status_code=202,
    summary="Send the confirmation mail again",
    responses=problems(NotFound, NoProofByMail, TooManyRequests, ForgedForm),
)
async def send_confirmation(identifier_id: RowId, context: Current, signed: Holder) -> None:
    """Mail a new link for an address that is not verified yet. Earlier links go on working until they expire."""
    await service.send_again(context, signed.learner_id, identifier_id)


@router.delete(
    _MINE + "/{identifier_id}",
    status_code=204,
    summary="Remove an identifier",
    responses=problems(NotFound, ForgedForm),
)
async def delete_identifier(identifier_id: RowId, context: Current, signed: Holder) -> None:
    """Take an identifier off the account. Badges that came by it stay; new ones do not come."""
    await service.remove(context, signed.learner_id, identifier_id)


@router.post(
    "/v1/identifiers/confirm",
    summary="Confirm an address",
    dependencies=[public],
    responses=problems(LinkUsedUp, IdentifierTaken, TooManyRequests),
)
async def confirm_identifier(given: Confirmation, request: Request, context: Current) -> ConfirmedOut:
    """Take the token of a confirmation mail. Badges that waited for the address are offered at once."""
    await context.limits.sign_in_from.check(context.db, client_address(request))
    confirmed = await service.confirm(context, given.token)
    return ConfirmedOut(identifier=confirmed.identifier, offered=confirmed.offered)
