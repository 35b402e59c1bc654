"""Rules of the data model that look at more than one property."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.vc.dates import parse_date_time
from shared.vc.strict_json import JsonObject

from .findings import Finding, at


def relation_findings(value: JsonObject, name: str, pointer: str) -> Iterator[Finding]:
    """Faults between the properties of one object of the class `name`."""
    rule = _RULES.get(name.partition("/")[0])
    if rule is not None:
        yield from rule(value, pointer)


def _credential(value: JsonObject, pointer: str) -> Iterator[Finding]:
    yield from _period(value, "validFrom", "validUntil", pointer)
    yield from _period(value, "issuanceDate", "expirationDate", pointer)


def _period(value: JsonObject, start: str, end: str, pointer: str) -> Iterator[Finding]:
    first, last = parse_date_time(value.get(start)), parse_date_time(value.get(end))
    if first is not None and last is not None and last < first:
        reason = f"`{end}` lies before `{start}`."
        yield Finding(at(pointer, end), "model.dates_reversed", reason)


def _subject(value: JsonObject, pointer: str) -> Iterator[Finding]:
    if not value.get("id") and not value.get("identifier"):
        reason = "The subject has neither an `id` nor an `identifier`: nobody can tell whose badge it is."
        yield Finding(pointer, "subject.unidentified", reason)
    yield from _period(value, "activityStartDate", "activityEndDate", pointer)
    achievement = value.get("achievement")
    if not isinstance(achievement, dict):
        return
    descriptions = {
        one["id"]: one
        for one in _objects(achievement.get("resultDescription"))
        if isinstance(one.get("id"), str)
    }
    results = value.get("result")
    listed = isinstance(results, list)
    for index, result in enumerate(results if isinstance(results, list) else [results]):
        if isinstance(result, dict):
            where = at(pointer, "result", index) if listed else at(pointer, "result")
            yield from _result(result, descriptions, where)


def _objects(value: object) -> list[JsonObject]:
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, dict)]


def _result(result: JsonObject, descriptions: Mapping[str, JsonObject], pointer: str) -> Iterator[Finding]:
    reference = result.get("resultDescription")
    if not isinstance(reference, str):
        return
    description = descriptions.get(reference)
    if description is None:
        reason = "The result refers to a result description that the achievement does not have."
        yield Finding(at(pointer, "resultDescription"), "model.result_unknown", reason, "warning")
        return
    if description.get("resultType") == "Status" and "status" not in result:
        reason = "A result of the type Status needs a `status`."
        yield Finding(at(pointer, "status"), "model.missing", reason)
    yield from _level(result, description, pointer)
    yield from _range(result, description, pointer)


def _level(result: JsonObject, description: JsonObject, pointer: str) -> Iterator[Finding]:
    achieved = result.get("achievedLevel")
    levels = {one.get("id") for one in _objects(description.get("rubricCriterionLevel"))}
    if isinstance(achieved, str) and achieved not in levels:
        reason = "The level achieved is none of the levels that the result description lists."
        yield Finding(at(pointer, "achievedLevel"), "model.result_unknown", reason, "warning")


def _range(result: JsonObject, description: JsonObject, pointer: str) -> Iterator[Finding]:
    value = result.get("value")
    if not isinstance(value, str):
        return
    where = at(pointer, "value")
    allowed = description.get("allowedValue")
    if isinstance(allowed, list) and allowed and value not in allowed:
        reason = f"The result {value!r} is not among the allowed values."
        yield Finding(where, "model.result_out_of_range", reason, "warning")
    number = _number(value)
    lowest, highest = _number(description.get("valueMin")), _number(description.get("valueMax"))
    if number is None:
        if lowest is not None and highest is not None:
            reason = f"The result {value!r} is not a number, yet its description gives a range."
            yield Finding(where, "model.result_out_of_range", reason, "warning")
        return
    if (lowest is not None and number < lowest) or (highest is not None and number > highest):
        reason = f"The result {value!r} lies outside the range that its description gives."
        yield Finding(where, "model.result_out_of_range", reason, "warning")


def _number(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _criteria(value: JsonObject, pointer: str) -> Iterator[Finding]:
    if not value.get("id") and not value.get("narrative"):
        reason = "The criteria have neither an `id` nor a `narrative`: nobody can tell what it took."
        yield Finding(pointer, "model.criteria_empty", reason)


_RULES: Mapping[str, Callable[[JsonObject, str], Iterator[Finding]]] = {
    "AchievementCredential": _credential,
    "EndorsementCredential": _credential,
    "VerifiableCredential": _credential,
    "AchievementSubject": _subject,
    "Criteria": _criteria,
}
