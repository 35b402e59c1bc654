import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.vc import multibase, multikey
from shared.vc.errors import KeyRefused
from shared.vc.keys import Algorithm, PublicKey, SigningKey

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
FOREIGN: dict[Algorithm, Any] = {
    Algorithm.ED25519: OKPKey,
    Algorithm.P256: ECKey,
    Algorithm.P384: ECKey,
    Algorithm.P521: ECKey,
    Algorithm.RSA: RSAKey,
}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_signs_and_comes_back_from_its_secret(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    signature = key.sign(b"said")
    assert key.public.verify(signature, b"said")
    assert not key.public.verify(signature, b"not said")
    assert not key.public.verify(signature[:-1], b"said")
    assert not key.public.verify(b"", b"said")
    again = SigningKey.from_secret(algorithm, key.secret())
    assert again.public == key.public
    assert again.sign(b"said") == signature
    assert base64.b64encode(key.secret()).decode() not in repr(key)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_jwk_is_what_another_library_reads(algorithm: Algorithm) -> None:
    jwk = KEYS[algorithm].public.jwk()
    assert FOREIGN[algorithm].import_key(jwk).thumbprint() == KEYS[algorithm].public.thumbprint()
    assert PublicKey.from_jwk({**jwk, "kid": "any", "use": "sig"}) == KEYS[algorithm].public
    assert PublicKey.from_bytes(algorithm, KEYS[algorithm].public.data) == KEYS[algorithm].public


@pytest.mark.parametrize(("algorithm", "start"), [("Ed25519", "z6Mk"), ("P-256", "zDn"), ("P-384", "z82")])
def test_multikey(algorithm: str, start: str) -> None:
    key = KEYS[Algorithm(algorithm)].public
    assert multikey.encode(key).startswith(start)
    assert multikey.decode(multikey.encode(key)) == key


def test_there_is_no_multikey_for_rsa() -> None:
    with pytest.raises(KeyRefused) as refused:
        multikey.encode(KEYS[Algorithm.RSA].public)
    assert refused.value.code == "no_multikey"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("6Mk", "unknown_multibase"),
        ("uAAAA", "unknown_multibase"),
        ("z0", "malformed_base58"),
        ("z" + "2" * 3000, "malformed_base58"),
        ("z", "unsupported_key"),
        (multibase.encode(b"\xed\x01" + bytes(31)), "malformed_key"),
        (multibase.encode(b"\x80\x24" + b"\x02" + b"\xff" * 32), "malformed_key"),
        (multibase.encode(b"\x80\x26" + bytes(32)), "secret_key"),
        (multibase.encode(b"\x12\x00" + bytes(32)), "unsupported_key"),
    ],
)
def test_what_is_no_multikey_is_refused(text: str, code: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        multikey.decode(text)
    assert refused.value.code == code


P256 = KEYS[Algorithm.P256].public.jwk()


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        (None, "malformed_jwk"),
        ({}, "unsupported_key"),
        ({"kty": "oct", "k": "AAAA"}, "private_jwk"),
        ({**P256, "d": "AAAA"}, "private_jwk"),
        ({**P256, "x": "AAAA"}, "malformed_jwk"),
        ({**P256, "x": 5}, "malformed_jwk"),
        ({**P256, "x": P256["y"]}, "malformed_key"),
        ({**P256, "x": P256["x"] + "="}, "malformed_base64url"),
        ({**P256, "crv": "secp256k1"}, "unsupported_key"),
        ({"kty": "OKP", "crv": "X25519", "x": "AAAA"}, "unsupported_key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, "malformed_key"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "weak_key"),
        ({"kty": "RSA", "n": "A" * 4000, "e": "AQAB"}, "weak_key"),
        ({"kty": "RSA", "n": KEYS[Algorithm.RSA].public.jwk()["n"], "e": "AA"}, "malformed_key"),
    ],
)
def test_what_is_no_public_jwk_is_refused(jwk: object, code: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        PublicKey.from_jwk(jwk)
    assert refused.value.code == code


def test_keys_of_other_kinds_are_refused() -> None:
    for foreign in (
        dsa.generate_private_key(1024),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 1024),
    ):
        with pytest.raises(KeyRefused):
            PublicKey.of(foreign.public_key())


@given(st.binary(max_size=80))
def test_base58_and_base64url_come_back(data: bytes) -> None:
    assert multibase.decode(multibase.encode(data)) == data
    assert multibase.decode("u" + multibase.base64url_encode(data)) == data


@given(st.text(max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = multibase.base64url_decode(text)
    except KeyRefused:
        return
    assert multibase.base64url_encode(data) == text
