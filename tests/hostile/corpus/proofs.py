"""Proofs: too many, in circles, for other purposes, and CBOR that is more than it seems."""

import copy
from typing import Any

import cbor2

from shared.vc import multibase
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import ecdsa_sd
from tests.harness.credentials import NOW
from tests.hostile.corpus.attack import Given, Json, Stage, attack

P256 = SigningKey.generate(Algorithm.P256)
DID = f"did:key:{encode(P256.public)}"
BASE_HEADER, DERIVED_HEADER = b"\xd9\x5d\x00", b"\xd9\x5d\x01"


def with_proof(stage: Stage, **changes: Any) -> Json:
    badge: Json = copy.deepcopy(stage.honest.award())
    badge["proof"] = {**badge["proof"], **changes}
    return badge


def disclosing(stage: Stage) -> Json:
    """A badge with a base proof of ecdsa-sd-2023."""
    badge = stage.honest.badge(issuer={"id": DID, "type": ["Profile"], "name": "x"})
    return ecdsa_sd.sign(
        badge,
        key=P256,
        verification_method=f"{DID}#{encode(P256.public)}",
        created=NOW,
        mandatory=mandatory_pointers(badge),
    )


def with_value(stage: Stage, cbor: bytes, header: bytes = DERIVED_HEADER) -> Json:
    badge = copy.deepcopy(disclosing(stage))
    proof = badge["proof"][0] if isinstance(badge["proof"], list) else badge["proof"]
    proof["proofValue"] = "u" + multibase.base64url_encode(header + cbor)
    return badge


@attack("proof.missing", "no proof")
def no_proof(stage: Stage) -> Given:
    """A badge without any proof"""
    return stage.honest.badge()


@attack("proof.invalid", "does not fit")
def changed_content(stage: Stage) -> Given:
    """A badge with another name than the one that was signed"""
    return {**stage.honest.award(), "name": "Surgery"}


@attack("proof.invalid", "does not fit")
def proof_of_another_badge(stage: Stage) -> Given:
    """The proof of one badge on another"""
    return {**stage.honest.badge(id="urn:uuid:1"), "proof": stage.honest.award()["proof"]}


@attack("proof.wrong_purpose", "not made for assertionMethod")
def proof_for_signing_in(stage: Stage) -> Given:
    """A proof made to sign in"""
    return stage.honest.sign(stage.honest.badge(), purpose="authentication")


@attack("proof.malformed", "wrong length")
def signature_cut_short(stage: Stage) -> Given:
    """A signature of 63 bytes"""
    return with_proof(stage, proofValue=multibase.encode(b"\x01" * 63))


@attack("proof.malformed", "base58 text is too long")
def signature_of_a_megabyte(stage: Stage) -> Given:
    """A signature of a million letters of base 58"""
    return with_proof(stage, proofValue="z" + "2" * 1_000_000)


@attack("proof.unsupported", "trust-me-2026 is not supported")
def suite_of_its_own(stage: Stage) -> Given:
    """A cryptosuite that does not exist"""
    return with_proof(stage, cryptosuite="trust-me-2026")


