import copy
import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.vc import multibase, multikey
from shared.vc.budget import Budget
from shared.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2, ED25519_2020, OPEN_BADGES_3, ContextStore
from shared.vc.errors import (
    BudgetExceeded,
    ProofInvalid,
    RelativeIri,
    UndefinedTerm,
    UnknownContext,
    UnsupportedProof,
    VcError,
)
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity
from tests.unit.vc.credentials import MOMENT, badge, credentials
from tests.unit.vc.oracles import pyld

STORE = ContextStore.builtin()
KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
ED25519 = KEYS[Algorithm.ED25519]
SUITES = [
    ("eddsa-rdfc-2022", Algorithm.ED25519),
    ("eddsa-jcs-2022", Algorithm.ED25519),
    ("ecdsa-rdfc-2019", Algorithm.P256),
    ("ecdsa-rdfc-2019", Algorithm.P384),
    ("ecdsa-jcs-2019", Algorithm.P256),
    ("ecdsa-jcs-2019", Algorithm.P384),
]


def method(key: SigningKey) -> str:
    return f"did:key:{multikey.encode(key.public)}#{multikey.encode(key.public)}"


def sign(document: dict[str, Any], key: SigningKey = ED25519, **options: Any) -> dict[str, Any]:
    options = {"created": MOMENT, **options}
    return data_integrity.sign(document, key=key, verification_method=method(key), **options)


def verify(document: dict[str, Any], key: SigningKey = ED25519, **options: Any) -> data_integrity.Verified:
    return data_integrity.verify(
        document, data_integrity.proofs_of(document)[0], key.public, STORE, **options
    )


@pytest.mark.parametrize(("cryptosuite", "algorithm"), SUITES)
def test_what_is_signed_verifies_with_its_key_and_no_other(cryptosuite: str, algorithm: Algorithm) -> None:
    original = badge()
    signed = sign(original, KEYS[algorithm], cryptosuite=cryptosuite)
    assert original == badge()
    assert {name: value for name, value in signed.items() if name != "proof"} == original

    verified = verify(signed, KEYS[algorithm])
    assert (verified.cryptosuite, verified.created, verified.expires) == (cryptosuite, MOMENT, None)
    with pytest.raises(ProofInvalid) as refused:
        verify(signed, SigningKey.generate(algorithm))
    assert refused.value.code == "signature_mismatch"
    with pytest.raises(ProofInvalid) as refused:
        verify(signed, KEYS[Algorithm.RSA])
    assert refused.value.code == "wrong_key_type"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, (*path, step))
    else:
        yield path


def _mutated(document: dict[str, Any], path: tuple[Any, ...], choose: random.Random) -> dict[str, Any]:
    mutant = copy.deepcopy(document)
    place: Any = mutant
    for step in path[:-1]:
        place = place[step]
    leaf = place[path[-1]]
    if isinstance(leaf, bool):
        place[path[-1]] = not leaf
    elif isinstance(leaf, int | float):
        # Neighbours of a large double are the same double.
        place[path[-1]] = leaf + 1 if abs(leaf) < 1e15 else 0
    else:
        place[path[-1]] = choose.choice([leaf + "x", "x" + leaf, leaf.swapcase() + "\u200b", 5])
    return mutant


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(credentials, st.sampled_from(["eddsa-rdfc-2022", "eddsa-jcs-2022"]), st.randoms(use_true_random=False))
def test_every_changed_leaf_is_noticed(
    document: dict[str, Any], cryptosuite: str, choose: random.Random
) -> None:
    signed = sign(document, cryptosuite=cryptosuite)
    verify(signed)
    leaves = list(_leaves(signed))
    for path in choose.sample(leaves, min(12, len(leaves))):
        mutant = _mutated(signed, path, choose)
        with pytest.raises(VcError):
            verify(mutant)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(credentials, st.data())
def test_every_member_taken_or_added_is_noticed(document: dict[str, Any], data: st.DataObject) -> None:
    signed = sign(document)
    # A name that stands twice says what it says once; lists of values have no order in RDF.
    name = data.draw(
        st.sampled_from(sorted(document.keys() - {"@context", "evidence", "endorsement", "endorsementJwt"}))
    )
    without = {member: value for member, value in signed.items() if member != name}
    with pytest.raises(VcError):
        verify(without)
    with pytest.raises(UndefinedTerm):
        verify({**signed, "addedLater": "x"})
    with pytest.raises(ProofInvalid):
        verify({**signed, "termsOfUse": {"type": "https://a.example/AddedLater"}})


