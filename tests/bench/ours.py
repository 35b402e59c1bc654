"""Confer's own engine as a subject: the engine alone, and what the services do with it; and the bare signature."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from shared.vc import multikey, strict_json
from shared.vc.contexts import ContextStore
from shared.vc.dids import retrieve
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.jsonld import to_quads
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.model import check, lint
from shared.vc.multibase import base64url_encode
from shared.vc.proofs import data_integrity, jws, jwt
from shared.vc.verify import verify
from tests.bench.documents import ISSUERS
from tests.bench.subject import Form, Json, Unsupported, issued_by, registered_claims

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
_Result = TypeVar("_Result")
_ECDSA = {"ES256", "ecdsa-rdfc-2019"}
_KEYS: dict[Form, Algorithm] = {
    "eddsa-rdfc-2022": Algorithm.ED25519,
    "ecdsa-rdfc-2019": Algorithm.P256,
    "EdDSA": Algorithm.ED25519,
    "ES256": Algorithm.P256,
    "RS256": Algorithm.RSA,
}


class Confer:
    """The engine: strict parsing, safe mode, structure, canonical form, the issuer's key, signature."""

    version = "this checkout"

    def __init__(self) -> None:
        self._store = ContextStore.builtin()
        self._keys: dict[tuple[Form, int], SigningKey] = {}

    def key(self, form: Form, issuer: int) -> SigningKey:
        """The key of an issuer, made when it is first asked for."""
        known = self._keys.get((form, issuer))
        if known is None:
            known = self._keys[form, issuer] = SigningKey.generate(_KEYS[form])
        return known

    def did(self, form: Form, issuer: int) -> str:
        """The issuer's DID: did:key, or did:jwk for RSA keys, which have no Multikey."""
        key = self.key(form, issuer).public
        if key.algorithm is Algorithm.RSA:
            return f"did:jwk:{base64url_encode(strict_json.dumps(key.jwk()))}"
        return f"did:key:{multikey.encode(key)}"

    def method(self, form: Form, issuer: int) -> str:
        did = self.did(form, issuer)
        return f"{did}#0" if did.startswith("did:jwk:") else f"{did}#{did.removeprefix('did:key:')}"

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        key, method = self.key(form, issuer), self.method(form, issuer)
        badge = issued_by(self.did(form, issuer), document)

        def embedded() -> bytes:
            assert not lint(badge)
            signed = data_integrity.sign(
                badge, key=key, verification_method=method, created=NOW, cryptosuite=form, store=self._store
            )
            return strict_json.dumps(signed)

        def token() -> bytes:
            assert not lint(badge)
            return jwt.sign(badge, key=key, kid=method, store=self._store).encode()

        return embedded if "-rdfc-" in form else token

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        del issuer
        return (lambda: self._embedded(secured)) if "-rdfc-" in form else (lambda: self._token(secured))

    def _embedded(self, data: bytes) -> bool:
        document = strict_json.loads_object(data)
        (proof,) = data_integrity.proofs_of(document)
        key = finished(retrieve(proof["verificationMethod"], _nothing_fetched, now=NOW))
        data_integrity.verify(document, proof, key.key, self._store, now=NOW)
        return key.controller == document["issuer"]["id"] and not check(document)

    def _token(self, data: bytes) -> bool:
        taken = jwt.parse(data.decode())
        assert taken.kid is not None
        key = finished(retrieve(taken.kid, _nothing_fetched, now=NOW, jwk=True))
        jwt.verify(taken, key.key, now=NOW)
        to_quads(taken.credential, self._store)
        return key.controller == taken.credential["issuer"]["id"] and not check(taken.credential)


class ConferServices(Confer):
    """What the services do: the issuer reads back and checks what it signed, the verifier writes a full report."""

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        sign = super().issue(form, document, issuer)

        def signed_and_checked() -> bytes:
            secured = sign()
            assert self._embedded(secured) if "-rdfc-" in form else self._token(secured)
            return secured

        return signed_and_checked

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        del form, issuer

        def report() -> bool:
            found = finished(verify(secured, fetcher=_nothing_fetched, contexts=self._store, now=NOW))
            # Without a network nothing can be told of status and endorsements; the rest has to hold.
            held = {one.kind for one in found.checks if one.outcome == "passed"}
            return held >= {"context", "model", "key", "proof", "validity"}

        return report


class Unchecked(Confer):
    """A JWT of the same claims, signed without a look at them: what the other libraries do, and Confer never."""

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        if "-rdfc-" in form:
            raise Unsupported("a proof over RDF cannot be made without looking")
        key, header = self.key(form, issuer), {"typ": "JWT", "kid": self.method(form, issuer)}
        badge = issued_by(self.did(form, issuer), document)
        claims = badge | registered_claims(badge)
        return lambda: jws.sign(header, strict_json.dumps(claims), key).encode()


class Raw:
    """The bare signature and its check over 64 bytes, as `cryptography` (OpenSSL) does them: the floor."""

    version = "OpenSSL"

    def __init__(self) -> None:
        self._ed25519 = [ed25519.Ed25519PrivateKey.generate() for _ in range(ISSUERS)]
        self._p256 = [ec.generate_private_key(ec.SECP256R1()) for _ in range(ISSUERS)]
        self._rsa = [rsa.generate_private_key(65537, 3072) for _ in range(ISSUERS)]

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        data = hashlib.sha512(document["id"].encode()).digest()  # what suites sign is as long as this
        if form == "RS256":
            of_rsa = self._rsa[issuer]
            return lambda: data + of_rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if form in _ECDSA:
            of_p256 = self._p256[issuer]
            return lambda: data + of_p256.sign(data, ec.ECDSA(hashes.SHA256()))
        of_ed25519 = self._ed25519[issuer]
        return lambda: data + of_ed25519.sign(data)

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        data, signature = secured[:64], secured[64:]
        if form == "RS256":
            of_rsa = self._rsa[issuer].public_key()
            return lambda: of_rsa.verify(signature, data, padding.PKCS1v15(), hashes.SHA256()) is None
        if form in _ECDSA:
            of_p256 = self._p256[issuer].public_key()
            return lambda: of_p256.verify(signature, data, ec.ECDSA(hashes.SHA256())) is None
        of_ed25519 = self._ed25519[issuer].public_key()
        return lambda: of_ed25519.verify(signature, data) is None


async def _nothing_fetched(url: str, *, accept: str, max_bytes: int) -> Fetched:
    del accept, max_bytes
    raise FetchRefused("unreachable", f"{url} is not fetched here.")


def finished(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of a coroutine that has nothing to wait for, without the cost of an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        result: _Result = stopped.value
        return result
    raise AssertionError("it waited")
