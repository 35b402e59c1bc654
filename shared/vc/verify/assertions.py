"""Badges of Open Badges 2.0 and 1.x: hosted ones are asked for again, signed ones are checked by their key.

Nothing in such a badge is signed data in the sense of JSON-LD: the host's word, or the signature over the whole
assertion, stands for all of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.vc import strict_json
from shared.vc.dids.resolve import is_web_url
from shared.vc.errors import JsonRefused, VcError
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.keys import PublicKey
from shared.vc.model import Finding
from shared.vc.model.values import is_uri
from shared.vc.open_badges_2 import (
    address_of,
    as_open_badge,
    check_assertion,
    check_badge_class,
    check_profile,
    is_hosted,
    names_in,
    origin_problem,
    revocation_in,
    upgrade_assertion,
    upgrade_badge_class,
    upgrade_profile,
)
from shared.vc.proofs import jws
from shared.vc.report import Check, failed, inconclusive, passed
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings
from .extensions import check_extensions
from .sources import with_age
from .validity import check_validity

_ACCEPT = "application/ld+json, application/json"
_MAX_DOCUMENT = 512 * 1024
_GONE = 410


class _Stop(Exception):
    """A check that leaves nothing more to look at."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.reason)
        self.check = check


async def examine_assertion(case: Case, around: Surroundings) -> None:
    """All checks of structure, proof, key, status and period; leaves the badge's view in `case.view`."""
    given = upgrade_assertion(case.document)
    case.view = as_open_badge(given, {}, {})
    try:
        if case.token is None or is_hosted(given):
            await _examine_hosted(case, given, around)
        else:
            await _examine_signed(case, given, around)
    except _Stop as stop:
        case.note([stop.check])
    case.note([check_validity(case, around.now)])


async def _examine_hosted(case: Case, given: JsonObject, around: Surroundings) -> None:
    if is_hosted(given) is False:
        reason = "The assertion says that it is signed, and comes without its signature."
        raise _Stop(failed("proof.missing", reason))
    # From here on only what the host says counts; the copy at hand may say anything.
    assertion, answer = await _hosted_assertion(given, around)
    issuer = await _gathered(case, assertion, around)
    case.note(_hosting(assertion, issuer, with_age(around.sources, answer)))


async def _examine_signed(case: Case, assertion: JsonObject, around: Surroundings) -> None:
    issuer = await _gathered(case, assertion, around)
    case.note(await _signature(case, assertion, issuer, around))


async def _gathered(case: Case, assertion: JsonObject, around: Surroundings) -> JsonObject:
    """Fetches badge class and issuer, notes what is wrong with their structure, and returns the issuer."""
    case.view = as_open_badge(assertion, {}, {})
    badge = await _part(assertion.get("badge"), "badge class", "/badge", around, upgrade_badge_class)
    issuer = await _issuer(badge, around)
    case.view = as_open_badge(assertion, badge, issuer)
    case.note(_structure(assertion, badge, issuer))
    parts = {"": assertion, "/badge": badge, "/badge/issuer": issuer}
    case.note(await check_extensions(parts, around))
    return issuer


# --- fetching -----------------------------------------------------------------------------------


async def _hosted_assertion(assertion: JsonObject, around: Surroundings) -> tuple[JsonObject, Fetched]:
    address = assertion.get("id")
    if not isinstance(address, str) or not is_web_url(address):
        raise _Stop(failed("model.malformed_uri", "A hosted assertion's `id` has to be its address.", "/id"))
    try:
        answer = await around.sources(address, accept=_ACCEPT, max_bytes=_MAX_DOCUMENT)
    except FetchRefused as refused:
        if refused.status == _GONE:
            reason = "The issuer has revoked the badge: its address says that it is gone."
            raise _Stop(failed("status.revoked", reason)) from refused
        reason = f"Whether the issuer stands by the badge could not be found out: {refused.reason}"
        raise _Stop(inconclusive("proof.hosted_unreachable", reason)) from refused
    found = upgrade_assertion(_parse(answer, "assertion"))
    if found.get("revoked") is True:
        told = found.get("revocationReason")
        because = f", because: {told}" if isinstance(told, str) else ""
        raise _Stop(failed("status.revoked", f"The issuer has revoked the badge{because}.", "/revoked"))
    if found.get("id") not in (address, answer.final_url):
        reason = "What is hosted at the assertion's address is another assertion."
        raise _Stop(failed("proof.hosted_elsewhere", reason, "/id"))
    return found, answer


def _parse(answer: Fetched, what: str) -> JsonObject:
    try:
        return strict_json.loads_object(answer.body)
    except JsonRefused as error:
        reason = f"The {what} at {answer.url} cannot be read: {error.reason}"
        raise _Stop(inconclusive("model.part_unreadable", reason)) from error


async def _part(value: object, what: str, pointer: str, around: Surroundings, upgrade: Any) -> JsonObject:
    """A badge class or profile: as embedded, or fetched from the address that stands for it."""
    if isinstance(value, dict):
        made: JsonObject = upgrade(value)
        return made
    if not isinstance(value, str) or not is_web_url(value):
        raise _Stop(
            inconclusive(
                "model.part_unreadable", f"The {what} has no address it could be read from.", pointer
            )
        )
    try:
        answer = await around.sources(value, accept=_ACCEPT, max_bytes=_MAX_DOCUMENT)
    except FetchRefused as refused:
        reason = f"The {what} could not be fetched: {refused.reason}"
        raise _Stop(inconclusive("model.part_unreadable", reason, pointer)) from refused
    fetched: JsonObject = upgrade(_parse(answer, what), value)
    return fetched


