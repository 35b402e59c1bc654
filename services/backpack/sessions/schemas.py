"""Sessions as the API shows them."""

from pydantic import Field

from services.backpack.learners.schemas import LearnerOut, LoginName, Password
from shared.http.schemas import Id, Moment, Schema


class SignIn(Schema):
    login: LoginName
    password: Password


class SignedInOut(Schema):
    learner: LearnerOut
    token: str = Field(description="Shown once; send it as `Authorization: Bearer …`. Also set as a cookie.")
    expires_at: Moment


class SessionOut(Schema):
    id: Id
    client: str = Field(description="What kind of program signed in.", examples=["browser"])
    created_at: Moment
    last_used_at: Moment = Field(description="To the hour.")
    expires_at: Moment
    current: bool


class SessionList(Schema):
    items: list[SessionOut]
