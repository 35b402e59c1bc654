"""The base of everything our own API takes and gives."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from shared.clock import to_rfc3339

T = TypeVar("T")


def _printable(value: Any) -> Any:
    """Refuse NUL anywhere: PostgreSQL's text cannot hold it, and no name or sentence has one."""
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("must not contain the character U+0000")
    if isinstance(value, dict):
        for key, each in value.items():
            _printable(key)
            _printable(each)
    elif isinstance(value, list):
        for each in value:
            _printable(each)
    return value


class Schema(BaseModel):
    """A request or response of ours: unknown fields are refused and named, strings hold no NUL."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, validate_default=False, ser_json_inf_nan="constants"
    )

    @model_validator(mode="before")
    @classmethod
    def _no_nul(cls, given: Any) -> Any:
        return _printable(given) if isinstance(given, dict) else given


class Page(Schema, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None = None


def _whole_seconds(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(microsecond=0)


def _aware(value: Any) -> Any:
    """RFC 3339 text only: a number would be read as seconds, silently."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a time needs its zone")
    if isinstance(value, datetime | str):
        return value
    raise ValueError("must be an RFC 3339 time such as 2026-11-21T20:15:00Z")


def _zoned(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its zone, such as 2026-11-21T20:15:00Z")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(_aware),
    AfterValidator(_zoned),
    AfterValidator(_whole_seconds),
    PlainSerializer(to_rfc3339, return_type=str, when_used="json"),
]
"""A moment in UTC, whole seconds: `2026-11-21T20:15:00Z`. A time without a zone is refused."""


Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"])]
"""The id of one of our resources: 128 random bits, 32 hexadecimal characters."""

ExternalId = Annotated[str, Field(min_length=1, max_length=255, examples=["enrolment-2026-0042"])]
"""The caller's own name for a thing; comes back on every read, row result and event (decision 5)."""


def _bounded_metadata(value: dict[str, str]) -> dict[str, str]:
    if sum(len(key) + len(text) for key, text in value.items()) > 8_192:
        raise ValueError("must not hold more than 8192 characters in all")
    return value


Metadata = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(max_length=1_024)]],
    Field(max_length=50, examples=[{"course": "BIO-101"}]),
    AfterValidator(_bounded_metadata),
]
"""The caller's own notes, text to text; kept and given back, never read by us (decision 5)."""
