"""The identity of a recipient: IdentityObject of Open Badges 3.0, hashed or plain, built and compared."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from .strict_json import JsonObject

IDENTITY_TYPES: tuple[str, ...] = (
    "name",
    "sourcedId",
    "systemId",
    "productId",
    "userName",
    "accountId",
    "emailAddress",
    "nationalIdentityNumber",
    "isbn",
    "issn",
    "lisSourcedId",
    "oneRosterSourcedId",
    "sisSourcedId",
    "ltiContextId",
    "ltiDeploymentId",
    "ltiToolId",
    "ltiPlatformId",
    "ltiUserId",
    "identifier",
)
"""The identifier types that Open Badges 3.0 enumerates; others begin with `ext:`."""

_ALGORITHMS = {"sha256": hashlib.sha256, "md5": hashlib.md5}


def normalise_email(address: str) -> str:
    """The one form in which an e-mail address is hashed, stored and compared: trimmed and lower-cased."""
    return address.strip().lower()


def identity_hash(identity: str, salt: str = "") -> str:
    """`sha256$<hex>` over the identity followed by the salt (the salt is appended, with nothing between)."""
    return "sha256$" + hashlib.sha256((identity + salt).encode()).hexdigest()


def identity_object(
    identity_type: str, identity: str, *, hashed: bool = True, salt: str | None = None
) -> JsonObject:
    """The IdentityObject for a recipient.

    An e-mail address is normalised first. A hashed identity gets a random salt of 128 bits unless one is
    given: without it, everybody who has a list of addresses can tell whose badge it is.
    """
    value = normalise_email(identity) if identity_type == "emailAddress" else identity
    if not hashed:
        return {
            "type": "IdentityObject",
            "hashed": False,
            "identityHash": value,
            "identityType": identity_type,
        }
    used = secrets.token_hex(16) if salt is None else salt
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": identity_hash(value, used),
        "identityType": identity_type,
        "salt": used,
    }


def matches(identity: Mapping[str, Any], identity_type: str, value: str) -> bool | None:
    """Whether an IdentityObject is about `value`; `None` when it cannot tell.

    It cannot tell when the object is of another type, or hashed in a way that is not known. An e-mail
    address is tried as given and normalised, because Open Badges 3.0 has no rule on letter case.
    """
    if identity.get("identityType") != identity_type:
        return None
    expected = identity.get("identityHash")
    hashed = identity.get("hashed")
    if not isinstance(expected, str) or not isinstance(hashed, bool):
        return None
    candidates = {value, normalise_email(value)} if identity_type == "emailAddress" else {value}
    if hashed:
        return hash_matches(expected, candidates, identity.get("salt"))
    if identity_type == "emailAddress":
        return normalise_email(expected) in candidates
    return expected in candidates


def hash_matches(expected: str, candidates: set[str], salt: object) -> bool | None:
    """Whether `expected` (`sha256$…` or `md5$…`, hex in any case) is the hash of one of the candidates.

    `None` when the algorithm is another one, or the salt is not a text.
    """
    algorithm, dollar, digest = expected.partition("$")
    function = _ALGORITHMS.get(algorithm)
    if function is None or not dollar or not isinstance(salt, str | None):
        return None
    wanted = digest.lower().encode("utf-8", "replace")
    return any(
        hmac.compare_digest(function((one + (salt or "")).encode()).hexdigest().encode(), wanted)
        for one in candidates
    )
