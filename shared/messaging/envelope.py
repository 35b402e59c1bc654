"""The envelope of every event: CloudEvents 1.0, structured JSON (https://github.com/cloudevents/spec, v1.0.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.contracts.channels import ERASED
from shared.db import encode_json

MEDIA_TYPE = "application/cloudevents+json"
MAX_EVENT_BYTES = 4 * 1024 * 1024
# What is published in the place of an event whose data were erased before it could be published.
ERASED_TYPE = ERASED

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_OPTIONAL_TEXTS = ("dataschema", "traceparent")


class UnreadableEvent(Exception):
    """Bytes that are not an event of ours; the message says what is wrong, without quoting data."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to one aggregate.

    `subject` names the aggregate and is the key that orders events; `sequence` counts 1, 2, 3 … per topic and
    subject. `organisation` owns it. `time` is aware UTC, whole seconds. `data` is JSON in snake_case.
    """

    type: str
    source: str
    subject: str
    organisation: str
    sequence: int
    time: datetime
    data: Mapping[str, Any]
    id: str
    traceparent: str | None = None
    dataschema: str | None = None

    def to_bytes(self) -> bytes:
        """The event as CloudEvents JSON. Raises `ValueError` for data that are not JSON."""
        return encode_json(self.to_json()).encode()

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "organisation": self.organisation,
            # CloudEvents extensions have no 64-bit integer type: the sequence extension is a string.
            "sequence": str(self.sequence),
            "datacontenttype": "application/json",
        }
        for name in _OPTIONAL_TEXTS:
            if getattr(self, name) is not None:
                body[name] = getattr(self, name)
        body["data"] = dict(self.data)
        return body


def parse(raw: bytes) -> Event:
    """Read an event strictly. Unknown extension attributes are ignored, as CloudEvents asks.

    Raises `UnreadableEvent`.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise UnreadableEvent(f"longer than {MAX_EVENT_BYTES} bytes")
    try:
        body = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableEvent("not strict JSON in UTF-8") from error
    if not isinstance(body, dict):
        raise UnreadableEvent("not a JSON object")
    if body.get("specversion") != "1.0":
        raise UnreadableEvent("specversion is not 1.0")
    data = body.get("data")
    if not isinstance(data, dict):
        raise UnreadableEvent("data is not an object")
    return Event(
        type=_text(body, "type"),
        source=_text(body, "source"),
        subject=_text(body, "subject"),
        organisation=_text(body, "organisation"),
        sequence=_sequence(body),
        time=_time(body),
        data=data,
        id=_text(body, "id"),
        traceparent=_optional(body, "traceparent"),
        dataschema=_optional(body, "dataschema"),
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a member is there twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableEvent(f"{name} is missing or not a text")
    return value


def _optional(body: Mapping[str, Any], name: str) -> str | None:
    return _text(body, name) if name in body else None


def _sequence(body: Mapping[str, Any]) -> int:
    value = _text(body, "sequence")
    if not value.isascii() or not value.isdecimal() or len(value) > 18 or value.startswith("0"):
        raise UnreadableEvent("sequence is not a positive whole number")
    return int(value)


def _time(body: Mapping[str, Any]) -> datetime:
    value = _text(body, "time")
    if not _TIME.fullmatch(value):
        raise UnreadableEvent("time is not RFC 3339 in whole seconds UTC")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise UnreadableEvent("time is not a date") from error
