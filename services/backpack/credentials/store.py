"""Held credentials: what is searchable about them, and their documents, sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.credentials.status import StatusColumns
from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, ReadSession, WriteSession

UNCLAIMED: Final = "unclaimed"
"""Verified and kept for somebody who has no account, or has not proven the identifier yet."""
OFFERED: Final = "offered"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"

DELIVERED: Final = "delivered"
IMPORTED: Final = "imported"

CREDENTIAL: Final = "credential"
"""The credential's exact text."""
FILE: Final = "file"
"""The file it was imported from, exactly as given."""
IMAGE: Final = "image"
"""The badge's picture, fetched once, so that viewers of a page are not made known to the issuer."""
REPORT: Final = "report"
"""The newest verification report."""


class Credential(StatusColumns, Base):
    __tablename__ = "credential"
    __table_args__ = (
        UniqueConstraint("learner_id", "credential_key"),
        Index("ix_credential_learner_received", "learner_id", "received_at", "id"),
        Index("ix_credential_state_claim_until", "state", "claim_until"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    credential_id: Mapped[str | None] = mapped_column(Text)
    """The credential's own id, a URI; badges of older standards may lack one."""
    credential_key: Mapped[str] = mapped_column(HASH, index=True)
    """SHA-256 of that id, or of the text when there is none."""
    learner_id: Mapped[str | None] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"))
    origin: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    hidden: Mapped[bool] = mapped_column(default=False)
    proven: Mapped[bool] = mapped_column(default=True)
    """Whether it names an identifier that its holder has proven to be hers."""

    recipient_type: Mapped[str | None] = mapped_column(String(64))
    recipient_lookup: Mapped[str | None] = mapped_column(HASH, index=True)
    recipient: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: the identifier it was delivered to."""
    claim_until: Mapped[datetime | None] = mapped_column(Instant)
    noticed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the recipient was told that it will expire unclaimed."""

    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    issuer_id: Mapped[str | None] = mapped_column(Text)
    issuer_name: Mapped[str | None] = mapped_column(Text)
    achievement_id: Mapped[str | None] = mapped_column(Text)
    achievement_type: Mapped[str | None] = mapped_column(String(255))
    valid_from: Mapped[datetime | None] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    format: Mapped[str] = mapped_column(String(32))
    container: Mapped[str] = mapped_column(String(8))
    """What it arrived in: json, jwt, png or svg."""
    media_type: Mapped[str] = mapped_column(String(127))
    selective: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether shares show a part of it that its holder chooses, never the text that is kept."""
    sha256: Mapped[str] = mapped_column(HASH)
    """Of the credential's text."""

    verdict: Mapped[str] = mapped_column(String(16))
    checked_at: Mapped[datetime] = mapped_column(Instant, index=True)
    caller: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed JSON: the importer's external_id and metadata."""
    received_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was accepted or declined."""
    version: Mapped[int] = mapped_column(default=1)
    """Counts the holder's and the issuer's changes, for ETags."""


class Document(Base):
    """The bytes that belong to a credential, apart from it so that lists do not read them."""

    __tablename__ = "credential_document"

    credential_row: Mapped[str] = mapped_column(
        ForeignKey("credential.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(127))
    sha256: Mapped[str] = mapped_column(HASH)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed."""


class Invitation(Base):
    """That an address without an account was invited, so that it is not invited for every award."""

    __tablename__ = "invitation"

    lookup: Mapped[str] = mapped_column(HASH, primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(Instant)


async def held(session: ReadSession, learner_id: str, row_id: str) -> Credential | None:
    """One of this learner's credentials; None also if it is somebody else's."""
    found = select(Credential).where(Credential.id == row_id, Credential.learner_id == learner_id)
    return (await session.execute(found)).scalar_one_or_none()


async def held_for_update(session: WriteSession, learner_id: str, row_id: str) -> Credential | None:
    found = select(Credential).where(Credential.id == row_id, Credential.learner_id == learner_id)
    return (await session.execute(found.with_for_update())).scalar_one_or_none()


async def held_by_key(session: ReadSession, learner_id: str, key: str) -> Credential | None:
    found = select(Credential).where(Credential.credential_key == key, Credential.learner_id == learner_id)
    return (await session.execute(found)).scalar_one_or_none()


async def delivered_by_key(session: WriteSession, key: str) -> Credential | None:
    """The credential that came of a delivery, whoever holds it."""
    found = select(Credential).where(Credential.credential_key == key, Credential.origin == DELIVERED)
    return (await session.execute(found.with_for_update())).scalar_one_or_none()


async def all_by_key(session: WriteSession, key: str) -> Sequence[Credential]:
    """Every copy of one credential: the delivered one and imported ones."""
    found = select(Credential).where(Credential.credential_key == key).order_by(Credential.id)
    return (await session.execute(found.with_for_update())).scalars().all()


async def unclaimed_for(session: WriteSession, lookup: str) -> Sequence[Credential]:
    """What waits for an identifier: one index hit."""
    found = select(Credential).where(Credential.recipient_lookup == lookup, Credential.state == UNCLAIMED)
    return (await session.execute(found.order_by(Credential.id).with_for_update())).scalars().all()


async def of_learner(session: ReadSession, learner_id: str) -> Sequence[Credential]:
    found = select(Credential).where(Credential.learner_id == learner_id)
    return (await session.execute(found.order_by(Credential.received_at, Credential.id))).scalars().all()


async def by_ids(session: ReadSession, learner_id: str, ids: Sequence[str]) -> Sequence[Credential]:
    found = select(Credential).where(Credential.learner_id == learner_id, Credential.id.in_(ids))
    return (await session.execute(found)).scalars().all()


async def count_of(session: ReadSession, learner_id: str) -> int:
    found = select(func.count()).select_from(Credential).where(Credential.learner_id == learner_id)
    return (await session.execute(found)).scalar_one()


async def page(
    session: ReadSession,
    learner_id: str,
    *,
    state: str | None,
    status: str | None,
    origin: str | None,
    hidden: bool | None,
    issuer: str | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Credential]:
    """The learner's credentials, newest first; one more than `limit` tells that there is a next page."""
    found = select(Credential).where(Credential.learner_id == learner_id)
    for column, wanted in (
        (Credential.state, state),
        (Credential.status, status),
        (Credential.origin, origin),
        (Credential.hidden, hidden),
        (Credential.issuer_id, issuer),
    ):
        if wanted is not None:
            found = found.where(column == wanted)
    if before is not None:
        at, row_id = before
        earlier = and_(Credential.received_at == at, Credential.id < row_id)
        found = found.where(or_(Credential.received_at < at, earlier))
    newest_first = found.order_by(Credential.received_at.desc(), Credential.id.desc())
    return (await session.execute(newest_first.limit(limit + 1))).scalars().all()


async def document(session: ReadSession, row_id: str, kind: str) -> Document | None:
    return await session.get(Document, (row_id, kind))


async def documents(session: ReadSession, row_id: str) -> Sequence[Document]:
    found = select(Document).where(Document.credential_row == row_id).order_by(Document.kind)
    return (await session.execute(found)).scalars().all()


async def remove(session: WriteSession, row_id: str) -> None:
    await session.execute(delete(Credential).where(Credential.id == row_id))


async def expiring(session: WriteSession, *, until: datetime, count: int) -> Sequence[Credential]:
    """Unclaimed credentials that end before `until` and whose recipients have not been told."""
    found = select(Credential).where(
        Credential.state == UNCLAIMED, Credential.claim_until <= until, Credential.noticed_at.is_(None)
    )
    ordered = found.order_by(Credential.claim_until, Credential.id).limit(count)
    return (await session.execute(ordered.with_for_update(skip_locked=True))).scalars().all()


async def expired(session: WriteSession, *, now: datetime, count: int) -> Sequence[Credential]:
    found = select(Credential).where(Credential.state == UNCLAIMED, Credential.claim_until <= now)
    ordered = found.order_by(Credential.claim_until, Credential.id).limit(count)
    return (await session.execute(ordered.with_for_update(skip_locked=True))).scalars().all()


async def unchecked_since(session: ReadSession, moment: datetime, count: int) -> Sequence[Credential]:
    """Held credentials whose last verification is older than `moment`, oldest first. Revoked ones stay revoked."""
    found = select(Credential).where(
        Credential.checked_at < moment,
        Credential.state.in_((OFFERED, ACCEPTED)),
        Credential.status != "revoked",
    )
    return (await session.execute(found.order_by(Credential.checked_at).limit(count))).scalars().all()


async def mark_checked(session: WriteSession, row_id: str, at: datetime) -> None:
    await session.execute(update(Credential).where(Credential.id == row_id).values(checked_at=at))


async def invitation(session: ReadSession, lookup: str) -> Invitation | None:
    return await session.get(Invitation, lookup)


async def remove_invitation(session: WriteSession, lookup: str) -> None:
    await session.execute(delete(Invitation).where(Invitation.lookup == lookup))
