"""Held credentials as the API shows them."""

from typing import Any, Literal

from pydantic import Field

from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

State = Literal["offered", "accepted", "declined"]
Status = Literal["valid", "suspended", "replaced", "revoked"]
Origin = Literal["delivered", "imported"]


class IssuerOut(Schema):
    id: str | None = Field(description="The issuer's DID or URL.")
    name: str | None = Field(
        description="As the badge says; whether anybody vouches for it is the verifier's matter."
    )


class StatusOut(Schema):
    status: Status
    at: Moment | None
    code: str | None
    reason: str | None = Field(description="The issuer's words to the holder; nobody else is shown them.")
    replaced_by: str | None


class VerificationOut(Schema):
    verdict: Literal["accepted", "rejected", "undetermined"]
    checked_at: Moment


class CredentialOut(Schema):
    """A badge in the list."""

    id: Id
    credential: str | None = Field(description="The badge's own id.")
    name: str
    description: str | None
    issuer: IssuerOut
    achievement: str | None
    achievement_type: str | None
    state: State
    hidden: bool
    origin: Origin
    proven: bool = Field(
        description="Whether it names an identifier that this learner has proven to be hers."
    )
    status: StatusOut
    expired: bool
    valid_from: Moment | None
    valid_until: Moment | None
    format: str
    container: Literal["json", "jwt", "png", "svg"]
    media_type: str
    sha256: str = Field(description="Of the credential's exact text.")
    verification: VerificationOut
    received_at: Moment
    answered_at: Moment | None
    version: int
    external_id: ExternalId | None
    metadata: Metadata | None


class CredentialDetail(CredentialOut):
    """One badge, with what it says and its newest verification report."""

    picture: str | None = Field(
        description="The media type of the badge's picture; PNG and SVG can carry the badge."
    )
    says: dict[str, Any] | None = Field(description="The badge as parsed, or null for one that is no JSON.")
    report: dict[str, Any]
