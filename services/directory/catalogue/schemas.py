"""What the public catalogue shows, and what it reads of other services' events."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.directory.catalogue.store import AchievementEntry, IssuerEntry, IssuerKey
from services.directory.organisations.store import Organisation
from services.directory.recognitions.schemas import Recogniser as OrganisationInBrief
from services.directory.recognitions.schemas import RecognitionOut
from shared.http.schemas import Moment, Schema


class IssuerOut(Schema):
    """An issuer profile, as its issuer announced it."""

    did: str = Field(examples=["did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"])
    name: str = Field(examples=["Harbour Makerspace"])
    url: str | None
    description: str | None
    image: str | None
    email: str | None = Field(description="A public contact address of the issuer.")
    did_document: str = Field(
        examples=["https://badges.example.org/issuers/7c0f5d8e9b1a4c63a2f4d6e8091b3c5d/did.json"]
    )
    organisation: OrganisationInBrief | None = Field(
        description="Whose it is; null if not of this directory."
    )
    test: bool
    state: Literal["open", "closed"]
    recognised_by: int = Field(description="How many other organisations vouch for it now.")
    registered_at: Moment
    changed_at: Moment
    closed_at: Moment | None
    close_reason: str | None

    @classmethod
    def of(cls, entry: IssuerEntry, organisation: Organisation | None, recognised_by: int) -> "IssuerOut":
        return cls(
            did=entry.did,
            name=entry.name,
            url=entry.url,
            description=entry.description,
            image=entry.image,
            email=entry.email,
            did_document=entry.did_document,
            organisation=None if organisation is None else OrganisationInBrief.of(organisation),
            test=entry.test,
            state="open" if entry.closed_at is None else "closed",
            recognised_by=recognised_by,
            registered_at=entry.registered_at,
            changed_at=entry.changed_at,
            closed_at=entry.closed_at,
            close_reason=entry.close_reason,
        )


class KeyOut(Schema):
    """A key of an issuer and what became of it."""

    key: str = Field(
        examples=[
            "did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
        ]
    )
    algorithm: str = Field(examples=["Ed25519"])
    state: Literal["active", "retired", "compromised"]
    valid_from: Moment
    retired_at: Moment | None
    compromised_at: Moment | None
    compromised_since: Moment | None

    @classmethod
    def of(cls, key: IssuerKey) -> "KeyOut":
        state: Literal["active", "retired", "compromised"] = "active" if key.retired_at is None else "retired"
        return cls(
            key=key.key,
            algorithm=key.algorithm,
            state="compromised" if key.compromised_at is not None else state,
            valid_from=key.valid_from,
            retired_at=key.retired_at,
            compromised_at=key.compromised_at,
            compromised_since=key.compromised_since,
        )


class IssuerDetail(IssuerOut):
    """An issuer with the history of its keys and with who vouches for it (the newest 200 statements that hold)."""

    keys: list[KeyOut]
    recognitions: list[RecognitionOut]


class AchievementOut(Schema):
    """The newest published version of an achievement."""

    achievement: str = Field(
        examples=["https://badges.example.org/achievements/4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"]
    )
    version_id: str = Field(
        examples=["https://badges.example.org/achievements/4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b/v1"]
    )
    version: int
    issuer: str = Field(examples=["did:web:badges.example.org:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"])
    issuer_name: str | None
    name: str = Field(examples=["Laser cutter, safe use"])
    description: str = Field(examples=["Operates the laser cutter without supervision."])
    achievement_type: str | None = Field(examples=["Competency"])
    tags: list[str]
    image: str | None
    criteria: str | None
    test: bool
    state: Literal["published", "archived"]
    published_at: Moment
    archived_at: Moment | None

    @classmethod
    def of(cls, entry: AchievementEntry, issuer: IssuerEntry | None) -> "AchievementOut":
        return cls(
            achievement=entry.achievement,
            version_id=entry.version_id,
            version=entry.version,
            issuer=entry.did,
            issuer_name=None if issuer is None else issuer.name,
            name=entry.name,
            description=entry.description,
            achievement_type=entry.achievement_type,
            tags=entry.tags,
            image=entry.image,
            criteria=entry.criteria,
            test=issuer is not None and issuer.test,
            state="published" if entry.archived_at is None else "archived",
            published_at=entry.published_at,
            archived_at=entry.archived_at,
        )


class _Heard(BaseModel):
    """What the directory reads of an event; the rest is ignored, so that newer minor versions are fine."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ProfileHeard(_Heard):
    profile: str
    name: str
    did_document: str
    url: str | None = None
    description: str | None = None
    image: str | None = None
    email: str | None = None
    test: bool


class ProfileClosedHeard(_Heard):
    profile: str
    at: datetime
    reason: str | None = None


class KeyAddedHeard(_Heard):
    profile: str
    key: str
    algorithm: str
    valid_from: datetime


class KeyRetiredHeard(_Heard):
    key: str
    at: datetime


class KeyCompromisedHeard(_Heard):
    key: str
    at: datetime
    since: datetime | None = None


class AchievementHeard(_Heard):
    achievement: str
    version_id: str
    version: int
    profile: str
    name: str
    description: str
    achievement_type: str | None = None
    tags: list[str] = []
    image: str | None = None
    criteria: str | None = None


class AchievementArchivedHeard(_Heard):
    achievement: str
    at: datetime
