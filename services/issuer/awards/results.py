"""Results of an award, held against the achievement's result descriptions and rubric levels (decision 10)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from services.issuer.achievements.store import Rubric
from services.issuer.errors import InvalidResult
from shared.http.problems import FieldError

_MOST_RESULTS = 200


def checked(given: Any, rubrics: Sequence[Rubric], version_uri: str) -> list[dict[str, Any]]:
    """The results as they will stand in the credential, ids absolute. Raises InvalidResult, naming each fault."""
    if (
        not isinstance(given, list)
        or len(given) > _MOST_RESULTS
        or not all(isinstance(r, dict) for r in given)
    ):
        raise InvalidResult(f"`result` is a list of up to {_MOST_RESULTS} Open Badges Results.")
    by_uri = {rubric.description.uri: rubric for rubric in rubrics}
    results = [_absolute(result, version_uri) for result in given]
    errors = [error for number, result in enumerate(results) for error in _faults(result, by_uri, number)]
    if errors:
        raise InvalidResult("Correct the results that `errors` names.", errors=errors)
    return results


def _absolute(result: dict[str, Any], uri: str) -> dict[str, Any]:
    whole = {"type": ["Result"], **result}
    for name in ("resultDescription", "achievedLevel"):
        value = whole.get(name)
        if isinstance(value, str) and value.startswith("#"):
            whole[name] = uri + value
    return whole


def _faults(result: dict[str, Any], by_uri: dict[str, Rubric], number: int) -> Iterator[FieldError]:
    where = f"/subject/result/{number}"
    described = result.get("resultDescription")
    if described is None:
        if "achievedLevel" in result:
            yield FieldError(f"{where}/resultDescription", "is needed where a level is given")
        return
    rubric = by_uri.get(described) if isinstance(described, str) else None
    if rubric is None:
        yield FieldError(f"{where}/resultDescription", "is none of this achievement's result descriptions")
        return
    yield from _level_faults(result, rubric, where)
    yield from _value_faults(result, rubric, where)
    # OB 3.0, Result.status: required if the linked description's resultType is Status.
    if rubric.description.result_type == "Status" and "status" not in result:
        yield FieldError(f"{where}/status", "is needed: this result is a status")


def _level_faults(result: dict[str, Any], rubric: Rubric, where: str) -> Iterator[FieldError]:
    level = result.get("achievedLevel")
    if level is not None and level not in {each.uri for each in rubric.levels}:
        yield FieldError(f"{where}/achievedLevel", f"is none of the levels of {rubric.description.name!r}")
    if level is None and rubric.levels and "value" not in result:
        yield FieldError(f"{where}/achievedLevel", "is needed: this result has rubric levels")


def _value_faults(result: dict[str, Any], rubric: Rubric, where: str) -> Iterator[FieldError]:
    value = result.get("value")
    if value is None:
        return
    described = rubric.description
    if not isinstance(value, str):
        yield FieldError(f"{where}/value", "is a text, also where it is a number")
        return
    if described.allowed_values is not None and value not in described.allowed_values:
        yield FieldError(
            f"{where}/value", f"is none of the allowed values {', '.join(described.allowed_values)}"
        )
    least, greatest = _number(described.value_min), _number(described.value_max)
    if least is None and greatest is None:
        return
    number = _number(value)
    if number is None:
        yield FieldError(f"{where}/value", "is no number, though the result has a range")
    elif (least is not None and number < least) or (greatest is not None and number > greatest):
        yield FieldError(
            f"{where}/value",
            f"is outside of the range {described.value_min or '…'} to {described.value_max or '…'}",
        )


def _number(text: str | None) -> Decimal | None:
    """None for what is no finite number."""
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
