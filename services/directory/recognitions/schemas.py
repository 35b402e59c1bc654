"""What the API shows of recognition statements."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from services.directory.organisations.store import Organisation
from services.directory.recognitions.store import Recognition
from services.directory.values import Did, Line, Paragraph, WebUrl
from shared.http.schemas import Id, Moment, Schema

_TypeName = Annotated[str, Field(pattern=r"^(ext:[A-Za-z0-9._|-]+|[A-Za-z]{1,64})$", max_length=200)]


def _distinct(values: list[str]) -> list[str]:
    return sorted(set(values))


class RecognitionScope(Schema):
    """For what an issuer is recognised. Nothing named: for everything it awards. Both named: either suffices."""

    achievement_types: Annotated[list[_TypeName], Field(max_length=50), AfterValidator(_distinct)] | None = (
        Field(
            default=None,
            description="OB 3.0 achievement types.",
            examples=[["Competency", "MicroCredential"]],
        )
    )
    achievements: Annotated[list[WebUrl], Field(max_length=200), AfterValidator(_distinct)] | None = Field(
        default=None, description="Ids of single achievements, as credentials carry them."
    )

    @classmethod
    def kept(cls, scope: dict[str, list[str]]) -> "RecognitionScope":
        """What was checked when it was given."""
        return cls.model_construct(
            achievement_types=scope.get("achievement_types"), achievements=scope.get("achievements")
        )

    def to_json(self) -> dict[str, list[str]]:
        """Without what is not named: `{}` is everything."""
        named = {"achievement_types": self.achievement_types, "achievements": self.achievements}
        return {name: values for name, values in named.items() if values}


class RecognitionCreate(Schema):
    """An organisation vouches for an issuer, in public."""

    issuer: Did = Field(examples=["did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"])
    scope: RecognitionScope = Field(default_factory=RecognitionScope)
    valid_from: Moment | None = Field(default=None, description="From now, if left out.")
    valid_until: Moment | None = Field(default=None, description="Until withdrawn, if left out.")
    reason: Paragraph = Field(examples=["Visited in October; the assessors know their trade."])


class RecognitionWithdraw(Schema):
    reason: Paragraph | None = None


class Recogniser(Schema):
    """Who vouches."""

    organisation: Id
    name: Line
    kind: str
    url: str | None
    test: bool

    @classmethod
    def of(cls, organisation: Organisation) -> "Recogniser":
        return cls(
            organisation=organisation.id,
            name=organisation.name,
            kind=organisation.kind,
            url=organisation.url,
            test=organisation.test,
        )


class RecognitionOut(Schema):
    """A statement of recognition; public, and never deleted."""

    id: Id
    recogniser: Recogniser
    issuer: str = Field(examples=["did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"])
    scope: RecognitionScope
    valid_from: Moment
    valid_until: Moment | None
    reason: str = Field(examples=["Visited in October; the assessors know their trade."])
    state: Literal["future", "in_force", "expired", "withdrawn"]
    given_at: Moment
    withdrawn_at: Moment | None
    withdrawal_reason: str | None

    @classmethod
    def of(cls, recognition: Recognition, recogniser: Organisation, now: Moment) -> "RecognitionOut":
        return cls(
            id=recognition.id,
            recogniser=Recogniser.of(recogniser),
            issuer=recognition.issuer,
            scope=RecognitionScope.kept(recognition.scope),
            valid_from=recognition.valid_from,
            valid_until=recognition.valid_until,
            reason=recognition.reason,
            state=recognition.state(now),
            given_at=recognition.given_at,
            withdrawn_at=recognition.withdrawn_at,
            withdrawal_reason=recognition.withdrawal_reason,
        )
