"""Recognition statements: table and every query."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, ForeignKey, Integer, String, Text, and_, select
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.organisations.store import Organisation
from services.directory.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession

State = Literal["future", "in_force", "expired", "withdrawn"]


class Recognition(Base):
    """One organisation vouches for an issuer: for what, from when until when, and why. Never deleted, only withdrawn."""

    __tablename__ = "recognition"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recogniser_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    issuer: Mapped[str] = mapped_column(Text, index=True)
    scope: Mapped[dict[str, list[str]]] = mapped_column(Json)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(Instant)
    given_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    event_sequence: Mapped[int] = mapped_column(Integer, default=0)

    def state(self, now: datetime) -> State:
        """How the statement stands at a moment; a closed recogniser's statements are withdrawn when it closes."""
        if self.withdrawn_at is not None and self.withdrawn_at <= now:
            return "withdrawn"
        if self.valid_from > now:
            return "future"
        if self.valid_until is not None and self.valid_until <= now:
            return "expired"
        return "in_force"


def in_force(at: datetime) -> ColumnElement[bool]:
    """The condition that a statement holds at a moment; the same rule as `Recognition.state`."""
    return and_(
        Recognition.valid_from <= at,
        Recognition.valid_until.is_(None) | (Recognition.valid_until > at),
        Recognition.withdrawn_at.is_(None) | (Recognition.withdrawn_at > at),
    )


async def find(session: ReadSession, recognition_id: str) -> tuple[Recognition, Organisation] | None:
    query = (
        select(Recognition, Organisation)
        .join(Organisation, Organisation.id == Recognition.recogniser_id)
        .where(Recognition.id == recognition_id)
    )
    row = (await session.execute(query)).first()
    return None if row is None else (row[0], row[1])


async def lock(session: WriteSession, recognition_id: str) -> Recognition | None:
    query = select(Recognition).where(Recognition.id == recognition_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def search(
    session: ReadSession,
    *,
    issuer: str | None = None,
    recogniser: str | None = None,
    in_force_at: datetime | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[tuple[Recognition, Organisation]]:
    """Statements with their recognisers, in a stable order."""
    query = select(Recognition, Organisation).join(Organisation, Organisation.id == Recognition.recogniser_id)
    if issuer is not None:
        query = query.where(Recognition.issuer == issuer)
    if recogniser is not None:
        query = query.where(Recognition.recogniser_id == recogniser)
    if in_force_at is not None:
        query = query.where(in_force(in_force_at))
    if after is not None:
        query = query.where(Recognition.id > after)
    rows = (await session.execute(query.order_by(Recognition.id).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def lock_standing(session: WriteSession, recogniser: str) -> Sequence[Recognition]:
    """Everything a recogniser has not withdrawn yet, locked."""
    query = select(Recognition).where(
        Recognition.recogniser_id == recogniser, Recognition.withdrawn_at.is_(None)
    )
    return (await session.execute(query.order_by(Recognition.id).with_for_update())).scalars().all()
