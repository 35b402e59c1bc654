"""Public and signing keys of the five kinds that credentials are signed with, over `cryptography`."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from shared.vc import jcs
from shared.vc.errors import KeyRefused
from shared.vc.multibase import base64url_decode, base64url_encode

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192


class Algorithm(StrEnum):
    """The kind of a key."""

    ED25519 = "Ed25519"
    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    RSA = "RSA"


_Public = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_CURVES: dict[Algorithm, tuple[type[ec.EllipticCurve], type[hashes.HashAlgorithm], int]] = {
    Algorithm.P256: (ec.SECP256R1, hashes.SHA256, 32),
    Algorithm.P384: (ec.SECP384R1, hashes.SHA384, 48),
    Algorithm.P521: (ec.SECP521R1, hashes.SHA512, 66),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with. Two are equal when they are the same key."""

    algorithm: Algorithm
    data: (
        bytes  # Ed25519: 32 bytes; P-256, P-384, P-521: the compressed point; RSA: SubjectPublicKeyInfo, DER
    )
    _key: _Public

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and (self.algorithm, self.data) == (other.algorithm, other.data)

    def __hash__(self) -> int:
        return hash((self.algorithm, self.data))

    @classmethod
    def from_bytes(cls, algorithm: Algorithm, data: bytes) -> Self:
        """From the form that `data` has. Raises KeyRefused `malformed_key` or `weak_key`."""
        try:
            key = _load_public(algorithm, data)
        except ValueError as error:
            raise KeyRefused("malformed_key", f"The bytes are not a {algorithm} public key.") from error
        return cls.of(key)

    @classmethod
    def of(cls, key: object) -> Self:
        """From a key of the `cryptography` package. Raises KeyRefused when it is of another kind."""
        if isinstance(key, ed25519.Ed25519PublicKey):
            data = key.public_bytes_raw()
            if data[:31] + bytes([data[31] & 0x7F]) in _SMALL_ORDER:
                raise KeyRefused(
                    "weak_key", "The key is a point of small order: anything would count as signed."
                )
            return cls(Algorithm.ED25519, data, key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
            return cls(_curve_of(key.curve), point, key)
        if isinstance(key, rsa.RSAPublicKey):
            if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
                raise KeyRefused("weak_key", f"An RSA key needs {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")
            spki = serialization.PublicFormat.SubjectPublicKeyInfo
            return cls(Algorithm.RSA, key.public_bytes(serialization.Encoding.DER, spki), key)
        raise KeyRefused("unsupported_key", "The key is of a kind that is not supported here.")

    @classmethod
    def from_jwk(cls, jwk: Any) -> Self:
        """From a JWK (RFC 7517, 7518, 8037). A private member is refused: such a key is no secret any more.

        Raises:
            KeyRefused: malformed_jwk, private_jwk, unsupported_key, malformed_key or weak_key.
        """
        if not isinstance(jwk, dict):
            raise KeyRefused("malformed_jwk", "The JWK is not an object.")
        if {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & jwk.keys():
            raise KeyRefused("private_jwk", "The JWK carries a private key.")
        match jwk.get("kty"), jwk.get("crv"):
            case "OKP", "Ed25519":
                return cls.from_bytes(Algorithm.ED25519, _member(jwk, "x"))
            case "EC", ("P-256" | "P-384" | "P-521") as curve:
                width = _CURVES[Algorithm(curve)][2]
                x, y = _member(jwk, "x"), _member(jwk, "y")
                if len(x) != width or len(y) != width:
                    raise KeyRefused("malformed_jwk", "A coordinate of the key has the wrong length.")
                return cls.from_bytes(Algorithm(curve), b"\x04" + x + y)
            case "RSA", _:
                return cls._from_rsa(_member(jwk, "n"), _member(jwk, "e"))
            case _:
                raise KeyRefused("unsupported_key", "The JWK is of a kind that is not supported here.")

    @classmethod
    def _from_rsa(cls, modulus: bytes, exponent: bytes) -> Self:
        if not MIN_RSA_BITS // 8 <= len(modulus) <= MAX_RSA_BITS // 8 + 1:
            raise KeyRefused("weak_key", f"An RSA key needs {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")
        try:
            key = rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
        except ValueError as error:
            raise KeyRefused("malformed_key", "The numbers are not an RSA key.") from error
        return cls.of(key)

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """From a PEM public key, as Open Badges 2.0 publishes it.

        Raises:
            KeyRefused: malformed_key, unsupported_key, weak_key.
        """
        try:
            return cls.of(serialization.load_pem_public_key(text.encode()))
        except ValueError as error:
            raise KeyRefused("malformed_key", "The text is not a PEM public key.") from error
        except UnsupportedAlgorithm as error:
            raise KeyRefused("unsupported_key", "The key is of a kind that is not supported here.") from error

    def jwk(self) -> dict[str, str]:
        """The key as a JWK, without `kid`."""
        if isinstance(self._key, rsa.RSAPublicKey):
            numbers = self._key.public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            point, width = self._key.public_numbers(), _CURVES[self.algorithm][2]
            x, y = (base64url_encode(value.to_bytes(width)) for value in (point.x, point.y))
            return {"kty": "EC", "crv": str(self.algorithm), "x": x, "y": y}
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(self.data)}

    def thumbprint(self) -> str:
        """The JWK thumbprint, RFC 7638, SHA-256 in base64url."""
        return base64url_encode(hashlib.sha256(jcs.canonicalize(self.jwk())).digest())

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's over the data.

        Ed25519 pure (RFC 8032); ECDSA as r and s side by side (IEEE P1363) over SHA-256 for P-256, SHA-384 for
        P-384 and SHA-512 for P-521; RSASSA-PKCS1-v1_5 over SHA-256.
        """
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            elif isinstance(self._key, ec.EllipticCurvePublicKey):
                _, hash_type, width = _CURVES[self.algorithm]
                if len(signature) != 2 * width:
                    return False
                r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
                self._key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hash_type()))
            else:
                self._key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs. Its secret never appears in its representation."""

    algorithm: Algorithm
    public: PublicKey
    _key: _Private

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, …)"

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ED25519) -> Self:
        """A fresh key; RSA with 3072 bits."""
        if algorithm is Algorithm.ED25519:
            return cls._of(ed25519.Ed25519PrivateKey.generate())
        if algorithm is Algorithm.RSA:
            return cls._of(rsa.generate_private_key(65537, 3072))
        return cls._of(ec.generate_private_key(_CURVES[algorithm][0]()))

    @classmethod
    def from_secret(cls, algorithm: Algorithm, secret: bytes) -> Self:
        """From what `secret` returned. Raises KeyRefused `malformed_key`."""
        try:
            if algorithm is Algorithm.ED25519:
                return cls._of(ed25519.Ed25519PrivateKey.from_private_bytes(secret))
            if algorithm is Algorithm.RSA:
                return cls._of(serialization.load_der_private_key(secret, None))
            curve, _, width = _CURVES[algorithm]
            if len(secret) != width:
                raise KeyRefused("malformed_key", f"The bytes are not a {algorithm} signing key.")
            return cls._of(ec.derive_private_key(int.from_bytes(secret), curve()))
        except ValueError as error:
            raise KeyRefused("malformed_key", f"The bytes are not a {algorithm} signing key.") from error

    @classmethod
    def _of(cls, key: object) -> Self:
        if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise KeyRefused("unsupported_key", "The key is of a kind that is not supported here.")
        public = PublicKey.of(key.public_key())
        return cls(public.algorithm, public, key)

    def secret(self) -> bytes:
        """The secret, to be sealed: 32 bytes (Ed25519), the scalar (P-256, P-384, P-521) or PKCS #8 DER (RSA)."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.private_bytes_raw()
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.private_numbers().private_value.to_bytes(_CURVES[self.algorithm][2])
        return self._key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """A signature that `PublicKey.verify` accepts; the same for the same data, ECDSA included (RFC 6979)."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            _, hash_type, width = _CURVES[self.algorithm]
            der = self._key.sign(data, ec.ECDSA(hash_type(), deterministic_signing=True))
            r, s = decode_dss_signature(der)
            return r.to_bytes(width) + s.to_bytes(width)
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())


# The encodings of the eight points of small order on Ed25519, and the two that are not canonical, without their sign bit
# (RFC 8032, 5.1; RFC 7748, 6.1 speaks of them for X25519): one signature holds under them for every message.
_SMALL_ORDER = frozenset(
    bytes.fromhex(one)
    for one in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def _load_public(algorithm: Algorithm, data: bytes) -> object:
    if algorithm is Algorithm.ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(data)
    if algorithm is Algorithm.RSA:
        return serialization.load_der_public_key(data)
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[algorithm][0](), data)


def _curve_of(curve: ec.EllipticCurve) -> Algorithm:
    for algorithm, (curve_type, _, _) in _CURVES.items():
        if isinstance(curve, curve_type):
            return algorithm
    raise KeyRefused("unsupported_key", f"The curve {curve.name} is not supported here.")


def _member(jwk: dict[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyRefused("malformed_jwk", f'The JWK has no text "{name}".')
    return base64url_decode(value)


def _number(value: int) -> str:
    return base64url_encode(value.to_bytes((value.bit_length() + 7) // 8))