def test_order_and_spelling_of_the_json_do_not_matter() -> None:
    signed = sign(badge())
    verify(dict(reversed(signed.items())))
    signed["credentialSubject"]["achievement"]["tag"].reverse()
    signed["issuer"]["type"] = "Profile"
    verify(signed)
    signed["credentialSubject"]["achievement"]["resultDescription"][0]["allowedValue"].reverse()
    with pytest.raises(ProofInvalid):
        verify(signed)


@pytest.mark.parametrize(
    ("change", "error", "code", "pointer"),
    [
        ({"type": "RsaSignature2018"}, UnsupportedProof, "unsupported_proof", "/type"),
        ({"type": None}, ProofInvalid, "malformed_proof", "/type"),
        ({"cryptosuite": "bbs-2023"}, UnsupportedProof, "unsupported_proof", "/cryptosuite"),
        ({"cryptosuite": "ecdsa-sd-2023"}, ProofInvalid, "wrong_key_type", ""),
        ({"cryptosuite": None}, ProofInvalid, "malformed_proof", "/cryptosuite"),
        ({"cryptosuite": "eddsa-jcs-2022"}, ProofInvalid, "signature_mismatch", ""),
        ({"cryptosuite": "ecdsa-rdfc-2019"}, ProofInvalid, "wrong_key_type", ""),
        ({"proofPurpose": "authentication"}, ProofInvalid, "wrong_purpose", "/proofPurpose"),
        ({"proofPurpose": None}, ProofInvalid, "wrong_purpose", "/proofPurpose"),
        ({"verificationMethod": None}, ProofInvalid, "malformed_proof", "/verificationMethod"),
        ({"verificationMethod": "#key"}, RelativeIri, "relative_iri", "/proof/verificationMethod"),
        ({"verificationMethod": "did:key:z1#z1"}, ProofInvalid, "signature_mismatch", ""),
        ({"created": "2026-01-02"}, ProofInvalid, "malformed_proof", "/created"),
        ({"created": "2026-13-02T00:00:00Z"}, ProofInvalid, "malformed_proof", "/created"),
        ({"created": 5}, ProofInvalid, "malformed_proof", "/created"),
        ({"created": "2026-01-02T03:04:06Z"}, ProofInvalid, "signature_mismatch", ""),
        ({"expires": "2020-01-01T00:00:00Z"}, ProofInvalid, "proof_expired", "/expires"),
        ({"expires": "2050-01-01T00:00:00Z"}, ProofInvalid, "signature_mismatch", ""),
        ({"proofValue": None}, ProofInvalid, "malformed_proof_value", "/proofValue"),
        ({"proofValue": "uAAAA"}, ProofInvalid, "malformed_proof_value", "/proofValue"),
        ({"proofValue": "z0OIl"}, ProofInvalid, "malformed_proof_value", "/proofValue"),
        ({"proofValue": multibase.encode(bytes(63))}, ProofInvalid, "malformed_proof_value", "/proofValue"),
        ({"proofValue": multibase.encode(bytes(64))}, ProofInvalid, "signature_mismatch", ""),
        ({"unknown": "x"}, UndefinedTerm, "undefined_term", "/proof/unknown"),
        ({"domain": "https://a.example/"}, ProofInvalid, "signature_mismatch", ""),
        ({"previousProof": "urn:uuid:1"}, ProofInvalid, "previous_proof_missing", "/previousProof"),
        ({"previousProof": [5]}, ProofInvalid, "malformed_proof", "/previousProof"),
        ({"id": "urn:uuid:1", "previousProof": "urn:uuid:1"}, ProofInvalid, "previous_proof_missing", "/previousProof"),
    ],
)  # fmt: skip
def test_a_proof_that_was_tampered_with(
    change: dict[str, Any], error: type[VcError], code: str, pointer: str
) -> None:
    signed = sign(badge())
    signed["proof"] = {
        name: value for name, value in {**signed["proof"], **change}.items() if value is not None
    }
    with pytest.raises(error) as refused:
        verify(signed, now=MOMENT)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize("cryptosuite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_a_chain_of_proofs_names_and_signs_the_earlier_ones(cryptosuite: str) -> None:
    first = sign(badge(), proof_id="urn:uuid:1", cryptosuite=cryptosuite)
    second = sign(first, proof_id="urn:uuid:2", cryptosuite=cryptosuite)
    third = sign(second, previous=["urn:uuid:1", "urn:uuid:2"], cryptosuite=cryptosuite)
    fourth = sign(third, previous=["urn:uuid:1"], cryptosuite=cryptosuite)
    proofs = data_integrity.proofs_of(fourth)
    found = [data_integrity.verify(fourth, proof, ED25519.public, STORE).previous for proof in proofs]
    assert found == [(), (), ("urn:uuid:1", "urn:uuid:2"), ("urn:uuid:1",)]
    assert proofs[3]["previousProof"] == "urn:uuid:1"

    proofs[0]["proofValue"] = sign(badge(), created=MOMENT + timedelta(1))["proof"]["proofValue"]
    for late in proofs[2:]:
        with pytest.raises(ProofInvalid) as refused:
            data_integrity.verify(fourth, late, ED25519.public, STORE)
        assert refused.value.code == "signature_mismatch"
    data_integrity.verify(fourth, proofs[1], ED25519.public, STORE)


def test_a_proof_named_by_another_stands_there_once() -> None:
    first = sign(badge(), proof_id="urn:uuid:1")
    with pytest.raises(ProofInvalid) as refused:
        sign(first, previous=["urn:uuid:2"])
    assert refused.value.code == "previous_proof_missing"
    chained = sign(first, previous=["urn:uuid:1"])
    chained["proof"].append(chained["proof"][0])
    with pytest.raises(ProofInvalid) as refused:
        data_integrity.verify(chained, chained["proof"][1], ED25519.public, STORE)
    assert refused.value.code == "previous_proof_missing"


@pytest.mark.parametrize("proof", ["x", 5, [None], [{}] * 17])
def test_proofs_that_are_none(proof: Any) -> None:
    with pytest.raises(ProofInvalid) as refused:
        data_integrity.proofs_of(badge(proof=proof))
    assert refused.value.code == "malformed_proof"


def test_a_document_without_proof_has_none() -> None:
    assert data_integrity.proofs_of(badge()) == []


def test_a_second_proof_makes_a_set_of_which_each_holds() -> None:
    second = KEYS[Algorithm.P256]
    signed = sign(sign(badge()), second, cryptosuite="ecdsa-rdfc-2019")
    first_proof, second_proof = data_integrity.proofs_of(signed)
    assert data_integrity.verify(signed, first_proof, ED25519.public, STORE).cryptosuite == "eddsa-rdfc-2022"
    assert data_integrity.verify(signed, second_proof, second.public, STORE).cryptosuite == "ecdsa-rdfc-2019"


def test_domain_challenge_and_purpose_are_those_expected() -> None:
    signed = sign(badge(), purpose="authentication", expires=MOMENT + timedelta(days=1))
    assert verify(signed, purpose="authentication", now=MOMENT).expires == MOMENT + timedelta(days=1)
    for options, code in (
        ({"purpose": "authentication", "domain": "https://a.example"}, "domain_mismatch"),
        ({"purpose": "authentication", "challenge": "1"}, "challenge_mismatch"),
        ({"purpose": "authentication", "now": MOMENT + timedelta(days=2)}, "proof_expired"),
        ({}, "wrong_purpose"),
    ):
        with pytest.raises(ProofInvalid) as refused:
            verify(signed, **options)
        assert refused.value.code == code


def test_the_body_of_the_context_that_was_signed_under_is_reported() -> None:
    older = STORE.alternatives(OPEN_BADGES_3)[0]
    verified = verify(sign(badge()))
    assert verified.alternative is None
    assert verified.contexts[OPEN_BADGES_3] == STORE.get(OPEN_BADGES_3).sha256
    assert set(verified.contexts) == {CREDENTIALS_V2, OPEN_BADGES_3}

    # Somebody who signed under the first body and dropped unknown terms signed all but endorsementJwt.
    signed = sign(badge(), store=STORE.using(OPEN_BADGES_3, older.sha256))
    assert verify(signed).alternative is None
    with pytest.raises(ProofInvalid):
        verify({**signed, "endorsementJwt": ["a.b.c"]})


def test_endorsement_jwts_are_signed_under_the_newest_body() -> None:
    signed = sign(badge(endorsementJwt=["a.b.c"]))
    assert verify(signed).alternative is None
    with pytest.raises(ProofInvalid):
        verify({**signed, "endorsementJwt": ["a.b.d"]})


def test_an_unknown_context_is_inconclusive_for_rdf_and_no_matter_for_jcs() -> None:
    contexts = [CREDENTIALS_V2, OPEN_BADGES_3, "https://school.example/terms"]
    signed = sign(badge(), cryptosuite="eddsa-jcs-2022")
    with_terms = sign(badge() | {"@context": contexts}, cryptosuite="eddsa-jcs-2022")
    assert verify(with_terms).contexts == {}
    with pytest.raises(UnknownContext) as unknown:
        verify({**sign(badge()), "@context": contexts})
    assert not unknown.value.conclusive
    # EdDSA, 3.3.2: the document may go on with contexts of its own after those that were signed.
    verify({**signed, "@context": contexts})
    with pytest.raises(ProofInvalid) as refused:
        verify({**with_terms, "@context": contexts[:2]})
    assert refused.value.code == "context_mismatch"


def _signed_by_hand(document: dict[str, Any], options: dict[str, Any], contexts: list[str]) -> dict[str, Any]:
    """Hash of options, hash of document, signature: with PyLD's canonical forms, not ours."""
    parts = [pyld({**options, "@context": contexts}, STORE), pyld(document, STORE)]
    data = b"".join(hashlib.sha256(part.encode()).digest() for part in parts)
    return {**document, "proof": {**options, "proofValue": multibase.encode(ED25519.sign(data))}}


def test_older_forms_are_verified_and_cannot_be_had_by_renaming() -> None:
    named = {
        "verificationMethod": method(ED25519),
        "proofPurpose": "assertionMethod",
        "created": "2026-01-02T03:04:05Z",
    }
    older = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-2022", **named}
    assert verify(_signed_by_hand(badge(), older, badge()["@context"])).cryptosuite == "eddsa-2022"
    oldest = {"type": "Ed25519Signature2020", **named}
    assert (
        verify(_signed_by_hand(badge(), oldest, [CREDENTIALS_V1, ED25519_2020])).cryptosuite == oldest["type"]
    )

    renamed = sign(badge())
    renamed["proof"]["cryptosuite"] = "eddsa-2022"
    with pytest.raises(ProofInvalid):
        verify(renamed)


def test_nothing_is_signed_that_would_lose_something() -> None:
    with pytest.raises(UndefinedTerm):
        sign(badge(skills=["x"]))
    with pytest.raises(RelativeIri):
        sign(badge(id="1"))


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"cryptosuite": "eddsa-2022"}, ED25519),
        ({"cryptosuite": "Ed25519Signature2020"}, ED25519),
        ({"cryptosuite": "ecdsa-rdfc-2019"}, ED25519),
        ({}, KEYS[Algorithm.P256]),
        ({"expires": datetime(2030, 1, 1)}, ED25519),  # noqa: DTZ001 - that is the mistake
    ],
)
def test_mistakes_of_the_caller_are_errors_of_their_own(options: dict[str, Any], key: SigningKey) -> None:
    with pytest.raises(ValueError, match=r"."):
        sign(badge(), key, **options)


def test_work_is_bounded_by_what_the_caller_allows() -> None:
    signed = sign(badge())
    with pytest.raises(BudgetExceeded) as refused:
        verify(signed, budget=Budget(100))
    assert not refused.value.conclusive


def test_times_are_written_in_whole_utc_seconds() -> None:
    moment = datetime(2026, 5, 1, 12, 0, 0, 999, tzinfo=UTC)
    signed = data_integrity.sign(badge(), key=ED25519, verification_method=method(ED25519), created=moment)
    assert signed["proof"]["created"] == "2026-05-01T12:00:00Z"
