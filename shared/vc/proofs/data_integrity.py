"""Data Integrity proofs (VC Data Integrity 1.0 with its EdDSA and ECDSA cryptosuites): signing and verifying.

`eddsa-rdfc-2022` and `ecdsa-rdfc-2019` sign the canonical RDF of a document, in safe mode; `eddsa-jcs-2022` and
`ecdsa-jcs-2019` its canonical JSON; `ecdsa-sd-2023` (signed in `ecdsa_sd`, verified here as well) each of its statements.
`eddsa-2022` and `Ed25519Signature2020` are older names and forms of the first:
they are verified, never made.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shared.vc import dates, jcs, multibase
from shared.vc.budget import Budget
from shared.vc.contexts import CREDENTIALS_V1, ED25519_2020, ContextStore
from shared.vc.errors import DataLoss, KeyRefused, ProofInvalid, UnknownContext, UnsupportedProof, VcError
from shared.vc.keys import Algorithm, PublicKey, SigningKey
from shared.vc.proofs import ecdsa_sd
from shared.vc.proofs.canonical import canonical, canonical_options

ASSERTION = "assertionMethod"

_Object = dict[str, Any]

_MAX_PROOFS = 16


@dataclass(frozen=True, slots=True)
class _Suite:
    rdf: bool
    algorithms: tuple[Algorithm, ...]


_SUITES: Mapping[str, _Suite] = {
    "eddsa-rdfc-2022": _Suite(rdf=True, algorithms=(Algorithm.ED25519,)),
    "eddsa-2022": _Suite(rdf=True, algorithms=(Algorithm.ED25519,)),
    "eddsa-jcs-2022": _Suite(rdf=False, algorithms=(Algorithm.ED25519,)),
    "ecdsa-rdfc-2019": _Suite(rdf=True, algorithms=(Algorithm.P256, Algorithm.P384)),
    "ecdsa-jcs-2019": _Suite(rdf=False, algorithms=(Algorithm.P256, Algorithm.P384)),
    ecdsa_sd.CRYPTOSUITE: _Suite(rdf=True, algorithms=(Algorithm.P256,)),
}
_LEGACY = "Ed25519Signature2020"
CRYPTOSUITES = tuple(suite for suite in _SUITES if suite not in {"eddsa-2022", ecdsa_sd.CRYPTOSUITE})
"""What `sign` signs with; `ecdsa_sd.sign` signs for selective disclosure."""
JSON_CRYPTOSUITES = frozenset(suite for suite, one in _SUITES.items() if not one.rdf)
"""Those that cover a document's JSON, not the RDF that it stands for."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof that holds tells.

    Attributes:
        cryptosuite: the cryptosuite, or `Ed25519Signature2020`.
        created, expires: as the proof states them, aware UTC; None when it does not.
        contexts: SHA-256 of the body that each address of the document's @context stood for when the signature
            fitted; empty for the JCS suites, which do not read contexts.
        alternative: address of the context of which not the newest body fitted, or None.
        previous: ids of proofs that this one was made on top of (`previousProof`); they have to hold as well.
    """

    cryptosuite: str
    created: datetime | None
    expires: datetime | None
    contexts: Mapping[str, str] = field(default_factory=dict)
    alternative: str | None = None
    previous: tuple[str, ...] = ()


def proofs_of(document: _Object) -> list[_Object]:
    """The proofs of a document, in order; none when it has no `proof`.

    Raises:
        ProofInvalid: `malformed_proof` when `proof` is neither an object nor a list of objects, or holds too many.
    """
    proof = document.get("proof", [])
    proofs = proof if isinstance(proof, list) else [proof]
    if not all(isinstance(item, dict) for item in proofs):
        raise ProofInvalid("malformed_proof", "A proof has to be an object.", "/proof")
    if len(proofs) > _MAX_PROOFS:
        raise ProofInvalid("malformed_proof", f"More than {_MAX_PROOFS} proofs are not read.", "/proof")
    return proofs


def suite_of(proof: _Object) -> str:
    """The cryptosuite of a proof, or `Ed25519Signature2020`.

    Raises:
        UnsupportedProof: `unsupported_proof` for every other kind. ProofInvalid: `malformed_proof`.
    """
    kind, suite = proof.get("type"), proof.get("cryptosuite")
    if not isinstance(kind, str):
        raise ProofInvalid("malformed_proof", "The proof has no type.", "/type")
    if kind == _LEGACY:
        return _LEGACY
    if kind != "DataIntegrityProof":
        raise UnsupportedProof("unsupported_proof", f"Proofs of type {kind[:80]} are not supported.", "/type")
    if not isinstance(suite, str):
        raise ProofInvalid("malformed_proof", "The proof names no cryptosuite.", "/cryptosuite")
    if suite not in _SUITES:
        raise UnsupportedProof(
            "unsupported_proof", f"The cryptosuite {suite[:80]} is not supported.", "/cryptosuite"
        )
    return suite


# --- signing ------------------------------------------------------------------------------------


def sign(
    document: _Object,
    *,
    key: SigningKey,
    verification_method: str,
    created: datetime,
    cryptosuite: str = "eddsa-rdfc-2022",
    store: ContextStore | None = None,
    purpose: str = ASSERTION,
    expires: datetime | None = None,
    proof_id: str | None = None,
    previous: Sequence[str] = (),
    domain: str | None = None,
    challenge: str | None = None,
) -> _Object:
    """A copy of the document with one more proof.

    Args:
        document: the credential; proofs it already has stay, and the new one joins them as a set.
        key: fits the cryptosuite: Ed25519, or P-256 and P-384 for the ECDSA ones.
        verification_method: URL under which verifiers find the public key.
        created: aware; whole seconds are written.
        cryptosuite: one of `CRYPTOSUITES`.
        store: contexts of the document; the built-in ones when left out.
        purpose: the proof purpose.
        expires: aware; when the proof, not the credential, runs out.
        proof_id: an absolute URI for the new proof, so that others can be made on top of it.
        previous: ids of proofs in the document that this one is made on top of (`previousProof`): it holds only
            with them unchanged. They are not verified here.
        domain: whom the proof is made for (presentations).
        challenge: what the proof answers (presentations).

    Returns:
        The document with `proof`: one object, or a list when there were others.

    Raises:
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext: what is to be signed cannot be signed whole.
        ProofInvalid: `previous_proof_missing`, a proof named in `previous` is not in the document, or not only once.
        ValueError: the key does not fit the cryptosuite, or it is none that is signed with.
    """
    if cryptosuite not in CRYPTOSUITES or key.algorithm not in _SUITES[cryptosuite].algorithms:
        raise ValueError(f"{cryptosuite} is not signed with here, or not with a {key.algorithm} key")
    existing = proofs_of(document)
    proof: _Object = {} if proof_id is None else {"id": proof_id}
    proof |= {
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": dates.write_date_time(created),
    }
    if expires is not None:
        proof["expires"] = dates.write_date_time(expires)
    proof |= {"verificationMethod": verification_method, "proofPurpose": purpose}
    proof |= {name: one for name, one in (("domain", domain), ("challenge", challenge)) if one is not None}
    if previous:
        proof["previousProof"] = previous[0] if len(previous) == 1 else list(previous)
    if not _SUITES[cryptosuite].rdf and "@context" in document:
        proof["@context"] = document["@context"]
    signed, _ = _unsecured(document, proof)
    data = _hash_data(signed, proof, cryptosuite, key.algorithm, store or ContextStore.builtin(), Budget())
    proof["proofValue"] = multibase.encode(key.sign(data))
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    return {**unsecured, "proof": [*existing, proof] if existing else proof}


# --- verifying ----------------------------------------------------------------------------------


def verify(
    document: _Object,
    proof: _Object,
    public_key: PublicKey,
    store: ContextStore,
    *,
    now: datetime | None = None,
    purpose: str = ASSERTION,
    domain: str | None = None,
    challenge: str | None = None,
    budget: Budget | None = None,
    as_holder: bool = False,
) -> Verified:
    """Check one proof of a document with a key.

    Whose key it is, and whether its owner may sign credentials, is for the caller to have established.

    Args:
        document: the secured document, with all its proofs.
        proof: the one of them to check.
        public_key: the key that its verificationMethod stands for.
        store: contexts; for an address with several bodies each is tried in turn (Open Badges 3.0.3).
        now: aware; checked against `expires` when given.
        purpose: expected proof purpose.
        domain: expected among the proof's domains; not looked at when None.
        challenge: expected challenge; not looked at when None.
        budget: work allowed for all readings of the document; a fresh default one when left out.
        as_holder: of `ecdsa-sd-2023`, whether the issuer's base proof is verified as well: it is for the holder alone,
            and a verifier has to refuse it (vc-di-ecdsa, 3.5.6).

    Returns:
        Verified. Nothing is returned for a proof that does not hold.

    Raises:
        ProofInvalid: malformed_proof, wrong_purpose, proof_expired, domain_mismatch, challenge_mismatch,
            malformed_proof_value, wrong_key_type, context_mismatch, previous_proof_missing, signature_mismatch.
        UnsupportedProof: a kind of proof that is not known here.
        DataLoss, InvalidJsonLd, InvalidContext: the document or the proof cannot be signed data.
        UnknownContext, UnsupportedJsonLd, BudgetExceeded: it cannot be told.
    """
    suite = suite_of(proof)
    created, expires = _moment(proof, "created"), _moment(proof, "expires")
    if proof.get("proofPurpose") != purpose:
        raise ProofInvalid("wrong_purpose", f"The proof was not made for {purpose}.", "/proofPurpose")
    if not isinstance(proof.get("verificationMethod"), str):
        raise ProofInvalid(
            "malformed_proof", "The proof names no verification method.", "/verificationMethod"
        )
    if expires is not None and now is not None and now > expires:
        raise ProofInvalid("proof_expired", "The proof itself has expired.", "/expires")
    if domain is not None and domain not in _texts(proof.get("domain")):
        raise ProofInvalid("domain_mismatch", "The proof was made for another domain.", "/domain")
    if challenge is not None and proof.get("challenge") != challenge:
        raise ProofInvalid("challenge_mismatch", "The proof answers another challenge.", "/challenge")
    if suite != _LEGACY and public_key.algorithm not in _SUITES[suite].algorithms:
        raise ProofInvalid("wrong_key_type", f"A {public_key.algorithm} key does not belong to {suite}.")
    if suite == _LEGACY and public_key.algorithm is not Algorithm.ED25519:
        raise ProofInvalid("wrong_key_type", f"A {public_key.algorithm} key does not belong to {suite}.")
    unsecured, previous = _unsecured(document, proof)
    check = _selective if suite == ecdsa_sd.CRYPTOSUITE else _whole
    fits = check(unsecured, proof, suite, public_key, budget or Budget(), as_holder=as_holder)
    found = _fitting(_context_urls(unsecured) if _reads_contexts(suite) else None, store, fits)
    return Verified(suite, created, expires, found[0], found[1], previous)


_Fits = Callable[[ContextStore], bool]


def _whole(
    unsecured: _Object, proof: _Object, suite: str, key: PublicKey, budget: Budget, *, as_holder: bool
) -> _Fits:
    """Whether the one signature over all of the document fits it, as given contexts read it."""
    del as_holder
    signature = _signature(proof, key.algorithm)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    return lambda store: key.verify(
        signature, _hash_data(unsecured, options, suite, key.algorithm, store, budget)
    )


def _selective(
    unsecured: _Object, proof: _Object, suite: str, key: PublicKey, budget: Budget, *, as_holder: bool
) -> _Fits:
    """Whether the signatures over the document's statements fit them, as given contexts read it."""
    base = ecdsa_sd.is_base(proof)
    if base and not as_holder:
        raise ProofInvalid(
            "base_proof",
            f"This is the issuer's {suite} base proof, for the holder to derive others from.",
            "/proofValue",
        )
    return lambda store: ecdsa_sd.holds(unsecured, proof, key, store, budget, base=base)


