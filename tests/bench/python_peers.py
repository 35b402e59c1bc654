"""Other libraries for Python as subjects, each through what its documentation offers."""

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shared.vc import multikey
from shared.vc.contexts import CREDENTIALS_V1, OPEN_BADGES_3, ContextStore
from shared.vc.keys import PublicKey
from tests.bench.documents import ISSUERS
from tests.bench.subject import Form, Json, Unsupported, issued_by, registered_claims

_Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_OPEN_BADGES_FIRST = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"


class _Keys:
    """The keys of the issuers by form, made when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[Form, int], _Private] = {}

    def __call__(self, form: Form, issuer: int) -> _Private:
        known = self._made.get((form, issuer))
        if known is None:
            known = self._made[form, issuer] = self._new(form)
        return known

    @staticmethod
    def _new(form: Form) -> _Private:
        if form == "RS256":
            return rsa.generate_private_key(65537, 3072)
        if form in {"ES256", "ecdsa-rdfc-2019"}:
            return ec.generate_private_key(ec.SECP256R1())
        return ed25519.Ed25519PrivateKey.generate()


class OpenBadgesLib:
    """openbadgeslib: Open Badges for Python. Signs any document; its verifier also checks that JSON and RDF agree."""

    def __init__(self) -> None:
        library = import_module("openbadgeslib.ob3")
        self.version = version("openbadgeslib")
        self._sign = import_module("openbadgeslib.ob3.ldp").add_data_integrity_proof
        self._signer, self._verifier = library.OB3Signer, library.OB3Verifier
        self._embedded = library.OB3LdpVerifier()
        self._keys = _Keys()
        self._signers: dict[tuple[Form, int], Any] = {}
        self._verifiers: dict[tuple[Form, int], Any] = {}

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        if form == "ecdsa-rdfc-2019":
            raise Unsupported("signs eddsa-rdfc-2022 and JWT only")
        key = self._keys(form, issuer)
        if form == "eddsa-rdfc-2022":
            pem, did = _private_pem(key), _did_key(key)
            badge, method = issued_by(did, document), f"{did}#{did.removeprefix('did:key:')}"
            return lambda: json.dumps(self._sign(badge, pem, method)).encode()
        badge = issued_by("https://school.example/issuer", document)
        if (form, issuer) not in self._signers:
            self._signers[form, issuer] = self._signer(privkey_pem=_private_pem(key), algorithm=form)
        signer, claims = self._signers[form, issuer], badge | registered_claims(badge)
        return lambda: str(signer.sign_payload(claims)).encode()

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        if form == "eddsa-rdfc-2022":
            return lambda: self._embedded.verify(secured) is not None
        if (form, issuer) not in self._verifiers:
            self._verifiers[form, issuer] = self._verifier(_public_pem(self._keys(form, issuer)))
        verifier, token = self._verifiers[form, issuer], secured.decode()
        return lambda: verifier.verify(token) is not None


class OpenVc:
    """openvc-core: verifiable credentials for Python."""

    def __init__(self) -> None:
        self._checking, self._kinds = import_module("openvc.verify"), import_module("openvc.keys")
        self._keys = _Keys()
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

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        if form == "RS256":
            raise Unsupported("has no RSA")
        private, ecdsa = self._keys(form, issuer), form in {"ES256", "ecdsa-rdfc-2019"}
        make = self._kinds.P256SigningKey if ecdsa else self._kinds.Ed25519SigningKey
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

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        del form, issuer
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
        self._keys = [self._didkit.generate_ed25519_key() for _ in range(ISSUERS)]

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        if form != "eddsa-rdfc-2022":
            raise Unsupported("signs older suites only")
        key = self._keys[issuer]
        badge = issued_by(self._didkit.key_to_did("key", key), document)
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
                "verificationMethod": self._run("key_to_verification_method", "key", key),
            }
        )
        return lambda: str(self._run("issue_credential", text, options, key)).encode()

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        del form, issuer
        text = secured.decode()
        return lambda: not json.loads(self._run("verify_credential", text, "{}"))["errors"]

    def _run(self, name: str, *arguments: str) -> Any:
        async def call() -> Any:
            return await getattr(self._didkit, name)(*arguments)

        return self._loop.run_until_complete(call())


def _private_pem(key: _Private) -> bytes:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain)


def _public_pem(key: _Private) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _did_key(key: Any) -> str:
    return f"did:key:{multikey.encode(PublicKey.of(key.public_key()))}"
