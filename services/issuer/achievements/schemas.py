"""What the API takes and shows of achievements."""

from typing import Annotated, Any, Literal

from pydantic import Field

from services.issuer.keys.formats import ProofFormat, ProofFormatField
from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

_EXAMPLE = {
    "name": "Data Analysis I",
    "description": "Reads, cleans and explains a data set.",
    "achievementType": "Competency",
    "criteria": {"narrative": "Bring a **data set** of your own and explain what it says."},
    "tag": ["data", "statistics"],
    "alignment": [
        {
            "type": ["Alignment"],
            "targetName": "Data literacy",
            "targetUrl": "https://frameworks.example/data-literacy",
            "targetType": "ceasn:Competency",
        }
    ],
    "resultDescription": [
        {
            "id": "#analysis",
            "type": ["ResultDescription"],
            "name": "Analysis",
            "resultType": "RubricCriterionLevel",
            "requiredLevel": "#meets",
            "rubricCriterionLevel": [
                {"id": "#meets", "type": ["RubricCriterionLevel"], "name": "Meets", "level": "2"},
                {"id": "#exceeds", "type": ["RubricCriterionLevel"], "name": "Exceeds", "level": "3"},
            ],
        }
    ],
}
AchievementObject = Annotated[
    dict[str, Any],
    Field(
        description="An Open Badges 3.0 Achievement: any of its properties except `id`. Ids of result descriptions and "
        "rubric levels may begin with `#`: they become absolute when a version is published.",
        examples=[_EXAMPLE],
    ),
]
Contexts = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=500)]],
    Field(max_length=10, description="Further JSON-LD contexts, pinned here, that define extra terms."),
]
Duplicates = Annotated[
    Literal["deny", "allow", "replace"],
    Field(description="What happens when somebody who holds it is awarded it again."),
]
ClaimDays = Annotated[int, Field(ge=1, le=3650, description="Days after which an unclaimed award expires.")]


class AchievementIn(Schema):
    """A new achievement, as a draft."""

    profile: Annotated[Id, Field(description="The issuer profile that awards it.")]
    achievement: AchievementObject
    contexts: Contexts = Field(default_factory=list)
    duplicates: Duplicates = "deny"
    suspendable: Annotated[
        bool,
        Field(
            description="Awards carry a second status entry, so that they can be suspended and reinstated."
        ),
    ] = False
    proof_format: ProofFormatField | None = None
    claim_days: ClaimDays | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class AchievementChange(Schema):
    """A change. `achievement` (with `contexts`) replaces the draft, or begins the next one; what is left out stays."""

    achievement: AchievementObject | None = None
    contexts: Contexts | None = None
    duplicates: Duplicates | None = None
    suspendable: bool | None = None
    proof_format: Annotated[ProofFormatField | None, Field(description="Null: as the profile says.")] = None
    claim_days: ClaimDays | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class VersionOut(Schema):
    """A published version."""

    number: int
    id: Annotated[str, Field(description="Its permanent id, as credentials carry it.")]
    name: str
    published_at: Moment
    published_by: str


class AchievementOut(Schema):
    """An achievement as its organisation sees it."""

    id: Id
    url: Annotated[str, Field(description="Its public address: always the latest version.")]
    profile: Id
    state: Literal["draft", "published", "archived"]
    has_draft: bool
    achievement: Annotated[
        AchievementObject,
        Field(description="The draft if there is one, else the latest version, with all ids."),
    ]
    contexts: Contexts
    versions: list[VersionOut]
    duplicates: Duplicates
    suspendable: bool
    proof_format: Annotated[
        ProofFormat | None, Field(description="How its awards are signed; left out: as its profile says.")
    ] = None
    claim_days: int | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None
    created_at: Moment
    created_by: str
    updated_at: Moment
    updated_by: str
    archived_at: Moment | None = None
