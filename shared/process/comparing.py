"""Comparing the digests of several services: what is missing, extra, different or still under way between them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shared.process.digests import VERSION

Kind = Literal["missing", "extra", "different", "duplicated", "under way", "put aside", "erased"]
_Key = tuple[str, str]


class DigestRefused(Exception):
    """The file is not a digest; the message says why."""


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in two services. `erased` ones are as they should be."""

    kind: Kind
    where: str
    """The service that lacks it, or has it in excess."""
    what: str

    def __str__(self) -> str:
        return f"{self.kind} at the {self.where}: {self.what}"


@dataclass
class Digest:
    """A digest that was read: `told` by (topic, subject), `heard` by consumer, facts by (kind, subject)."""

    service: str
    copies: frozenset[str]
    told: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    heard: dict[str, dict[_Key, dict[str, Any]]] = field(default_factory=dict)
    own: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    copy: dict[_Key, dict[str, Any]] = field(default_factory=dict)


def read_digest(path: Path) -> Digest:
    """Read a digest file. Raises DigestRefused."""
    with path.open(encoding="utf-8") as file:
        try:
            first = json.loads(file.readline())
            if first.get("is") != "digest" or first.get("version") != VERSION:
                raise DigestRefused(f"{path}: not a digest of version {VERSION}")
            digest = Digest(first["service"], frozenset(first["copies"]))
            for text in file:
                _take(digest, json.loads(text))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DigestRefused(f"{path}: {type(error).__name__}: {error}") from error
    return digest


def _take(digest: Digest, line: dict[str, Any]) -> None:
    match line["is"]:
        case "told":
            digest.told[line["topic"], line["subject"]] = line
        case "heard":
            heard = digest.heard.setdefault(line["consumer"], {})
            heard[line["topic"], line["subject"]] = line
        case "own":
            digest.own[line["of"], line["subject"]] = line
        case "copy":
            digest.copy[line["of"], line["subject"]] = line
        case other:
            raise DigestRefused(f"a line of an unknown kind: {other!r}")


def compare(digests: Sequence[Digest]) -> list[Difference]:
    """Everything that two of these services do not agree on, each thing once.

    Every key that one tells of must have been heard to its end by each consumer that reads its topic, and every
    fact that one owns must be the same wherever a copy of its kind is kept.
    """
    found: list[Difference] = []
    for owner in digests:
        found += _within(owner)
        for other in digests:
            for consumer, heard in other.heard.items():
                found += _events(owner, other, consumer, heard)
            found += _facts(owner, other)
    found += _unknown(digests)
    return found


def _within(digest: Digest) -> Iterator[Difference]:
    for (topic, subject), told in digest.told.items():
        name = f"{topic} {subject}"
        if told["count"] < told["last"]:
            lost = told["last"] - told["count"]
            yield Difference("missing", digest.service, f"{name}: {lost} of its own {told['last']} events")
        if told["waiting"]:
            yield Difference(
                "under way", digest.service, f"{name}: {told['waiting']} events not published yet"
            )
    for consumer, heard in digest.heard.items():
        for (topic, subject), line in heard.items():
            if line["aside"]:
                yield Difference(
                    "put aside", digest.service, f"{topic} {subject}: events of it, by {consumer}"
                )


def _events(
    owner: Digest, other: Digest, consumer: str, heard: dict[_Key, dict[str, Any]]
) -> Iterator[Difference]:
    # A consumer that has read nothing of a topic says nothing: whether it should have is said by the facts.
    topics = {topic for topic, _ in heard}
    for key, told in owner.told.items():
        topic, subject = key
        if topic not in topics:
            continue
        last = heard[key]["last"] if key in heard else 0
        if last < told["last"]:
            behind = f"{topic} {subject}: {consumer} has {last} of {told['last']} events"
            yield Difference("missing", other.service, behind)
        elif last > told["last"]:
            ahead = (
                f"{topic} {subject}: {consumer} has {last} events, the {owner.service} told {told['last']}"
            )
            yield Difference("extra", other.service, ahead)


def _facts(owner: Digest, other: Digest) -> Iterator[Difference]:
    for key, own in owner.own.items():
        kind, subject = key
        if kind not in other.copies:
            continue
        name = f"{kind} {own.get('name', subject)}"
        copy = other.copy.get(key)
        if own["state"] == "erased" or (copy is not None and copy["state"] == "erased"):
            yield Difference("erased", other.service, name)
        elif copy is None:
            yield Difference("missing", other.service, name)
        else:
            yield from _copy(name, own, copy, other)


def _copy(name: str, own: dict[str, Any], copy: dict[str, Any], other: Digest) -> Iterator[Difference]:
    if copy.get("count", 1) > 1:
        yield Difference("duplicated", other.service, f"{name}: {copy['count']} times")
    if own["state"] != copy["state"]:
        yield Difference("different", other.service, f"{name}: {copy['state']}, should be {own['state']}")
    if own.get("sha256") != copy.get("sha256"):
        yield Difference("different", other.service, f"{name}: its content is another")


def _unknown(digests: Sequence[Digest]) -> Iterator[Difference]:
    """Copies, and events heard, of things that no owner has; asked only where an owner's digest is at hand."""
    owned = {key for digest in digests for key in digest.own}
    told = {key for digest in digests for key in digest.told}
    kinds, topics = {kind for kind, _ in owned}, {topic for topic, _ in told}
    for digest in digests:
        for kind, subject in digest.copy.keys() - owned:
            if kind in kinds:
                yield Difference("extra", digest.service, f"{kind} {subject}")
        for consumer, heard in digest.heard.items():
            for topic, subject in heard.keys() - told:
                if topic in topics:
                    yield Difference("extra", digest.service, f"{topic} {subject}: heard by {consumer}")
