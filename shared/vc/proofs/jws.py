"""Compact JWS (RFC 7515) with asymmetric keys only; the header is read as strictly as a credential."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.vc import multibase, strict_json
from shared.vc.errors import JsonRefused, KeyRefused, ProofInvalid, UnsupportedProof
from shared.vc.keys import Algorithm, PublicKey, SigningKey

MAX_LENGTH = 4 * 1024 * 1024
_MAX_HEADER = 16 * 1024
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")

# RFC 7518, RFC 8037 and, for "Ed25519", RFC 9864.
_KEYS: Mapping[str, Algorithm] = {
    "RS256": Algorithm.RSA,
    "ES256": Algorithm.P256,
    "ES384": Algorithm.P384,
    "ES512": Algorithm.P521,
    "EdDSA": Algorithm.ED25519,
    "Ed25519": Algorithm.ED25519,
}
ALGORITHMS: Mapping[Algorithm, str] = {
    Algorithm.RSA: "RS256",
    Algorithm.P256: "ES256",
    Algorithm.P384: "ES384",
    Algorithm.P521: "ES512",
    Algorithm.ED25519: "EdDSA",
}


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS taken apart; nothing about it is verified.

    `embedded_key` is the header's `jwk`: it proves that whoever wrote the header held that key, and nothing about
    whose key it is.
    """

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signing_input: bytes
    algorithm: str
    kid: str | None
    embedded_key: PublicKey | None


def parse(token: str) -> Jws:
    """Take a compact JWS apart.

    Raises:
        ProofInvalid: malformed_jws, algorithm_refused (none, HMAC), critical_header.
        UnsupportedProof: `unsupported_algorithm`, another algorithm that may well be sound.
    """
    if len(token) > MAX_LENGTH or not _FORM.fullmatch(token):
        raise ProofInvalid("malformed_jws", "This is not a compact JWS.")
    encoded_header, encoded_payload, encoded_signature = token.split(".")
    try:
        header = strict_json.loads_object(multibase.base64url_decode(encoded_header), max_bytes=_MAX_HEADER)
        payload = multibase.base64url_decode(encoded_payload)
        signature = multibase.base64url_decode(encoded_signature)
    except (KeyRefused, JsonRefused) as error:
        raise ProofInvalid("malformed_jws", f"The compact JWS cannot be read: {error.reason}") from error
    algorithm = _algorithm(header)
    # RFC 7515, 4.1.11: what is critical has to be understood, and nothing beyond the standard is; RFC 7797: b64.
    if "crit" in header or "b64" in header:
        raise ProofInvalid("critical_header", "The JWS header asks for extensions that are not known here.")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ProofInvalid("malformed_jws", "The kid of the JWS is not a text.")
    signing_input = f"{encoded_header}.{encoded_payload}".encode()
    return Jws(header, payload, signature, signing_input, algorithm, kid, _embedded(header))


def _algorithm(header: Mapping[str, Any]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise ProofInvalid("malformed_jws", "The JWS header names no algorithm.")
    if algorithm.lower() == "none" or algorithm.upper().startswith("HS"):
        raise ProofInvalid("algorithm_refused", "A credential has to be signed with a private key.")
    if algorithm not in _KEYS:
        raise UnsupportedProof(
            "unsupported_algorithm", f"The algorithm {algorithm[:40]} is not supported here."
        )
    return algorithm


def _embedded(header: Mapping[str, Any]) -> PublicKey | None:
    if "jwk" not in header:
        return None
    try:
        return PublicKey.from_jwk(header["jwk"])
    except KeyRefused as error:
        raise ProofInvalid("malformed_jws", f"The key in the JWS header: {error.reason}") from error


def fits(jws: Jws, key: PublicKey) -> bool:
    """Whether the key is of the kind that the JWS says it was signed with."""
    return _KEYS[jws.algorithm] is key.algorithm


def verify(jws: Jws, key: PublicKey) -> None:
    """Check the signature. Raises ProofInvalid `wrong_key_type` or `signature_mismatch`."""
    if not fits(jws, key):
        raise ProofInvalid("wrong_key_type", f"A {key.algorithm} key does not belong to {jws.algorithm}.")
    if not key.verify(jws.signature, jws.signing_input):
        raise ProofInvalid(
            "signature_mismatch",
            "The signature does not fit: the content was changed, or another key signed it.",
        )


def sign(header: Mapping[str, Any], payload: bytes, key: SigningKey) -> str:
    """A compact JWS. `alg` is set from the key."""
    full = {"alg": ALGORITHMS[key.algorithm], **header}
    encoded = multibase.base64url_encode(strict_json.dumps(full)) + "." + multibase.base64url_encode(payload)
    return f"{encoded}.{multibase.base64url_encode(key.sign(encoded.encode()))}"
