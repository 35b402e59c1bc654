"""Signatures that the standards publish with their keys: facts, typed in, that both directions have to meet.

Sources: 1EdTech, Open Badges 3.0, Linked Data Proof example; W3C, Data Integrity EdDSA and ECDSA Cryptosuites v1.0,
appendices with test vectors; RFC 8032, 7.1.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.vc import multikey, rdfc
from shared.vc.contexts import CREDENTIALS_V2, ED25519_2020, OPEN_BADGES_3, ContextStore
from shared.vc.errors import ProofInvalid
from shared.vc.jsonld import to_quads
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity

EXAMPLES_V2 = "https://www.w3.org/ns/credentials/examples/v2"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ContextStore:
    """The pinned contexts and the one that the W3C's examples add, which says nothing but a vocabulary."""
    directory = tmp_path_factory.mktemp("contexts")
    body = json.dumps({"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}).encode()
    (directory / "examples.json").write_bytes(body)
    source = {"file": "examples.json", "urls": [EXAMPLES_V2], "sha256": hashlib.sha256(body).hexdigest()}
    (directory / "sources.json").write_text(json.dumps([source]))
    return ContextStore.builtin().with_extra(Path(directory))


# --- 1EdTech ------------------------------------------------------------------------------------

BADGE: dict[str, Any] = {
    "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
    "id": "http://example.com/credentials/3527",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {
        "id": "https://example.edu/issuers/565049",
        "type": ["Profile"],
        "url": "https://www.imsglobal.org",
        "name": "Example Corp",
    },
    "validFrom": "2010-01-01T00:00:00Z",
    "name": "Teamwork Badge",
    "credentialSubject": {
        "id": "did:example:ebfeb1f712ebc6f1c276e12ec21",
        "type": ["AchievementSubject"],
        "achievement": {
            "id": "https://example.com/achievements/21st-century-skills/teamwork",
            "type": ["Achievement"],
            "criteria": {
                "narrative": "Team members are nominated for this badge by their peers and recognized upon review "
                "by Example Corp management."
            },
            "description": "This badge recognizes the development of the capacity to collaborate within a group "
            "environment.",
            "name": "Teamwork",
        },
    },
}


def test_open_badges_own_example_is_signed_byte_for_byte() -> None:
    seed = bytes.fromhex("6241a409e6707bb640a0140a8a32bc3d193c33a661747284d6adfa4ed4180be4")
    key = SigningKey.from_secret(Algorithm.ED25519, seed)
    assert multikey.encode(key.public) == "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"

    store = ContextStore.builtin()
    digest = hashlib.sha256(rdfc.canonicalize(to_quads(BADGE, store)).encode()).hexdigest()
    assert digest.startswith("87f65a76")
    assert digest.endswith("0773")

    signed = data_integrity.sign(
        BADGE,
        key=key,
        verification_method="https://example.edu/issuers/565049#z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi",
        created=datetime(2010, 1, 1, 19, 23, 24, tzinfo=UTC),
    )
    assert signed["proof"]["proofValue"] == (
        "z5x9aCBYovW3CQCbKdNyhEm7ffYSw1YpEdPywQJoNbzDD2gkzQDKJ1sYKJaWvqZtkMtSbz35HcbgXVEDYHxCzgkCr"
    )
    options = {name: value for name, value in signed["proof"].items() if name != "proofValue"}
    quads = to_quads({**options, "@context": BADGE["@context"]}, store)
    digest = hashlib.sha256(rdfc.canonicalize(quads).encode()).hexdigest()
    assert digest.startswith("d34009ce")
    assert digest.endswith("5d19")
    assert data_integrity.verify(signed, signed["proof"], key.public, store).alternative is None


def test_the_official_validator_s_derived_badge_holds() -> None:
    """Its own sample for ecdsa-sd-2023 (1EdTech, digital-credentials-public-validator, test resources)."""
    key = "zDnaekGZTbQBerwcehBSXLqAg6s55hVEBms1zFy89VHXtJSa9"
    issuer = {**BADGE["issuer"], "id": "https://1edtech.edu/issuers/565049"}
    proof = {
        "type": "DataIntegrityProof",
        "created": "2010-01-01T19:23:24Z",
        "verificationMethod": f"https://1edtech.edu/issuers/565049#{key}",
        "cryptosuite": "ecdsa-sd-2023",
        "proofPurpose": "assertionMethod",
        "proofValue": DERIVED,
    }
    badge = {**BADGE, "issuer": issuer, "proof": [proof]}
    del badge["name"]
    store, public = ContextStore.builtin(), multikey.decode(key)
    assert data_integrity.verify(badge, proof, public, store).cryptosuite == "ecdsa-sd-2023"
    for changed in ({**badge, "name": "Teamwork Badge"}, {**badge, "validFrom": "2011-01-01T00:00:00Z"}):
        with pytest.raises(ProofInvalid):
            data_integrity.verify(changed, proof, public, store)


DERIVED = (
    "u2V0BhVhAVrRD4x9j7ya02Hp8-eTaZXba7ifJc_GHBD_m-ZOxfY77E4AzzSsGMDyXqlsJHkjpIugtnksSgr-RMZA9HdpZGFgjgCQ"
    "DR9PXNz9b8B28VZqrxx6FfPKVsntpvPzZgGOTBPDe4Y6PWECT6DS3cYAFoxTESK2FgwQcVDcryrRg-BOHBbu4Wrzo1aaflUnEHY6"
    "fh9ko3FV-w04G8VHRCvfKgeHiCESnZoPpWED9bXOx9BOEgaeYR5KVXvJKLRaTP7R-IzEtQGzy8U2LxzkQViyjJ6CSG5q5oC_vJm1"
    "O_ZwG_yV6e6JmFxRP9YDpWEA20y64aoZHKLMS9PfgGTuc8XL9NhuyfeB5Do4bE4XSyWesiIEh56VwVljeaFndqoZGjulHM5uy8oC"
    "eFHvwsHKUWEDzfcwr81RdvLzPb3VSOtoi3i_uBv0tjmkRbK4fuuFABVedzuqO5Crp2s1gCuk7x6oc4MTm9Um0Y1TPz8CQb18xWEB"
    "fVu-BmUTKt2rm7gdiMBjABFsu9013Gh1NW2xNclz2aRm6OMBtz-j8FC4HoG5GBbzhvAhw5ijl_g3EJA-kmg3MWEBnpiiafKzLznC"
    "_sOBgk11CSONgjTKP1v8A5vvAtOCTuD8QypP7qb3TDZmkDvUsEjbDE2b9mIS4b4W6rhHRnytgWEA5-WYiuT2NP7dREnDHRSG4vvg"
    "pDmXWiPAtjoVfhwCf2lUCJ7W5DZh14wUZhc8-yZ4rbNUj6ueFhoMYkHw4rbQwWEDPx0I-wLNweXUmadvEtaMABvhWy_DWcdgDbyN"
    "FJuI8tlZUuglJ44AgarddsJJlFVWv4bXJYRHbpAK83h9iXJxNWEDfg1s4Ka4KiclpEbj4yo_h6cTd9UBUGdU42p4hSXMkGObxnpN"
    "W856sYSYIkh1r9qaZzLFPvgxOLH5ovBgzgpIiWEBuG4-MdR-r5HrHbJvSR00W7fEXZxsyc28aMQN4vwEUGp5K42zfnW_bEmRVddF"
    "nXoJqy459SauWoZ8ZV_fcK44NWEADb7a6rypZQH3Pu2B-5H7DYdR_vBUuu0mHiGa2e6q9XpH2Xe0VQWkBBu3ANsilxH72XX_9QM-"
    "yKV-C_46D25A3WEDBU8B6ZwB_8k0JRLVxeunRsXsz9A4A4muZHlAoiVEuMCW1Blq8_suXbrQPKOzW_raBc0NxVjd6O99SKyXP5Gy"
    "KWECmkX6rlQoP6HmQNZLJc-sh8dWeznutbDF2Tbn45KIZYqwh7DW9d2W_LzZ5QApNMl83JcBH5Mw-YIx_xlwBWsg_WECgur0fRZS"
    "oHYfC_EricUrUrFCNhUVj-iLbNmrYDkbh-_Ob5y8TPdvJSW_Iu5fO3_lwZpJhc5dpLRLTwchUzvMrWEBIwyRZtg3xUPTlrpBhE6S"
    "D3louL2c0FLSn16JAB66Z3faunIH9YXRT_rgB3ua9waUIKnmp8NFxRifD_yZVeo1soQBYIP6yN2TIYGPUoiB-pOA91R5Vjpp-MzC"
    "dcFLPiPqbqrMNgA"
)


# --- W3C ----------------------------------------------------------------------------------------

ALUMNI: dict[str, Any] = {
    "@context": [CREDENTIALS_V2, EXAMPLES_V2],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
ED25519 = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
ED25519_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
P256_PUBLIC = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
P384_PUBLIC = "z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ"


@pytest.mark.parametrize(
    ("cryptosuite", "proof_value"),
    [
        (
            "eddsa-rdfc-2022",
            "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme",
        ),
        (
            "eddsa-jcs-2022",
            "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX",
        ),
    ],
)
def test_eddsa_vectors_are_signed_byte_for_byte(
    store: ContextStore, cryptosuite: str, proof_value: str
) -> None:
    key = multikey.decode_secret(ED25519)
    assert multikey.encode(key.public) == ED25519_PUBLIC
    method = f"did:key:{ED25519_PUBLIC}#{ED25519_PUBLIC}"
    signed = data_integrity.sign(
        ALUMNI, key=key, verification_method=method, created=CREATED, cryptosuite=cryptosuite, store=store
    )
    assert signed["proof"]["proofValue"] == proof_value


def _ecdsa(public: str, cryptosuite: str, proof_value: str) -> dict[str, Any]:
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"did:key:{public}#{public}",
        "proofPurpose": "assertionMethod",
        "proofValue": proof_value,
    }
    if cryptosuite.startswith("ecdsa-jcs"):
        proof["@context"] = ALUMNI["@context"]
    return {**ALUMNI, "proof": proof}


@pytest.mark.parametrize(
    ("public", "cryptosuite", "proof_value"),
    [
        (P256_PUBLIC, "ecdsa-rdfc-2019", "zaHXrr7AQdydBk3ahpCDpWbxfLokDqmCToYm2dyWvpcFVyWooC2he63w1f7UNQoAMKdhaRtcnaE2KTo5o5vTCcfw"),
        (P256_PUBLIC, "ecdsa-jcs-2019", "z5ptCet75SaEgzG4v4zJhbJtfNi74Wv7Fq15hhKouJQQjEPQvPZKaYxcMXAMLPQS2FXrkCWokNJkFVkwxNzZfD5oT"),
        (P384_PUBLIC, "ecdsa-rdfc-2019", "z967Mvv5bxtmLNqTzPZ8KmJjFmFXaAKeQNzq7GWnQkMcLtaGSSmuozE5WtJ8PipMe178B1tE28K1vsJur9bGVJhz6jgSJsRHFSQeqgH8hhjcg8gZDFJC1b9FsR5ggNmDBqHv"),
        (P384_PUBLIC, "ecdsa-jcs-2019", "zq3EuTeLiGurmB2JR5oL8oWEsT7u2tba4HT1oZbiMYWc5qzsoW2kLYcBcF4HM5vCpJyTkceULKrVXuJQkXeN5seL4uXrFNFRMm53GWy1Yrto8rTWxZi9DkNeWP7yUPs7ELAm"),
    ],
)  # fmt: skip
def test_ecdsa_vectors_hold(store: ContextStore, public: str, cryptosuite: str, proof_value: str) -> None:
    document = _ecdsa(public, cryptosuite, proof_value)
    key = multikey.decode(public)
    assert data_integrity.verify(document, document["proof"], key, store).cryptosuite == cryptosuite
    with pytest.raises(ProofInvalid):
        data_integrity.verify({**document, "name": "Other"}, document["proof"], key, store)


def test_the_older_ed25519_signature_holds(store: ContextStore) -> None:
    document = {
        **ALUMNI,
        "@context": [CREDENTIALS_V2, EXAMPLES_V2, ED25519_2020],
        "proof": {
            "type": "Ed25519Signature2020",
            "created": "2023-02-24T23:36:38Z",
            "verificationMethod": f"did:key:{ED25519_PUBLIC}#{ED25519_PUBLIC}",
            "proofPurpose": "assertionMethod",
            "proofValue": "z57Mm1vboMtZiCyJ4aReZsv8co4Re64Y8GEjL1ZARzMbXZgkARFLqFs1P345NpPGG2hgCrS4nNdvJhpwnrNyG3kEF",
        },
    }
    verified = data_integrity.verify(document, document["proof"], multikey.decode(ED25519_PUBLIC), store)
    assert verified.cryptosuite == "Ed25519Signature2020"


def _chained(public: str, value: str, created: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": created,
        "verificationMethod": f"did:key:{public}#{public}",
        "proofPurpose": "assertionMethod",
        "proofValue": value,
        **more,
    }


FIRST, SECOND, THIRD = (
    "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544",
    "urn:uuid:8cc9022b-6b14-4cf3-8571-74972c5feb54",
    "urn:uuid:d94f792a-c546-4d06-b38a-da070ab56c23",
)
CHAIN = [
    _chained(
        "z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7",
        "z66vWyqwAghu52WbpRkCwFRTu6Msn92ArtjpJ3gGMSVoU5RADwBfszoDt1QWY8owqLPz4nTj7hAwV7xFti1p93zdr",
        "2023-02-24T23:36:38Z",
        id=FIRST,
    ),
    _chained(
        "z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E",
        "z2scr94SNNrGpP2bE7ajvKWeUHm7HJ2edDkxpARvFAQ8V3USzwEzibqrXKaLHBrWostswsfvg82twQR88BgtnsrXY",
        "2023-02-24T23:36:38Z",
        id=SECOND,
    ),
    _chained(
        "z6MkmEq87wkHCYnWnNZkigeDMGTN7oUw1upkhzd77KuXERS1",
        "zWaPeEvBAkhQpNQj8pknuvg5STcKnt3cvM9t4kAYeJETFjvVMSXEEjadC4uxC9fKCn6JHbjt6fj2fhoaVNynBm6J",
        "2023-02-26T22:06:38Z",
        id=THIRD,
        previousProof=[FIRST, SECOND],
    ),
    _chained(
        "z6Mkm1S51iPHJvDEkJ9MRtxJmT8Pqo6wHipAFwBAjN83vntT",
        "z4b5uUtxNiV4E541LiR8qLvA21xM1Vt4Hfn6nLmmDePdFvLB3jFj3HyEEJyRMbpJzv4Gfdr8ABeuRTxAvZv6KWRRh",
        "2023-02-26T22:16:38Z",
        previousProof=THIRD,
    ),
]


def test_proof_sets_and_chains_hold(store: ContextStore) -> None:
    document = {**ALUMNI, "proof": CHAIN}
    previous = []
    for proof in data_integrity.proofs_of(document):
        key = multikey.decode(proof["verificationMethod"].rpartition("#")[2])
        previous.append(data_integrity.verify(document, proof, key, store).previous)
    assert previous == [(), (), (FIRST, SECOND), (THIRD,)]


def test_a_chain_breaks_with_any_of_its_links(store: ContextStore) -> None:
    last = CHAIN[3]
    key = multikey.decode(last["verificationMethod"].rpartition("#")[2])
    for proofs, code in (
        ([*CHAIN[:2], last], "previous_proof_missing"),
        ([*CHAIN[:2], {**CHAIN[2], "created": "2023-02-26T22:06:39Z"}, last], "signature_mismatch"),
    ):
        with pytest.raises(ProofInvalid) as broken:
            data_integrity.verify({**ALUMNI, "proof": proofs}, last, key, store)
        assert broken.value.code == code


def test_rfc_8032_vector() -> None:
    key = SigningKey.from_secret(
        Algorithm.ED25519, bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert key.public.data.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
