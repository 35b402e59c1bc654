"""ETag and If-Match (RFC 9110 §8.8.3, §13.1.1): no change lands on a version its author has not seen."""

import re
from typing import Annotated

from fastapi import Depends, Header

from shared.http.problems import FieldError, InvalidRequest, PreconditionFailed, PreconditionRequired

_ETAG = re.compile(r'"v(\d{1,18})"')


def etag(version: int) -> str:
    """The strong entity tag of a resource at this version."""
    return f'"v{version}"'


class Precondition:
    """What the caller last saw of the resource: `check` it against the row, inside the transaction."""

    def __init__(self, versions: frozenset[int] | None) -> None:
        self._versions = versions  # None: any version (`*`)

    def check(self, version: int) -> None:
        """Raises PreconditionFailed if the resource is at a version the caller has not seen."""
        if self._versions is not None and version not in self._versions:
            raise PreconditionFailed(
                "Read the resource again: it has changed since you last saw it.",
                headers={"ETag": etag(version)},
            )


def _precondition(
    if_match: Annotated[
        str | None, Header(max_length=1_000, description="The `ETag` last read.", examples=['"v3"'])
    ] = None,
) -> Precondition:
    if if_match is None:
        raise PreconditionRequired("Send If-Match with the ETag you last read of this resource.")
    if if_match.strip() == "*":
        return Precondition(None)
    # A weak or foreign tag never matches strongly (RFC 9110 §8.8.3.2): it stays out of the set.
    tags = [tag.strip() for tag in if_match.split(",")]
    if not all(re.fullmatch(r'(W/)?"[\x21\x23-\x7e]*"', tag) for tag in tags):
        raise InvalidRequest(
            'If-Match must be entity tags in double quotes, such as "v3".',
            errors=[FieldError("If-Match", "not a list of entity tags")],
        )
    return Precondition(frozenset(int(match[1]) for tag in tags if (match := _ETAG.fullmatch(tag))))


IfMatch = Annotated[Precondition, Depends(_precondition)]
"""Endpoint parameter: requires the header (428 without it) and gives the Precondition to check."""


def not_modified(if_none_match: str | None, current: str) -> bool:
    """Whether a GET may be answered 304 (RFC 9110 §13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or current.removeprefix("W/") in tags
