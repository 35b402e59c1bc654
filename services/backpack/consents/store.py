"""Consents: who agreed to what, in which words, when, and until when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.tables import ID, Base
from shared.db import Instant, ReadSession


class Consent(Base):
    """One record behind every share (decision 6). It is withdrawn, never changed."""

    __tablename__ = "consent"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    given_by: Mapped[str] = mapped_column(ID)
    """Who agreed; the learner herself unless somebody may act for her."""
    on_behalf_of: Mapped[str | None] = mapped_column(ID)
    """The learner, when somebody else agreed for her."""
    purpose: Mapped[str] = mapped_column(String(32))
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed JSON: the ids of the credentials it covers."""
    text_version: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


async def consents_of(session: ReadSession, learner_id: str) -> Sequence[Consent]:
    found = select(Consent).where(Consent.learner_id == learner_id)
    return (await session.execute(found.order_by(Consent.given_at.desc(), Consent.id))).scalars().all()


async def consent_of(session: ReadSession, learner_id: str, consent_id: str) -> Consent | None:
    found = select(Consent).where(Consent.learner_id == learner_id, Consent.id == consent_id)
    return (await session.execute(found)).scalar_one_or_none()
