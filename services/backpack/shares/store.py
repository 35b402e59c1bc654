"""Shares: what a learner shows to whoever has the link, and how often it was looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.credentials.store import Credential
from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, Json, ReadSession, WriteSession

LINK = "link"
"""For whoever was given the link; search engines are asked to keep out."""
PUBLICATION = "publication"
"""For everybody."""


class Share(Base):
    __tablename__ = "share"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(HASH, unique=True)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: the secret part of the link, so that its owner can be shown it again."""
    title: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed."""
    caller: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed JSON: external_id and metadata."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    views: Mapped[int] = mapped_column(default=0)


class SharedCredential(Base):
    __tablename__ = "share_credential"

    share_id: Mapped[str] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    """From 1; it stands in the address of the single badge and is not reused when another is removed."""
    credential_row: Mapped[str] = mapped_column(ForeignKey("credential.id", ondelete="CASCADE"), index=True)
    revealed: Mapped[list[str] | None] = mapped_column(Json)
    """JSON pointers to what its holder chose to show; None for a badge that is shared whole."""
    part: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: the badge that is shown instead of the one that is kept."""


class View(Base):
    """How often a kind of client looked within an hour. Nothing about who it was."""

    __tablename__ = "share_view"

    share_id: Mapped[str] = mapped_column(ForeignKey("share.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    client: Mapped[str] = mapped_column(String(16), primary_key=True)
    format: Mapped[str] = mapped_column(String(8), primary_key=True)
    count: Mapped[int]


async def share_of(session: ReadSession, learner_id: str, share_id: str) -> Share | None:
    found = select(Share).where(Share.learner_id == learner_id, Share.id == share_id)
    return (await session.execute(found)).scalar_one_or_none()


async def shares_of(
    session: ReadSession,
    learner_id: str,
    *,
    before: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> Sequence[Share]:
    """The learner's shares, newest first; one more than `limit` tells that there is a next page."""
    found = select(Share).where(Share.learner_id == learner_id)
    if before is not None:
        at, share_id = before
        found = found.where((Share.created_at < at) | ((Share.created_at == at) & (Share.id < share_id)))
    ordered = found.order_by(Share.created_at.desc(), Share.id.desc())
    return (await session.execute(ordered if limit is None else ordered.limit(limit + 1))).scalars().all()


async def share_by_token(session: ReadSession, hashed: str) -> Share | None:
    return (await session.execute(select(Share).where(Share.token_hash == hashed))).scalar_one_or_none()


async def share_by_consent(session: ReadSession, consent_id: str) -> Share | None:
    return (await session.execute(select(Share).where(Share.consent_id == consent_id))).scalar_one_or_none()


async def credentials_in(
    session: ReadSession, share_id: str
) -> Sequence[tuple[SharedCredential, Credential]]:
    """What a share holds, in its order, with each one's place."""
    found = (
        select(SharedCredential, Credential)
        .join(Credential, Credential.id == SharedCredential.credential_row)
        .where(SharedCredential.share_id == share_id)
        .order_by(SharedCredential.position)
    )
    return [(at, credential) for at, credential in (await session.execute(found)).all()]


async def places_in(session: ReadSession, share_ids: Sequence[str]) -> dict[str, list[SharedCredential]]:
    """For each share, its places, in order."""
    found = select(SharedCredential).where(SharedCredential.share_id.in_(share_ids))
    rows = (
        await session.execute(found.order_by(SharedCredential.share_id, SharedCredential.position))
    ).scalars()
    held: dict[str, list[SharedCredential]] = {share_id: [] for share_id in share_ids}
    for row in rows:
        held[row.share_id].append(row)
    return held


async def parts_of(session: ReadSession, credential_row: str) -> Sequence[SharedCredential]:
    """Where a part of a badge is shown."""
    found = select(SharedCredential).where(
        SharedCredential.credential_row == credential_row, SharedCredential.part.is_not(None)
    )
    return (await session.execute(found)).scalars().all()


async def whole_places_of(session: WriteSession, credential_row: str) -> Sequence[SharedCredential]:
    """Where a badge is shown as it is kept."""
    found = select(SharedCredential).where(
        SharedCredential.credential_row == credential_row, SharedCredential.part.is_(None)
    )
    return (await session.execute(found)).scalars().all()


async def shares_with_only(session: ReadSession, credential_row: str) -> Sequence[Share]:
    """Shares that hold this credential and no other: without it they show nothing."""
    others = select(SharedCredential.share_id).where(SharedCredential.credential_row != credential_row)
    found = (
        select(Share)
        .join(SharedCredential, SharedCredential.share_id == Share.id)
        .where(SharedCredential.credential_row == credential_row, Share.id.not_in(others))
    )
    return (await session.execute(found)).scalars().all()


async def count_view(
    session: WriteSession, share_id: str, *, hour: datetime, client: str, format_name: str
) -> None:
    """Count one look, in one statement, so that lookers at once are all counted."""
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    one = insert(View).values(share_id=share_id, hour=hour, client=client, format=format_name, count=1)
    keys = ["share_id", "hour", "client", "format"]
    await session.execute(one.on_conflict_do_update(index_elements=keys, set_={"count": View.count + 1}))
    await session.execute(update(Share).where(Share.id == share_id).values(views=Share.views + 1))


async def views_of(session: ReadSession, share_id: str) -> Sequence[View]:
    found = select(View).where(View.share_id == share_id)
    ordered = found.order_by(View.hour.desc(), View.client, View.format)
    return (await session.execute(ordered)).scalars().all()


async def remove_views_before(session: WriteSession, moment: datetime) -> None:
    await session.execute(delete(View).where(View.hour < moment))
