"""A policy turns checks into a verdict: what must hold, what is only told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from .report import Check, Verdict, of_kind, worst
from .strict_json import JsonObject

ESSENTIAL = ("format", "context", "model", "subject", "proof", "key", "status", "validity", "policy")
"""The kinds of check that every policy demands, in the order in which a person wants to hear of them."""

Strictness = Literal["essential", "everything"]


class PolicyRefused(ValueError):
    """A policy that cannot be read; `pointer` names the member."""

    def __init__(self, reason: str, pointer: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Policy:
    """What has to hold for a badge to be accepted. The essential checks always have to.

    `trusted_recognisers` holds organisation ids, registry URLs or recognisers' URLs; empty means any.
    `allowed_issuers` and `allowed_achievements` hold ids; empty means any. `max_status_age`: a copy of a
    status list older than this leaves the badge undetermined. `undetermined_if_unsure`: any inconclusive
    check (an endorsement, a registry that is away) keeps the badge from being accepted. `refresh`: ask the
    issuer once for a newer version where the credential offers that.
    """

    name: str = "default"
    require_recognition: bool = False
    trusted_recognisers: tuple[str, ...] = ()
    allowed_issuers: tuple[str, ...] = ()
    allowed_achievements: tuple[str, ...] = ()
    require_recipient: bool = False
    max_status_age: timedelta | None = None
    undetermined_if_unsure: bool = False
    refresh: bool = True

    def to_json(self) -> JsonObject:
        age = self.max_status_age
        return {
            "name": self.name,
            "require_recognition": self.require_recognition,
            "trusted_recognisers": list(self.trusted_recognisers),
            "allowed_issuers": list(self.allowed_issuers),
            "allowed_achievements": list(self.allowed_achievements),
            "require_recipient": self.require_recipient,
            "max_status_age_seconds": None if age is None else int(age.total_seconds()),
            "undetermined_if_unsure": self.undetermined_if_unsure,
            "refresh": self.refresh,
        }


DEFAULT = Policy()
STRICT = Policy(
    name="strict",
    require_recognition=True,
    max_status_age=timedelta(hours=1),
    undetermined_if_unsure=True,
)
BUILT_IN: Mapping[str, Policy] = {policy.name: policy for policy in (DEFAULT, STRICT)}

_FLAGS = ("require_recognition", "require_recipient", "undetermined_if_unsure", "refresh")
_LISTS = ("trusted_recognisers", "allowed_issuers", "allowed_achievements")
_MAX_LIST = 1000
_MAX_AGE_SECONDS = 366 * 86400


def policy_from_json(value: Mapping[str, Any]) -> Policy:
    """The policy that `Policy.to_json` describes; members left out have the default's value.

    Raises:
        PolicyRefused: an unknown member, or one of the wrong type.
    """
    known = {"name", "max_status_age_seconds", *_FLAGS, *_LISTS}
    for member in value:
        if member not in known:
            raise PolicyRefused(f"A policy has no member {member!r}.", f"/{member}")
    name = value.get("name", "custom")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise PolicyRefused("A policy's name is a text of 1 to 100 characters.", "/name")
    flags = {flag: _flag(value[flag], flag) for flag in _FLAGS if flag in value}
    lists = {member: _texts(value[member], member) for member in _LISTS if member in value}
    changes: dict[str, Any] = {**flags, **lists}
    return replace(DEFAULT, name=name, max_status_age=_age(value.get("max_status_age_seconds")), **changes)


def _flag(value: object, member: str) -> bool:
    if not isinstance(value, bool):
        raise PolicyRefused("This is either true or false.", f"/{member}")
    return value


def _age(value: object) -> timedelta | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_AGE_SECONDS:
        raise PolicyRefused("A whole number of seconds, at most 366 days.", "/max_status_age_seconds")
    return timedelta(seconds=value)


def _texts(value: object, member: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_LIST:
        raise PolicyRefused(f"A list of at most {_MAX_LIST} texts.", f"/{member}")
    for index, one in enumerate(value):
        if not isinstance(one, str) or not one:
            raise PolicyRefused("A text that is not empty.", f"/{member}/{index}")
    return tuple(value)


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    summary: str


def decide(checks: Sequence[Check], policy: Policy) -> Decision:
    """The verdict of `policy` over `checks`, with the sentence that gives its gravest reason.

    A demanded check that failed rejects; if none failed, one that is inconclusive leaves the badge
    undetermined; only when all of them passed is it accepted.
    """
    demanded = _demanded(checks, policy)
    failure = next((check for check in demanded if check.outcome == "failed"), None)
    if failure is not None:
        return Decision("rejected", f"Rejected: {failure.reason}")
    doubt = next((check for check in demanded if check.outcome == "inconclusive"), None)
    if doubt is not None:
        return Decision("undetermined", f"Undetermined: {doubt.reason}")
    missing = _missing(checks, policy)
    if missing is not None:
        return Decision("undetermined", f"Undetermined: {missing}")
    return Decision("accepted", _acceptance(checks))


def _demanded(checks: Sequence[Check], policy: Policy) -> list[Check]:
    demanded = [check for kind in ESSENTIAL for check in of_kind(checks, kind)]
    demanded += [check for check in of_kind(checks, "schema") if _binding(check)]
    if policy.require_recognition:
        demanded += [_definite(check) for check in of_kind(checks, "recognition")]
    if policy.require_recipient:
        demanded += of_kind(checks, "recipient")
    if policy.undetermined_if_unsure:
        demanded += [check for check in checks if check.outcome == "inconclusive" and check not in demanded]
        for kind in ("endorsement", "embedded"):
            demanded += [check for check in of_kind(checks, kind) if check.outcome == "failed"]
    return demanded


def _binding(check: Check) -> bool:
    # A schema that the badge breaks, and one that Open Badges 3.0 wants applied; others are only told when they are away.
    return check.outcome == "failed" or (check.outcome, check.code) == ("inconclusive", "schema.not_applied")


def _definite(check: Check) -> Check:
    # That nobody vouches is only told under most policies; where recognition is demanded it decides.
    if check.code in {"recognition.none", "recognition.untrusted"}:
        return Check(check.code, "failed", check.reason, check.pointer, check.details)
    return check


def _missing(checks: Sequence[Check], policy: Policy) -> str | None:
    passing = {check.kind for check in checks if check.outcome == "passed"}
    if "proof" not in passing:
        return "Nothing proves who issued this badge."
    if policy.require_recognition and "recognition" not in passing:
        return "The policy asks for a recognised issuer, and no registry was asked."
    if policy.require_recipient and "recipient" not in passing:
        return "The policy asks whose badge this is, and nothing was said about the applicant."
    return None


def _acceptance(checks: Sequence[Check]) -> str:
    sentence = "Accepted: the badge was issued by whom it names, is unchanged and valid now."
    recipient = worst(of_kind(checks, "recipient"))
    if recipient is not None and recipient.outcome != "skipped":
        sentence += f" {recipient.reason}"
    recognition = worst(of_kind(checks, "recognition"))
    if recognition is not None and recognition.outcome == "inconclusive":
        sentence += f" {recognition.reason}"
    return sentence
