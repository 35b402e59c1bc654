"""Learners and how they prove who they are."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, ReadSession, WriteSession

PASSWORD = "password"  # noqa: S105  (the name of a way to sign in)
"""The provider of logins whose subject is a name chosen here, proven by a password."""


class Learner(Base):
    """A person, known by a random id and nothing else."""

    __tablename__ = "learner"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: how she wants to be called."""
    created_at: Mapped[datetime] = mapped_column(Instant)


class Login(Base):
    """A way in: (provider, subject), which is who a person is; an e-mail address never is (decision 5)."""

    __tablename__ = "login"
    __table_args__ = (UniqueConstraint("provider", "subject_lookup"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(255))
    subject_lookup: Mapped[str] = mapped_column(HASH)
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: the subject as it was chosen."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)


async def learner_by_id(session: ReadSession, learner_id: str) -> Learner | None:
    return await session.get(Learner, learner_id)


async def login_by_subject(session: ReadSession, provider: str, lookup: str) -> Login | None:
    found = select(Login).where(Login.provider == provider, Login.subject_lookup == lookup)
    return (await session.execute(found)).scalar_one_or_none()


async def logins_of(session: ReadSession, learner_id: str) -> Sequence[Login]:
    found = select(Login).where(Login.learner_id == learner_id).order_by(Login.id)
    return (await session.execute(found)).scalars().all()


async def password_login_of(session: ReadSession, learner_id: str) -> Login | None:
    found = select(Login).where(Login.learner_id == learner_id, Login.provider == PASSWORD)
    return (await session.execute(found)).scalar_one_or_none()


async def remove_learner(session: WriteSession, learner_id: str) -> None:
    """Delete the learner and, by the foreign keys, every row that is hers."""
    await session.execute(delete(Learner).where(Learner.id == learner_id))
