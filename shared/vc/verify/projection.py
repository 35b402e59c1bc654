"""The credential as the report shows it: the same keys always, null where the badge says nothing."""

import json
from typing import Any

from shared.vc.budget import Budget
from shared.vc.errors import BudgetExceeded
from shared.vc.strict_json import JsonObject

from .case import objects, several, text

MOST = 100
"""So many of a kind (results, evidence, tags …) are shown; a badge with more is shown in part."""

_JOINING_UNITS = 20_000
_BYTES_PER_UNIT = 40


def project(document: JsonObject) -> JsonObject:
    """The part of the report named `credential`: what is said, wherever in the document and in whatever order.

    RDF knows neither: a signature over it fits as well when a name stands with another mention of the same issuer, or a
    tag stands twice. What would take too much work to put together (a megabyte within fifty things of one name) is told
    as it stands first.
    """
    try:
        return _projected(document, Things(document))
    except BudgetExceeded:
        return _projected(document, Things({}))


def _projected(document: JsonObject, said: "Things") -> JsonObject:
    types = _texts(document.get("type"))  # what others that mention the credential call it is not what it is
    document = said.of(document)
    subject = said.of(next(iter(objects(document.get("credentialSubject"))), {}))
    achievement = said.of(next(iter(objects(subject.get("achievement"))), None))
    return {
        "id": _string(document.get("id")),
        "types": types,
        "name": text(document.get("name")) or (text(achievement.get("name")) if achievement else None),
        "description": text(document.get("description")),
        "image": _image(document.get("image"), said) or _image(subject.get("image"), said),
        "issuer": _profile(document.get("issuer"), said),
        "achievement": None if achievement is None else _achievement(achievement, said),
        "creator": None if achievement is None else _profile(achievement.get("creator"), said),
        "subject": _subject(subject),
        "valid_from": _string(document.get("validFrom", document.get("issuanceDate"))),
        "valid_until": _string(document.get("validUntil", document.get("expirationDate"))),
        "awarded_at": _string(document.get("awardedDate")),
        "results": _results(subject, achievement or {}, said),
        "evidence": [_evidence(one) for one in said.each(document.get("evidence"))],
    }


class Things:
    """What a document says of each thing that it mentions more than once, by its id."""

    def __init__(self, document: JsonObject) -> None:
        mentions: dict[str, list[JsonObject]] = {}
        waiting: list[Any] = [document]
        while waiting:
            value = waiting.pop()
            if type(value) is dict:
                name = value.get("id")
                if type(name) is str:
                    mentions.setdefault(name, []).append(value)
                for member, inner in value.items():
                    # A proof is a graph of its own.
                    if (type(inner) is dict or type(inner) is list) and member != "proof":
                        waiting.append(inner)
            else:
                waiting.extend(inner for inner in value if type(inner) is dict or type(inner) is list)
        self._mentions = {name: ones for name, ones in mentions.items() if len(ones) > 1}
        self._joined: dict[str, JsonObject] = {}
        self._budget = Budget(_JOINING_UNITS)

    def of(self, value: Any) -> Any:
        """An object, or the id of one, as all that is said of it; of several the first; anything else as it is.

        Raises:
            BudgetExceeded: more is said than is put together here.
        """
        if isinstance(value, list):
            value = value[0] if value else None
        name = value.get("id") if isinstance(value, dict) else value
        if not isinstance(name, str) or name not in self._mentions:
            return value
        if name not in self._joined:
            self._joined[name] = _joined(self._mentions[name], self._budget)
        return self._joined[name]

    def each(self, value: Any) -> list[JsonObject]:
        """The objects of a property, so many at most, and what has a name once."""
        found: dict[Any, JsonObject] = {}
        for position, one in enumerate(several(value)):
            thing = self.of(one)
            if isinstance(thing, dict):
                name = thing.get("id")
                found.setdefault(name if isinstance(name, str) else position, thing)
        return list(found.values())[:MOST]


def _joined(mentions: list[JsonObject], budget: Budget) -> JsonObject:
    """One object out of several with the same id; of values that differ, in an order that does not depend on place."""
    found: JsonObject = {}
    for name in dict.fromkeys(name for one in mentions for name in one):
        given = [one[name] for one in mentions if name in one]
        if all(type(one) is str and one == given[0] for one in given) or len(given) == 1:
            found[name] = given[0]
            continue
        distinct = {_written(item, budget): item for one in given for item in several(one)}
        found[name] = [distinct[written] for written in sorted(distinct)]
    return found


def _written(value: Any, budget: Budget) -> str:
    written = json.dumps(value, sort_keys=True)
    budget.spend(1 + len(written) // _BYTES_PER_UNIT)
    return written


def _texts(value: Any) -> list[str]:
    return list(dict.fromkeys(one for one in several(value) if isinstance(one, str)))[:MOST]


def _string(value: Any) -> str | None:
    return next((one for one in several(value) if isinstance(one, str)), None)


def _number(value: Any) -> int | float | None:
    numbers = (one for one in several(value) if isinstance(one, int | float) and not isinstance(one, bool))
    return next(numbers, None)


def _image(value: Any, said: Things) -> JsonObject | None:
    value = said.of(value)
    if isinstance(value, str):
        return {"id": value, "caption": None}
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return {"id": value["id"], "caption": text(value.get("caption"))}
    return None


def _profile(value: Any, said: Things) -> JsonObject | None:
    value = said.of(value)
    if isinstance(value, str):
        return {"id": value, "name": None, "url": None, "image": None}
    if not isinstance(value, dict):
        return None
    return {
        "id": _string(value.get("id")),
        "name": text(value.get("name")),
        "url": _string(value.get("url")),
        "image": _image(value.get("image"), said),
    }


def _achievement(value: JsonObject, said: Things) -> JsonObject:
    criteria = said.of(value.get("criteria"))
    criteria = criteria if isinstance(criteria, dict) else {}
    return {
        "id": _string(value.get("id")),
        "name": text(value.get("name")),
        "description": text(value.get("description")),
        "achievement_type": _string(value.get("achievementType")),
        "criteria": {"id": _string(criteria.get("id")), "narrative": text(criteria.get("narrative"))},
        "image": _image(value.get("image"), said),
        "tags": _texts(value.get("tag")),
        "alignments": [_alignment(one) for one in said.each(value.get("alignment"))],
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


def _results(subject: JsonObject, achievement: JsonObject, said: Things) -> list[JsonObject]:
    descriptions: dict[str, JsonObject] = {}
    levels: dict[str, str | None] = {}
    for one in said.each(achievement.get("resultDescription")):
        name = _string(one.get("id"))
        if name is not None:
            descriptions[name] = one
        for level in said.each(one.get("rubricCriterionLevel")):
            named = _string(level.get("id"))
            if named is not None:
                levels[named] = text(level.get("name"))
    return [_result(one, descriptions, levels) for one in said.each(subject.get("result"))]


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
