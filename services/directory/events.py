"""The directory's events, and how each is put into the outbox."""

from collections.abc import Mapping
from typing import Any

from services.directory.organisations.store import Organisation
from services.directory.recognitions.store import Recognition
from shared import contracts
from shared.clock import to_rfc3339
from shared.messaging import Outgoing, Topic
from shared.messaging.topics import ORGANISATIONS, RECOGNITIONS


def organisation_event(organisation: Organisation, verb: str, public_url: str) -> Outgoing:
    """`registered`, `changed` or `closed`; numbers it. The organisation's row must be locked or new."""
    organisation.event_sequence += 1
    data: dict[str, Any] = {"organisation": organisation.id}
    if verb == "closed":
        assert organisation.closed_at is not None
        data["at"] = to_rfc3339(organisation.closed_at)
    else:
        data |= {"name": organisation.name, "kind": organisation.kind, "test": organisation.test}
        data |= _given(url=organisation.url)
    return _outgoing(
        ORGANISATIONS,
        f"org.confer.organisation.{verb}.v1",
        public_url,
        subject=organisation.id,
        organisation=organisation.id,
        sequence=organisation.event_sequence,
        data=data,
    )


def recognition_given(recognition: Recognition, recogniser: Organisation, public_url: str) -> Outgoing:
    """Numbers it; the row is new."""
    recognition.event_sequence += 1
    data: dict[str, Any] = {
        "recognition": recognition.id,
        "recogniser": {"organisation": recogniser.id, "name": recogniser.name, **_given(url=recogniser.url)},
        "issuer": recognition.issuer,
        "scope": recognition.scope,
        "valid_from": to_rfc3339(recognition.valid_from),
        "reason": recognition.reason,
    }
    if recognition.valid_until is not None:
        data["valid_until"] = to_rfc3339(recognition.valid_until)
    return _recognition(recognition, "given", public_url, data)


def recognition_withdrawn(recognition: Recognition, public_url: str) -> Outgoing:
    """Numbers it. The row must be locked."""
    assert recognition.withdrawn_at is not None
    recognition.event_sequence += 1
    data: dict[str, Any] = {
        "recognition": recognition.id,
        "issuer": recognition.issuer,
        "at": to_rfc3339(recognition.withdrawn_at),
        **_given(reason=recognition.withdrawal_reason),
    }
    return _recognition(recognition, "withdrawn", public_url, data)


def _recognition(recognition: Recognition, verb: str, public_url: str, data: Mapping[str, Any]) -> Outgoing:
    return _outgoing(
        RECOGNITIONS,
        f"org.confer.recognition.{verb}.v1",
        public_url,
        subject=recognition.id,
        organisation=recognition.recogniser_id,
        sequence=recognition.event_sequence,
        data=data,
    )


def _outgoing(
    topic: Topic,
    type_: str,
    public_url: str,
    *,
    subject: str,
    organisation: str,
    sequence: int,
    data: Mapping[str, Any],
) -> Outgoing:
    return Outgoing(
        topic=topic.name,
        subject=subject,
        type=type_,
        organisation=organisation,
        sequence=sequence,
        data=data,
        dataschema=contracts.schema_url(public_url, type_),
    )


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