def many_proofs(stage: Stage, count: int, **changes: Any) -> Json:
    badge: Json = {**copy.deepcopy(stage.honest.award()), "name": "Surgery"}
    moments = [f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z" for n in range(count)]
    badge["proof"] = [{**badge["proof"], **changes, "created": moment} for moment in moments]
    return badge


@attack("proof.malformed", "proofs are not read")
def a_thousand_proofs(stage: Stage) -> Given:
    """1,000 proofs, each of which would have to be checked"""
    return many_proofs(stage, 1000)


@attack("proof.invalid", "does not fit")
def sixteen_proofs(stage: Stage) -> Given:
    """16 proofs over a long badge: only some are checked"""
    badge = many_proofs(stage, 16, cryptosuite="eddsa-jcs-2022")
    return {**badge, "evidence": [{"type": ["Evidence"], "name": "x" * 40}] * 8000}


@attack("proof.invalid", "builds on is not there")
def proof_on_a_missing_one(stage: Stage) -> Given:
    """A proof that builds on one that is not there"""
    return with_proof(stage, previousProof=["urn:uuid:2"])


@attack("proof.invalid", "does not fit")
def proofs_in_a_circle(stage: Stage) -> Given:
    """Two proofs, each made on top of the other"""
    badge: Json = copy.deepcopy(stage.honest.award())
    badge["proof"] = [
        {**badge["proof"], "id": "urn:uuid:1", "previousProof": "urn:uuid:2"},
        {**badge["proof"], "id": "urn:uuid:2", "previousProof": "urn:uuid:1"},
    ]
    return badge


@attack("proof.expired", "has expired")
def proof_that_has_run_out(stage: Stage) -> Given:
    """A proof whose own `expires` has passed"""
    return with_proof(stage, expires="2026-01-01T00:00:00Z")


@attack("proof.base", "base proof")
def base_proof_for_a_verifier(stage: Stage) -> Given:
    """An issuer's base proof, with the key that tells hidden values, shown to a verifier"""
    return disclosing(stage)


@attack("proof.malformed", "CBOR")
def nested_cbor(stage: Stage) -> Given:
    """100,000 CBOR arrays within one another"""
    return with_value(stage, b"\x81" * 100_000 + b"\x00")


@attack("proof.malformed", "CBOR")
def cbor_that_says_it_is_huge(stage: Stage) -> Given:
    """A CBOR array that says it has 2^40 items"""
    return with_value(stage, b"\x9b" + (2**40).to_bytes(8))


@attack("proof.malformed", "CBOR")
def cbor_text_that_says_it_is_huge(stage: Stage) -> Given:
    """A CBOR byte string that says it is 2^62 bytes long"""
    return with_value(stage, b"\x85\x5b" + (2**62).to_bytes(8))


@attack("proof.malformed", "CBOR")
def cbor_with_a_pattern(stage: Stage) -> Given:
    """A CBOR regular expression that never ends"""
    return with_value(stage, cbor2.dumps([cbor2.CBORTag(35, "(a+)+$"), b"", [], {}, []]))


@attack("proof.malformed", "CBOR")
def cbor_with_a_big_number(stage: Stage) -> Given:
    """A CBOR number of 100,000 digits to a power"""
    return with_value(stage, cbor2.dumps([cbor2.CBORTag(4, [10**9, 1]), b"", [], {}, []]))


@attack("proof.malformed", "CBOR")
def endless_cbor(stage: Stage) -> Given:
    """A CBOR array of indefinite length"""
    return with_value(stage, b"\x9f" + b"\x00" * 10_000 + b"\xff")


@attack("proof.malformed", "shortest form")
def cbor_with_something_behind(stage: Stage) -> Given:
    """A derived proof with more bytes behind it"""
    derived = derive_badge(disclosing(stage), [])
    proof = derived["proof"][0] if isinstance(derived["proof"], list) else derived["proof"]
    value = multibase.decode(proof["proofValue"]) + b"\x00"
    proof["proofValue"] = "u" + multibase.base64url_encode(value)
    return derived


@attack("proof.malformed", "labels in the proof value")
def a_hundred_thousand_labels(stage: Stage) -> Given:
    """A derived proof with a map of 20,000 labels"""
    labels = {n: n.to_bytes(32) for n in range(20_000)}
    return with_value(stage, cbor2.dumps([bytes(64), b"\x80\x24" + bytes(33), [], labels, []]))


@attack("proof.malformed", "labels in the proof value")
def ten_thousand_signatures(stage: Stage) -> Given:
    """A derived proof with 10,000 signatures of single statements"""
    value = [bytes(64), b"\x80\x24" + P256.public.data, [bytes(64)] * 10_000, {}, []]
    return with_value(stage, cbor2.dumps(value))


@attack("proof.malformed", "statements that the document does not make")
def statement_left_out(stage: Stage) -> Given:
    """A derived badge from which the holder took what has to be shown"""
    derived: Json = copy.deepcopy(derive_badge(disclosing(stage), []))
    derived.pop("validFrom")
    return derived
