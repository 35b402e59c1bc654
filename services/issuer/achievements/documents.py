"""The Open Badges Achievement of one version, made from what its owner wrote, and the rows of its rubric."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.issuer.achievements.store import AchievementVersion, ResultDescription, RubricLevel
from services.issuer.errors import InvalidAchievement
from services.issuer.linting import refuse_keywords, without_nothing
from services.issuer.profiles.store import Profile
from shared.db import new_id
from shared.http.problems import FieldError

_MOST_RESULTS = 100


@dataclass(frozen=True)
class Picture:
    """The image of a version: where it is, and what it shows in words."""

    url: str
    caption: str


def achievement_url(public_url: str, achievement_id: str) -> str:
    return f"{public_url}/achievements/{achievement_id}"


def version_url(public_url: str, achievement_id: str, number: int) -> str:
    """The permanent id of a version."""
    return f"{achievement_url(public_url, achievement_id)}/v{number}"


def checked_draft(given: dict[str, Any]) -> dict[str, Any]:
    """What the owner wrote, without nulls and empty arrays. Raises InvalidAchievement for what is given here."""
    if "id" in given:
        raise InvalidAchievement(
            "Leave the id out: each version gets a permanent one.",
            errors=[FieldError("/achievement/id", "is given by the issuer")],
        )
    refuse_keywords(given, "/achievement", InvalidAchievement)
    draft: dict[str, Any] = without_nothing(given)
    if len(draft.get("resultDescription", [])) > _MOST_RESULTS:
        raise InvalidAchievement(f"An achievement takes up to {_MOST_RESULTS} result descriptions.")
    return draft


def document(
    draft: dict[str, Any], *, uri: str, number: int, profile: Profile, picture: Picture
) -> dict[str, Any]:
    """The Achievement as it will stand in credentials.

    Filled in where the owner wrote nothing: creator, version, image, and the ids of result descriptions and levels.
    Ids that begin with `#` become absolute under the version's own id.
    """
    whole: dict[str, Any] = {"id": uri, "type": ["Achievement"], **draft}
    whole.setdefault("creator", {"id": profile.did, "type": ["Profile"], "name": profile.document["name"]})
    whole.setdefault("version", str(number))
    whole.setdefault("image", {"id": picture.url, "type": "Image", "caption": picture.caption})
    if isinstance(draft.get("resultDescription"), list):
        whole["resultDescription"] = [
            _result_description(each, uri, position)
            for position, each in enumerate(draft["resultDescription"], start=1)
        ]
    return whole


def _result_description(given: Any, uri: str, position: int) -> Any:
    if not isinstance(given, dict):
        return given  # the lint says what is wrong with it
    whole = {**given, "id": _absolute(given.get("id", f"#result-{position}"), uri)}
    whole.setdefault("type", ["ResultDescription"])
    if isinstance(given.get("rubricCriterionLevel"), list):
        whole["rubricCriterionLevel"] = [
            _level(each, uri, f"#result-{position}-level-{number}")
            for number, each in enumerate(given["rubricCriterionLevel"], start=1)
        ]
    if "requiredLevel" in given:
        whole["requiredLevel"] = _absolute(given["requiredLevel"], uri)
    return whole


def _level(given: Any, uri: str, fallback: str) -> Any:
    if not isinstance(given, dict):
        return given
    whole = {**given, "id": _absolute(given.get("id", fallback), uri)}
    whole.setdefault("type", ["RubricCriterionLevel"])
    return whole


def _absolute(value: Any, uri: str) -> Any:
    return uri + value if isinstance(value, str) and value.startswith("#") else value


def check_rubric(whole: dict[str, Any]) -> None:
    """What the model alone cannot say of a rubric: ids are unique, a required level exists. Raises InvalidAchievement."""
    errors = list(_rubric_errors(whole.get("resultDescription", [])))
    if errors:
        raise InvalidAchievement("Correct the result descriptions that `errors` names.", errors=errors)


def _rubric_errors(descriptions: list[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, description in enumerate(descriptions):
        where = f"/achievement/resultDescription/{number}"
        levels = [level["id"] for level in description.get("rubricCriterionLevel", [])]
        for uri in (description["id"], *levels):
            if uri in seen:
                yield FieldError(where, f"the id {uri} stands twice in this achievement")
            seen.add(uri)
        required = description.get("requiredLevel")
        if required is not None and required not in levels:
            yield FieldError(f"{where}/requiredLevel", "is none of this result's levels")
        allowed = description.get("allowedValue")
        value = description.get("requiredValue")
        if value is not None and allowed is not None and value not in allowed:
            yield FieldError(f"{where}/requiredValue", "is none of the allowed values")


def rubric_rows(version: AchievementVersion) -> Iterator[ResultDescription | RubricLevel]:
    """The rows that awards are checked against, each description before its levels."""
    for position, description in enumerate(version.document.get("resultDescription", [])):
        row_id = new_id()
        yield ResultDescription(
            id=row_id,
            achievement_id=version.achievement_id,
            number=version.number,
            position=position,
            uri=description["id"],
            name=description["name"],
            result_type=description["resultType"],
            allowed_values=description.get("allowedValue"),
            required_level=description.get("requiredLevel"),
            required_value=description.get("requiredValue"),
            value_min=description.get("valueMin"),
            value_max=description.get("valueMax"),
        )
        for place, level in enumerate(description.get("rubricCriterionLevel", [])):
            yield RubricLevel(
                id=new_id(),
                result_description_id=row_id,
                position=place,
                uri=level["id"],
                name=level["name"],
                level=level.get("level"),
                points=level.get("points"),
            )
