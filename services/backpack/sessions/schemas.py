"""Sessions as the API shows them."""

from pydantic import ConfigDict, Field

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
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
                    "client": "browser",
                    "created_at": "2026-11-21T20:15:00Z",
                    "last_used_at": "2026-11-21T20:15:00Z",
                    "expires_at": "2026-12-21T20:15:00Z",
                    "current": True,
                }
            ]
        }
    )

    id: Id
    client: str = Field(description="What kind of program signed in.", examples=["browser"])
    created_at: Moment
    last_used_at: Moment = Field(description="To the hour.")
    expires_at: Moment
    current: bool


class SessionList(Schema):
    items: list[SessionOut]
