"""Step 6: every status entry of the credential, with the list's own proof."""

import hashlib
from collections.abc import Mapping
from typing import Any

from shared.vc import strict_json
from shared.vc.baking import ImageRefused, Unrecognised, extract
from shared.vc.dids import KeyProblem
from shared.vc.errors import JsonRefused
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.keys import PublicKey
from shared.vc.report import Check, failed, inconclusive, passed, skipped, worst
from shared.vc.status import (
    StatusBits,
    StatusEntry,
    StatusRefused,
    bits_of,
    read_entry,
    read_list,
    read_revocation_list,
    time_to_live,
)

from .case import Case, Surroundings, several
from .keys import key_of_issuer
from .proofs import check_proofs
from .proven import ProvenList
from .reading import Unreadable, read
from .sources import spoken_age, with_age
from .validity import check_validity

_ACCEPT_LIST = (
    "application/vc, application/vc+ld+json, application/vc+jwt, application/ld+json, application/json"
)
_BLAME_ENTRY = {"status.malformed"}


async def check_status(case: Case, around: Surroundings) -> list[Check]:
    """One check for each entry: revocation, suspension, messages."""
    value = case.document.get("credentialStatus")
    entries = several(value)
    if not entries:
        reason = "The badge names no status list, so its issuer has no way to revoke it."
        return [skipped("status.absent", reason)]
    checks = [
        await _check_entry(
            entry, f"/credentialStatus/{n}" if isinstance(value, list) else "/credentialStatus", case, around
        )
        for n, entry in enumerate(entries[: around.limits.status_entries])
    ]
    if len(entries) > around.limits.status_entries:
        checks.append(
            inconclusive("status.not_supported", "The badge has more status entries than are looked at.")
        )
    return checks


async def _check_entry(entry: object, pointer: str, case: Case, around: Surroundings) -> Check:
    if not isinstance(entry, dict):
        return failed("status.malformed", "A status entry has to be an object.", pointer)
    types = several(entry.get("type"))
    try:
        if "BitstringStatusListEntry" in types:
            return await _bitstring(read_entry(entry), pointer, case, around)
        if "1EdTechRevocationList" in types:
            return await _revocation_list(entry, pointer, case, around)
    except StatusRefused as refused:
        make = failed if refused.code in _BLAME_ENTRY else inconclusive
        return make(refused.code, refused.reason, pointer)
    kind = str(entry.get("type"))[:80]
    return inconclusive(
        "status.not_supported", f"Status entries of the type {kind} are not supported here.", pointer
    )


async def _bitstring(entry: StatusEntry, pointer: str, case: Case, around: Surroundings) -> Check:
    answer = await _fetch(entry.list_url, around)
    listing, bits = await _proven(answer, case, around)
    _require_fresh(listing, answer, around)
    value = read_list(listing.document, entry, bits=bits)
    details: dict[str, Any] = {
        "purpose": entry.purpose,
        "list": entry.list_url,
        "index": entry.index,
        "value": value,
        "list_age_seconds": around.sources.age_seconds(answer),
    }
    ttl = time_to_live(listing.document)
    if ttl is not None:
        details["list_ttl_seconds"] = ttl // 1000
    return _verdict(entry, value, pointer, details, with_age(around.sources, answer))


def _verdict(entry: StatusEntry, value: int, pointer: str, details: Mapping[str, Any], age: str) -> Check:
    if entry.purpose == "message":
        message = entry.messages.get(value, "set" if value else "not set")
        return passed(
            "status.message", f"The issuer's message: {message}{age}.", pointer, message=message, **details
        )
    if value == 0:
        word = {"revocation": "revoked", "suspension": "suspended"}.get(entry.purpose)
        reason = (
            f"The issuer has not {word} it{age}."
            if word
            else f"The status {entry.purpose!r} is not set{age}."
        )
        return passed("status.active", reason, pointer, **details)
    if entry.purpose == "revocation":
        return failed("status.revoked", f"The issuer has revoked the badge{age}.", pointer, **details)
    if entry.purpose == "suspension":
        reason = f"The issuer has suspended the badge for the time being{age}."
        return failed("status.suspended", reason, pointer, **details)
    if entry.purpose == "refresh":
        reason = f"The issuer says that a newer version of the badge exists{age}."
        return passed("status.refresh_available", reason, pointer, **details)
    reason = f"The issuer has set the status {entry.purpose!r}, which is not known here{age}."
    return inconclusive("status.not_supported", reason, pointer, **details)


