"""What the API shows of sessions."""

from pydantic import Field

from services.directory.members.schemas import MemberOut
from services.directory.sessions.store import Session
from services.directory.values import GivenPassword, Login
from shared.http.schemas import Id, Moment, Schema


class SignIn(Schema):
    """A person signs in for one organisation."""

    login: Login = Field(examples=["harbour-anna"])
    password: GivenPassword
    organisation: Id | None = Field(default=None, description="Needed by a member of several organisations.")


class SessionOut(Schema):
    """One sign-in on one device."""

    id: Id
    created_at: Moment
    expires_at: Moment
    device: str | None = Field(description="What the browser or program called itself.")
    current: bool = Field(description="Whether this is the session that asks.")

    @classmethod
    def of(cls, session: Session, current_id: str) -> "SessionOut":
        return cls(
            id=session.id,
            created_at=session.created_at,
            expires_at=session.expires_at,
            device=session.device,
            current=session.id == current_id,
        )


class SessionOpened(Schema):
    """A new session; the token is shown once. Browsers get it as a cookie as well."""

    id: Id
    token: str = Field(
        examples=["confer_session_…"],
        description="Send it as `Authorization: Bearer …` to the directory; no other service takes it.",
    )
    expires_at: Moment
    organisation: Id
    member: MemberOut


class SessionList(Schema):
    items: list[SessionOut]
