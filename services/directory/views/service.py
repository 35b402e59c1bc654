"""Answering the questions of other trust registries' protocols from our recognition statements."""

from datetime import datetime
from urllib.parse import urlsplit

from services.directory.context import Context
from services.directory.errors import AuthorityUnknown
from services.directory.organisations import store as organisations
from services.directory.recognitions.store import Recognition
from services.directory.views import store
from services.directory.views.schemas import Registry, RegistryEntry, RegistryMeta, TrqpQuery
from shared.db import ReadSession

ISSUE = "issue"
_ANY_BADGE = frozenset(
    {
        "AchievementCredential",
        "OpenBadgeCredential",
        "https://purl.imsglobal.org/spec/vc/ob/vocab.html#AchievementCredential",
        "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential",
        "https://purl.imsglobal.org/spec/ob/v3p0/vocab.html#OpenBadgeCredential",
    }
)
"""Resources that mean a badge of whatever kind: only an unbounded statement covers them."""


async def evaluate(context: Context, query: TrqpQuery) -> tuple[bool, str, datetime]:
    """Whether the authority's statements cover it, a sentence about it, and for which moment that is.

    Raises AuthorityUnknown.
    """
    at = (query.context.time if query.context else None) or context.clock()
    async with context.db.read() as session:
        recogniser = await _authority(session, context.settings.public_url, query.authority_id)
        found = await store.statements(session, recogniser=recogniser.id, issuer=query.entity_id, at=at)
    if query.action != ISSUE:
        return False, f"The only action this registry knows is {ISSUE}.", at
    if not found:
        return False, f"{recogniser.name} had no statement about this issuer in force at that time.", at
    covering = [statement for statement in found if covers(statement, query.resource)]
    if not covering:
        return False, f"{recogniser.name} recognises this issuer, but not for this.", at
    return True, f"{recogniser.name} recognises this issuer: {covering[0].reason}", at


def covers(statement: Recognition, resource: str) -> bool:
    """Whether a statement is about this achievement type, this achievement, or everything."""
    if not statement.scope:
        return True
    if resource in _ANY_BADGE:
        return False
    name = resource.rpartition("#")[2] if resource.startswith("https://purl.imsglobal.org/") else resource
    return name in statement.scope.get("achievement_types", ()) or resource in statement.scope.get(
        "achievements", ()
    )


async def registry(context: Context) -> Registry:
    """Every issuer that somebody else vouches for, for wallets that read the DCC's format."""
    now = context.clock()
    async with context.db.read() as session:
        issuers = await store.recognised_issuers(session, now)
        created, updated = await store.first_and_last(session, now)
        return Registry(
            meta=RegistryMeta(created=created, updated=updated),
            registry={
                # The format wants a place as text; we know none, and an empty one is shown as nothing.
                issuer.did: RegistryEntry(
                    name=issuer.name, location="", url=issuer.url or issuer.did_document
                )
                for issuer in issuers
            },
        )


async def _authority(session: ReadSession, public_url: str, authority_id: str) -> organisations.Organisation:
    if authority_id.startswith("did:"):
        organisation_id = await store.organisation_of_did(session, authority_id)
    elif authority_id.startswith(f"{public_url}/v1/organisations/"):
        organisation_id = urlsplit(authority_id).path.rpartition("/")[2]
    else:
        organisation_id = authority_id
    found = None if organisation_id is None else await organisations.find(session, organisation_id)
    if found is None:
        raise AuthorityUnknown(
            "Give the organisation's id, its address here, or the DID of one of its issuers."
        )
    return found
