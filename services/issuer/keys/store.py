"""The table of signing keys and every query on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, Text, select, text
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.profiles.store import Profile
from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession
from shared.vc import multikey
from shared.vc.keys import Algorithm, PublicKey


class SigningKey(Base):
    """A key of one profile. Its secret half is sealed with the key-encryption key, bound to this table and row."""

    __tablename__ = "signing_key"
    __table_args__ = (
        # A profile signs with one key of a kind at a time, whatever two requests at once may try.
        Index(
            "uq_signing_key_active_algorithm",
            "profile_id",
            "algorithm",
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
    """The public key as Multikey, of RSA its JWK thumbprint; also the fragment of its verification method. Never reused."""
    jwk: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The public key of a kind that has no Multikey (RSA)."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    compromised_since: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(Text)


def public_key(key: SigningKey) -> PublicKey:
    """The public half."""
    return multikey.decode(key.fragment) if key.jwk is None else PublicKey.from_jwk(key.jwk)


async def of_profile(session: ReadSession, profile_id: str) -> Sequence[SigningKey]:
    """All keys of a profile, oldest first."""
    query = select(SigningKey).where(SigningKey.profile_id == profile_id)
    return list(await session.scalars(query.order_by(SigningKey.valid_from, SigningKey.id)))


async def get(session: ReadSession, profile_id: str, key_id: str) -> SigningKey | None:
    return await session.scalar(
        select(SigningKey).where(SigningKey.id == key_id, SigningKey.profile_id == profile_id)
    )


async def get_for_update(session: WriteSession, profile_id: str, key_id: str) -> SigningKey | None:
    return await session.scalar(
        select(SigningKey)
        .where(SigningKey.id == key_id, SigningKey.profile_id == profile_id)
        .with_for_update(key_share=True)
    )


async def published_jwks(session: ReadSession, limit: int) -> list[tuple[SigningKey, str]]:
    """The newest keys, with their profiles' DIDs, of the kinds that JWTs are signed with and that vouch for something."""
    query = (
        select(SigningKey, Profile.did)
        .join(Profile, Profile.id == SigningKey.profile_id)
        .where(SigningKey.algorithm.in_((Algorithm.RSA, Algorithm.P256)), SigningKey.state != "compromised")
        .order_by(SigningKey.valid_from.desc(), SigningKey.id)
        .limit(limit)
    )
    return [(key, did) for key, did in await session.execute(query)]


async def active(session: WriteSession, profile_id: str, algorithm: Algorithm) -> SigningKey | None:
    """The key of that kind to sign with. It is locked for sharing, so that it cannot be declared compromised under a
    signature that is being made: the award is then either before the declaration or by the next key.
    """
    return await session.scalar(_active(profile_id, algorithm).with_for_update(read=True))


async def active_for_update(
    session: WriteSession, profile_id: str, algorithm: Algorithm
) -> SigningKey | None:
    return await session.scalar(_active(profile_id, algorithm).with_for_update(key_share=True))


async def is_active(session: ReadSession, profile_id: str, algorithm: Algorithm) -> bool:
    """Whether the profile has a key of that kind to sign with; nothing is locked."""
    return await session.scalar(_active(profile_id, algorithm)) is not None


def _active(profile_id: str, algorithm: Algorithm) -> Select[SigningKey]:
    return select(SigningKey).where(
        SigningKey.profile_id == profile_id,
        SigningKey.algorithm == algorithm.value,
        SigningKey.state == "active",
    )
