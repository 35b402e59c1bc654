"""What issuers announced: projections of their public events, and every query on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, Integer, Select, String, Text, exists, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.organisations.store import Organisation
from services.directory.recognitions.store import Recognition, in_force
from services.directory.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession

SEARCH_LENGTH = 4000
"""How much of an entry's text is searched, in characters."""


class IssuerEntry(Base):
    """An issuer profile as its issuer service announced it. A closed one stays, marked."""

    __tablename__ = "issuer_entry"

    did: Mapped[str] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(128), index=True)
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    did_document: Mapped[str] = mapped_column(Text)
    test: Mapped[bool] = mapped_column(Boolean)
    search_text: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    close_reason: Mapped[str | None] = mapped_column(Text)


class IssuerKey(Base):
    """A key of an issuer and what became of it; a row is never removed."""

    __tablename__ = "issuer_key"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    did: Mapped[str] = mapped_column(Text, index=True)
    algorithm: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    compromised_at: Mapped[datetime | None] = mapped_column(Instant)
    compromised_since: Mapped[datetime | None] = mapped_column(Instant)


class AchievementEntry(Base):
    """The newest published version of an achievement. An archived one stays, marked."""

    __tablename__ = "achievement_entry"

    achievement: Mapped[str] = mapped_column(Text, primary_key=True)
    version_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    did: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    achievement_type: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(Json)
    image: Mapped[str | None] = mapped_column(Text)
    criteria: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class IssuerQuery:
    """What an issuer search asks for; None asks nothing."""

    words: str | None = None
    kind: str | None = None
    organisation: str | None = None
    recognised: bool | None = None
    recognised_by: str | None = None
    test: bool | None = None
    closed: bool | None = None


@dataclass(frozen=True)
class AchievementQuery:
    """What an achievement search asks for; None asks nothing."""

    words: str | None = None
    issuer: str | None = None
    achievement_type: str | None = None
    archived: bool | None = None
    test: bool | None = None


def searchable(*parts: str | None) -> str:
    """The text that a search looks into: lower-cased here, because databases differ in how they do it."""
    return "\n".join(part for part in parts if part)[:SEARCH_LENGTH].casefold()


def _has_words(column: ColumnElement[str] | Mapped[str], words: str) -> list[ColumnElement[bool]]:
    return [column.contains(word, autoescape=True) for word in words.casefold().split()]


def _recognised(at: datetime, by: str | None) -> ColumnElement[bool]:
    """Somebody else vouches for the issuer now. An organisation's word about itself does not count."""
    conditions = [
        Recognition.issuer == IssuerEntry.did,
        Recognition.recogniser_id != IssuerEntry.organisation_id,
        in_force(at),
    ]
    if by is not None:
        conditions.append(Recognition.recogniser_id == by)
    return exists(select(Recognition.id).where(*conditions))


def _issuers(query: IssuerQuery, at: datetime) -> Select[IssuerEntry, Organisation]:
    statement = select(IssuerEntry, Organisation).outerjoin(
        Organisation, Organisation.id == IssuerEntry.organisation_id
    )
    if query.words:
        statement = statement.where(*_has_words(IssuerEntry.search_text, query.words))
    if query.kind is not None:
        statement = statement.where(Organisation.kind == query.kind)
    if query.organisation is not None:
        statement = statement.where(IssuerEntry.organisation_id == query.organisation)
    if query.recognised_by is not None:
        statement = statement.where(_recognised(at, query.recognised_by))
    if query.recognised is not None:
        held = _recognised(at, None)
        statement = statement.where(held if query.recognised else ~held)
    if query.test is not None:
        statement = statement.where(IssuerEntry.test.is_(query.test))
    if query.closed is not None:
        empty = IssuerEntry.closed_at.is_(None)
        statement = statement.where(~empty if query.closed else empty)
    return statement


