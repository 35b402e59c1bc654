"""Step 10: endorsements of the badge, of its issuer and of its achievement, each verified like a badge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.vc.policy import Decision, Policy, decide
from shared.vc.report import Check, failed, inconclusive, passed
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings, objects, several, text
from .examine import examine_content, examine_currency
from .reading import Unreadable, read_token

_PLAIN = Policy(name="endorsement", refresh=False)
_CODES = {"accepted": "endorsement.valid", "rejected": "endorsement.invalid"}


@dataclass(frozen=True, slots=True)
class _Endorsement:
    """`endorsed`: the id of what it stands in, `value`: the credential or its compact JWS."""

    value: Any
    endorsed: Any
    pointer: str


async def check_endorsements(case: Case, around: Surroundings) -> list[Check]:
    """One check for each endorsement, with its own checks in the details; bounded in number and depth."""
    return await _Round(around).walk(case.document, 1)


class _Round:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._left = around.limits.endorsements

    async def walk(self, document: JsonObject, depth: int) -> list[Check]:
        checks: list[Check] = []
        for one in endorsements_in(document):
            if self._left <= 0 or depth > self._around.limits.endorsement_depth:
                reason = "There are more endorsements, or endorsements of endorsements, than are looked at."
                checks.append(inconclusive("endorsement.too_many", reason, one.pointer))
                break
            self._left -= 1
            checks.append(await self._judge(one, depth))
        return checks

    async def _judge(self, one: _Endorsement, depth: int) -> Check:
        try:
            case = _case(one.value)
        except Unreadable as error:
            return failed(
                "endorsement.invalid", f"An endorsement cannot be read: {error.check.reason}", one.pointer
            )
        await examine_content(case, self._around)
        await examine_currency(case, self._around)
        decision = decide(case.checks, _PLAIN)
        inner = await self.walk(case.document, depth + 1)
        return _told(case, one, decision, inner)


def _told(case: Case, one: _Endorsement, decision: Decision, inner: list[Check]) -> Check:
    issuer = case.document.get("issuer")
    name = text(issuer.get("name")) if isinstance(issuer, dict) else None
    subject = next(iter(objects(case.document.get("credentialSubject"))), {})
    details: JsonObject = {
        "issuer": {"id": case.issuer, "name": name},
        "endorsed": subject.get("id"),
        "comment": text(subject.get("endorsementComment")),
        "verdict": decision.verdict,
        "checks": [check.to_json() for check in (*case.checks, *inner)],
    }
    who = name or case.issuer or "somebody unnamed"
    if "EndorsementCredential" not in several(case.document.get("type")):
        details["verdict"] = "rejected"
        return failed(
            "endorsement.invalid", "What is given as an endorsement is none.", one.pointer, **details
        )
    if subject.get("id") != one.endorsed:
        details["verdict"] = "rejected"
        reason = f"The endorsement by {who} is about something else than what it stands in."
        return failed("endorsement.invalid", reason, one.pointer, **details)
    if decision.verdict == "accepted":
        return passed("endorsement.valid", f"Endorsed by {who}.", one.pointer, **details)
    make = failed if decision.verdict == "rejected" else inconclusive
    code = _CODES.get(decision.verdict, "endorsement.undetermined")
    return make(code, f"Endorsement by {who}: {decision.summary}", one.pointer, **details)


def _case(value: Any) -> Case:
    if isinstance(value, str):
        return read_token(value)
    return Case(value, "", "ob3")


def endorsements_in(document: JsonObject) -> Iterator[_Endorsement]:
    """Every endorsement in a credential: its own, its issuer's, its achievement's and its creator's."""
    yield from _of(document, "")
    yield from _of(document.get("issuer"), "/issuer")
    for subject in objects(document.get("credentialSubject")):
        pointer = "/credentialSubject"
        yield from _of(subject.get("source"), f"{pointer}/source")
        for achievement in objects(subject.get("achievement")):
            yield from _of(achievement, f"{pointer}/achievement")
            yield from _of(achievement.get("creator"), f"{pointer}/achievement/creator")


def _of(thing: Any, pointer: str) -> Iterator[_Endorsement]:
    if not isinstance(thing, dict):
        return
    for name, kind in (("endorsement", dict), ("endorsementJwt", str)):
        for index, value in enumerate(several(thing.get(name))):
            if isinstance(value, kind):
                yield _Endorsement(value, thing.get("id"), f"{pointer}/{name}/{index}")
