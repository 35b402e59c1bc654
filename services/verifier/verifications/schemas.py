"""What the API takes and shows of verifications. The item and the report are final public shapes."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from services.verifier.policies.schemas import PolicyName, PolicyRules
from shared.http.schemas import ExternalId, Metadata, Schema

MAX_ITEMS = 1_000


class Applicant(Schema):
    """What is known of the person who handed the credential in. Compared with the credential, then forgotten."""

    email: (
        Annotated[str, StringConstraints(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")] | None
    ) = Field(default=None, examples=["mira@example.org"])
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, examples=["Mira Tanaka"]
    )
    did: Annotated[str, StringConstraints(pattern=r"^did:[a-z0-9]+:\S+$", max_length=2048)] | None = Field(
        default=None, examples=["did:key:z6MktULudTtAsAhRegYPiZ6631RV3viv12qd4GQF8z1xB22S"]
    )


class Item(Schema):
    """One thing to verify: exactly one of `credential`, `url` and `file`."""

    credential: dict[str, Any] | str | None = Field(
        default=None, description="The credential as a JSON object, or as text: its JSON, or a compact JWT."
    )
    url: Annotated[str, StringConstraints(min_length=8, max_length=2048)] | None = Field(
        default=None,
        description="Where the credential, the baked image or the share is.",
        examples=["https://backpack.example/shares/uT3p0c6vY1"],
    )
    file: str | None = Field(default=None, description="The file (JSON, JWT, baked PNG or SVG) in Base64.")
    applicant: Applicant | None = None
    policy: PolicyName | PolicyRules | None = Field(
        default=None, description="The name of a built-in or own policy, or the rules themselves."
    )
    external_id: ExternalId | None = Field(default=None, description="Yours; comes back with the report.")
    metadata: Metadata | None = Field(default=None, description="Yours; comes back with the report.")

    @model_validator(mode="after")
    def _one_source(self) -> "Item":
        given = [name for name in ("credential", "url", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("exactly one of credential, url and file must be given")
        return self


class Batch(Schema):
    """Up to 1,000 items. An item that cannot be used gets a report that says so; it does not hold up the others."""

    items: list[Any] = Field(
        min_length=1,
        max_length=MAX_ITEMS,
        description="Each an item as for a single verification.",
        # Read one by one, so that a wrong one does not refuse the others.
        json_schema_extra={"items": {"$ref": "#/components/schemas/Item"}},
    )
    policy: PolicyName | PolicyRules | None = Field(
        default=None, description="For every item that names none itself."
    )
    external_id: ExternalId | None = Field(default=None, description="Of the job, when one is asked for.")
    metadata: Metadata | None = Field(default=None, description="Of the job, when one is asked for.")


Verdict = Literal["accepted", "rejected", "undetermined"]
Match = Literal["matched", "not_matched", "cannot_tell"]


class CheckOut(Schema):
    """One thing that was checked."""

    check: Literal[
        "format", "context", "model", "schema", "subject", "proof", "key", "status", "validity", "recognition",
        "recipient", "embedded", "endorsement", "refresh", "policy",
    ]  # fmt: skip
    outcome: Literal["passed", "failed", "inconclusive", "skipped"]
    code: str = Field(description="Stable, for programs.", examples=["proof.valid"])
    reason: str = Field(description="A sentence for people.")
    pointer: str | None = Field(default=None, description="JSON pointer to the place in the credential.")
    details: dict[str, Any] | None = None


class ImageOut(Schema):
    id: str
    caption: str | None


class ProfileOut(Schema):
    """Somebody as the credential describes them; of the issuer, only `id` is bound to the key of the signature."""

    id: str | None
    name: str | None
    url: str | None
    image: ImageOut | None


class CriteriaOut(Schema):
    id: str | None
    narrative: str | None


class AlignmentOut(Schema):
    name: str | None
    url: str | None
    framework: str | None
    code: str | None
    type: str | None


class AchievementOut(Schema):
    """What was achieved."""

    id: str | None
    name: str | None
    description: str | None
    achievement_type: str | None
    criteria: CriteriaOut
    image: ImageOut | None
    tags: list[str]
    alignments: list[AlignmentOut]
    language: str | None
    version: str | None
    human_code: str | None
    field_of_study: str | None
    specialization: str | None
    credits_available: float | None


class SubjectOut(Schema):
    """What is said of the learner, without the identifiers."""

    id: str | None
    role: str | None
    term: str | None
    narrative: str | None
    license_number: str | None
    credits_earned: float | None
    activity_start: str | None
    activity_end: str | None


class ResultOut(Schema):
    name: str | None
    type: str | None
    value: str | None
    status: str | None
    level: str | None


class EvidenceOut(Schema):
    id: str | None
    name: str | None
    description: str | None
    narrative: str | None
    genre: str | None
    digest: str | None


class CredentialOut(Schema):
    """What the credential says, whether or not it is to be believed: never show it without the verdict."""

    id: str | None
    types: list[str]
    name: str | None
    description: str | None
    image: ImageOut | None
    issuer: ProfileOut | None
    achievement: AchievementOut | None
    creator: ProfileOut | None
    subject: SubjectOut
    valid_from: str | None
    valid_until: str | None
    awarded_at: str | None
    results: list[ResultOut]
    evidence: list[EvidenceOut]


class RecognitionOut(Schema):
    """Somebody who vouches for the issuer."""

    recogniser: dict[str, Any]
    issuer: str
    scope: dict[str, Any] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    reason: str | None = None
    registry: str
    checked_at: str


class RecipientOut(Schema):
    """How the applicant compares with the credential."""

    email: Match | None = None
    name: Match | None = None
    did: Match | None = None


class FetchedOut(Schema):
    """A document that the verdict rests on."""

    url: str
    fetched_at: str
    age_seconds: int
    sha256: str
    stale: bool = Field(description="It could not be renewed: an older copy was used.")


class ReportOut(Schema):
    """What was found, check by check, and the verdict under the policy."""

    id: str
    verified_at: str
    verdict: Verdict
    summary: str
    format: str | None
    container: Literal["json", "jwt", "png", "svg"] | None
    digest: str | None = Field(description="SHA-256 of what was verified: `sha256-…`.")
    checks: list[CheckOut]
    credential: CredentialOut | None
    recognitions: list[RecognitionOut]
    recipient: RecipientOut | None
    policy: dict[str, Any]
    fetched: list[FetchedOut]
    external_id: str | None = None
    metadata: dict[str, Any] | None = None


class ReportsOut(Schema):
    """One report for each item, in the order of the items."""

    reports: list[ReportOut]
