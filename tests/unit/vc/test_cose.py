"""COSE_Sign1 around credentials and presentations: made, taken apart, and refused where it is anything else."""

import json
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from shared.vc.errors import JsonRefused, ProofInvalid, UnsupportedProof
from shared.vc.keys import Algorithm, PublicKey, SigningKey
from shared.vc.proofs import cose, jws

DOCUMENT = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}
HEADER = {1: -7, 3: "application/vc", 4: b"key-1", 16: "application/vc+cose"}


FOREIGN = ec.generate_private_key(ec.SECP256R1())


def written(header: Any = HEADER, payload: bytes = b"{}", **changes: Any) -> bytes:
    """As another program would write it, with cbor2 and `cryptography` alone."""
    protected = header if isinstance(header, bytes) else cbor2.dumps(header)
    r, s = decode_dss_signature(
        FOREIGN.sign(cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
    )
    parts = [protected, {}, payload, r.to_bytes(32) + s.to_bytes(32)]
    return cbor2.dumps(cbor2.CBORTag(18, changes.get("parts", parts)))


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256, Algorithm.P384, Algorithm.P521])
@pytest.mark.parametrize("kind", ["vc", "vp"])
def test_what_was_signed_is_read_again(algorithm: Algorithm, kind: cose.Kind) -> None:
    key = SigningKey.generate(algorithm)
    secured = cose.sign(DOCUMENT, key=key, kid="did:web:a.example#1", kind=kind)
    document, taken = cose.parse(secured, kind)
    assert (document, taken.kid) == (DOCUMENT, "did:web:a.example#1")
    jws.verify(taken, key.public)
    with pytest.raises(ProofInvalid, match="signature_mismatch"):
        jws.verify(taken, SigningKey.generate(algorithm).public)
    protected, unprotected, payload, signature = cbor2.loads(secured).value
    changed = payload.replace(b"VerifiableCredential", b"VerifiablyCredential")
    forged = cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, changed, signature]))
    with pytest.raises(ProofInvalid, match="signature_mismatch"):
        jws.verify(cose.parse(forged, kind)[1], key.public)
    with pytest.raises(ProofInvalid, match="wrong_type"):
        cose.parse(secured, "vp" if kind == "vc" else "vc")


@pytest.mark.parametrize("tagged", [True, False])
def test_what_others_wrote_is_read(tagged: bool) -> None:
    secured = written(payload=json.dumps(DOCUMENT).encode())
    document, taken = cose.parse(secured if tagged else secured[1:], "vc")
    assert document == DOCUMENT
    assert (taken.kid, taken.algorithm) == ("key-1", "ES256")
    jws.verify(taken, PublicKey.of(FOREIGN.public_key()))


@pytest.mark.parametrize(
    ("secured", "code"),
    [
        (written({**HEADER, 16: "application/vp+cose"}), "wrong_type"),
        (written({**HEADER, 3: "text/plain"}), "wrong_type"),
        (written({**HEADER, 2: [99]}), "critical_header"),
        (written({3: "application/vc"}), "malformed_cose"),
        (written({**HEADER, 4: b"\xff"}), "malformed_cose"),
        (written(b"\xa2\x01\x26\x01\x27"), "malformed_cose"),  # alg twice
        (written(b"\xbf\x01\x26\xff"), "malformed_cose"),  # of no definite length
        (written(b"\xa1\x01\xc2\x41\x07"), "malformed_cose"),  # a tag within
        (written(b"\xa1" * 5 + b"\x01"), "malformed_cose"),
        (written(b"\xa1\x01\x26\x00"), "malformed_cose"),  # something behind the map
        (written(b""), "malformed_cose"),
        (written(parts=[b"", {}, b"{}"]), "malformed_cose"),
        (written(parts=[b"\xa0", {}, None, b""]), "malformed_cose"),
        (written(parts=[b"\xa0", [], b"{}", b""]), "malformed_cose"),
        (written() + b"\x00", "malformed_cose"),
        (b"\xd2\x9a\xff\xff\xff\xff", "malformed_cose"),  # an array of four thousand million
        (b"\xd2\x84\x5b" + b"\xff" * 8, "malformed_cose"),
        (b"", "malformed_cose"),
        (b"eyJhbGciOiJFUzI1NiJ9", "malformed_cose"),
    ],
    # Signatures of a new key would be other names in every process.
    ids=lambda one: one if isinstance(one, str) else "bytes",
)
def test_what_is_none_is_refused(secured: bytes, code: str) -> None:
    with pytest.raises(ProofInvalid) as refused:
        cose.parse(secured, "vc")
    assert refused.value.code == code


def test_unknown_algorithms_are_not_called_invalid() -> None:
    with pytest.raises(UnsupportedProof):
        cose.parse(written({**HEADER, 1: -257}), "vc")


def test_the_payload_is_strict_json() -> None:
    with pytest.raises(JsonRefused):
        cose.parse(written(payload=b'{"type": 1, "type": 2}'), "vc")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_bytes_of_any_kind_are_refused_and_nothing_else(noise: bytes, at: int) -> None:
    secured = written(payload=json.dumps(DOCUMENT).encode())
    for data in (noise, secured[:at] + noise + secured[at:], secured[:at]):
        try:
            cose.parse(data, "vc")
        except (ProofInvalid, UnsupportedProof, JsonRefused):
            continue
