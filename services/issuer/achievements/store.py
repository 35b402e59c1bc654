"""The tables of achievements, their published versions, rubrics and images, and every query on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Achievement(Base):
    """What can be awarded, across its versions. `draft` is the version that is being worked on, if any."""

    __tablename__ = "achievement"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64), index=True)
    profile_id: Mapped[str] = mapped_column(ForeignKey("profile.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    """draft (nothing published yet) | published | archived"""
    draft: Mapped[dict[str, Any] | None] = mapped_column(Json)
    draft_contexts: Mapped[list[str] | None] = mapped_column(Json)
    draft_image: Mapped[str | None] = mapped_column(String(64))
    draft_caption: Mapped[str | None] = mapped_column(Text)
    latest: Mapped[int]
    """Number of the latest published version; 0 before the first."""
    duplicates: Mapped[str] = mapped_column(String(16))
    suspendable: Mapped[bool]
    proof_format: Mapped[str | None] = mapped_column(String(16))
    """How its awards are signed; None: as its profile says."""
    claim_days: Mapped[int | None]
    external_id: Mapped[str | None] = mapped_column(Text)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json)
    event_sequence: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str] = mapped_column(Text)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)


class AchievementVersion(Base):
    """One published version: it never changes, and its address is permanent."""

    __tablename__ = "achievement_version"

    achievement_id: Mapped[str] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    uri: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    contexts: Mapped[list[str]] = mapped_column(Json)
    """Further JSON-LD contexts beyond the two of Open Badges, in order."""
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    """The Open Badges Achievement as it stands in credentials."""
    image: Mapped[str | None] = mapped_column(String(64))
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(Text)


class ResultDescription(Base):
    """One thing that a result can be given for (OB 3.0 ResultDescription)."""

    __tablename__ = "result_description"
    __table_args__ = (
        ForeignKeyConstraint(
            ["achievement_id", "number"], ["achievement_version.achievement_id", "achievement_version.number"]
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    achievement_id: Mapped[str] = mapped_column(String(32), index=True)
    number: Mapped[int]
    position: Mapped[int]
    uri: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    result_type: Mapped[str] = mapped_column(Text)
    allowed_values: Mapped[list[str] | None] = mapped_column(Json)
    required_level: Mapped[str | None] = mapped_column(Text)
    required_value: Mapped[str | None] = mapped_column(Text)
    value_min: Mapped[str | None] = mapped_column(Text)
    value_max: Mapped[str | None] = mapped_column(Text)


class RubricLevel(Base):
    """One level of a rubric (OB 3.0 RubricCriterionLevel)."""

    __tablename__ = "rubric_level"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    result_description_id: Mapped[str] = mapped_column(ForeignKey("result_description.id"), index=True)
    position: Mapped[int]
    uri: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str | None] = mapped_column(Text)
    points: Mapped[str | None] = mapped_column(Text)


class AchievementImage(Base):
    """An uploaded image, by the SHA-256 of its bytes, within one achievement."""

    __tablename__ = "achievement_image"

    achievement_id: Mapped[str] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Rubric:
    """The rows that results are checked against."""

    description: ResultDescription
    levels: tuple[RubricLevel, ...]


async def published_after(
    session: ReadSession, achievement_id: str, limit: int
) -> list[tuple[Achievement, str]]:
    """A stretch of all achievements that were ever published, in order of id, each with its newest version's address."""
    query = (
        select(Achievement, AchievementVersion.uri)
        .join(
            AchievementVersion,
            (AchievementVersion.achievement_id == Achievement.id)
            & (AchievementVersion.number == Achievement.latest),
        )
        .where(Achievement.id > achievement_id)
        .order_by(Achievement.id)
        .limit(limit)
    )
    return [(achievement, uri) for achievement, uri in await session.execute(query)]


async def get(session: ReadSession, achievement_id: str) -> Achievement | None:
    return await session.get(Achievement, achievement_id)


async def get_owned(session: ReadSession, achievement_id: str, organisation: str) -> Achievement | None:
    """The achievement if it is that organisation's; another organisation's is as good as absent."""
    return await session.scalar(
        select(Achievement).where(Achievement.id == achievement_id, Achievement.organisation == organisation)
    )


async def lock_owned(session: WriteSession, achievement_id: str, organisation: str) -> Achievement | None:
    return await session.scalar(
        select(Achievement)
        .where(Achievement.id == achievement_id, Achievement.organisation == organisation)
        .with_for_update(key_share=True)
    )


async def page(
    session: ReadSession,
    organisation: str,
    after: str | None,
    limit: int,
    state: str | None,
    profile_id: str | None,
) -> list[Achievement]:
    query = (
        select(Achievement)
        .where(Achievement.organisation == organisation)
        .order_by(Achievement.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(Achievement.state == state)
    if profile_id is not None:
        query = query.where(Achievement.profile_id == profile_id)
    if after is not None:
        query = query.where(Achievement.id > after)
    return list(await session.scalars(query))


async def published_of(session: ReadSession, profile_id: str) -> list[AchievementVersion]:
    """The latest versions of what a profile can award now, by name."""
    query = (
        select(AchievementVersion)
        .join(Achievement, Achievement.id == AchievementVersion.achievement_id)
        .where(
            Achievement.profile_id == profile_id,
            Achievement.state == "published",
            AchievementVersion.number == Achievement.latest,
        )
        .order_by(AchievementVersion.name)
        .limit(200)
    )
    return list(await session.scalars(query))


async def version(session: ReadSession, achievement_id: str, number: int) -> AchievementVersion | None:
    return await session.get(AchievementVersion, (achievement_id, number))


async def versions(session: ReadSession, achievement_id: str) -> Sequence[AchievementVersion]:
    query = select(AchievementVersion).where(AchievementVersion.achievement_id == achievement_id)
    return list(await session.scalars(query.order_by(AchievementVersion.number)))


async def image(session: ReadSession, achievement_id: str, sha256: str) -> AchievementImage | None:
    return await session.get(AchievementImage, (achievement_id, sha256))


async def rubrics(session: ReadSession, achievement_id: str, number: int) -> tuple[Rubric, ...]:
    """What a version's results are checked against, in the order of the achievement."""
    descriptions = list(
        await session.scalars(
            select(ResultDescription)
            .where(ResultDescription.achievement_id == achievement_id, ResultDescription.number == number)
            .order_by(ResultDescription.position)
        )
    )
    levels: dict[str, list[RubricLevel]] = {description.id: [] for description in descriptions}
    if descriptions:
        query = select(RubricLevel).where(RubricLevel.result_description_id.in_(list(levels)))
        for level in await session.scalars(query.order_by(RubricLevel.position)):
            levels[level.result_description_id].append(level)
    return tuple(Rubric(description, tuple(levels[description.id])) for description in descriptions)
