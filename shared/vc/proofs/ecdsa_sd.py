"""Selective disclosure: the cryptosuite `ecdsa-sd-2023` (vc-di-ecdsa 1.0, 3.4 and 3.5), over P-256.

The issuer signs each statement of a credential by itself (the base proof, for the holder alone); the holder shows some
of them, always those that the issuer made mandatory (a derived proof, for verifiers). Blank nodes go under labels made
with an HMAC, so that what is shown says nothing of how much is not.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.vc import dates, multibase, rdfc
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.errors import KeyRefused, ProofInvalid, UnsupportedJsonLd
from shared.vc.jsonld import Quad, to_quads
from shared.vc.keys import Algorithm, PublicKey, SigningKey
from shared.vc.proofs.ecdsa_sd_values import (
    BASE,
    DERIVED,
    HMAC_BYTES,
    P256_PREFIX,
    BaseProof,
    DerivedProof,
    encoded,
    malformed,
    parse_base,
    parse_derived,
)
from shared.vc.proofs.selection import Selection, checked_pointers, places

CRYPTOSUITE = "ecdsa-sd-2023"
# What a check of a P-256 signature costs, in the microseconds that a unit stands for.
UNITS_PER_SIGNATURE = 80

_Object = dict[str, Any]


# --- the issuer ---------------------------------------------------------------------------------


def sign(
    document: _Object,
    *,
    key: SigningKey,
    verification_method: str,
    created: datetime,
    mandatory: Iterable[str],
    store: ContextStore | None = None,
) -> _Object:
    """A copy of the document with a base proof, from which its holder derives what is shown.

    Args:
        document: unsigned; to be given, signed, to its holder only.
        key: P-256.
        verification_method: URL under which verifiers find the public key.
        created: aware; whole seconds are written.
        mandatory: JSON pointers to what every derived document discloses.
        store: contexts of the document; the built-in ones when left out.

    Raises:
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext: what is to be signed cannot be signed whole.
        ProofInvalid: `malformed_pointer`.
        ValueError: the key is of another kind, or the document has a proof already.
    """
    if key.algorithm is not Algorithm.P256 or "proof" in document:
        raise ValueError(f"{CRYPTOSUITE} signs with P-256, and documents without a proof")
    store = store or ContextStore.builtin()
    pointers = checked_pointers(mandatory)
    proof: _Object = {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": dates.write_date_time(created),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    hmac_key, own = secrets.token_bytes(HMAC_BYTES), SigningKey.generate(Algorithm.P256)
    statements = _Statements(document, hmac_key, store, Budget())
    chosen = statements.chosen(pointers)
    public = P256_PREFIX + own.public.data
    data = _base_data(
        proof, document, public, [statements.lines[index] for index in sorted(chosen)], store, Budget()
    )
    signatures = [own.sign(line.encode()) for n, line in enumerate(statements.lines) if n not in chosen]
    proof["proofValue"] = encoded(BASE, [key.sign(data), public, hmac_key, signatures, pointers])
    return {**document, "proof": proof}


def is_base(proof: _Object) -> bool:
    """Whether a proof is an issuer's base proof, which is for its holder alone."""
    value = proof.get("proofValue")
    return isinstance(value, str) and value.startswith("u2V0A")


# --- the holder ---------------------------------------------------------------------------------


def derive(
    document: _Object,
    proof: _Object,
    selective: Iterable[str],
    store: ContextStore | None = None,
    *,
    budget: Budget | None = None,
) -> _Object:
    """The document with only what is mandatory and what `selective` points to, under a derived proof.

    The base proof is not verified; a document derived from one that does not hold does not hold either.

    Args:
        document: the secured document; of its proofs only the derived one remains.
        proof: its base proof.
        selective: JSON pointers to what is shown besides what is mandatory.
        store: contexts of the document; the built-in ones when left out.
        budget: work allowed; a fresh default one when left out.

    Raises:
        ProofInvalid: malformed_pointer, malformed_proof_value; partial_list when a part of an ordered list is chosen,
            which cannot be shown without the rest.
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext, BudgetExceeded: as `data_integrity.verify`.
    """
    store, budget = store or ContextStore.builtin(), budget or Budget()
    base = parse_base(proof.get("proofValue"))
    unsecured = _unsecured(document)
    statements = _Statements(unsecured, base.hmac_key, store, budget)
    pointers = checked_pointers(selective)
    mandatory, shown = statements.chosen(base.mandatory), statements.chosen(pointers)
    combined = Selection(unsecured, [*base.mandatory, *pointers])
    quads = statements.quads_of(combined)
    present = statements.indexes(quads)
    free = [index for index in range(len(statements.lines)) if index not in mandatory]
    if len(free) != len(base.signatures):
        raise ProofInvalid(
            "malformed_proof_value", "The proof signs another number of statements.", "/proofValue"
        )
    signatures = [signature for index, signature in zip(free, base.signatures, strict=True) if index in shown]
    ordered = sorted(present)
    labels = {
        int(canonical.removeprefix("_:c14n")): multibase.base64url_decode(statements.labels[name][3:])
        for name, canonical in rdfc.canonical_labels(quads, budget=budget).items()
    }
    value = [
        base.signature,
        base.public_key,
        signatures,
        dict(sorted(labels.items())),
        [position for position, index in enumerate(ordered) if index in mandatory],
    ]
    return {**combined.document, "proof": {**proof, "proofValue": encoded(DERIVED, value)}}


# --- the verifier -------------------------------------------------------------------------------


