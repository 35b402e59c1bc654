"""Other libraries for Python as subjects, each through what its documentation offers."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shared.vc import multikey
from shared.vc.contexts import CREDENTIALS_V1, OPEN_BADGES_3, ContextStore
from shared.vc.keys import PublicKey
from tests.bench.subject import Form, Json, Unsupported, issued_by

_Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_OPEN_BADGES_FIRST = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"


class OpenBadgesLib:
    """openbadgeslib: Open Badges for Python. Signs any document; its verifier also checks that JSON and RDF agree."""

    def __init__(self) -> None:
        library = import_module("openbadgeslib.ob3")
        self.version = version("openbadgeslib")
        self._sign = import_module("openbadgeslib.ob3.ldp").add_data_integrity_proof
        self._signer, self._verifier = library.OB3Signer, library.OB3Verifier
        self._embedded = library.OB3LdpVerifier()
        self._keys: dict[Form, _Private] = {
            "eddsa-rdfc-2022": ed25519.Ed25519PrivateKey.generate(),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "RS256": rsa.generate_private_key(65537, 3072),
        }

    def issue(self, form: Form, document: Json) -> Callable[[], bytes]:
        if form not in self._keys:
            raise Unsupported("signs eddsa-rdfc-2022 and JWT only")
        key = self._keys[form]
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        if form == "eddsa-rdfc-2022":
            did = _did_key(key)
            badge, method = issued_by(did, document), f"{did}#{did.removeprefix('did:key:')}"
            return lambda: json.dumps(self._sign(badge, pem, method)).encode()
        badge = issued_by("https://school.example/issuer", document)
        signer = self._signer(privkey_pem=pem, algorithm=form)
        claims = badge | _claims(badge)
        return lambda: str(signer.sign_payload(claims)).encode()

    def verify(self, form: Form, secured: bytes) -> Callable[[], bool]:
        if form == "eddsa-rdfc-2022":
            return lambda: self._embedded.verify(secured) is not None
        pem = (
            self._keys[form]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        verifier, token = self._verifier(pem), secured.decode()
        return lambda: verifier.verify(token) is not None


class OpenVc:
    """openvc-core: verifiable credentials for Python."""

    def __init__(self) -> None:
        self._checking, self._keys = import_module("openvc.verify"), import_module("openvc.keys")
        self.version = version("openvc-core")
        self._tokens = import_module("openvc.proof.vc_jwt").VcJwtProofSuite()
        self._suites = {
            "eddsa-rdfc-2022": import_module("openvc.proof.data_integrity").DataIntegrityProofSuite(),
            "ecdsa-rdfc-2019": import_module("openvc.proof.di_ecdsa_rdfc").EcdsaRdfcProofSuite(),
        }
        self._policy = self._checking.VerificationPolicy(require_status=False)
        self._resolver = self._checking.default_resolver()
        # It brings the W3C's context only.
        body = ContextStore.builtin().get(OPEN_BADGES_3).document
        self._contexts = {OPEN_BADGES_3: body}

    def issue(self, form: Form, document: Json) -> Callable[[], bytes]:
        if form == "RS256":
            raise Unsupported("has no RSA")
        private: _Private
        if form in {"eddsa-rdfc-2022", "EdDSA"}:
            private, make = ed25519.Ed25519PrivateKey.generate(), self._keys.Ed25519SigningKey
        else:
            private, make = ec.generate_private_key(ec.SECP256R1()), self._keys.P256SigningKey
        did = _did_key(private)
        method, badge = f"{did}#{did.removeprefix('did:key:')}", issued_by(did, document)
        key = make(private, method)
        if form in {"EdDSA", "ES256"}:
            return lambda: str(self._tokens.sign(badge, signing_key=key)).encode()
        suite, contexts = self._suites[form], self._contexts

        def embedded() -> bytes:
            secured = suite.add_proof(
                badge, signing_key=key, verification_method=method, extra_contexts=contexts
            )
            return json.dumps(secured).encode()

        return embedded

    def verify(self, form: Form, secured: bytes) -> Callable[[], bool]:
        del form
        check, how = self._checking.verify_credential, {"policy": self._policy, "resolver": self._resolver}
        if not secured.startswith(b"{"):
            token = secured.decode()
            return lambda: check(token, **how) is not None
        return lambda: check(json.loads(secured), extra_contexts=self._contexts, **how) is not None


class DidKit:
    """didkit, Rust. It knows the data model of 2019 and the first context of Open Badges 3.0 only, so the credential
    is rewritten for it, without status, and signed as `Ed25519Signature2020`.
    """

    def __init__(self) -> None:
        self.version = version("didkit")
        self._didkit, self._loop = import_module("didkit"), asyncio.new_event_loop()
        self._key = self._didkit.generate_ed25519_key()

    def issue(self, form: Form, document: Json) -> Callable[[], bytes]:
        if form != "eddsa-rdfc-2022":
            raise Unsupported("signs older suites only")
        badge = issued_by(self._didkit.key_to_did("key", self._key), document)
        if "endorsement" in badge:
            raise Unsupported("has no context for data model 2.0, nor for what the full credential holds")
        badge["@context"] = [CREDENTIALS_V1, _OPEN_BADGES_FIRST]
        badge["issuanceDate"] = badge.pop("validFrom")
        badge.pop("validUntil", None)
        badge.pop("credentialStatus", None)
        text = json.dumps(badge)
        options = json.dumps(
            {
                "type": "Ed25519Signature2020",
                "proofPurpose": "assertionMethod",
                "verificationMethod": self._run("key_to_verification_method", "key", self._key),
            }
        )
        return lambda: str(self._run("issue_credential", text, options, self._key)).encode()

    def verify(self, form: Form, secured: bytes) -> Callable[[], bool]:
        del form
        text = secured.decode()
        return lambda: not json.loads(self._run("verify_credential", text, "{}"))["errors"]

    def _run(self, name: str, *arguments: str) -> Any:
        async def call() -> Any:
            return await getattr(self._didkit, name)(*arguments)

        return self._loop.run_until_complete(call())


def _did_key(key: Any) -> str:
    return f"did:key:{multikey.encode(PublicKey.of(key.public_key()))}"


def _claims(badge: Json) -> Json:
    """The registered claims that Open Badges 3.0 has beside the credential."""
    start, end = (
        int(datetime.fromisoformat(badge.get(name, "2126-01-01T00:00:00Z")).astimezone(UTC).timestamp())
        for name in ("validFrom", "validUntil")
    )
    subject = badge["credentialSubject"]["id"]
    claims = {"iss": badge["issuer"]["id"], "sub": subject, "jti": badge["id"], "nbf": start}
    return claims | ({"exp": end} if "validUntil" in badge else {})
