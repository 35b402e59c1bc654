"""Signatures as Standard Webhooks 1.0.0 says (§ Signature scheme): HMAC-SHA256 over id, timestamp and body."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # 24 to 64 are allowed


def new_secret() -> str:
    """A fresh secret as receivers' libraries take it: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(good: Sequence[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers. Every secret in `good` signs: while one replaces another, both.

    `message` must hold no full stop: it separates what is signed.
    """
    signed = f"{message}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
        for secret in good
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))
