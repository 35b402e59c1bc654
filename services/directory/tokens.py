"""Secrets that the directory hands out once and keeps only as a digest.

Each has 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess that a slow hash would protect. The prefix
tells people, logs' redaction and secret scanners what they look at.
"""

import hashlib
import secrets
from typing import Literal

Kind = Literal["session", "secret", "invitation", "code", "refresh"]


def new_token(kind: Kind) -> str:
    """A fresh secret, such as `confer_session_…` (43 base64url characters behind the prefix)."""
    return f"confer_{kind}_{secrets.token_urlsafe(32)}"


def is_kind(token: str, kind: Kind) -> bool:
    return token.startswith(f"confer_{kind}_")


def digest(token: str) -> str:
    """What is kept of a secret: 64 hexadecimal characters. Takes any text, also nonsense from outside."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
