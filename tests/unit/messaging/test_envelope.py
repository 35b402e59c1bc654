"""The envelope: CloudEvents 1.0 out, strictly read back in."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.messaging import Event, Outgoing, Topic, UnreadableEvent, parse
from shared.messaging.envelope import MAX_EVENT_BYTES

EVENT = Event(
    type="org.confer.credential.revoked.v1",
    source="https://issuer.example",
    subject="0123",
    organisation="org-1",
    sequence=7,
    time=datetime(2026, 11, 21, 20, 15, tzinfo=UTC),
    data={"credential": "0123", "reason": "ä\u2028"},
    id="abcd",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    dataschema="https://issuer.example/contracts/credential.revoked.v1.json#1.0",
)


def test_an_event_is_cloudevents_json() -> None:
    body = json.loads(EVENT.to_bytes())
    assert body == {
        "specversion": "1.0",
        "id": "abcd",
        "type": "org.confer.credential.revoked.v1",
        "source": "https://issuer.example",
        "subject": "0123",
        "time": "2026-11-21T20:15:00Z",
        "organisation": "org-1",
        "sequence": "7",
        "datacontenttype": "application/json",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "dataschema": "https://issuer.example/contracts/credential.revoked.v1.json#1.0",
        "data": {"credential": "0123", "reason": "ä\u2028"},
    }
    # CloudEvents 1.0 §3.1: attribute names are lower-case letters and digits.
    assert all(name.isalnum() and name.islower() for name in body)


def test_an_event_reads_back_as_it_was() -> None:
    assert parse(EVENT.to_bytes()) == EVENT


def test_unknown_extensions_are_ignored() -> None:
    assert parse(json.dumps(json.loads(EVENT.to_bytes()) | {"partnerextension": "x"}).encode()) == EVENT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"sequence": 7}, "sequence"),
        ({"sequence": "0"}, "sequence"),
        ({"sequence": "-1"}, "sequence"),
        ({"sequence": "٣"}, "sequence"),
        ({"sequence": "9" * 30}, "sequence"),
        ({"id": ""}, "id"),
        ({"subject": None}, "subject"),
        ({"organisation": 1}, "organisation"),
        ({"time": "2026-11-21T20:15:00+00:00"}, "time"),
        ({"time": "2026-13-21T20:15:00Z"}, "time"),
        ({"data": []}, "data"),
        ({"traceparent": 1}, "traceparent"),
    ],
)
def test_anything_else_is_unreadable(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableEvent, match=reason):
        parse(json.dumps(json.loads(EVENT.to_bytes()) | change).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        EVENT.to_bytes().replace(b'"sequence":"7"', b'"sequence":"7","sequence":"8"'),
        EVENT.to_bytes().replace(b'"credential":"0123"', b'"credential":NaN'),
        b" " * (MAX_EVENT_BYTES + 1),
    ],
)
def test_hostile_bytes_are_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse(raw)


def test_data_that_are_not_json_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        Event(**(EVENT.__dict__ | {"data": {"value": float("nan")}})).to_bytes()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "either data or a reference"),
        ({"data": {}, "reference": "x"}, "either data or a reference"),
        ({"data": {}, "topic": "confer.issuer.credentials"}, "kept by reference"),
        ({"data": {}, "sequence": 0}, "start with 1"),
    ],
)
def test_what_may_not_be_sent(arguments: dict[str, Any], reason: str) -> None:
    common = {"topic": "test.topic", "subject": "s", "type": "t", "organisation": "o", "sequence": 1}
    with pytest.raises(ValueError, match=reason):
        Outgoing(**(common | arguments))


@pytest.mark.parametrize("name", ["nodots", "Upper.case", "a..b", "a.b ", ""])
def test_topic_names(name: str) -> None:
    with pytest.raises(ValueError, match="not a topic name"):
        Topic(name)


def test_a_private_topic_has_a_retention() -> None:
    with pytest.raises(ValueError, match="retention"):
        Topic("test.private", private=True)
