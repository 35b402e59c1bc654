"""What all tables of the backpack share: one metadata, the event tables, and the keyed hash's own key."""

import hashlib
from datetime import datetime

from sqlalchemy import LargeBinary, String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import Instant, ReadSession, WriteSession, instance_table, metadata_for
from shared.http.ratelimit import ratelimit_table
from shared.mail import mail_table
from shared.messaging import messaging_tables
from shared.webhooks.tables import webhook_tables


class Base(DeclarativeBase):
    metadata = metadata_for()


messaging = messaging_tables(Base.metadata)
instance = instance_table(Base.metadata)
mail = mail_table(Base.metadata)
rate_limit = ratelimit_table(Base.metadata)
webhooks = webhook_tables(Base.metadata)

ID = String(32)
"""An id of ours: 32 hexadecimal characters."""

HASH = String(64)
"""SHA-256 or HMAC-SHA256, hexadecimal."""


class OwnKey(Base):
    """A random key of this service, sealed with the key-encryption key; made once, kept for ever."""

    __tablename__ = "own_key"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)


async def own_key(session: ReadSession, name: str) -> OwnKey | None:
    return (await session.execute(select(OwnKey).where(OwnKey.name == name))).scalar_one_or_none()


def add_own_key(session: WriteSession, name: str, sealed: bytes, now: datetime) -> None:
    session.add(OwnKey(name=name, sealed=sealed, created_at=now))


async def lock(session: WriteSession, name: str) -> None:
    """Let one transaction at a time decide about `name`; held until the transaction ends.

    On SQLite a write transaction is alone anyway. On PostgreSQL two could otherwise miss one another's new rows.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(number)))
