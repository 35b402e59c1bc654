"""The report of a verification: checks, each with a reason a person can act on. Its JSON shape is final."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from .codes import CODES
from .dates import write_date_time
from .fetching import Recognition
from .strict_json import JsonObject

Outcome = Literal["passed", "failed", "inconclusive", "skipped"]
Verdict = Literal["accepted", "rejected", "undetermined"]
Match = Literal["matched", "not_matched", "cannot_tell"]
Container = Literal["json", "jwt", "png", "svg"]


MAX_REASON = 600


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what came of it.

    `code` is of the closed list in `codes.CODES`; its first part is the kind of check. `reason` is a sentence
    for a person, `pointer` a JSON pointer into the credential, `details` plain JSON for programs.
    """

    code: str
    outcome: Outcome
    reason: str
    pointer: str | None = None
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is not in the closed list of codes")
        if len(self.reason) > MAX_REASON:  # it may quote an address that a badge made endless
            object.__setattr__(self, "reason", self.reason[: MAX_REASON - 1] + "…")

    @property
    def kind(self) -> str:
        return self.code.partition(".")[0]

    def to_json(self) -> JsonObject:
        out: JsonObject = {
            "check": self.kind,
            "outcome": self.outcome,
            "code": self.code,
            "reason": self.reason,
        }
        if self.pointer is not None:
            out["pointer"] = self.pointer
        if self.details is not None:
            out["details"] = dict(self.details)
        return out


def passed(code: str, reason: str, pointer: str | None = None, **details: Any) -> Check:
    return Check(code, "passed", reason, pointer, details or None)


def failed(code: str, reason: str, pointer: str | None = None, **details: Any) -> Check:
    return Check(code, "failed", reason, pointer, details or None)


def inconclusive(code: str, reason: str, pointer: str | None = None, **details: Any) -> Check:
    return Check(code, "inconclusive", reason, pointer, details or None)


def skipped(code: str, reason: str, pointer: str | None = None, **details: Any) -> Check:
    return Check(code, "skipped", reason, pointer, details or None)


@dataclass(frozen=True, slots=True)
class Source:
    """One document that was fetched (or taken from a cache) while verifying."""

    url: str
    fetched_at: datetime
    age_seconds: int
    sha256: str
    stale: bool

    def to_json(self) -> JsonObject:
        return {
            "url": self.url,
            "fetched_at": write_date_time(self.fetched_at),
            "age_seconds": self.age_seconds,
            "sha256": self.sha256,
            "stale": self.stale,
        }


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whether what is known of an applicant agrees with whom the badge was given to; `None`: not asked."""

    email: Match | None = None
    name: Match | None = None
    did: Match | None = None

    def to_json(self) -> JsonObject:
        pairs = (("email", self.email), ("name", self.name), ("did", self.did))
        return {key: value for key, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    `credential` is a projection for display, present whenever a credential could be read, even a rejected
    one: never show it without `verdict`. `document` is the credential as parsed and `secured` the exact text
    it was read from; neither is part of the JSON.
    """

    verified_at: datetime
    verdict: Verdict
    summary: str
    format: str
    container: Container
    digest: str
    checks: tuple[Check, ...]
    credential: JsonObject | None
    recognitions: tuple[Recognition, ...]
    recipient: Recipient | None
    policy: JsonObject
    fetched: tuple[Source, ...]
    document: JsonObject | None = None
    secured: str | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    def check(self, kind: str) -> Check | None:
        """The most serious check of a kind ("proof", "status", …), `None` if there is none."""
        return worst(check for check in self.checks if check.kind == kind)

    def to_json(
        self, *, external_id: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> JsonObject:
        out: JsonObject = {
            "id": self.id,
            "verified_at": write_date_time(self.verified_at),
            "verdict": self.verdict,
            "summary": self.summary,
            "format": self.format,
            "container": self.container,
            "digest": self.digest,
            "checks": [check.to_json() for check in self.checks],
            "credential": self.credential,
            "recognitions": [recognition_json(one) for one in self.recognitions],
            "recipient": None if self.recipient is None else self.recipient.to_json(),
            "policy": self.policy,
            "fetched": [source.to_json() for source in self.fetched],
        }
        if external_id is not None:
            out["external_id"] = external_id
        if metadata is not None:
            out["metadata"] = dict(metadata)
        return out


_GRAVITY: Mapping[Outcome, int] = {"failed": 3, "inconclusive": 2, "passed": 1, "skipped": 0}


def worst(checks: Iterable[Check]) -> Check | None:
    """The first of the gravest: failed before inconclusive before passed before skipped."""
    found: Check | None = None
    for check in checks:
        if found is None or _GRAVITY[check.outcome] > _GRAVITY[found.outcome]:
            found = check
    return found


def of_kind(checks: Sequence[Check], kind: str) -> list[Check]:
    return [check for check in checks if check.kind == kind]


def recognition_json(one: Recognition) -> JsonObject:
    return {
        "recogniser": dict(one.recogniser),
        "issuer": one.issuer,
        "scope": dict(one.scope),
        "valid_from": None if one.valid_from is None else write_date_time(one.valid_from),
        "valid_until": None if one.valid_until is None else write_date_time(one.valid_until),
        "reason": one.reason,
        "registry": one.registry,
        "checked_at": write_date_time(one.checked_at),
    }
