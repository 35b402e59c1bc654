"""HTTP for the signing keys of a profile."""

from typing import Annotated

from fastapi import Depends, Query

from services.issuer.context import Current
from services.issuer.errors import KeyNotUsable
from services.issuer.keys import service
from services.issuer.keys.formats import KeyAlgorithm
from services.issuer.keys.schemas import CompromiseIn, KeyOut
from shared.http.access import Access, require
from shared.http.problems import NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(prefix="/v1/profiles/{profile_id}/keys", tags=["keys"])
ProfilesRead = Annotated[Access, Depends(require("profiles:read"))]
KeysWrite = Annotated[Access, Depends(require("keys:write"))]


@router.get(
    "",
    summary="List a profile's signing keys",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def list_keys(profile_id: Id, access: ProfilesRead, context: Current) -> Page[KeyOut]:
    """All of them, oldest first, on one page."""
    return Page(items=await service.listed(context, access, profile_id))


@router.post(
    "/rotate",
    status_code=201,
    summary="Rotate a profile's signing key",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def rotate_key(
    profile_id: Id,
    access: KeysWrite,
    context: Current,
    algorithm: Annotated[
        KeyAlgorithm | None,
        Query(description="Which kind of key; left out: that of the profile's own format."),
    ] = None,
) -> KeyOut:
    """The next awards are signed with a new key; the old one is retired, and its badges stay verifiable.

    Of a kind that the profile has no key of, its first is made.
    """
    async with context.db.write() as session:
        return await service.rotate(context, access, profile_id, algorithm, session)


@router.post(
    "/{key_id}/compromise",
    summary="Declare a signing key compromised",
    responses=problems(NotFound, KeyNotUsable),
    response_model_exclude_none=True,
)
async def compromise_key(
    profile_id: Id, key_id: Id, given: CompromiseIn, access: KeysWrite, context: Current
) -> KeyOut:
    """Final. Every badge signed with this key stops verifying; the profile goes on with a new key."""
    async with context.db.write() as session:
        return await service.compromise(context, access, profile_id, key_id, given, session)
