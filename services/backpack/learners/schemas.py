"""Learners as the API shows them."""

from typing import Annotated, Any

from pydantic import Field, SecretStr

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
    id: Id
    login: str
    name: str | None
    created_at: Moment


class SignedUpOut(Schema):
    learner: LearnerOut
    token: str = Field(description="Of the session just begun; shown once. Also set as a cookie.")
    expires_at: Moment


class LearnerChange(Schema):
    name: PersonName | None = Field(description="null removes it.")


class PasswordChange(Schema):
    current: Password
    new: Password


class PasswordResetRequest(Schema):
    email: Address


class PasswordReset(Schema):
    token: Annotated[str, Field(min_length=20, max_length=200)]
    password: Password


class Erasure(Schema):
    password: Password


class ErasureReceipt(Schema):
    """What was erased. Nothing here leads back to the account."""

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
