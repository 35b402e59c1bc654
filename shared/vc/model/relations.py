"""Rules of the data model that look at more than one property."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.vc.dates import parse_date_time
from shared.vc.strict_json import JsonObject

from .findings import Finding, at

Relation = Callable[[JsonObject, str], Iterator[Finding]]


def relation_of(name: str) -> Relation | None:
    """The faults there can be between the properties of one object of the class `name`, given its pointer."""
    return _RULES.get(name.partition("/")[0])


def _credential(value: JsonObject, pointer: str) -> Iterator[Finding]:
    yield from _period(value, "validFrom", "validUntil", pointer)
    yield from _period(value, "issuanceDate", "expirationDate", pointer)


def _plain_credential(value: JsonObject, pointer: str) -> Iterator[Finding]:
    yield from _credential(value, pointer)
    resources = _objects(value.get("relatedResource"))
    named = [one["id"] for one in resources if isinstance(one.get("id"), str)]
    if len(set(named)) < len(named):  # VCDM 2.0, 5.3
        reason = "Two related resources have the same `id`."
        yield Finding(at(pointer, "relatedResource"), "model.malformed_value", reason)


def _claims(value: JsonObject, pointer: str) -> Iterator[Finding]:
    if not value:  # VCDM 2.0, 4.8: each subject has one or more properties
        yield Finding(pointer, "model.null_or_empty", "Nothing is said of the subject.")


def _related(value: JsonObject, pointer: str) -> Iterator[Finding]:
    if "digestSRI" not in value and "digestMultibase" not in value:
        yield Finding(pointer, "model.missing", "A related resource needs `digestSRI` or `digestMultibase`.")


def _period(value: JsonObject, start: str, end: str, pointer: str) -> Iterator[Finding]:
    if end not in value:
        return
    first, last = parse_date_time(value.get(start)), parse_date_time(value[end])
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
    descriptions = _descriptions(achievement)
    results = value.get("result")
    listed = isinstance(results, list)
    for index, result in enumerate(results if isinstance(results, list) else [results]):
        if isinstance(result, dict):
            where = at(pointer, "result", index) if listed else at(pointer, "result")
            yield from _result(result, descriptions, where)


@dataclass(frozen=True, slots=True)
class _Description:
    """What a result description allows, read once: many results may refer to it."""

    is_status: bool
    levels: frozenset[str]
    allowed: frozenset[str]
    lowest: float | None
    highest: float | None


def _descriptions(achievement: JsonObject) -> dict[str, _Description]:
    return {
        one["id"]: _Description(
            is_status=one.get("resultType") == "Status",
            levels=_texts(level.get("id") for level in _objects(one.get("rubricCriterionLevel"))),
            allowed=_texts(_several(one.get("allowedValue"))),
            lowest=_number(one.get("valueMin")),
            highest=_number(one.get("valueMax")),
        )
        for one in _objects(achievement.get("resultDescription"))
        if isinstance(one.get("id"), str)
    }


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(one for one in values if isinstance(one, str))


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _objects(value: object) -> list[JsonObject]:
    return [one for one in _several(value) if isinstance(one, dict)]


def _result(result: JsonObject, descriptions: Mapping[str, _Description], pointer: str) -> Iterator[Finding]:
    reference = result.get("resultDescription")
    if not isinstance(reference, str):
        return
    description = descriptions.get(reference)
    if description is None:
        reason = "The result refers to a result description that the achievement does not have."
        yield Finding(at(pointer, "resultDescription"), "model.result_unknown", reason, "warning")
        return
    if description.is_status and "status" not in result:
        reason = "A result of the type Status needs a `status`."
        yield Finding(at(pointer, "status"), "model.missing", reason)
    achieved = result.get("achievedLevel")
    if isinstance(achieved, str) and achieved not in description.levels:
        reason = "The level achieved is none of the levels that the result description lists."
        yield Finding(at(pointer, "achievedLevel"), "model.result_unknown", reason, "warning")
    problem = _range(result.get("value"), description)
    if problem is not None:
        yield Finding(at(pointer, "value"), "model.result_out_of_range", problem, "warning")


def _range(value: object, description: _Description) -> str | None:
    # The value itself stays out of the sentence: it is about a person.
    if not isinstance(value, str):
        return None
    if description.allowed and value not in description.allowed:
        return "The result is not among the allowed values."
    number, lowest, highest = _number(value), description.lowest, description.highest
    if number is None:
        ranged = lowest is not None and highest is not None
        return "The result is not a number, yet its description gives a range." if ranged else None
    if (lowest is not None and number < lowest) or (highest is not None and number > highest):
        return "The result lies outside the range that its description gives."
    return None


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


_RULES: Mapping[str, Relation] = {
    "AchievementCredential": _credential,
    "EndorsementCredential": _credential,
    "VerifiableCredential": _plain_credential,
    "Claims": _claims,
    "RelatedResource": _related,
    "AchievementSubject": _subject,
    "Criteria": _criteria,
}
