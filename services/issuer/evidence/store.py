"""The table of evidence and every query on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Evidence(Base):
    """A file behind awards. The bytes lie in the evidence directory under their SHA-256."""

    __tablename__ = "evidence"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(128))
    name: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    narrative: Mapped[str | None] = mapped_column(Text)
    genre: Mapped[str | None] = mapped_column(Text)
    audience: Mapped[str | None] = mapped_column(Text)
    visibility: Mapped[str] = mapped_column(String(16))
    """link (whoever has the unguessable address) | private (the organisation only)"""
    retention_until: Mapped[datetime | None] = mapped_column(Instant, index=True)
    external_id: Mapped[str | None] = mapped_column(Text)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json)
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)


async def get(session: ReadSession, evidence_id: str) -> Evidence | None:
    return await session.get(Evidence, evidence_id)


async def lock_owned(session: WriteSession, evidence_id: str, organisation: str) -> Evidence | None:
    return await session.scalar(
        select(Evidence)
        .where(Evidence.id == evidence_id, Evidence.organisation == organisation)
        .with_for_update(key_share=True)
    )


async def get_owned(session: ReadSession, evidence_id: str, organisation: str) -> Evidence | None:
    return await session.scalar(
        select(Evidence).where(Evidence.id == evidence_id, Evidence.organisation == organisation)
    )


async def of_ids(session: ReadSession, organisation: str, ids: Sequence[str]) -> dict[str, Evidence]:
    """Those of the ids that the organisation has, and that are not erased, by id."""
    if not ids:
        return {}
    query = select(Evidence).where(
        Evidence.organisation == organisation, Evidence.id.in_(ids), Evidence.erased_at.is_(None)
    )
    return {found.id: found for found in await session.scalars(query)}


async def page(session: ReadSession, organisation: str, after: str | None, limit: int) -> list[Evidence]:
    query = select(Evidence).where(Evidence.organisation == organisation).order_by(Evidence.id).limit(limit)
    if after is not None:
        query = query.where(Evidence.id > after)
    return list(await session.scalars(query))


async def expired(session: ReadSession, now: datetime, limit: int) -> list[Evidence]:
    """Evidence whose retention has run out and whose bytes are still here."""
    query = select(Evidence).where(Evidence.retention_until <= now, Evidence.erased_at.is_(None)).limit(limit)
    return list(await session.scalars(query.with_for_update(key_share=True, skip_locked=True)))


async def kept_after(session: ReadSession, evidence_id: str, limit: int) -> list[Evidence]:
    """A stretch of all evidence whose bytes are kept, in order of id, for the check of what is stored."""
    query = select(Evidence).where(Evidence.id > evidence_id, Evidence.erased_at.is_(None))
    return list(await session.scalars(query.order_by(Evidence.id).limit(limit)))
