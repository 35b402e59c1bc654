"""What the API takes and shows of awards."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from services.issuer.keys.formats import ProofFormat, ProofFormatField
from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

Code = Literal[
    "unspecified",
    "issued-in-error",
    "evidence-withdrawn",
    "misconduct",
    "no-longer-meets-criteria",
    "superseded",
    "holder-request",
    "other",
]
"""Why an award was revoked or suspended, as the public may know it."""
State = Literal["issued", "suspended", "revoked", "replaced"]
Delivery = Literal["pending", "stored", "accepted", "declined", "removed"]
Origin = Literal["direct", "bulk", "application", "claim", "pathway", "event"]
Action = Literal["revoke", "suspend", "reinstate"]
ACTIONS: tuple[Action, ...] = get_args(Action)

Reason = Annotated[
    str, Field(min_length=1, max_length=2000, description="In words, for the issuer and the holder only.")
]
_SUBJECT = {
    "result": [
        {
            "type": ["Result"],
            "resultDescription": "#analysis",
            "achievedLevel": "#exceeds",
            "value": "Clear and complete",
        }
    ],
    "activityStartDate": "2026-09-01T00:00:00Z",
}
_EVIDENCE = [{"evidence": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b", "narrative": "The final report."}]
SubjectObject = Annotated[
    dict[str, Any],
    Field(
        description="Properties of the Open Badges AchievementSubject: `result`, `narrative`, `role`, `term`, "
        "`creditsEarned`, `activityStartDate`, `activityEndDate`, `licenseNumber`, `source`, `image`. In results, "
        "`resultDescription` and `achievedLevel` may be given relative to the achievement (`#analysis`).",
        examples=[_SUBJECT],
    ),
]
EvidenceList = Annotated[
    list[dict[str, Any]],
    Field(
        max_length=50,
        description="`{evidence: id}` for evidence uploaded here (with further properties for this award), or an Open "
        "Badges Evidence with an address elsewhere and, where it can be told, its `digestSRI`.",
        examples=[_EVIDENCE],
    ),
]


class RecipientIn(Schema):
    """Whom it is awarded to."""

    type: Annotated[
        str,
        Field(
            pattern=r"^(did|[A-Za-z]{1,40}|ext:[A-Za-z0-9._-]{1,60})$",
            description="An Open Badges identity type, such as `emailAddress`, or `did`.",
            examples=["emailAddress"],
        ),
    ]
    identity: Annotated[str, Field(min_length=1, max_length=500, examples=["ada@learner.example"])]
    hashed: Annotated[
        bool, Field(description="Whether the badge carries a salted hash instead of the identity itself.")
    ] = True
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Ada Learner"])] | None = None


class _Terms(Schema):
    """What an award says beside its achievement and its recipient."""

    subject: SubjectObject = Field(default_factory=dict)
    evidence: EvidenceList = Field(default_factory=list)
    valid_from: Annotated[Moment | None, Field(description="Left out: now.")] = None
    valid_until: Moment | None = None
    awarded_date: Moment | None = None
    name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    description: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    public: Annotated[bool, Field(description="Whether anyone with its address may read the credential.")] = (
        False
    )
    proof_format: Annotated[
        ProofFormat | None,
        Field(
            description="How this badge is signed; left out: as the achievement or its profile says, or as what it replaces."
        ),
    ] = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "_Terms":
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("valid_until must be later than valid_from")
        return self


class AwardIn(_Terms):
    """An award to one recipient."""

    achievement: Annotated[Id, Field(description="A published achievement of your organisation.")]
    recipient: RecipientIn


class ReplaceIn(_Terms):
    """What the credential should say instead. Achievement and, unless given, recipient stay the same."""

    recipient: RecipientIn | None = None
    reason: Reason | None = None


class ChangeIn(Schema):
    """Why an award changes its state."""

    code: Annotated[Code, Field(description="Why, as the public may know it.")] = "unspecified"
    reason: Reason | None = None


class RecipientOut(Schema):
    """The recipient as given; empty once erased."""

    type: str
    identity: str | None = None
    hashed: bool
    name: str | None = None


class ChangeOut(Schema):
    """Something that happened to an award."""

    verb: Literal["revoked", "suspended", "reinstated", "replaced"]
    at: Moment
    actor: str
    code: Code | None = None
    reason: str | None = None


class AwardOut(Schema):
    """An award as its organisation sees it."""

    id: Id
    credential: Annotated[
        str,
        Field(
            description="The credential's id and address.",
            examples=["http://localhost:8001/credentials/4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"],
        ),
    ]
    achievement: Id
    achievement_version: Annotated[
        str, Field(description="The permanent id of the version that was awarded.")
    ]
    profile: Id
    state: State
    origin: Origin
    job: Id | None = None
    recipient: RecipientOut
    public: bool
    proof_format: ProofFormatField
    valid_from: Moment
    valid_until: Moment | None = None
    awarded_date: Moment | None = None
    claim_until: Moment | None = None
    code: Code | None = None
    reason: str | None = None
    delivery: Annotated[Delivery, Field(description="What the recipient's backpack last said.")]
    delivery_at: Moment | None = None
    replaces: Id | None = None
    replaced_by: Id | None = None
    erased_at: Moment | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None
    created_at: Moment
    created_by: str
    updated_at: Moment
    history: list[ChangeOut] = Field(default_factory=list, description="Given when one award is read.")


class BulkStatusRow(Schema):
    """One award and what becomes of it."""

    award: Id
    action: Action
    code: Code = "unspecified"
    reason: Reason | None = None


class BulkStatusIn(Schema):
    """The same change for many awards."""

    action: Action
    awards: Annotated[list[Id], Field(min_length=1, max_length=200_000)]
    code: Code = "unspecified"
    reason: Reason | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None
