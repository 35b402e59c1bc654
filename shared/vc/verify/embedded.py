"""The credentials inside a comprehensive learner record (CLR 2.0), each verified like a badge.

What becomes of them is told beside the record's own checks: a record of a life may well hold a badge that has expired.
"""

from collections.abc import Iterator
from typing import Any

from shared.vc.policy import Decision, Policy, decide
from shared.vc.report import Check, failed, inconclusive, passed
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings, objects, several, text
from .endorsements import check_endorsements
from .examine import examine_content, examine_currency
from .reading import Unreadable, read_embedded

_PLAIN = Policy(name="embedded", refresh=False)


async def check_embedded(record: Case, around: Surroundings) -> list[Check]:
    """One check for each credential in a record, with its own checks in the details; bounded in number and depth."""
    return await _Round(around).walk(record, 1)


class _Round:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._left = around.limits.embedded

    async def walk(self, record: Case, depth: int) -> list[Check]:
        checks: list[Check] = []
        for pointer, value in embedded_in(record.document):
            if self._left <= 0 or depth > self._around.limits.embedded_depth:
                reason = "The record holds more credentials, or records within records, than are looked at."
                checks.append(inconclusive("embedded.too_many", reason, pointer))
                break
            self._left -= 1
            checks.append(await self._judge(record, value, pointer, depth))
        return checks

    async def _judge(self, record: Case, value: Any, pointer: str, depth: int) -> Check:
        try:
            case = read_embedded(value)
        except Unreadable as error:
            reason = f"A credential in the record cannot be read: {error.check.reason}"
            return failed("embedded.invalid", reason, pointer)
        if case.family == "ob2":
            reason = (
                "A badge of Open Badges 2.0 in the record was not verified: it has to be shown by itself."
            )
            return inconclusive("embedded.undetermined", reason, pointer, id=case.id)
        await examine_content(case, self._around)
        await examine_currency(case, self._around)
        _settle_proof(case, record)
        decision = decide(case.checks, _PLAIN)
        inner = await check_endorsements(case, self._around) if decision.verdict != "rejected" else []
        if case.family == "clr2":
            inner += await self.walk(case, depth + 1)
        return _told(case, pointer, decision, inner)


def _settle_proof(case: Case, record: Case) -> None:
    """A credential without a proof of its own is what the record's issuer says, who may be its issuer as well."""
    if case.token is not None or case.document.get("proof"):
        return
    case.checks = [check for check in case.checks if check.code != "proof.missing"]
    if case.issuer is not None and case.issuer == record.issuer and record.passed("proof"):
        reason = "The record that it stands in is signed by the same issuer."
        case.note([passed("proof.not_needed", reason)])


def _told(case: Case, pointer: str, decision: Decision, inner: list[Check]) -> Check:
    issuer = case.document.get("issuer")
    subject = next(iter(objects(case.document.get("credentialSubject"))), {})
    achievement = next(iter(objects(subject.get("achievement"))), {})
    name = text(case.document.get("name")) or text(achievement.get("name")) or case.id or "without a name"
    details: JsonObject = {
        "id": case.id,
        "name": name,
        "issuer": {
            "id": case.issuer,
            "name": text(issuer.get("name")) if isinstance(issuer, dict) else None,
        },
        "format": case.format,
        "verdict": decision.verdict,
        "checks": [check.to_json() for check in (*case.checks, *inner)],
    }
    if decision.verdict == "accepted":
        return passed("embedded.valid", f"The credential {name} in the record stands.", pointer, **details)
    reason = f"The credential {name} in the record: {decision.summary}"
    if decision.verdict == "rejected":
        return failed("embedded.invalid", reason, pointer, **details)
    return inconclusive("embedded.undetermined", reason, pointer, **details)


def embedded_in(document: JsonObject) -> Iterator[tuple[str, Any]]:
    """Every credential in a record, with its place."""
    subjects = document.get("credentialSubject")
    for number, subject in enumerate(several(subjects)):
        if not isinstance(subject, dict):
            continue
        place = f"/credentialSubject/{number}" if isinstance(subjects, list) else "/credentialSubject"
        for index, value in enumerate(several(subject.get("verifiableCredential"))):
            yield f"{place}/verifiableCredential/{index}", value
