"""Shares as the API shows them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

Pointer = Annotated[str, Field(max_length=1000, pattern=r"^/[^\x00]*$", examples=["/evidence/0"])]
Title = Annotated[str, Field(min_length=1, max_length=200, examples=["For my application"])]


class ShareIn(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credentials": ["4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"],
                    "title": "For my application",
                    "expires_at": "2026-12-31T23:59:59Z",
                }
            ]
        }
    )

    credentials: Annotated[
        list[Id], Field(min_length=1, max_length=100, description="Accepted badges, in the order shown.")
    ]
    reveal: Annotated[
        dict[Id, list[Pointer]],
        Field(
            default_factory=dict,
            max_length=100,
            description="For badges that are `selective`: which of their `claims` are shown, as JSON pointers, besides what "
            "has to be. Of one that is not named here, no more than that is shown.",
        ),
    ]
    title: Title | None = None
    expires_at: Moment | None = Field(
        default=None, description="Until when the link works; null: until it is closed."
    )
    public: bool = Field(default=False, description="Publish: search engines may list the page.")
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class SharedOut(Schema):
    position: int
    credential: Id
    revealed: list[str] | None = Field(
        default=None, description="What its holder chose to show; null for a badge that is shared whole."
    )


class ShareOut(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b1c2d3e4f5a69788796a5b4c3d2e1f0",
                    "url": "https://backpack.example.org/shares/00112233445566778899aabbccddeeff",
                    "title": "For my application",
                    "public": False,
                    "state": "closed",
                    "credentials": [
                        {
                            "position": 1,
                            "credential": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
                            "revealed": ["/evidence/0"],
                        }
                    ],
                    "consent": "0b1c2d3e4f5a69788796a5b4c3d2e1f0",
                    "views": 2,
                    "created_at": "2026-11-21T20:15:00Z",
                    "expires_at": "2026-12-31T23:59:59Z",
                    "closed_at": "2026-11-28T09:00:00Z",
                    "external_id": "my-1",
                    "metadata": {"for": "job"},
                }
            ]
        }
    )

    id: Id
    url: str = Field(description="The link; whoever has it sees the badges.")
    title: str | None
    public: bool
    state: Literal["open", "closed", "expired"]
    credentials: list[SharedOut]
    consent: Id
    views: int
    created_at: Moment
    expires_at: Moment | None
    closed_at: Moment | None
    external_id: ExternalId | None
    metadata: Metadata | None


class ViewOut(Schema):
    """How often a kind of client looked within one hour; who it was is not kept."""

    hour: Moment
    client: Literal["browser", "phone", "verifier", "robot", "program"]
    format: Literal["page", "list", "json", "jwt", "png", "svg"]
    count: int


class ViewList(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total": 2,
                    "items": [
                        {"hour": "2026-11-21T20:00:00Z", "client": "browser", "format": "page", "count": 2}
                    ],
                }
            ]
        }
    )

    total: int
    items: list[ViewOut]


class PublicBadge(Schema):
    """A badge as the list of a share names it."""

    url: str = Field(description="Where the badge itself is; by content negotiation.")
    credential: str | None
    name: str
    description: str | None
    issuer: str | None
    issuer_name: str | None
    status: Literal["valid", "suspended", "replaced", "revoked"]
    expired: bool
    valid_from: Moment | None
    valid_until: Moment | None
    proven: bool = Field(description="Whether the holder has proven to be the one it names.")
    media_types: list[str]


class PublicShare(Schema):
    """What a share of several badges answers to a program."""

    url: str
    title: str | None
    expires_at: Moment | None
    credentials: list[PublicBadge]