async def search_issuers(
    session: ReadSession, query: IssuerQuery, *, at: datetime, after: str | None, limit: int
) -> Sequence[tuple[IssuerEntry, Organisation | None]]:
    statement = _issuers(query, at)
    if after is not None:
        statement = statement.where(IssuerEntry.did > after)
    rows = (await session.execute(statement.order_by(IssuerEntry.did).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def find_issuer(session: ReadSession, did: str) -> tuple[IssuerEntry, Organisation | None] | None:
    statement = (
        select(IssuerEntry, Organisation)
        .outerjoin(Organisation, Organisation.id == IssuerEntry.organisation_id)
        .where(IssuerEntry.did == did)
    )
    row = (await session.execute(statement)).first()
    return None if row is None else (row[0], row[1])


async def issuers_by_did(session: ReadSession, dids: Sequence[str]) -> dict[str, IssuerEntry]:
    rows = (await session.execute(select(IssuerEntry).where(IssuerEntry.did.in_(set(dids))))).scalars()
    return {row.did: row for row in rows}


async def dids_of_organisation(session: ReadSession, organisation_id: str) -> Sequence[str]:
    statement = select(IssuerEntry.did).where(IssuerEntry.organisation_id == organisation_id)
    return (
        (await session.execute(statement.order_by(IssuerEntry.registered_at, IssuerEntry.did)))
        .scalars()
        .all()
    )


async def recogniser_counts(session: ReadSession, dids: Sequence[str], at: datetime) -> dict[str, int]:
    """How many other organisations vouch for each issuer at a moment; issuers without any are absent."""
    statement = (
        select(Recognition.issuer, func.count(func.distinct(Recognition.recogniser_id)))
        .join(IssuerEntry, IssuerEntry.did == Recognition.issuer)
        .where(
            Recognition.issuer.in_(set(dids)),
            Recognition.recogniser_id != IssuerEntry.organisation_id,
            in_force(at),
        )
        .group_by(Recognition.issuer)
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def keys_of(session: ReadSession, did: str) -> Sequence[IssuerKey]:
    statement = select(IssuerKey).where(IssuerKey.did == did).order_by(IssuerKey.valid_from, IssuerKey.key)
    return (await session.execute(statement)).scalars().all()


async def search_achievements(
    session: ReadSession, query: AchievementQuery, *, after: str | None, limit: int
) -> Sequence[tuple[AchievementEntry, IssuerEntry | None]]:
    statement = select(AchievementEntry, IssuerEntry).outerjoin(
        IssuerEntry, IssuerEntry.did == AchievementEntry.did
    )
    if query.words:
        statement = statement.where(*_has_words(AchievementEntry.search_text, query.words))
    if query.issuer is not None:
        statement = statement.where(AchievementEntry.did == query.issuer)
    if query.achievement_type is not None:
        statement = statement.where(AchievementEntry.achievement_type == query.achievement_type)
    if query.archived is not None:
        empty = AchievementEntry.archived_at.is_(None)
        statement = statement.where(~empty if query.archived else empty)
    if query.test is not None:
        statement = statement.where(IssuerEntry.test.is_(query.test))
    if after is not None:
        statement = statement.where(AchievementEntry.achievement > after)
    rows = (await session.execute(statement.order_by(AchievementEntry.achievement).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def close_issuer(session: WriteSession, did: str, at: datetime, reason: str | None) -> None:
    await session.execute(
        update(IssuerEntry)
        .where(IssuerEntry.did == did)
        .values(closed_at=at, close_reason=reason, changed_at=at)
    )


async def archive_achievement(session: WriteSession, achievement: str, at: datetime) -> None:
    await session.execute(
        update(AchievementEntry)
        .where(AchievementEntry.achievement == achievement)
        .values(archived_at=at, changed_at=at)
    )


async def retire_key(session: WriteSession, key: str, at: datetime) -> None:
    await session.execute(update(IssuerKey).where(IssuerKey.key == key).values(retired_at=at))


async def compromise_key(session: WriteSession, key: str, at: datetime, since: datetime | None) -> None:
    await session.execute(
        update(IssuerKey).where(IssuerKey.key == key).values(compromised_at=at, compromised_since=since or at)
    )
