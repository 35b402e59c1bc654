"""What the API shows of members, roles and invitations."""

from typing import Annotated, Literal, cast

from pydantic import AfterValidator, EmailStr, Field

from services.directory.members.store import Member
from services.directory.scopes import Role, scopes_of_roles
from services.directory.values import GivenPassword, Line, Login, Password
from shared.http.schemas import Id, Moment, Schema

Roles = Annotated[
    list[Role], Field(min_length=1, max_length=5), AfterValidator(lambda roles: sorted(set(roles)))
]


class MemberCreate(Schema):
    """Somebody is invited."""

    login: Login = Field(description="Suggested; who accepts may choose another.", examples=["harbour-ben"])
    name: Line | None = Field(default=None, description="Shown to the organisation's own members only.")
    roles: Roles = Field(examples=[["programme_lead"]])
    contact_email: EmailStr | None = Field(
        default=None, description="If given, the link is mailed there too."
    )


class MemberChange(Schema):
    """What is left out stays. A role taken away takes its scopes out of the next token and of every session at once."""

    name: Line | None = None
    roles: Roles | None = None


class MemberOut(Schema):
    """A member of an organisation."""

    id: Id
    organisation: Id
    login: str = Field(examples=["harbour-ben"])
    name: str | None = Field(examples=["Ben Ngo"])
    roles: list[Role] = Field(examples=[["programme_lead"]])
    scopes: list[str] = Field(description="What the roles allow.")
    state: Literal["invited", "active", "removed"]
    created_at: Moment

    @classmethod
    def of(cls, member: Member) -> "MemberOut":
        return cls(
            id=member.id,
            organisation=member.organisation_id,
            login=member.login,
            name=member.name,
            roles=member.role_names,
            scopes=sorted(scopes_of_roles(member.role_names)),
            state=cast('Literal["invited", "active", "removed"]', member.state),
            created_at=member.created_at,
        )


class InvitationOut(Schema):
    """A link that works once; it is shown here and never again."""

    url: str = Field(examples=["https://directory.example.org/invitation?token=confer_invitation_…"])
    token: str = Field(examples=["confer_invitation_…"])
    expires_at: Moment


class MemberInvited(MemberOut):
    """The invited member with the link to hand over."""

    invitation: InvitationOut

    @classmethod
    def with_invitation(cls, member: Member, invitation: InvitationOut) -> "MemberInvited":
        return cls(**MemberOut.of(member).model_dump(), invitation=invitation)


class InvitationAccept(Schema):
    """Who was invited chooses a password, or proves to be somebody the directory knows by giving theirs."""

    token: str = Field(min_length=1, max_length=200)
    login: Login | None = Field(default=None, description="Another login than the suggested one.")
    password: Password
    name: Line | None = None


class PasswordChange(Schema):
    """Every other session of the person ends."""

    current_password: GivenPassword
    new_password: Password
