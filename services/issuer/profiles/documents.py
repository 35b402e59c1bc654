"""The public documents of a profile: its DID, its DID document, its Open Badges Profile."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from services.issuer.keys.store import SigningKey, public_key
from services.issuer.profiles.store import Profile
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.dids import DocumentKey, did_web, web_document
from shared.vc.keys import Algorithm
from shared.vc.proofs import jws

_IN_CREDENTIALS = ("name", "url", "image", "email", "otherIdentifier", "official", "parentOrg")


def did_of(public_url: str, profile_id: str) -> str:
    """`did:web` of a profile under a public URL. Computed once, when the profile is made, and stored."""
    return did_web(public_url, "issuers", profile_id)


def verification_method(did: str, key: SigningKey) -> str:
    """As it stands in Data Integrity proofs, and for RSA in JWTs."""
    return f"{did}#{key.fragment}"


def jwt_key_id(did: str, key: SigningKey) -> str:
    """As it stands in the header of JWTs: the method that holds the key as a JWK."""
    return f"{did}#{DocumentKey(public_key(key), as_jwk=True).fragment}"


def did_document(profile: Profile, keys: Sequence[SigningKey], public_url: str) -> dict[str, Any]:
    """The DID document. Retired keys still vouch for what they signed; compromised ones vouch for nothing.

    A P-256 key stands there twice, as proofs and as JWTs name it.
    """
    shown = [DocumentKey(public_key(key), _state(key)) for key in keys]
    shown += [
        DocumentKey(public_key(key), _state(key), as_jwk=True)
        for key in keys
        if key.algorithm == Algorithm.P256
    ]
    return web_document(profile.did, shown, also_known_as=[profile_url(public_url, profile.id)])


def jwk_set(keys: Iterable[tuple[SigningKey, str]]) -> dict[str, Any]:
    """Keys with their profiles' DIDs as a JWK Set (RFC 7517 §5); `iss` says whose each is (Open Badges 3.0
    implementation guide, key provenance). Compromised ones are left out.
    """
    return {"keys": [_jwk(key, did) for key, did in keys if key.state != "compromised"]}


def _jwk(key: SigningKey, did: str) -> dict[str, str]:
    public = public_key(key)
    named = {"kid": jwt_key_id(did, key), "use": "sig", "alg": jws.ALGORITHMS[public.algorithm], "iss": did}
    return {**public.jwk(), **named}


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
