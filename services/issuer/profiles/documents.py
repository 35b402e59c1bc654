"""The public documents of a profile: its DID, its DID document, its Open Badges Profile."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from services.issuer.keys.store import SigningKey
from services.issuer.profiles.store import Profile
from shared.vc import multikey
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.dids import DocumentKey, did_web, web_document

_IN_CREDENTIALS = ("name", "url", "image", "email", "otherIdentifier", "official", "parentOrg")


def did_of(public_url: str, profile_id: str) -> str:
    """`did:web` of a profile under a public URL. Computed once, when the profile is made, and stored."""
    return did_web(public_url, "issuers", profile_id)


def verification_method(did: str, key: SigningKey) -> str:
    return f"{did}#{key.fragment}"


def did_document(profile: Profile, keys: Sequence[SigningKey], public_url: str) -> dict[str, Any]:
    """The DID document. Retired keys still vouch for what they signed; compromised ones vouch for nothing."""
    shown = [DocumentKey(multikey.decode(key.fragment), _state(key)) for key in keys]
    return web_document(profile.did, shown, also_known_as=[profile_url(public_url, profile.id)])


def _state(key: SigningKey) -> Literal["active", "retired", "compromised"]:
    return cast("Literal['active', 'retired', 'compromised']", key.state)  # no other is ever written


def profile_url(public_url: str, profile_id: str) -> str:
    return f"{public_url}/issuers/{profile_id}"


def profile_document(profile: Profile) -> dict[str, Any]:
    """The Open Badges Profile that the profile's address answers with."""
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": profile.did,
        "type": ["Profile"],
        **profile.document,
    }


def issuer_object(profile: Profile) -> dict[str, Any]:
    """The profile as it stands in credentials: an object, never a bare URI, because validators insist on it."""
    chosen = {name: profile.document[name] for name in _IN_CREDENTIALS if name in profile.document}
    return {"id": profile.did, "type": ["Profile"], **chosen}
