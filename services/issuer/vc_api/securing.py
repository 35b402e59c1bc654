"""Securing a document with an instance's key, and verifying at once what was secured (decision 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.issuer.keys.signing import SignatureNotGood
from services.issuer.vc_api.errors import CannotSecure, refused
from shared.vc import multibase, multikey, strict_json
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.errors import VcError
from shared.vc.keys import Algorithm, PublicKey, SigningKey
from shared.vc.model.contexts import is_version_1
from shared.vc.proofs import data_integrity, ecdsa_sd, jwt, sd_jwt
from shared.vc.proofs.selection import steps_of

JWT, SD_JWT = "vc+jwt", "vc+sd-jwt"
_ECDSA = (Algorithm.P256, Algorithm.P384)
_ANY = (Algorithm.ED25519, *_ECDSA)
ALGORITHMS: dict[str, tuple[Algorithm, ...]] = {
    "eddsa-rdfc-2022": (Algorithm.ED25519,),
    "eddsa-jcs-2022": (Algorithm.ED25519,),
    "ecdsa-rdfc-2019": _ECDSA,
    "ecdsa-jcs-2019": _ECDSA,
    ecdsa_sd.CRYPTOSUITE: (Algorithm.P256,),
    JWT: _ANY,
    SD_JWT: _ANY,
}
"""Way of securing -> kinds of key that it takes, the usual one first."""
_Object = dict[str, Any]


@dataclass(frozen=True)
class Securing:
    """An instance's key, opened, with the name that verifiers find it under."""

    name: str
    did: str
    method: str
    key: SigningKey

    @property
    def enveloping(self) -> bool:
        return self.name in {JWT, SD_JWT}

    @property
    def signs_json(self) -> bool:
        """Whether what is signed is the credential's JSON, not the RDF that it stands for."""
        return self.enveloping or self.name in data_integrity.JSON_CRYPTOSUITES


def identity(securing: str, key: PublicKey) -> tuple[str, str]:
    """The DID made of a key, and the URL of the key in it: VC-JOSE-COSE (§4) wants a JWK, the others a Multikey."""
    if securing in {JWT, SD_JWT}:
        did = "did:jwk:" + multibase.base64url_encode(strict_json.dumps(key.jwk()))
        return did, f"{did}#0"
    fragment = multikey.encode(key)
    return f"did:key:{fragment}", f"did:key:{fragment}#{fragment}"


def secure(
    credential: _Object, by: Securing, mandatory: Sequence[str] | None, now: datetime, store: ContextStore
) -> _Object:
    """The credential with its proof, or in its envelope.

    Args:
        credential: checked (see `checking`), with all that is to be signed.
        by: the key.
        mandatory: JSON pointers to what a holder may not hide; only for ways of securing that let something be hidden.
        now: when it is signed.
        store: contexts.

    Raises:
        CredentialRefused: it cannot be secured in this way.
        SignatureNotGood: what was just signed does not verify, a fault of ours.
    """
    if mandatory is not None and by.name not in {ecdsa_sd.CRYPTOSUITE, SD_JWT}:
        raise CannotSecure(f"{by.name} discloses all or nothing: mandatoryPointers mean nothing with it.")
    if by.enveloping and is_version_1(credential):
        raise CannotSecure("Only credentials of version 2.0 of the data model are secured with VC-JOSE-COSE.")
    if by.name == ecdsa_sd.CRYPTOSUITE and "proof" in credential:
        raise CannotSecure(f"{by.name} is the only proof of what it secures; the credential has one already.")
    try:
        secured = _SECURE.get(by.name, _with_proof)(credential, by, mandatory or (), now, store)
    except VcError as error:
        raise refused(error, "/credential", CannotSecure) from error
    return secured


def secure_list(document: _Object, by: Securing, now: datetime, store: ContextStore) -> bytes:
    """A status list with its proof, as the bytes that are served: with Data Integrity, whatever the credentials have."""
    suite = "eddsa-rdfc-2022" if by.key.algorithm is Algorithm.ED25519 else "ecdsa-rdfc-2019"
    own = Securing(suite, by.did, by.method, by.key)
    return strict_json.dumps(secure(document, own, None, now, store))


