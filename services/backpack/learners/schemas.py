"""Learners as the API shows them."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, SecretStr

from shared.http.schemas import Id, Moment, Schema

LoginName = Annotated[
    str,
    Field(
        min_length=3,
        max_length=128,
        description="Chosen freely; need not be an e-mail address.",
        examples=["ada"],
    ),
]
Password = Annotated[
    SecretStr,
    Field(
        min_length=1,
        max_length=1000,
        description="At least 10 characters.",
        examples=["a long sentence is best"],
    ),
]
PersonName = Annotated[str, Field(min_length=1, max_length=200, examples=["Ada Lovelace"])]
Address = Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.org"])]


class SignUp(Schema):
    login: LoginName
    password: Password
    name: PersonName | None = None
    email: Address | None = Field(default=None, description="A confirmation mail is sent to it.")


class LearnerOut(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
                    "login": "ada",
                    "name": "Ada Lovelace",
                    "created_at": "2026-11-21T20:15:00Z",
                }
            ]
        }
    )

    id: Id
    login: str
    name: str | None
    created_at: Moment


class SignedUpOut(Schema):
    learner: LearnerOut
    token: str = Field(description="Of the session just begun; shown once. Also set as a cookie.")
    expires_at: Moment


class LearnerChange(Schema):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ada"}]})

    name: PersonName | None = Field(description="null removes it.")


class PasswordChange(Schema):
    current: Password
    new: Password


class PasswordResetRequest(Schema):
    email: Address


class PasswordReset(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "Zk3…from-the-mail…9Qw", "password": "a long sentence is best"}]
        }
    )

    token: Annotated[str, Field(min_length=20, max_length=200)]
    password: Password


class Erasure(Schema):
    password: Password


class ErasureReceipt(Schema):
    """What was erased. Nothing here leads back to the account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b",
                    "erased_at": "2026-11-21T20:15:00Z",
                    "credentials": 3,
                }
            ]
        }
    )

    id: Id
    erased_at: Moment
    credentials: int = Field(description="How many badges were erased; their issuers are told.")


class ExportOut(Schema):
    """Everything the backpack knows about the learner."""

    exported_at: Moment
    learner: LearnerOut
    identifiers: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    credentials: list[dict[str, Any]] = Field(
        description="Each with its data, and its documents base64-encoded, exactly as kept."
    )
    shares: list[dict[str, Any]]
    consents: list[dict[str, Any]]