async def _issuer(badge: Mapping[str, Any], around: Surroundings) -> JsonObject:
    """The issuer's profile, always from the issuer's own address: only it says what the issuer allows."""
    value = badge.get("issuer")
    address = address_of(value)
    if address is None or not is_web_url(address):
        reason = "The issuer has no address on the web, so nothing ties the badge to an issuer."
        raise _Stop(inconclusive("key.unbound", reason, "/badge/issuer"))
    profile = await _part(address, "issuer's profile", "/badge/issuer", around, upgrade_profile)
    return {**profile, "id": address} if _stands_for(profile.get("id"), address) else _foreign(address)


def _stands_for(stated: object, address: str) -> bool:
    """Whether a profile's own id may stay unsaid: it is of the same host, or (2.0: "a unique IRI") no address at all,
    such as a UUID, which nobody can look up. The issuer is known by the address in either case.
    """
    if not is_uri(stated):
        return False
    if not is_web_url(str(stated)):
        return True
    return str(stated).split("/")[2].lower() == address.split("/")[2].lower()


def _foreign(address: str) -> JsonObject:
    raise _Stop(failed("key.wrong_document", f"The profile at {address} says that it is somebody else's."))


# --- checks -------------------------------------------------------------------------------------


def _structure(assertion: JsonObject, badge: JsonObject, issuer: JsonObject) -> list[Check]:
    parts: list[tuple[str, Sequence[Finding]]] = [
        ("", check_assertion(assertion)),
        ("/badge", check_badge_class(badge)),
        ("/badge/issuer", check_profile(issuer)),
    ]
    found = [
        failed(one.code, one.reason, where + one.pointer) for where, findings in parts for one in findings
    ]
    if found:
        return found
    return [
        passed("context.known", "The badge follows Open Badges 2.0."),
        passed("model.valid", "The badge has the structure that the standard demands."),
        passed("subject.identified", "The badge says whom it is about.", "/recipient"),
    ]


def _hosting(assertion: JsonObject, issuer: JsonObject, age: str) -> list[Check]:
    problem = origin_problem(str(assertion.get("id")), issuer)
    if problem is not None:
        return [failed("proof.hosted_elsewhere", problem, "/id")]
    return [
        passed("proof.hosted", f"The issuer itself serves this badge{age}.", "/id"),
        passed("status.active", f"The issuer serves the badge and does not mark it as revoked{age}."),
    ]


async def _signature(
    case: Case, assertion: JsonObject, issuer: JsonObject, around: Surroundings
) -> list[Check]:
    assert case.token is not None
    address = _key_address(assertion, issuer)
    if address is None:
        return [
            failed("key.not_found", "The issuer's profile names no key, or not the one of the signature.")
        ]
    key = await _part(address, "issuer's key", "/verification/creator", around, _as_it_is)
    if key.get("owner") not in (issuer.get("id"), address_of(issuer)):
        return [failed("key.wrong_controller", "The key says that somebody else owns it.")]
    try:
        public = PublicKey.from_pem(str(key.get("publicKeyPem")))
        jws.verify(jws.parse(case.token), public)
    except VcError as error:
        if error.code == "unsupported_key":
            return [inconclusive("key.method_unsupported", error.reason)]
        kind = "key.malformed" if error.code in {"malformed_key", "weak_key"} else "proof.invalid"
        return [failed(kind, error.reason)]
    told = passed(
        "key.retrieved", "The key belongs to the issuer.", key=address, algorithm=str(public.algorithm)
    )
    proof = passed(
        "proof.valid", "The signature is the issuer's, and the content is unchanged.", cryptosuite="jws"
    )
    return [told, proof, await _revocation(assertion, issuer, around)]


def _as_it_is(document: JsonObject, _address: str | None = None) -> JsonObject:
    return document


def _key_address(assertion: Mapping[str, Any], issuer: Mapping[str, Any]) -> str | None:
    """The key that the assertion names, if the issuer lists it; or the issuer's only one."""
    value = issuer.get("publicKey")
    listed = [address_of(one) for one in (value if isinstance(value, list) else [value])]
    verification = assertion.get("verification")
    creator = address_of(verification.get("creator")) if isinstance(verification, dict) else None
    if creator is not None:
        return creator if creator in listed else None
    return listed[0] if len(listed) == 1 else None


async def _revocation(assertion: JsonObject, issuer: JsonObject, around: Surroundings) -> Check:
    address = next(iter(names_in(issuer.get("revocationList"))), None)
    if address is None:
        return passed("status.active", "The issuer publishes no list of revoked badges.")
    try:
        answer = await around.sources(address, accept=_ACCEPT, max_bytes=around.limits.status_list_bytes)
        listing = strict_json.loads_object(answer.body)
    except FetchRefused as refused:
        return inconclusive(
            "status.unreachable", f"Whether the badge was revoked could not be found out: {refused.reason}"
        )
    except JsonRefused as error:
        return inconclusive(
            "status.list_malformed", f"The list of revoked badges cannot be read: {error.reason}"
        )
    found = revocation_in(listing, assertion)
    age = with_age(around.sources, answer)
    if found is None:
        return passed("status.active", f"The issuer has not revoked it{age}.")
    because = f", because: {found.reason}" if found.reason else ""
    return failed("status.revoked", f"The issuer has revoked the badge{because}{age}.")
