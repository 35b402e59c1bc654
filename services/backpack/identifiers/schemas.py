"""Identifiers as the API shows them."""

from typing import Annotated, Literal

from pydantic import Field

from shared.http.schemas import Id, Moment, Schema

IdentityType = Literal[
    "emailAddress",
    "did",
    "name",
    "sourcedId",
    "systemId",
    "productId",
    "userName",
    "accountId",
    "nationalIdentityNumber",
    "lisSourcedId",
    "oneRosterSourcedId",
    "sisSourcedId",
    "ltiUserId",
    "identifier",
]
"""The identity types of Open Badges 3.0 that name people, and `did`."""

Token = Annotated[str, Field(min_length=20, max_length=200, description="From the mail.")]


class IdentifierIn(Schema):
    type: IdentityType = "emailAddress"
    value: Annotated[str, Field(min_length=1, max_length=1000, examples=["ada@example.org"])]


class IdentifierOut(Schema):
    id: Id
    type: str
    value: str
    verified: bool = Field(
        description="Only verified identifiers bring badges. E-mail addresses are verified by mail."
    )
    verified_at: Moment | None
    created_at: Moment


class IdentifierList(Schema):
    items: list[IdentifierOut]


class Confirmation(Schema):
    token: Token


class ConfirmedOut(Schema):
    identifier: IdentifierOut
    offered: int = Field(
        description="How many badges were waiting for this identifier; they are in the list now."
    )
