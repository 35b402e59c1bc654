"""The table of signing keys and every query on it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, select, text
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, ReadSession, WriteSession


class SigningKey(Base):
    """A key of one profile. Its secret half is sealed with the key-encryption key, bound to this table and row."""

    __tablename__ = "signing_key"
    __table_args__ = (
        # A profile signs with one key at a time, whatever two requests at once may try.
        Index(
            "uq_signing_key_active",
            "profile_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    profile_id: Mapped[str] = mapped_column(ForeignKey("profile.id"), index=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(32))
    fragment: Mapped[str] = mapped_column(String(128), unique=True)
    """The public key as Multikey; also the fragment of its verification method. Never reused."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    compromised_since: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(Text)


async def of_profile(session: ReadSession, profile_id: str) -> Sequence[SigningKey]:
    """All keys of a profile, oldest first."""
    query = select(SigningKey).where(SigningKey.profile_id == profile_id)
    return list(await session.scalars(query.order_by(SigningKey.valid_from, SigningKey.id)))


async def get(session: ReadSession, profile_id: str, key_id: str) -> SigningKey | None:
    return await session.scalar(
        select(SigningKey).where(SigningKey.id == key_id, SigningKey.profile_id == profile_id)
    )


async def active(session: WriteSession, profile_id: str) -> SigningKey:
    """The key to sign with. It is locked for sharing, so that it cannot be declared compromised under a signature
    that is being made: the award is then either before the declaration or by the next key.
    """
    found = await session.scalar(
        select(SigningKey)
        .where(SigningKey.profile_id == profile_id, SigningKey.state == "active")
        .with_for_update(read=True)
    )
    assert found is not None  # a profile gets its key with its row, and a compromised one is replaced at once
    return found


async def active_for_update(session: WriteSession, profile_id: str) -> SigningKey:
    found = await session.scalar(
        select(SigningKey)
        .where(SigningKey.profile_id == profile_id, SigningKey.state == "active")
        .with_for_update(key_share=True)
    )
    assert found is not None
    return found