async def _fetch(url: str, around: Surroundings, accept: str = _ACCEPT_LIST) -> Fetched:
    try:
        return await around.sources(url, accept=accept, max_bytes=around.limits.status_list_bytes)
    except FetchRefused as refused:
        reason = f"Whether the badge was revoked could not be found out: {refused.reason}"
        raise StatusRefused("status.unreachable", reason) from refused


def _read(answer: Fetched) -> Case:
    try:
        return read(extract(answer.body))
    except (Unrecognised, ImageRefused) as error:
        reason = f"What was found at the status list's address is not one: {error.reason}"
        raise StatusRefused("status.list_malformed", reason) from error
    except Unreadable as error:
        reason = f"The status list cannot be read: {error.check.reason}"
        raise StatusRefused("status.list_malformed", reason) from error


async def _proven(answer: Fetched, case: Case, around: Surroundings) -> tuple[Case, StatusBits | None]:
    """The list, by the issuer of the badge and with a proof that holds; its bits if they were unpacked before."""
    memory = around.proven
    if memory is None:
        listing = _read(answer)
        await _require_proven(listing, case, around)
        return listing, None
    digest = hashlib.sha256(answer.body).digest()
    known = memory.get(digest)
    if known is not None and known.listing.issuer == case.issuer:
        key = await _key(known.method, case.issuer, around)
        if key == known.key:
            return known.listing, known.bits
    listing = _read(answer)
    await _require_proven(listing, case, around)
    method = _lasting_method(listing)
    key = None if method is None else await _key(method, case.issuer, around)
    if method is None or key is None:
        return listing, None
    bits = bits_of(listing.document)
    memory.put(digest, ProvenList(listing, bits, method, key))
    return listing, bits


async def _key(method: str, issuer: str | None, around: Surroundings) -> PublicKey | None:
    try:
        return (await key_of_issuer(method, issuer, around)).key
    except KeyProblem:
        return None  # the full verification that follows says what is wrong


def _lasting_method(listing: Case) -> str | None:
    """The verification method of a list with one proof that does not run out before the list; otherwise `None`."""
    proof = listing.document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if listing.token is not None or not isinstance(proof, dict) or "expires" in proof:
        return None
    method = proof.get("verificationMethod")
    return method if isinstance(method, str) else None


async def _require_proven(listing: Case, case: Case, around: Surroundings) -> None:
    if listing.issuer is None or listing.issuer != case.issuer:
        reason = f"The status list was issued by {listing.issuer}, not by the issuer of the badge."
        raise StatusRefused("status.list_foreign", reason)
    doubt = worst(await check_proofs(listing, around))
    if doubt is None or doubt.outcome != "passed":
        detail = "" if doubt is None else f": {doubt.reason}"
        raise StatusRefused("status.list_unproven", f"The status list's own signature does not stand{detail}")


def _require_fresh(listing: Case, answer: Fetched, around: Surroundings) -> None:
    period = check_validity(listing, around.now)
    if period.outcome != "passed":
        reason = "The status list is outside its own period of validity."
        raise StatusRefused("status.list_out_of_date", reason)
    age, allowed = around.sources.age_seconds(answer), around.policy.max_status_age
    if allowed is not None and age > allowed.total_seconds():
        reason = f"The copy of the status list at hand is {spoken_age(age)} old, more than the policy allows."
        raise StatusRefused("status.list_too_old", reason)


async def _revocation_list(entry: Mapping[str, Any], pointer: str, case: Case, around: Surroundings) -> Check:
    url = entry.get("id")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise StatusRefused("status.malformed", "`id` has to be the URL of the revocation list.")
    answer = await _fetch(url, around, "application/json")
    try:
        listing = strict_json.loads_object(answer.body)
    except JsonRefused as error:
        raise StatusRefused(
            "status.list_malformed", f"The revocation list cannot be read: {error.reason}"
        ) from error
    owner = listing.get("issuer")
    owner = owner.get("id") if isinstance(owner, dict) else owner
    if owner is not None and owner != case.issuer:
        raise StatusRefused(
            "status.list_foreign", f"The revocation list is that of {owner}, not of the issuer."
        )
    age = with_age(around.sources, answer)
    found = read_revocation_list(listing, case.id or "")
    details = {"list": url, "list_age_seconds": around.sources.age_seconds(answer)}
    if found is None:
        return passed("status.active", f"The issuer has not revoked it{age}.", pointer, **details)
    because = f", because: {found.reason}" if found.reason else ""
    return failed("status.revoked", f"The issuer has revoked the badge{because}{age}.", pointer, **details)