def _with_proof(
    credential: _Object, by: Securing, mandatory: Sequence[str], now: datetime, store: ContextStore
) -> _Object:
    del mandatory
    secured = data_integrity.sign(
        credential,
        key=by.key,
        verification_method=by.method,
        created=now,
        cryptosuite=by.name,
        store=store,
    )
    return _proven(secured, by, store, as_holder=False)


def _with_base_proof(
    credential: _Object, by: Securing, mandatory: Sequence[str], now: datetime, store: ContextStore
) -> _Object:
    secured = ecdsa_sd.sign(
        credential,
        key=by.key,
        verification_method=by.method,
        created=now,
        mandatory=mandatory,
        store=store,
    )
    return _proven(secured, by, store, as_holder=True)


def _proven(secured: _Object, by: Securing, store: ContextStore, *, as_holder: bool) -> _Object:
    """The document read back from its bytes, its newest proof verified."""
    document = strict_json.loads_object(strict_json.dumps(secured))
    proof = data_integrity.proofs_of(document)[-1]
    _holds(data_integrity.verify, document, proof, by.key.public, store, as_holder=as_holder)
    return document


def _as_jwt(
    credential: _Object, by: Securing, mandatory: Sequence[str], now: datetime, store: ContextStore
) -> _Object:
    del mandatory
    _no_claims(credential)
    token = jwt.sign(credential, key=by.key, kid=by.method, profile="vc-jose", issued_at=now, store=store)
    _holds(jwt.verify, jwt.parse(token), by.key.public)
    return _enveloped(f"data:application/{JWT},{token}")


def _as_sd_jwt(
    credential: _Object, by: Securing, mandatory: Sequence[str], now: datetime, store: ContextStore
) -> _Object:
    _no_claims(credential)
    token = sd_jwt.sign(
        credential,
        key=by.key,
        kid=by.method,
        selective=_claims(credential, mandatory),
        issued_at=now,
        store=store,
    )
    _holds(jwt.verify, sd_jwt.parse(token).credential, by.key.public)
    return _enveloped(f"data:application/{SD_JWT},{token}")


_SECURE = {ecdsa_sd.CRYPTOSUITE: _with_base_proof, JWT: _as_jwt, SD_JWT: _as_sd_jwt}


def _enveloped(address: str) -> _Object:
    """VCDM 2.0, §4.13.1."""
    return {"@context": CREDENTIALS_V2, "id": address, "type": "EnvelopedVerifiableCredential"}


def _no_claims(credential: _Object) -> None:
    found = sorted(jwt.REGISTERED & credential.keys())
    if found:
        raise CannotSecure(f"The credential has members that are claims of the JWT: {', '.join(found)}.")


def _claims(credential: _Object, mandatory: Sequence[str]) -> list[str]:
    """Pointers to what is said of the subjects, but for what is mandatory and for who they are."""
    fixed = [tuple(steps_of(pointer)) for pointer in mandatory]
    subject = credential["credentialSubject"]
    several = (
        [(f"/{n}", each) for n, each in enumerate(subject)] if isinstance(subject, list) else [("", subject)]
    )
    found = []
    for place, each in several:
        for name in each:
            pointer = f"/credentialSubject{place}/" + name.replace("~", "~0").replace("/", "~1")
            steps = tuple(steps_of(pointer))
            kept = any(one[: len(steps)] == steps or steps[: len(one)] == one for one in fixed)
            if name not in {"id", "type"} and not kept:
                found.append(pointer)
    return found


def _holds(check: Any, *arguments: Any, **options: Any) -> None:
    try:
        check(*arguments, **options)
    except VcError as error:
        if not error.conclusive:  # more work than is allowed: nothing is signed that nobody here could verify
            raise
        raise SignatureNotGood(str(error)) from error
