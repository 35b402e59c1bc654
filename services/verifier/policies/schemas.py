"""What the API takes and shows of policies."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.http.schemas import Id, Moment, Schema

PolicyName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64),
    Field(examples=["known-schools-only"]),
]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
YEAR_SECONDS = 366 * 86_400


class PolicyRules(Schema):
    """What has to hold beyond what always has to: form, contexts, structure, proof, key, status and validity."""

    require_recognition: bool = Field(default=False, description="Somebody has to vouch for the issuer.")
    trusted_recognisers: list[Identifier] = Field(
        default=[],
        max_length=1000,
        description="Whose recognition counts: organisation ids, or URLs of recognisers or registries; empty: anybody's.",
    )
    allowed_issuers: list[Identifier] = Field(
        default=[], max_length=1000, description="Ids of the only issuers accepted; empty: any."
    )
    allowed_achievements: list[Identifier] = Field(
        default=[], max_length=1000, description="Ids of the only achievements accepted; empty: any."
    )
    require_recipient: bool = Field(default=False, description="The badge has to be the applicant's.")
    max_status_age_seconds: int | None = Field(
        default=None,
        ge=0,
        le=YEAR_SECONDS,
        description="A copy of the status list older than this decides nothing.",
    )
    undetermined_if_unsure: bool = Field(
        default=False,
        description="Any check that could not be carried out keeps the badge from being accepted.",
    )
    refresh: bool = Field(
        default=True, description="Ask once for a newer version where the badge offers one."
    )


class PolicyIn(PolicyRules):
    """A policy to be kept under a name."""

    name: PolicyName
    description: Annotated[str, StringConstraints(max_length=1_000)] | None = Field(
        default=None, examples=["Only badges of schools that the ministry recognises."]
    )


class PolicyOut(PolicyIn):
    """A policy. Built-in ones have no id and cannot be changed."""

    id: Id | None
    built_in: bool
    version: int
    created_at: Moment | None = None
    created_by: str | None = None
    changed_at: Moment | None = None
    changed_by: str | None = None