def holds(
    unsecured: _Object, proof: _Object, key: PublicKey, store: ContextStore, budget: Budget, *, base: bool
) -> bool:
    """Whether a proof fits a document. Its options are for the caller to have looked at.

    Args:
        unsecured: the document without proofs.
        proof: with its proof value.
        key: P-256, the issuer's.
        store: contexts of the document, as one reading of it has them.
        budget: work allowed; each signature is paid for before it is checked.
        base: whether a base proof is checked, as its holder may; otherwise a derived one.

    Raises:
        ProofInvalid: malformed_proof_value, malformed_pointer.
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext, UnsupportedJsonLd, BudgetExceeded.
    """
    lines, mandatory, parts = (_read_base if base else _read_derived)(unsecured, proof, store, budget)
    free = [line for index, line in enumerate(lines) if index not in mandatory]
    if len(free) != len(parts.signatures):
        return False
    budget.spend(UNITS_PER_SIGNATURE * (len(free) + 1))
    always = [line for index, line in enumerate(lines) if index in mandatory]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if not key.verify(
        parts.signature, _base_data(options, unsecured, parts.public_key, always, store, budget)
    ):
        return False
    own = _proof_key(parts.public_key)
    return all(own.verify(signed, line.encode()) for line, signed in zip(free, parts.signatures, strict=True))


_Reading = tuple[Sequence[str], frozenset[int], BaseProof | DerivedProof]


def _read_base(unsecured: _Object, proof: _Object, store: ContextStore, budget: Budget) -> _Reading:
    parts = parse_base(proof.get("proofValue"))
    statements = _Statements(unsecured, parts.hmac_key, store, budget)
    return statements.lines, statements.chosen(parts.mandatory), parts


def _read_derived(unsecured: _Object, proof: _Object, store: ContextStore, budget: Budget) -> _Reading:
    parts = parse_derived(proof.get("proofValue"))
    quads = to_quads(unsecured, store, budget=budget)
    canonical = rdfc.canonical_labels(quads, budget=budget)
    given = {f"_:c14n{number}": _label(code) for number, code in parts.labels.items()}
    # One label for each blank node: two under one label would be read as one.
    if given.keys() != set(canonical.values()) or len(set(given.values())) != len(given):
        raise malformed("The labels in the proof value are not those of the document.")
    labels = {name: given[label] for name, label in canonical.items()}
    lines = sorted(rdfc.line(quad, labels) for quad in quads)
    if parts.mandatory and parts.mandatory[-1] >= len(lines):
        raise malformed("The proof value counts statements that the document does not make.")
    return lines, frozenset(parts.mandatory), parts


# --- statements and their groups ----------------------------------------------------------------


class _Statements:
    """The statements of a document under HMAC labels, sorted (3.4.2, 3.4.7), and which of them pointers choose."""

    def __init__(self, document: _Object, hmac_key: bytes, store: ContextStore, budget: Budget) -> None:
        self._document = document
        self._store = store
        self._budget = budget
        self._places = places(document)
        quads = to_quads(
            document, store, budget=budget, blanks=lambda value, part: self._name(id(value), value, part)
        )
        canonical = rdfc.canonical_labels(quads, budget=budget)
        self.labels = {name: _label(_code(hmac_key, label)) for name, label in canonical.items()}
        self.lines = sorted(rdfc.line(quad, self.labels) for quad in quads)
        self._index = {line: index for index, line in enumerate(self.lines)}

    def _name(self, place: int | None, value: object, part: int | str) -> str:
        if value is None:  # a blank node that the document itself names
            return f"_:n{str(part)[2:]}"
        if place is None or place not in self._places:
            raise UnsupportedJsonLd(
                "list_form", "Disclosing parts of an ordered list of this form is not supported."
            )
        return f"_:b{self._places[place]}.{part}"

    def quads_of(self, selection: Selection) -> list[Quad]:
        """The statements of a part of the document, its blank nodes named as in the whole."""
        origins = selection.origins
        return to_quads(
            selection.document,
            self._store,
            budget=self._budget,
            blanks=lambda value, part: self._name(origins.get(id(value)), value, part),
        )

    def indexes(self, quads: Iterable[Quad]) -> frozenset[int]:
        found = [self._index.get(rdfc.line(quad, self.labels)) for quad in quads]
        known = frozenset(index for index in found if index is not None)
        if len(known) != len(found):
            raise ProofInvalid(
                "partial_list", "A part of an ordered list cannot be shown without the rest of it."
            )
        return known

    def chosen(self, pointers: Sequence[str]) -> frozenset[int]:
        """Indexes of the statements that the parts at these pointers make; none without pointers (3.4.13)."""
        if not pointers:
            return frozenset()
        return self.indexes(self.quads_of(Selection(self._document, pointers)))


def _code(hmac_key: bytes, canonical: str) -> bytes:
    return hmac.digest(hmac_key, canonical.removeprefix("_:").encode(), "sha256")


def _label(code: bytes) -> str:
    return f"_:u{multibase.base64url_encode(code)}"


def _unsecured(document: _Object) -> _Object:
    return {name: value for name, value in document.items() if name != "proof"}


def _base_data(
    options: _Object,
    document: _Object,
    public: bytes,
    mandatory: Sequence[str],
    store: ContextStore,
    budget: Budget,
) -> bytes:
    """What the base signature signs (3.5.2): hash of the options, the proof's own key, hash of what is mandatory."""
    quads = to_quads({**options, "@context": document.get("@context")}, store, budget=budget)
    config = hashlib.sha256(rdfc.canonicalize(quads, budget=budget).encode()).digest()
    return config + public + hashlib.sha256("".join(mandatory).encode()).digest()


def _proof_key(public: bytes) -> PublicKey:
    try:
        return PublicKey.from_bytes(Algorithm.P256, public[2:])
    except KeyRefused as error:
        raise malformed("The key in the proof value is not a P-256 key.") from error