def _reads_contexts(suite: str) -> bool:
    return suite == _LEGACY or _SUITES[suite].rdf


def _fitting(
    urls: Sequence[str] | None, store: ContextStore, fits: _Fits
) -> tuple[Mapping[str, str], str | None]:
    """The bodies of the contexts under which a proof fits; raises what is wrong with the newest ones."""
    failure: VcError = ProofInvalid(
        "signature_mismatch", "The signature does not fit: the content was changed, or another key signed it."
    )
    first = True
    for candidate in (store,) if urls is None else store.candidates(urls):
        try:
            fit = fits(candidate)
        except DataLoss as error:
            failure = error if first else failure
        else:
            if fit:
                used = {url: candidate.get(url).sha256 for url in urls or ()}
                changed = [url for url, digest in used.items() if store.get(url).sha256 != digest]
                return used, changed[0] if changed else None
        first = False
    raise failure


def _texts(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _context_urls(document: _Object) -> list[str]:
    return list(dict.fromkeys(_texts(document.get("@context"))))


def _moment(proof: _Object, name: str) -> datetime | None:
    if name not in proof:
        return None
    moment = dates.parse_date_time(proof[name])
    if moment is None:
        raise ProofInvalid("malformed_proof", f'"{name}" is not a time with a zone.', f"/{name}")
    return moment.astimezone(UTC)


def _signature(proof: _Object, algorithm: Algorithm) -> bytes:
    value = proof.get("proofValue")
    if not isinstance(value, str) or not value.startswith("z"):
        raise ProofInvalid("malformed_proof_value", "The proof value is not in base58btc (z).", "/proofValue")
    try:
        signature = multibase.decode(value)
    except KeyRefused as error:
        raise ProofInvalid("malformed_proof_value", error.reason, "/proofValue") from error
    if len(signature) != (96 if algorithm is Algorithm.P384 else 64):
        raise ProofInvalid("malformed_proof_value", "The signature has the wrong length.", "/proofValue")
    return signature


def _unsecured(document: _Object, proof: _Object) -> tuple[_Object, tuple[str, ...]]:
    """The document as it was when the proof was made: without proofs, but for those it builds on (chains)."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    if "previousProof" not in proof:
        return unsecured, ()
    names = _texts(proof["previousProof"])
    given = proof["previousProof"]
    if not names or len(names) != (len(given) if isinstance(given, list) else 1):
        raise ProofInvalid("malformed_proof", "previousProof is not one id or several.", "/previousProof")
    found = [[item for item in proofs_of(document) if item.get("id") == name] for name in names]
    # Of two with one id, one could be what was signed and the other what is looked at.
    if any(len(items) != 1 or items[0] is proof for items in found):
        raise ProofInvalid(
            "previous_proof_missing",
            "A proof that this one builds on is not there, or not only once.",
            "/previousProof",
        )
    unsecured["proof"] = [items[0] for items in found]
    return unsecured, tuple(names)


# --- what is signed -----------------------------------------------------------------------------


def _hash_data(
    unsecured: _Object,
    options: _Object,
    suite: str,
    algorithm: Algorithm,
    store: ContextStore,
    budget: Budget,
) -> bytes:
    """Hash of the proof's options, then hash of the document (EdDSA 3.2.4 and 3.3.4, ECDSA 3.2.4 and 3.3.4)."""
    name: Literal["sha256", "sha384"] = "sha384" if algorithm is Algorithm.P384 else "sha256"
    digest = hashlib.sha384 if algorithm is Algorithm.P384 else hashlib.sha256
    if suite != _LEGACY and not _SUITES[suite].rdf:
        unsecured = _with_context_of(unsecured, options)
        return digest(jcs.canonicalize(options)).digest() + digest(jcs.canonicalize(unsecured)).digest()
    context = [CREDENTIALS_V1, ED25519_2020] if suite == _LEGACY else unsecured.get("@context")
    document_hash = digest(canonical(unsecured, store, budget, name)).digest()
    try:
        stated = {**options, "@context": context}
        options_hash = digest(canonical_options(stated, store, budget, name)).digest()
    except UnknownContext:
        raise
    except VcError as error:
        error.within("proof")
        raise
    return options_hash + document_hash


def _with_context_of(unsecured: _Object, options: _Object) -> _Object:
    """For the JCS suites the proof's own @context counts; the document's has to begin with it (EdDSA 3.3.2)."""
    if "@context" not in options:
        return unsecured
    signed, given = options["@context"], unsecured.get("@context")
    begin = signed if isinstance(signed, list) else [signed]
    whole = given if isinstance(given, list) else [given]
    if whole[: len(begin)] != begin:
        raise ProofInvalid(
            "context_mismatch", "The document's contexts are not those that were signed.", "/@context"
        )
    return {**unsecured, "@context": signed}
