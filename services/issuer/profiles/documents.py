"""The public documents of a profile: its DID, its DID document, its Open Badges Profile."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from services.issuer.keys.store import SigningKey
from services.issuer.profiles.store import Profile
from shared.clock import to_rfc3339

CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
_IN_CREDENTIALS = ("name", "url", "image", "email", "otherIdentifier", "official", "parentOrg")


def did_of(public_url: str, profile_id: str) -> str:
    """`did:web` of a profile under a public URL (did:web §3.1): a port's colon is percent-encoded, slashes are colons.

    Computed once, when the profile is made, and stored.
    """
    parts = urlsplit(public_url)
    host = quote(parts.netloc, safe="")
    path = [quote(segment, safe="") for segment in parts.path.split("/") if segment]
    return ":".join(["did:web", host, *path, "issuers", profile_id])


def verification_method(did: str, key: SigningKey) -> str:
    return f"{did}#{key.fragment}"


def did_document(profile: Profile, keys: Sequence[SigningKey], public_url: str) -> dict[str, Any]:
    """The DID document. Retired keys still vouch for what they signed; compromised ones vouch for nothing."""
    methods = [_method(profile.did, key) for key in keys]
    good = [verification_method(profile.did, key) for key in keys if key.state != "compromised"]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": profile.did,
        "alsoKnownAs": [profile_url(public_url, profile.id)],
        "verificationMethod": methods,
        "assertionMethod": good,
    }


def _method(did: str, key: SigningKey) -> dict[str, Any]:
    method = {
        "id": verification_method(did, key),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": key.fragment,
    }
    if key.state == "compromised" and key.compromised_since is not None:
        # Controlled Identifiers §2.2: from this moment on the key's signatures are not to be trusted.
        method["revoked"] = to_rfc3339(key.compromised_since)
    return method


def profile_url(public_url: str, profile_id: str) -> str:
    return f"{public_url}/issuers/{profile_id}"


def profile_document(profile: Profile) -> dict[str, Any]:
    """The Open Badges Profile that the profile's address answers with."""
    return {
        "@context": [CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT],
        "id": profile.did,
        "type": ["Profile"],
        **profile.document,
    }


def issuer_object(profile: Profile) -> dict[str, Any]:
    """The profile as it stands in credentials: an object, never a bare URI, because validators insist on it."""
    chosen = {name: profile.document[name] for name in _IN_CREDENTIALS if name in profile.document}
    return {"id": profile.did, "type": ["Profile"], **chosen}
