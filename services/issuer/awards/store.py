"""The tables of awards, their credentials and their history, and every query on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer import tables
from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Award(Base):
    """One achievement awarded to one recipient. Its id is also the last part of its credential's address."""

    __tablename__ = "award"
    __table_args__ = (
        Index("ix_award_page", "organisation", "created_at", "id"),
        Index("ix_award_achievement", "achievement_id", "created_at", "id"),
        Index("ix_award_recipient", "recipient_key"),
        Index("ix_award_external", "organisation", "external_id"),
        Index("ix_award_delivery", "delivery", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64))
    profile_id: Mapped[str] = mapped_column(ForeignKey("profile.id"))
    achievement_id: Mapped[str] = mapped_column(ForeignKey("achievement.id"))
    number: Mapped[int]
    """The achievement's version."""
    state: Mapped[str] = mapped_column(String(16))
    """issued | suspended | revoked | replaced"""
    origin: Mapped[str] = mapped_column(String(16))
    """direct | bulk | application | claim | pathway | event"""
    job_id: Mapped[str | None] = mapped_column(String(32), index=True)

    recipient_type: Mapped[str] = mapped_column(Text)
    recipient_identity: Mapped[str | None] = mapped_column(Text)
    recipient_name: Mapped[str | None] = mapped_column(Text)
    recipient_hashed: Mapped[bool]
    recipient_key: Mapped[str | None] = mapped_column(String(64))
    """HMAC of the normalised recipient and the achievement."""
    duplicate_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The same while it bars a second award (policies deny and replace), so that the database itself refuses one."""
    erased_at: Mapped[datetime | None] = mapped_column(Instant)

    public: Mapped[bool]
    proof_format: Mapped[str] = mapped_column(String(16), server_default="eddsa-rdfc-2022")
    """How its credential is signed."""
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    awarded_date: Mapped[datetime | None] = mapped_column(Instant)
    claim_until: Mapped[datetime | None] = mapped_column(Instant)
    revocation_list: Mapped[str] = mapped_column(ForeignKey("status_list.id"))
    revocation_index: Mapped[int]
    suspension_list: Mapped[str | None] = mapped_column(ForeignKey("status_list.id"))
    suspension_index: Mapped[int | None]
    replaces: Mapped[str | None] = mapped_column(String(32))
    replaced_by: Mapped[str | None] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(32))
    """Why it was revoked or suspended, as the public may know it."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why, in words, for the issuer and the holder."""
    delivery: Mapped[str] = mapped_column(String(16))
    """pending | stored | accepted | declined | removed: what the backpack last said"""
    delivery_at: Mapped[datetime | None] = mapped_column(Instant)
    external_id: Mapped[str | None] = mapped_column(Text)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json)
    event_sequence: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class Credential(Base):
    """The signed credential of an award, as the exact bytes that were signed and checked (decision 8)."""

    __tablename__ = "credential"

    award_id: Mapped[str] = mapped_column(ForeignKey("award.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("signing_key.id"), index=True)
    media_type: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once the recipient's data has been erased."""
    sha256: Mapped[str] = mapped_column(String(64))


class AwardChange(Base):
    """What happened to an award after it was made; also what its private events are written from."""

    __tablename__ = "award_change"
    __table_args__ = (UniqueConstraint("award_id", "sequence"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    award_id: Mapped[str] = mapped_column(ForeignKey("award.id"))
    sequence: Mapped[int]
    verb: Mapped[str] = mapped_column(String(16))
    """revoked | suspended | reinstated | replaced"""
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(Text)
    replaced_by: Mapped[str | None] = mapped_column(String(32))


async def get(session: ReadSession, award_id: str) -> Award | None:
    return await session.get(Award, award_id)


async def get_owned(session: ReadSession, award_id: str, organisation: str) -> Award | None:
    """The award if it is that organisation's; another organisation's is as good as absent."""
    return await session.scalar(select(Award).where(Award.id == award_id, Award.organisation == organisation))


async def lock_owned(session: WriteSession, award_ids: Sequence[str], organisation: str) -> dict[str, Award]:
    """Those of the awards that are the organisation's, locked in a fixed order, by id."""
    query = (
        select(Award).where(Award.id.in_(award_ids), Award.organisation == organisation).order_by(Award.id)
    )
    found = await session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return {award.id: award for award in found}


async def lock_ids(session: WriteSession, award_ids: Sequence[str]) -> list[Award]:
    query = select(Award).where(Award.id.in_(award_ids)).order_by(Award.id)
    return list(
        await session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    )


async def credential(session: ReadSession, award_id: str) -> Credential | None:
    return await session.get(Credential, award_id)


async def standing(session: WriteSession, recipient_keys: Sequence[str]) -> dict[str, Award]:
    """The awards that stand (not revoked, not replaced) for these recipients, by key, locked; the newest if several."""
    query = (
        select(Award)
        .where(Award.recipient_key.in_(recipient_keys), Award.state.in_(("issued", "suspended")))
        .order_by(Award.created_at, Award.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {award.recipient_key: award for award in await session.scalars(query) if award.recipient_key}


@dataclass(frozen=True)
class AwardFilter:
    """Which awards a list is asked for; None does not narrow."""

    achievement_id: str | None = None
    state: str | None = None
    delivery: str | None = None
    external_id: str | None = None
    job_id: str | None = None


async def page(
    session: ReadSession, organisation: str, after: tuple[datetime, str] | None, limit: int, only: AwardFilter
) -> list[Award]:
    """Newest first; `after` is the moment and the id of the last one seen."""
    newest_first = (Award.created_at.desc(), Award.id.desc())
    query = select(Award).where(Award.organisation == organisation).order_by(*newest_first).limit(limit)
    for column, value in (
        (Award.achievement_id, only.achievement_id),
        (Award.state, only.state),
        (Award.delivery, only.delivery),
        (Award.external_id, only.external_id),
        (Award.job_id, only.job_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        moment, award_id = after
        query = query.where(
            or_(Award.created_at < moment, and_(Award.created_at == moment, Award.id < award_id))
        )
    return list(await session.scalars(query))


async def changes(session: ReadSession, award_id: str) -> list[AwardChange]:
    """What happened to an award, oldest first."""
    query = select(AwardChange).where(AwardChange.award_id == award_id).order_by(AwardChange.sequence)
    return list(await session.scalars(query))


async def changes_by_key(
    session: ReadSession, keys: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], AwardChange]:
    """Changes by (award, sequence), for the events written from them."""
    if not keys:
        return {}
    query = select(AwardChange).where(tuple_(AwardChange.award_id, AwardChange.sequence).in_(keys))
    return {(change.award_id, change.sequence): change for change in await session.scalars(query)}


async def unacknowledged(session: ReadSession, before: datetime, after: str, limit: int) -> list[str]:
    """Ids of awards made before a moment that no backpack has said to hold, in order of id, beyond `after`."""
    query = select(Award.id).where(
        Award.delivery == "pending", Award.created_at < before, Award.id > after, Award.erased_at.is_(None)
    )
    return list(await session.scalars(query.order_by(Award.id).limit(limit)))


async def after(session: ReadSession, award_id: str, limit: int) -> list[tuple[Award, Credential | None]]:
    """A stretch of all awards with their credentials in order of id, for the check of what is stored."""
    query = (
        select(Award, Credential)
        .outerjoin(Credential, Credential.award_id == Award.id)
        .where(Award.id > award_id)
        .order_by(Award.id)
        .limit(limit)
    )
    return [(award, credential) for award, credential in await session.execute(query)]


async def erase(session: WriteSession, award_ids: Sequence[str], now: datetime) -> None:
    """Remove everything about the recipients of these awards; the awards themselves stay countable and revocable."""
    row = tables.jobs.row
    in_jobs = select(Award.job_id, Award.external_id).where(
        Award.id.in_(award_ids), Award.job_id.is_not(None), Award.external_id.is_not(None)
    )
    for job_id, external_id in (await session.execute(in_jobs)).all():
        named = (row.c.job == job_id) & (row.c.external_id == external_id)
        await session.execute(update(row).where(named).values(external_id=None))
    await session.execute(
        update(Award)
        .where(Award.id.in_(award_ids))
        .values(
            recipient_identity=None,
            recipient_name=None,
            recipient_key=None,
            duplicate_key=None,
            custom=None,
            external_id=None,
            reason=None,
            erased_at=now,
        )
    )
    await session.execute(update(AwardChange).where(AwardChange.award_id.in_(award_ids)).values(reason=None))
    await session.execute(update(Credential).where(Credential.award_id.in_(award_ids)).values(body=None))
    # Answers kept for repeated requests name the recipient too.
    answers = [f"/v1/awards/{award_id}" for award_id in award_ids]
    await session.execute(delete(tables.idempotency).where(tables.idempotency.c.location.in_(answers)))
