"""Signing keys, grants, codes and refresh tokens: tables and every query.

The queries of the token endpoint are synchronous: Authlib's core is, and runs inside `AsyncSession.run_sync`, so that
checking, consuming and issuing are one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.directory.clients.store import Client, ClientSecret
from services.directory.members.store import Member
from services.directory.organisations.store import Organisation
from services.directory.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class SigningKey(Base):
    """A key that signs access tokens; its private half is sealed by the key-encryption key, bound to this row."""

    __tablename__ = "signing_key"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    published_until: Mapped[datetime | None] = mapped_column(Instant)


class Grant(Base):
    """What a member allowed a client to do at one service; all its codes and tokens fall with it."""

    __tablename__ = "oauth_grant"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    resource: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class AuthorizationCode(Base):
    __tablename__ = "authorization_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("oauth_grant.id"), index=True)
    client_id: Mapped[str] = mapped_column(String(32))
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(43))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    consumed_at: Mapped[datetime | None] = mapped_column(Instant)


class RefreshToken(Base):
    __tablename__ = "refresh_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("oauth_grant.id"), index=True)
    client_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    consumed_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class Standing:
    """A grant that holds, with who gave it: read anew for every token, so that a role lost is a scope lost."""

    grant: Grant
    member: Member
    organisation: Organisation


# --- keys (asynchronous: they are not part of a token request) -----------------------------------


async def published_keys(session: ReadSession, now: datetime) -> Sequence[SigningKey]:
    """The key that signs and those whose tokens may still be about, newest first."""
    query = select(SigningKey).where(
        SigningKey.published_until.is_(None) | (SigningKey.published_until > now)
    )
    return (
        (await session.execute(query.order_by(SigningKey.created_at.desc(), SigningKey.id))).scalars().all()
    )


async def lock_signing(session: WriteSession, now: datetime) -> Sequence[SigningKey]:
    """The keys that sign, or will, at this moment, locked."""
    query = select(SigningKey).where(SigningKey.retired_at.is_(None) | (SigningKey.retired_at > now))
    query = query.with_for_update()
    return (await session.execute(query.order_by(SigningKey.created_at))).scalars().all()


async def grants_of_member(session: ReadSession, member_id: str) -> Sequence[tuple[Grant, Client]]:
    query = (
        select(Grant, Client)
        .join(Client, Client.id == Grant.client_id)
        .where(Grant.member_id == member_id, Grant.revoked_at.is_(None))
        .order_by(Grant.given_at.desc(), Grant.id)
        .limit(200)
    )
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def revoke_grant_of_member(session: WriteSession, member_id: str, grant_id: str, now: datetime) -> bool:
    statement = (
        update(Grant)
        .where(Grant.id == grant_id, Grant.member_id == member_id, Grant.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Grant.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def revoke_grants_of_members(session: WriteSession, member_ids: Sequence[str], now: datetime) -> None:
    await session.execute(
        update(Grant)
        .where(Grant.member_id.in_(member_ids), Grant.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def forget_expired(session: WriteSession, before: datetime) -> None:
    """Remove codes and refresh tokens that expired before a moment: nobody can reuse them any more."""
    await session.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < before))
    await session.execute(delete(RefreshToken).where(RefreshToken.expires_at < before))


async def all_keys(session: ReadSession) -> Sequence[SigningKey]:
    return (await session.execute(select(SigningKey).order_by(SigningKey.created_at))).scalars().all()


# --- inside run_sync ------------------------------------------------------------------------------


def active_key(session: Session, now: datetime) -> SigningKey:
    """The key that signs now: the oldest that has not retired, since a newer one is still becoming known.

    Raises NoResultFound before the service has started once.
    """
    query = select(SigningKey).where(SigningKey.retired_at.is_(None) | (SigningKey.retired_at > now))
    return session.execute(
        query.order_by(SigningKey.retired_at.is_(None), SigningKey.created_at, SigningKey.id).limit(1)
    ).scalar_one()


def live_client(session: Session, client_id: str) -> tuple[Client, Organisation] | None:
    query = (
        select(Client, Organisation)
        .join(Organisation, Organisation.id == Client.organisation_id)
        .where(Client.id == client_id, Client.revoked_at.is_(None), Organisation.closed_at.is_(None))
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def live_secret_hashes(session: Session, client_id: str, now: datetime) -> Sequence[str]:
    query = select(ClientSecret.secret_hash).where(
        ClientSecret.client_id == client_id,
        ClientSecret.expires_at.is_(None) | (ClientSecret.expires_at > now),
    )
    return session.execute(query).scalars().all()


def consume_code(session: Session, code_hash: str, client_id: str, now: datetime) -> AuthorizationCode | None:
    """Use a code up. Of any number of simultaneous calls with one code exactly one gets it; the others get None."""
    statement = (
        update(AuthorizationCode)
        .where(
            AuthorizationCode.code_hash == code_hash,
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.consumed_at.is_(None),
            AuthorizationCode.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(AuthorizationCode)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one_or_none()


def consume_refresh_token(
    session: Session, token_hash: str, client_id: str, now: datetime
) -> RefreshToken | None:
    """Use a refresh token up, like `consume_code`."""
    statement = (
        update(RefreshToken)
        .where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.client_id == client_id,
            RefreshToken.consumed_at.is_(None),
            RefreshToken.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(RefreshToken)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one_or_none()


def code_used_before(session: Session, code_hash: str, client_id: str) -> AuthorizationCode | None:
    query = select(AuthorizationCode).where(
        AuthorizationCode.code_hash == code_hash,
        AuthorizationCode.client_id == client_id,
        AuthorizationCode.consumed_at.is_not(None),
    )
    return session.execute(query).scalar_one_or_none()


def refresh_token(session: Session, token_hash: str, client_id: str) -> RefreshToken | None:
    query = select(RefreshToken).where(
        RefreshToken.token_hash == token_hash, RefreshToken.client_id == client_id
    )
    return session.execute(query).scalar_one_or_none()


def revoke_grant(session: Session, grant_id: str, now: datetime) -> None:
    session.execute(
        update(Grant).where(Grant.id == grant_id, Grant.revoked_at.is_(None)).values(revoked_at=now)
    )


def standing(session: Session, grant_id: str) -> Standing | None:
    """The grant with its member and organisation, unless one of them is revoked, removed or closed."""
    query = (
        select(Grant, Member, Organisation)
        .join(Member, Member.id == Grant.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Grant.id == grant_id,
            Grant.revoked_at.is_(None),
            Member.state == "active",
            Organisation.closed_at.is_(None),
        )
    )
    row = session.execute(query).first()
    return None if row is None else Standing(row[0], row[1], row[2])
