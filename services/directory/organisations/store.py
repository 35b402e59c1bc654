"""Organisations and the journal of what was done in their name: tables and every query."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.tables import Base
from shared.db import Instant, ReadSession, WriteSession, new_id


class Organisation(Base):
    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str | None] = mapped_column(Text)
    test: Mapped[bool] = mapped_column(Boolean)
    registered_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, default=1)
    event_sequence: Mapped[int] = mapped_column(Integer, default=0)


class Activity(Base):
    """One line per write: who did what to what (decision 4)."""

    __tablename__ = "activity"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))


async def find(session: ReadSession, organisation_id: str) -> Organisation | None:
    return await session.get(Organisation, organisation_id)


async def lock(session: WriteSession, organisation_id: str) -> Organisation | None:
    """The organisation, locked until the end of the transaction, so that its events are numbered without a gap."""
    query = select(Organisation).where(Organisation.id == organisation_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def any_exists(session: ReadSession) -> bool:
    return (await session.execute(select(Organisation.id).limit(1))).first() is not None


async def by_ids(session: ReadSession, ids: Sequence[str]) -> dict[str, Organisation]:
    rows = (await session.execute(select(Organisation).where(Organisation.id.in_(set(ids))))).scalars()
    return {row.id: row for row in rows}


def record(
    session: WriteSession, *, organisation: str, at: datetime, actor: str, action: str, subject: str
) -> None:
    """Write down who did what, in the transaction of what was done.

    `actor` is `member:<id>`, `client:<id>` or `system`; `action` is `noun.verb`; `subject` is an internal id, never a name.
    """
    session.add(
        Activity(
            id=new_id(), organisation_id=organisation, at=at, actor=actor, action=action, subject=subject
        )
    )


async def activities(
    session: ReadSession, organisation_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Activity]:
    """The newest first; `before` is the (at, id) of the last one already seen."""
    query = select(Activity).where(Activity.organisation_id == organisation_id)
    if before is not None:
        at, last_id = before
        query = query.where((Activity.at < at) | ((Activity.at == at) & (Activity.id < last_id)))
    query = query.order_by(Activity.at.desc(), Activity.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()
