"""The table of issuer profiles and every query on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Profile(Base):
    """One issuer identity of an organisation. `did` is fixed when it is made (decision 2)."""

    __tablename__ = "profile"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64), index=True)
    did: Mapped[str] = mapped_column(Text, unique=True)
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    """The Open Badges Profile as its owner gave it, without `id` and `type`, which are ours."""
    proof_format: Mapped[str] = mapped_column(String(16), server_default="eddsa-rdfc-2022")
    """How its badges are signed, unless an achievement or an award says otherwise."""
    state: Mapped[str] = mapped_column(String(16))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_reason: Mapped[str | None] = mapped_column(Text)
    test: Mapped[bool]
    external_id: Mapped[str | None] = mapped_column(Text)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The caller's `metadata`."""
    event_sequence: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str] = mapped_column(Text)


async def get(session: ReadSession, profile_id: str) -> Profile | None:
    return await session.get(Profile, profile_id)


async def get_owned(session: ReadSession, profile_id: str, organisation: str) -> Profile | None:
    """The profile if it is that organisation's; another organisation's is as good as absent."""
    return await session.scalar(
        select(Profile).where(Profile.id == profile_id, Profile.organisation == organisation)
    )


async def lock(session: WriteSession, profile_id: str) -> Profile:
    """The profile, locked until the transaction ends: its events are numbered under this lock."""
    found = await session.scalar(
        select(Profile)
        .where(Profile.id == profile_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assert found is not None  # profiles are never deleted
    return found


async def after(session: ReadSession, profile_id: str, limit: int) -> list[Profile]:
    """A stretch of all profiles, in order of id."""
    query = select(Profile).where(Profile.id > profile_id).order_by(Profile.id).limit(limit)
    return list(await session.scalars(query))


async def page(session: ReadSession, organisation: str, after: str | None, limit: int) -> list[Profile]:
    query = select(Profile).where(Profile.organisation == organisation).order_by(Profile.id).limit(limit)
    if after is not None:
        query = query.where(Profile.id > after)
    return list(await session.scalars(query))
