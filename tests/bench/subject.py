"""What is measured: a library that issues and verifies a credential in one of the forms."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

Json = dict[str, Any]
Form = Literal["eddsa-rdfc-2022", "ecdsa-rdfc-2019", "EdDSA", "ES256", "RS256"]

ISSUER: Final = "did:example:issuer"
"""Stands for the issuer's identifier in the documents; each subject puts its own in its place."""


class Unsupported(Exception):
    """The library does not do this; the message says why, in a few words."""


class Subject(Protocol):
    """A library under measurement. What it is given is prepared outside the time taken."""

    version: str

    def issue(self, form: Form, document: Json, issuer: int = 0) -> Callable[[], bytes]:
        """A call that secures the document once, as one of `ISSUERS` issuers. Raises Unsupported."""

    def verify(self, form: Form, secured: bytes, issuer: int = 0) -> Callable[[], bool]:
        """A call that verifies these bytes once. It answers False, or raises, when they do not hold."""


def issued_by(did: str, document: Json) -> Json:
    """The document with `did` as its issuer wherever that is named."""
    named: Json = json.loads(json.dumps(document).replace(ISSUER, did))
    return named


def tampered(secured: bytes) -> bytes:
    """A secured credential with one letter changed: whoever is measured has to refuse it."""
    if secured.startswith(b"{"):
        return secured.replace(b"Bind a book", b"Find a book")
    if secured.count(b".") != 2:  # a bare signature
        return bytes([secured[0] ^ 1]) + secured[1:]
    header, payload, signature = secured.split(b".")
    middle = len(payload) // 2
    other = b"B" if payload[middle : middle + 1] == b"A" else b"A"
    return b".".join([header, payload[:middle] + other + payload[middle + 1 :], signature])


def registered_claims(badge: Json) -> Json:
    """The registered claims that Open Badges 3.0 has beside the credential."""
    start, end = (
        int(datetime.fromisoformat(badge.get(name, "2126-01-01T00:00:00Z")).astimezone(UTC).timestamp())
        for name in ("validFrom", "validUntil")
    )
    subject = badge["credentialSubject"]["id"]
    claims = {"iss": badge["issuer"]["id"], "sub": subject, "jti": badge["id"], "nbf": start}
    return claims | ({"exp": end} if "validUntil" in badge else {})
