"""Multikey (Controlled Identifiers 1.0, section 2.2.2): a key with its kind in front, in base58btc."""

from functools import lru_cache

from shared.vc import multibase
from shared.vc.errors import KeyRefused
from shared.vc.keys import Algorithm, PublicKey, SigningKey

_PUBLIC = {Algorithm.ED25519: b"\xed\x01", Algorithm.P256: b"\x80\x24", Algorithm.P384: b"\x81\x24"}
_SECRET = {Algorithm.ED25519: b"\x80\x26", Algorithm.P256: b"\x86\x26", Algorithm.P384: b"\x87\x26"}
_LENGTHS = {Algorithm.ED25519: 32, Algorithm.P256: 33, Algorithm.P384: 49}


def encode(key: PublicKey) -> str:
    """`z6Mk…`, `zDn…` or `z82…`. Raises KeyRefused `no_multikey` for RSA, for which none is registered."""
    if key.algorithm not in _PUBLIC:
        raise KeyRefused("no_multikey", f"There is no Multikey form for {key.algorithm}.")
    return multibase.encode(_PUBLIC[key.algorithm] + key.data)


@lru_cache(maxsize=1024)  # an issuer's key comes with every badge of theirs
def decode(text: str) -> PublicKey:
    """The public key of a Multikey text.

    Raises:
        KeyRefused: unknown_multibase, malformed_base58, secret_key, unsupported_key or malformed_key.
    """
    if not text.startswith("z"):
        raise KeyRefused("unknown_multibase", "A Multikey has to be in base58btc (z).")
    data = multibase.decode(text)
    if data[:2] in _SECRET.values():
        raise KeyRefused("secret_key", "This is a secret key, published by mistake.")
    for algorithm, prefix in _PUBLIC.items():
        if data[:2] == prefix:
            if len(data) != 2 + _LENGTHS[algorithm]:
                raise KeyRefused("malformed_key", f"The Multikey has the wrong length for {algorithm}.")
            return PublicKey.from_bytes(algorithm, data[2:])
    raise KeyRefused("unsupported_key", "The Multikey is of a kind that is not supported here.")


def decode_secret(text: str) -> SigningKey:
    """The signing key of a Multikey secret text (`secretKeyMultibase`). Raises KeyRefused as `decode` does."""
    data = multibase.decode(text)
    for algorithm, prefix in _SECRET.items():
        if data[:2] == prefix:
            return SigningKey.from_secret(algorithm, data[2:])
    raise KeyRefused("unsupported_key", "The Multikey is not a secret key of a supported kind.")
