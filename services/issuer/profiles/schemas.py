"""What the API takes and shows of issuer profiles."""

from typing import Annotated, Any, Literal

from pydantic import Field

from services.issuer.keys.formats import DEFAULT, ProofFormatField
from services.issuer.keys.schemas import KeyOut
from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

_EXAMPLE = {
    "name": "Riverside College",
    "url": "https://riverside.example",
    "description": "A college by the river.",
    "email": "badges@riverside.example",
}
ProfileObject = Annotated[
    dict[str, Any],
    Field(
        description="An Open Badges 3.0 Profile: any of its properties except `id` and `type`, which are given here.",
        examples=[_EXAMPLE],
    ),
]


class ProfileIn(Schema):
    """A new issuer profile."""

    profile: ProfileObject
    proof_format: ProofFormatField = DEFAULT
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class ProfileChange(Schema):
    """The whole Profile anew; what is left out of the envelope stays as it is."""

    profile: ProfileObject
    proof_format: ProofFormatField | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class CloseIn(Schema):
    """Why a profile is closed."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class ProfileOut(Schema):
    """An issuer profile as its organisation sees it."""

    id: Id
    did: Annotated[str, Field(examples=["did:web:localhost%3A8001:issuers:4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"])]
    url: Annotated[str, Field(description="The public page and Profile document.")]
    organisation: str
    state: Literal["active", "closed"]
    profile: ProfileObject
    proof_format: ProofFormatField
    key: Annotated[KeyOut, Field(description="The key that signs now in that format.")]
    test: bool
    closed_at: Moment | None = None
    closed_reason: str | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None
    created_at: Moment
    created_by: str
    updated_at: Moment
