"""Personal data at rest: sealed for reading, hashed with a key of our own for finding, nothing in the clear."""

import hashlib
import hmac
import secrets

from shared.db import KeyEncryption

LOOKUP_KEY_BYTES = 32


def new_token() -> str:
    """A secret for a link or a session: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a secret with 128 or more random bits: SHA-256, hexadecimal. No salt is needed for those."""
    return hashlib.sha256(token.encode()).hexdigest()


class Vault:
    """Seals columns and computes the keyed hashes by which rows are found.

    Sealed values are bound to their column and row, so that a value copied elsewhere does not open.
    """

    def __init__(self, keys: KeyEncryption, lookup_key: bytes) -> None:
        if len(lookup_key) != LOOKUP_KEY_BYTES:
            raise ValueError("the lookup key has 32 bytes")
        self._keys = keys
        self._lookup_key = lookup_key

    def seal(self, plain: bytes, *, column: str, row: str) -> bytes:
        """Encrypt for `table.column` of one row."""
        return self._keys.seal(plain, table=column, row=row)

    def open(self, sealed: bytes, *, column: str, row: str) -> bytes:
        """Decrypt what `seal` made for the same column and row; anything else raises."""
        return self._keys.open(sealed, table=column, row=row)

    def seal_text(self, plain: str, *, column: str, row: str) -> bytes:
        return self.seal(plain.encode(), column=column, row=row)

    def open_text(self, sealed: bytes, *, column: str, row: str) -> str:
        return self.open(sealed, column=column, row=row).decode()

    def lookup(self, kind: str, normalised: str) -> str:
        """The keyed hash by which a person's identifier is found: HMAC-SHA256(own key, kind|value), hexadecimal.

        Without the key nobody can try addresses against the database (decision 5).
        """
        return hmac.new(self._lookup_key, f"{kind}|{normalised}".encode(), hashlib.sha256).hexdigest()
