"""Policies as rows: each belongs to one organisation, its name unique there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.verifier.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class PolicyRow(Base):
    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("organisation", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(String(1_000))
    rules: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str] = mapped_column(String(255))


async def add(session: WriteSession, row: PolicyRow) -> None:
    session.add(row)
    await session.flush()


async def by_id(
    session: ReadSession, organisation: str, policy: str, *, lock: bool = False
) -> PolicyRow | None:
    query = select(PolicyRow).where(PolicyRow.organisation == organisation, PolicyRow.id == policy)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def by_name(session: ReadSession, organisation: str, name: str) -> PolicyRow | None:
    query = select(PolicyRow).where(PolicyRow.organisation == organisation, PolicyRow.name == name)
    return (await session.scalars(query)).one_or_none()


async def after(session: ReadSession, organisation: str, name: str | None, limit: int) -> Sequence[PolicyRow]:
    """The organisation's policies in the order of their names, those behind `name`."""
    query = select(PolicyRow).where(PolicyRow.organisation == organisation)
    if name is not None:
        query = query.where(PolicyRow.name > name)
    return (await session.scalars(query.order_by(PolicyRow.name).limit(limit))).all()


async def remove(session: WriteSession, row: PolicyRow) -> None:
    await session.execute(delete(PolicyRow).where(PolicyRow.id == row.id))
