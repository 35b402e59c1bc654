"""Partner clients and their secrets: tables and every query."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Client(Base):
    """A program that acts for an organisation. `id` is its OAuth client_id."""

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(Json)
    redirect_uris: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer, default=1)


class ClientSecret(Base):
    """A secret of a client; two are good at once while one is being rotated out.

    The secret has 256 random bits, so that a plain digest keeps it: there is nothing to guess that argon2 could slow down.
    """

    __tablename__ = "client_secret"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


async def find(session: ReadSession, organisation_id: str, client_id: str) -> Client | None:
    query = select(Client).where(Client.id == client_id, Client.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def of_organisation(
    session: ReadSession, organisation_id: str, *, after: str | None, limit: int
) -> Sequence[Client]:
    query = select(Client).where(Client.organisation_id == organisation_id)
    if after is not None:
        query = query.where(Client.id > after)
    return (await session.execute(query.order_by(Client.id).limit(limit))).scalars().all()


async def expire_secrets(session: WriteSession, client_id: str, at: datetime) -> None:
    """Let every secret of the client end at `at`, unless it ends sooner already."""
    await session.execute(
        update(ClientSecret)
        .where(
            ClientSecret.client_id == client_id,
            ClientSecret.expires_at.is_(None) | (ClientSecret.expires_at > at),
        )
        .values(expires_at=at)
    )


async def live_secrets(session: ReadSession, client_id: str, now: datetime) -> Sequence[ClientSecret]:
    query = select(ClientSecret).where(
        ClientSecret.client_id == client_id,
        ClientSecret.expires_at.is_(None) | (ClientSecret.expires_at > now),
    )
    return (await session.execute(query.order_by(ClientSecret.created_at))).scalars().all()


async def revoke_all(session: WriteSession, organisation_id: str, now: datetime, actor: str) -> None:
    await session.execute(
        update(Client)
        .where(Client.organisation_id == organisation_id, Client.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=actor)
    )
