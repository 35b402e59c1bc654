"""What a learner is known by, and the one-time tokens that are mailed to prove it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, ReadSession, WriteSession


class Identifier(Base):
    """An e-mail address, DID or other identifier. Only a verified one brings badges."""

    __tablename__ = "identifier"
    __table_args__ = (
        UniqueConstraint("learner_id", "lookup"),
        # One person at a time can have proven an identifier; claims nobody has proven may stand side by side.
        Index(
            "uq_identifier_verified_lookup",
            "lookup",
            unique=True,
            sqlite_where=mapped_column("verified_at").column.is_not(None),
            postgresql_where=mapped_column("verified_at").column.is_not(None),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(64))
    lookup: Mapped[str] = mapped_column(HASH)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: the normalised identifier."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)


class MailToken(Base):
    """A secret that went out by mail; whoever brings it back reads that mailbox. It is deleted when used."""

    __tablename__ = "mail_token"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    learner_id: Mapped[str] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    identifier_id: Mapped[str] = mapped_column(ForeignKey("identifier.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(HASH, unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


CONFIRM_ADDRESS = "confirm-address"
RESET_PASSWORD = "reset-password"  # noqa: S105  (a purpose)


async def identifiers_of(session: ReadSession, learner_id: str) -> Sequence[Identifier]:
    found = select(Identifier).where(Identifier.learner_id == learner_id)
    return (await session.execute(found.order_by(Identifier.created_at, Identifier.id))).scalars().all()


async def identifier_of(session: ReadSession, learner_id: str, identifier_id: str) -> Identifier | None:
    found = select(Identifier).where(Identifier.learner_id == learner_id, Identifier.id == identifier_id)
    return (await session.execute(found)).scalar_one_or_none()


async def verified_by_lookup(session: ReadSession, lookup: str) -> Identifier | None:
    """Whose proven identifier this is: one index hit."""
    found = select(Identifier).where(Identifier.lookup == lookup, Identifier.verified_at.is_not(None))
    return (await session.execute(found)).scalar_one_or_none()


async def remove_identifier(session: WriteSession, identifier_id: str) -> None:
    await session.execute(delete(Identifier).where(Identifier.id == identifier_id))


async def token_by_hash(session: ReadSession, purpose: str, hashed: str, now: datetime) -> MailToken | None:
    found = select(MailToken).where(
        MailToken.purpose == purpose, MailToken.token_hash == hashed, MailToken.expires_at > now
    )
    return (await session.execute(found)).scalar_one_or_none()


async def consume_token(
    session: WriteSession, purpose: str, hashed: str, now: datetime
) -> tuple[str, str] | None:
    """Use a token up. Returns (learner id, identifier id), or None if there is no such token any more.

    The delete and the answer are one statement: of two requests with one token, one gets it.
    """
    gone = (
        delete(MailToken)
        .where(MailToken.purpose == purpose, MailToken.token_hash == hashed, MailToken.expires_at > now)
        .returning(MailToken.learner_id, MailToken.identifier_id)
    )
    row = (await session.execute(gone)).first()
    return None if row is None else (row[0], row[1])


async def remove_tokens(session: WriteSession, purpose: str, learner_id: str) -> None:
    gone = delete(MailToken).where(MailToken.purpose == purpose, MailToken.learner_id == learner_id)
    await session.execute(gone)


async def remove_expired_tokens(session: WriteSession, now: datetime) -> None:
    await session.execute(delete(MailToken).where(MailToken.expires_at <= now))
