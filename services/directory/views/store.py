"""The queries of the standard views; the tables are the catalogue's and the recognitions'."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from services.directory.catalogue.store import IssuerEntry
from services.directory.organisations.store import Organisation
from services.directory.recognitions.store import Recognition, in_force
from shared.db import ReadSession

REGISTRY_LIMIT = 10_000
"""More issuers than this do not fit one static file; registries of that size are asked by TRQP."""


async def organisation_of_did(session: ReadSession, did: str) -> str | None:
    """The organisation that has an open issuer profile with this DID."""
    query = select(IssuerEntry.organisation_id).where(IssuerEntry.did == did, IssuerEntry.closed_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def statements(
    session: ReadSession, *, recogniser: str, issuer: str, at: datetime
) -> Sequence[Recognition]:
    """What a recogniser's statements about an issuer were at a moment; its word about itself does not count."""
    query = (
        select(Recognition)
        .outerjoin(IssuerEntry, IssuerEntry.did == Recognition.issuer)
        .where(
            Recognition.recogniser_id == recogniser,
            Recognition.issuer == issuer,
            Recognition.given_at <= at,
            func.coalesce(IssuerEntry.organisation_id, "") != recogniser,
            in_force(at),
        )
    )
    return (await session.execute(query)).scalars().all()


async def recognised_issuers(session: ReadSession, at: datetime) -> Sequence[IssuerEntry]:
    """Open issuers that another organisation vouches for; nothing that is marked as a test, on either side."""
    vouched = (
        select(Recognition.issuer)
        .join(Organisation, Organisation.id == Recognition.recogniser_id)
        .where(
            Recognition.issuer == IssuerEntry.did,
            Recognition.recogniser_id != IssuerEntry.organisation_id,
            Organisation.test.is_(False),
            in_force(at),
        )
    )
    query = (
        select(IssuerEntry)
        .where(IssuerEntry.closed_at.is_(None), IssuerEntry.test.is_(False), vouched.exists())
        .order_by(IssuerEntry.did)
        .limit(REGISTRY_LIMIT)
    )
    return (await session.execute(query)).scalars().all()


async def first_and_last(session: ReadSession, at: datetime) -> tuple[datetime, datetime]:
    """When the registry began and when it last changed; `at` where nothing happened yet."""
    first = await session.scalar(select(func.min(Organisation.registered_at)))
    moments = [
        await session.scalar(select(func.max(IssuerEntry.changed_at))),
        await session.scalar(select(func.max(Recognition.given_at))),
        await session.scalar(select(func.max(Recognition.withdrawn_at))),
    ]
    known = [moment for moment in moments if moment is not None]
    return first or at, max(known, default=first or at)
