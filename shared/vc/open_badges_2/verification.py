"""How an assertion of Open Badges 2.0 is to be verified, and what its issuer allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


def names_in(value: object) -> list[str]:
    """The texts in a property that may be one text or an array."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, str)]


def address_of(value: object) -> str | None:
    """The id of something that is embedded or only referred to."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def is_hosted(assertion: Mapping[str, Any]) -> bool | None:
    """Whether the assertion is verified by asking its host (True) or by a signature (False); `None`: unclear."""
    verification = assertion.get("verification")
    types = set(names_in(verification.get("type"))) if isinstance(verification, dict) else set()
    if types & {"hosted", "HostedBadge"}:
        return True
    return False if types & {"signed", "SignedBadge"} else None


def origin_problem(assertion: str, issuer: Mapping[str, Any]) -> str | None:
    """Why an assertion may not be hosted where it is, in a sentence; `None` if it may.

    The issuer's `verification` gives `allowedOrigins` (host names; by default the issuer's own) and
    `startsWith` (beginnings of addresses; by default any).
    """
    rules = issuer.get("verification")
    rules = rules if isinstance(rules, dict) else {}
    own = address_of(issuer) or ""
    allowed = names_in(rules["allowedOrigins"]) if "allowedOrigins" in rules else [_host(own)]
    if _host(assertion) not in {one.lower() for one in allowed}:
        return f"The assertion is hosted at {_host(assertion)}, which its issuer ({own}) does not allow."
    if "startsWith" in rules and not assertion.startswith(tuple(names_in(rules["startsWith"]))):
        return f"The assertion's address does not begin as its issuer ({own}) demands."
    return None


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Revocation:
    reason: str | None


def revocation_in(listing: Mapping[str, Any], assertion: Mapping[str, Any]) -> Revocation | None:
    """Whether a RevocationList names the assertion, by its id or (1.x) its uid; `None`: it does not."""
    own = {one for one in (assertion.get("id"), assertion.get("uid")) if isinstance(one, str)}
    own |= {one.removeprefix("urn:uid:") for one in own}
    entries = listing.get("revokedAssertions")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, str) and entry in own:
            return Revocation(None)
        if isinstance(entry, dict) and {*names_in(entry.get("id")), *names_in(entry.get("uid"))} & own:
            reason = entry.get("revocationReason")
            return Revocation(reason if isinstance(reason, str) else None)
    return None
