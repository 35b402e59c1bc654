"""The credential as the report shows it: the same keys always, null where the badge says nothing."""

from typing import Any

from shared.vc.strict_json import JsonObject

from .case import objects, several, text

MOST = 100
"""So many of a kind (results, evidence, tags …) are shown; a badge with more is shown in part."""


def project(document: JsonObject) -> JsonObject:
    """The part of the report named `credential`."""
    subject = next(iter(objects(document.get("credentialSubject"))), {})
    achievement = next(iter(objects(subject.get("achievement"))), None)
    return {
        "id": _string(document.get("id")),
        "types": [one for one in several(document.get("type"))[:MOST] if isinstance(one, str)],
        "name": text(document.get("name")) or (text(achievement.get("name")) if achievement else None),
        "description": text(document.get("description")),
        "image": _image(document.get("image")) or _image(subject.get("image")),
        "issuer": _profile(document.get("issuer")),
        "achievement": None if achievement is None else _achievement(achievement),
        "creator": None if achievement is None else _profile(achievement.get("creator")),
        "subject": _subject(subject),
        "valid_from": _string(document.get("validFrom", document.get("issuanceDate"))),
        "valid_until": _string(document.get("validUntil", document.get("expirationDate"))),
        "awarded_at": _string(document.get("awardedDate")),
        "results": _results(subject, achievement or {}),
        "evidence": [_evidence(one) for one in objects(document.get("evidence"))[:MOST]],
    }


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _image(value: Any) -> JsonObject | None:
    if isinstance(value, str):
        return {"id": value, "caption": None}
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return {"id": value["id"], "caption": text(value.get("caption"))}
    return None


def _profile(value: Any) -> JsonObject | None:
    if isinstance(value, str):
        return {"id": value, "name": None, "url": None, "image": None}
    if not isinstance(value, dict):
        return None
    return {
        "id": _string(value.get("id")),
        "name": text(value.get("name")),
        "url": _string(value.get("url")),
        "image": _image(value.get("image")),
    }


def _achievement(value: JsonObject) -> JsonObject:
    criteria = value.get("criteria")
    criteria = criteria if isinstance(criteria, dict) else {}
    return {
        "id": _string(value.get("id")),
        "name": text(value.get("name")),
        "description": text(value.get("description")),
        "achievement_type": _string(value.get("achievementType")),
        "criteria": {"id": _string(criteria.get("id")), "narrative": text(criteria.get("narrative"))},
        "image": _image(value.get("image")),
        "tags": [one for one in several(value.get("tag"))[:MOST] if isinstance(one, str)],
        "alignments": [_alignment(one) for one in objects(value.get("alignment"))[:MOST]],
        "language": _string(value.get("inLanguage")),
        "version": text(value.get("version")),
        "human_code": text(value.get("humanCode")),
        "field_of_study": text(value.get("fieldOfStudy")),
        "specialization": text(value.get("specialization")),
        "credits_available": _number(value.get("creditsAvailable")),
    }


def _alignment(value: JsonObject) -> JsonObject:
    return {
        "name": text(value.get("targetName")),
        "url": _string(value.get("targetUrl")),
        "framework": text(value.get("targetFramework")),
        "code": text(value.get("targetCode")),
        "type": _string(value.get("targetType")),
    }


def _subject(value: JsonObject) -> JsonObject:
    # Identifiers and addresses stay out: a report may travel further than the badge.
    own = _string(value.get("id"))
    return {
        "id": None if own is None or own.lower().startswith("mailto:") else own,
        "role": text(value.get("role")),
        "term": text(value.get("term")),
        "narrative": text(value.get("narrative")),
        "license_number": text(value.get("licenseNumber")),
        "credits_earned": _number(value.get("creditsEarned")),
        "activity_start": _string(value.get("activityStartDate")),
        "activity_end": _string(value.get("activityEndDate")),
    }


def _results(subject: JsonObject, achievement: JsonObject) -> list[JsonObject]:
    descriptions: dict[str, JsonObject] = {}
    levels: dict[str, str | None] = {}
    for one in objects(achievement.get("resultDescription")):
        if isinstance(one.get("id"), str):
            descriptions[one["id"]] = one
        for level in objects(one.get("rubricCriterionLevel")):
            if isinstance(level.get("id"), str):
                levels[level["id"]] = text(level.get("name"))
    return [_result(one, descriptions, levels) for one in objects(subject.get("result"))[:MOST]]


def _result(
    value: JsonObject, descriptions: dict[str, JsonObject], levels: dict[str, str | None]
) -> JsonObject:
    description = descriptions.get(_string(value.get("resultDescription")) or "", {})
    level = _string(value.get("achievedLevel"))
    return {
        "name": text(description.get("name")),
        "type": _string(description.get("resultType")),
        "value": text(value.get("value")),
        "status": _string(value.get("status")),
        "level": levels.get(level or "", level),
    }


def _evidence(value: JsonObject) -> JsonObject:
    return {
        "id": _string(value.get("id")),
        "name": text(value.get("name")),
        "description": text(value.get("description")),
        "narrative": text(value.get("narrative")),
        "genre": text(value.get("genre")),
        "digest": _string(value.get("digestSRI")) or _string(value.get("digestMultibase")),
    }
