"""Webhooks as the API shows them."""

from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, model_validator

from shared.http.schemas import Id, Moment, Schema

State = Literal["active", "paused"]
Cause = Literal["event", "replay", "ping"]
DeliveryState = Literal["pending", "delivered", "failed"]


def _address(value: str) -> str:
    try:
        validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("is no mail address") from error
    return value


Url = Annotated[
    str,
    Field(
        max_length=2_048,
        description="Where events are sent: https, on the public Internet.",
        examples=["https://partner.example/hooks/confer"],
    ),
]
Types = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        min_length=1,
        max_length=50,
        description="Only these types; all, if left out.",
        examples=[["org.confer.job.completed.v1"]],
    ),
]
Contact = Annotated[
    str,
    Field(
        max_length=254,
        description="Who gets a mail when the webhook is paused because nothing arrives.",
        examples=["ops@partner.example"],
    ),
    AfterValidator(_address),
]
Description = Annotated[str, Field(min_length=1, max_length=300, examples=["Course platform"])]


class WebhookIn(Schema):
    """Where to send the organisation's events."""

    url: Url
    description: Description | None = None
    types: Types | None = None
    contact: Contact | None = None
    start: Annotated[
        Literal["now", "beginning"],
        Field(description="`beginning` sends everything that was ever published."),
    ] = "now"


class WebhookChange(Schema):
    """What is left out stays; null removes it. `state` pauses, and lets go on where it stopped."""

    url: Url | None = None
    description: Description | None = None
    types: Types | None = None
    contact: Contact | None = None
    state: State | None = None

    @model_validator(mode="after")
    def _nothing_that_must_be_is_removed(self) -> "WebhookChange":
        for name in ("url", "state"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        return self


class WebhookOut(Schema):
    """A webhook. While it is paused nothing is lost: what happens is sent when it goes on."""

    id: Id
    url: str
    description: str | None = None
    types: list[str] | None = None
    contact: str | None = None
    state: State
    paused_reason: Annotated[
        Literal["asked", "failing", "gone"] | None,
        Field(description="`failing`: nothing was taken for three days; `gone`: the receiver answered 410."),
    ] = None
    paused_at: Moment | None = None
    failing_since: Annotated[
        Moment | None, Field(description="Since when every try has failed; null while they succeed.")
    ] = None
    replaying: bool
    previous_secret_until: Moment | None = None
    created_at: Moment
    created_by: str


class WebhookWithSecret(WebhookOut):
    """The secret is shown here and never again."""

    secret: Annotated[str, Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])]


class SecretRotation(Schema):
    """How long the secret before signs too, beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=604_800)] = 86_400


class Stretch(Schema):
    """A stretch of time: what happened from `since` until before `until`."""

    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _forwards(self) -> "Stretch":
        if self.since >= self.until:
            raise ValueError("since must be before until")
        return self


class TryOut(Schema):
    """One try. What the receiver said in its body is not kept."""

    at: Moment
    milliseconds: int
    status: int | None = None
    failure: Annotated[str | None, Field(examples=["http_status", "too_slow", "not_public_address"])] = None


class DeliveryOut(Schema):
    """One event for one webhook. `event` is the event's id, which is also `webhook-id`: the same in every try and replay."""

    id: Id
    cause: Cause
    event: str
    type: str
    subject: str
    state: DeliveryState
    attempts: int
    tries: Annotated[list[TryOut], Field(description="The last ten.")]
    due_at: Moment | None = None
    created_at: Moment
    finished_at: Moment | None = None
