"""What the issuer says in public about an achievement: one sequence per achievement, under its row's lock."""

from typing import Any

from services.issuer.achievements.documents import achievement_url
from services.issuer.achievements.store import Achievement, AchievementVersion
from services.issuer.profiles.store import Profile
from shared.clock import to_rfc3339
from shared.contracts import schema_url
from shared.messaging.outbox import Outgoing
from shared.messaging.topics import ACHIEVEMENTS


def published(
    achievement: Achievement, version: AchievementVersion, profile: Profile, public_url: str
) -> Outgoing:
    document = version.document
    criteria = document["criteria"]
    told = {
        "version_id": version.uri,
        "version": version.number,
        "profile": profile.did,
        "name": document["name"],
        "description": document["description"],
        "achievement_type": document.get("achievementType"),
        "tags": document.get("tag"),
        "image": document["image"]["id"],
        "criteria": criteria.get("narrative") or criteria.get("id"),
    }
    return _outgoing(
        achievement, "achievement.published", {k: v for k, v in told.items() if v is not None}, public_url
    )


def archived(achievement: Achievement, public_url: str) -> Outgoing:
    assert achievement.archived_at is not None  # set when it was archived
    return _outgoing(
        achievement, "achievement.archived", {"at": to_rfc3339(achievement.archived_at)}, public_url
    )


def _outgoing(achievement: Achievement, verb: str, data: dict[str, Any], public_url: str) -> Outgoing:
    achievement.event_sequence += 1
    uri = achievement_url(public_url, achievement.id)
    event_type = f"org.confer.{verb}.v1"
    return Outgoing(
        topic=ACHIEVEMENTS.name,
        subject=uri,
        type=event_type,
        organisation=achievement.organisation,
        sequence=achievement.event_sequence,
        data={"achievement": uri, **data},
        dataschema=schema_url(public_url, event_type),
    )
