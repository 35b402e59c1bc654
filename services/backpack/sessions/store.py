"""Sessions: an opaque token, of which only the hash is stored."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, ReadSession, WriteSession


class Session(Base):
    __tablename__ = "session"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(HASH, unique=True)
    client: Mapped[str] = mapped_column(String(16))
    """What kind of program signed in, coarsely."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)
    """To the hour: enough to recognise a forgotten session, and no write on every request."""
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


async def session_by_hash(session: ReadSession, hashed: str, now: datetime) -> Session | None:
    found = select(Session).where(Session.token_hash == hashed, Session.expires_at > now)
    return (await session.execute(found)).scalar_one_or_none()


async def sessions_of(session: ReadSession, learner_id: str, now: datetime) -> Sequence[Session]:
    found = select(Session).where(Session.learner_id == learner_id, Session.expires_at > now)
    return (await session.execute(found.order_by(Session.created_at.desc(), Session.id))).scalars().all()


async def touch(session: WriteSession, session_id: str, now: datetime) -> None:
    await session.execute(update(Session).where(Session.id == session_id).values(last_used_at=now))


async def remove_session(session: WriteSession, learner_id: str, session_id: str) -> bool:
    """End one session of this learner. Returns whether there was one."""
    gone = delete(Session).where(Session.id == session_id, Session.learner_id == learner_id)
    return (await session.execute(gone.returning(Session.id))).first() is not None


async def remove_sessions(session: WriteSession, learner_id: str, *, keep: str | None = None) -> None:
    """End every session of the learner but the one to keep."""
    gone = delete(Session).where(Session.learner_id == learner_id)
    await session.execute(gone if keep is None else gone.where(Session.id != keep))


async def remove_expired(session: WriteSession, now: datetime) -> None:
    await session.execute(delete(Session).where(Session.expires_at <= now))
