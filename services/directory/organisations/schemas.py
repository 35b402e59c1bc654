"""What the API shows of organisations."""

from typing import Literal, cast

from pydantic import EmailStr, Field

from services.directory.members.schemas import MemberOut
from services.directory.organisations.store import Activity, Organisation
from services.directory.values import Line, Login, Password, WebUrl
from shared.http.schemas import Id, Moment, Schema

Kind = Literal["school", "company", "community", "person", "government", "other"]


class OwnerIn(Schema):
    """The first owner. If the login exists already, its password must be given: one person, several organisations."""

    login: Login = Field(examples=["harbour-anna"])
    password: Password = Field(examples=["a sentence nobody else would think of"])
    name: Line | None = Field(default=None, description="Shown to the organisation's own members only.")
    contact_email: EmailStr | None = Field(default=None, description="Kept encrypted; never used to sign in.")


class OrganisationCreate(Schema):
    """An organisation signs up."""

    name: Line = Field(description="Public.", examples=["Harbour Makerspace"])
    kind: Kind = Field(examples=["community"])
    url: WebUrl | None = Field(
        default=None, description="Its website; public.", examples=["https://makerspace.example.org"]
    )
    test: bool = Field(default=False, description="A test organisation is marked as such everywhere.")
    owner: OwnerIn


class OrganisationChange(Schema):
    """What is left out stays; `url: null` removes the website."""

    name: Line | None = None
    kind: Kind | None = None
    url: WebUrl | None = None


class OrganisationOut(Schema):
    """An organisation as its own members and clients see it."""

    id: Id
    name: str = Field(examples=["Harbour Makerspace"])
    kind: Kind
    url: str | None = Field(examples=["https://makerspace.example.org"])
    test: bool
    state: Literal["open", "closed"]
    issuers: list[str] = Field(
        description="The DIDs of its issuer profiles, as the issuer service announced them."
    )
    registered_at: Moment
    changed_at: Moment
    closed_at: Moment | None

    @classmethod
    def of(cls, organisation: Organisation, issuers: list[str]) -> "OrganisationOut":
        return cls(
            id=organisation.id,
            name=organisation.name,
            kind=cast("Kind", organisation.kind),
            url=organisation.url,
            test=organisation.test,
            state="open" if organisation.closed_at is None else "closed",
            issuers=issuers,
            registered_at=organisation.registered_at,
            changed_at=organisation.changed_at,
            closed_at=organisation.closed_at,
        )


class OrganisationRegistered(OrganisationOut):
    """The new organisation with its first owner."""

    owner: MemberOut

    @classmethod
    def with_owner(cls, organisation: Organisation, owner: MemberOut) -> "OrganisationRegistered":
        return cls(**OrganisationOut.of(organisation, []).model_dump(), owner=owner)


class ActivityOut(Schema):
    """One line of the organisation's journal."""

    id: Id
    at: Moment
    actor: str = Field(examples=["member:4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"])
    action: str = Field(examples=["client.created"])
    subject: str = Field(examples=["4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"])

    @classmethod
    def of(cls, activity: Activity) -> "ActivityOut":
        return cls(
            id=activity.id,
            at=activity.at,
            actor=activity.actor,
            action=activity.action,
            subject=activity.subject,
        )
