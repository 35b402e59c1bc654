"""Identifiers as the API shows them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

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
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "emailAddress", "value": "ada@example.org"}]}
    )

    type: IdentityType = "emailAddress"
    value: Annotated[str, Field(min_length=1, max_length=1000, examples=["ada@example.org"])]


class IdentifierOut(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
                    "type": "emailAddress",
                    "value": "ada@example.org",
                    "verified": True,
                    "verified_at": "2026-11-21T20:15:00Z",
                    "created_at": "2026-11-21T20:15:00Z",
                }
            ]
        }
    )

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
    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "Zk3…from-the-mail…9Qw"}]})

    token: Token


class ConfirmedOut(Schema):
    identifier: IdentifierOut
    offered: int = Field(
        description="How many badges were waiting for this identifier; they are in the list now."
    )
