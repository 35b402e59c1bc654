"""Held credentials as the API shows them."""

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

State = Literal["offered", "accepted", "declined"]
Status = Literal["valid", "suspended", "replaced", "revoked"]
Origin = Literal["delivered", "imported"]


EXAMPLE: Final[dict[str, Any]] = {
    "id": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
    "credential": "https://badges.example.org/credentials/3f9a1c5e7b2d4f6081a3c5e7f9b1d3e5",
    "name": "Laser cutter, safe use",
    "description": "Knows how to use the laser cutter without danger.",
    "issuer": {"id": "did:web:badges.example.org:issuers:7c0f", "name": "Harbour Makerspace"},
    "achievement": "https://badges.example.org/achievements/a4c6/v1",
    "achievement_type": "Competency",
    "state": "accepted",
    "hidden": False,
    "origin": "delivered",
    "proven": True,
    "status": {
        "status": "replaced",
        "at": "2026-11-21T20:15:00Z",
        "code": "corrected",
        "reason": "The level was wrong.",
        "replaced_by": "https://badges.example.org/credentials/00112233445566778899aabbccddeeff",
    },
    "expired": False,
    "valid_from": "2026-11-21T20:15:00Z",
    "valid_until": "2028-11-21T20:15:00Z",
    "format": "ob3-data-integrity",
    "container": "json",
    "media_type": "application/vc",
    "selective": True,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "verification": {"verdict": "accepted", "checked_at": "2026-11-21T20:15:00Z"},
    "received_at": "2026-11-21T20:15:00Z",
    "answered_at": "2026-11-21T20:15:00Z",
    "version": 1,
    "external_id": "my-1",
    "metadata": {"from": "home"},
}
"""A badge as it is listed."""


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

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

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
    selective: bool = Field(
        description="Whether its holder chooses which parts a share shows; the badge itself is then for her alone."
    )
    sha256: str = Field(description="Of the credential's exact text.")
    verification: VerificationOut
    received_at: Moment
    answered_at: Moment | None
    version: int
    external_id: ExternalId | None
    metadata: Metadata | None


class ClaimOut(Schema):
    """Something that the holder of a selective badge may show in a share or keep back."""

    pointer: str = Field(description="JSON pointer into the badge, as `reveal` of a share takes it.")
    name: str
    value: str | None = Field(description="A few words of what it says.")


class CredentialDetail(CredentialOut):
    """One badge, with what it says and its newest verification report."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **EXAMPLE,
                    "picture": "image/png",
                    "claims": [{"pointer": "/evidence/0", "name": "Evidence 1", "value": "The report"}],
                    "says": {"type": ["VerifiableCredential"]},
                    "report": {},
                }
            ]
        }
    )

    picture: str | None = Field(
        description="The media type of the badge's picture; PNG and SVG can carry the badge."
    )
    claims: list[ClaimOut] = Field(
        description="Of a selective badge: what a share may show or keep back. All else is always shown."
    )
    says: dict[str, Any] | None = Field(description="The badge as parsed, or null for one that is no JSON.")
    report: dict[str, Any]
