"""Sessions of signed-in members: table and every query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.members.store import Member
from services.directory.organisations.store import Organisation
from services.directory.tables import Base
from shared.db import Instant, ReadSession, WriteSession


class Session(Base):
    """One sign-in on one device. Only the digest of its token is kept."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    device: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True)
class SignedIn:
    """A live session with who it speaks for."""

    session: Session
    member: Member
    organisation: Organisation


async def live(session: ReadSession, token_hash: str, now: datetime) -> SignedIn | None:
    """The session of a token, if it has not ended and its member and organisation are still there."""
    query = (
        select(Session, Member, Organisation)
        .join(Member, Member.id == Session.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Session.token_hash == token_hash,
            Session.ended_at.is_(None),
            Session.expires_at > now,
            Member.state == "active",
            Organisation.closed_at.is_(None),
        )
    )
    row = (await session.execute(query)).first()
    return None if row is None else SignedIn(row[0], row[1], row[2])


async def of_member(session: ReadSession, member_id: str, now: datetime) -> Sequence[Session]:
    """A member's live sessions, newest first."""
    query = select(Session).where(
        Session.member_id == member_id, Session.ended_at.is_(None), Session.expires_at > now
    )
    query = query.order_by(Session.created_at.desc(), Session.id).limit(200)
    return (await session.execute(query)).scalars().all()


async def end(session: WriteSession, session_id: str, member_id: str, now: datetime) -> bool:
    """End one session of this member; False if there is no such live session."""
    statement = (
        update(Session)
        .where(Session.id == session_id, Session.member_id == member_id, Session.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Session.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def end_of_members(session: WriteSession, member_ids: Sequence[str], now: datetime) -> None:
    await session.execute(
        update(Session)
        .where(Session.member_id.in_(member_ids), Session.ended_at.is_(None))
        .values(ended_at=now)
    )


async def end_of_person(
    session: WriteSession, person_id: str, now: datetime, *, keep: str | None = None
) -> None:
    """End a person's sessions in every organisation, except the one to keep."""
    statement = update(Session).where(Session.person_id == person_id, Session.ended_at.is_(None))
    if keep is not None:
        statement = statement.where(Session.id != keep)
    await session.execute(statement.values(ended_at=now))


async def forget_expired(session: WriteSession, before: datetime) -> None:
    """Remove sessions that expired before a moment."""
    await session.execute(delete(Session).where(Session.expires_at < before))
