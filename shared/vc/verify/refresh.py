"""Step 6 of the standard's order: once, after the proof, ask the issuer for a newer version."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from shared.vc.baking import ImageRefused, Unrecognised, extract
from shared.vc.dates import parse_date_time
from shared.vc.fetching import FetchRefused
from shared.vc.report import Check, inconclusive, passed, skipped

from .case import Case, Surroundings, objects, several
from .examine import examine_content
from .reading import Unreadable, read

_ACCEPT = "application/vc+ld+json, application/vc, application/ld+json, application/json, application/vc+jwt, text/plain"
_POINTER = "/refreshService"


async def refreshed(case: Case, around: Surroundings) -> tuple[Case, list[Check]]:
    """The newer version if the issuer has one that stands, otherwise `case` itself; and what there is to tell."""
    services = objects(case.document.get("refreshService"))
    if not services:
        return case, []
    if not around.policy.refresh:
        return case, [skipped("refresh.not_asked", "The policy does not ask for newer versions.", _POINTER)]
    service = next((one for one in services if "1EdTechCredentialRefresh" in several(one.get("type"))), None)
    if service is None:
        reason = "The badge offers newer versions in a way that is not supported here."
        return case, [skipped("refresh.not_supported", reason, _POINTER)]
    return await _ask(case, service, around)


async def _ask(case: Case, service: Mapping[str, Any], around: Surroundings) -> tuple[Case, list[Check]]:
    try:
        answer = await around.sources(
            str(service.get("id")), accept=_ACCEPT, max_bytes=around.limits.credential_bytes
        )
    except FetchRefused as refused:
        reason = f"Whether a newer version exists could not be found out; the one at hand was used. {refused.reason}"
        return case, [inconclusive("refresh.unreachable", reason, _POINTER)]
    try:
        newer = read(extract(answer.body))
    except (Unrecognised, ImageRefused, Unreadable) as error:
        reason = (
            f"What the issuer offers as a newer version cannot be read; the one at hand was used. {error}"
        )
        return case, [inconclusive("refresh.refused", reason, _POINTER)]
    return await _judge(case, newer, around)


async def _judge(case: Case, newer: Case, around: Surroundings) -> tuple[Case, list[Check]]:
    if newer.text == case.text or newer.document == case.document:
        return case, [passed("refresh.current", "This is the issuer's newest version.", _POINTER)]
    if newer.issuer != case.issuer or _same(newer.id) != _same(case.id):
        reason = "What the issuer offers as a newer version is another badge; the one at hand was used."
        return case, [inconclusive("refresh.refused", reason, _POINTER)]
    before, after = _beginning(case), _beginning(newer)
    if before is not None and after is not None and after < before:
        return case, [passed("refresh.current", "The issuer has no newer version than this one.", _POINTER)]
    await examine_content(newer, around)
    wrong = next((one for one in newer.checks if one.outcome in {"failed", "inconclusive"}), None)
    if wrong is not None:
        reason = f"The newer version that the issuer offers does not stand; the one at hand was used. {wrong.reason}"
        return case, [inconclusive("refresh.refused", reason, _POINTER)]
    return newer, [passed("refresh.refreshed", "The issuer had a newer version, which was used.", _POINTER)]


def _same(identifier: str | None) -> str:
    """An id as the standard compares ids: percent-decoded, then trimmed."""
    return unquote(identifier or "").strip()


def _beginning(case: Case) -> Any:
    return parse_date_time(case.document.get("validFrom", case.document.get("issuanceDate")))
