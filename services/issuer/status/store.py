"""The table of status lists and every query on it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, select, text
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, ReadSession, WriteSession


class StatusList(Base):
    """One list of one profile and purpose. It is due for a new signature while `changed` is ahead of `signed`."""

    __tablename__ = "status_list"
    __table_args__ = (
        Index(
            "uq_status_list_open",
            "profile_id",
            "purpose",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64))
    profile_id: Mapped[str] = mapped_column(ForeignKey("profile.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    uri: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(String(8))
    """open (takes further awards) | full"""
    capacity: Mapped[int]
    taken: Mapped[int]
    """The counter: how many indexes have been given out."""
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    """Key of the permutation that turns the counter into indexes."""
    bits: Mapped[bytes] = mapped_column(LargeBinary)
    changed: Mapped[int]
    signed: Mapped[int]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The signed list exactly as it is served."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    valid_from: Mapped[datetime | None] = mapped_column(Instant)
    event_sequence: Mapped[int]


async def get(session: ReadSession, list_id: str) -> StatusList | None:
    return await session.get(StatusList, list_id)


async def open_list(session: WriteSession, profile_id: str, purpose: str) -> StatusList | None:
    """The list that takes further awards, locked."""
    return await session.scalar(
        select(StatusList)
        .where(StatusList.profile_id == profile_id, StatusList.purpose == purpose, StatusList.state == "open")
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def lock(session: WriteSession, list_id: str) -> StatusList:
    found = await session.scalar(
        select(StatusList)
        .where(StatusList.id == list_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assert found is not None  # lists are never deleted
    return found


async def due(session: ReadSession) -> Sequence[str]:
    """Ids of the lists whose bits changed after they were last signed."""
    query = select(StatusList.id).where(StatusList.changed > StatusList.signed).order_by(StatusList.id)
    return list(await session.scalars(query))


async def of_profile(session: WriteSession, profile_id: str) -> Sequence[StatusList]:
    """All lists of a profile, locked in a fixed order."""
    query = select(StatusList).where(StatusList.profile_id == profile_id).order_by(StatusList.id)
    return list(await session.scalars(query.with_for_update(key_share=True)))
