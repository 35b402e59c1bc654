"""The digests that a credential gives for related resources (VCDM 2.0, 5.3), as far as the resources are at hand.

At hand are the pinned contexts. Nothing is fetched: of any other resource nothing is said.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

from shared.vc import multibase
from shared.vc.contexts import ContextStore
from shared.vc.errors import KeyRefused
from shared.vc.model import Finding
from shared.vc.strict_json import JsonObject

_SRI = {"sha256": 32, "sha384": 48, "sha512": 64}
_MULTIHASH = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}
_MOST = 100
# Base 58 costs the square of its length, and each digest that is compared the hash of a body.
_MOST_DIGESTS = 8
_LONGEST = 200


def wrong_digests(document: JsonObject, store: ContextStore) -> Iterator[Finding]:
    """A finding for each digest that is malformed, or is not that of any body pinned for the resource's address.

    Args:
        document: the credential.
        store: what is at hand; an address may have had several bodies, and a digest of each of them is right.
    """
    listed = document.get("relatedResource")
    for place, one in enumerate(listed[:_MOST] if isinstance(listed, list) else [listed]):
        url = one.get("id") if isinstance(one, dict) else None
        if not isinstance(url, str) or url not in store:
            continue
        bodies = [store.get(url).body, *(other.body for other in store.alternatives(url))]
        pointer = f"/relatedResource/{place}" if isinstance(listed, list) else "/relatedResource"
        for name, read in (("digestSRI", _sri), ("digestMultibase", _multibase)):
            if name in one and not any(_fits(each, bodies) for each in read(one[name])):
                reason = f"`{name}` is not that of the resource at its address."
                yield Finding(f"{pointer}/{name}", "model.malformed_value", reason)


_Digest = tuple[str, bytes]


def _fits(digest: _Digest, bodies: list[bytes]) -> bool:
    name, value = digest
    return any(hmac.compare_digest(hashlib.new(name, body).digest(), value) for body in bodies)


def _sri(value: Any) -> list[_Digest]:
    """Subresource Integrity, 3.5: several may stand in one text; one has to fit. Options (`?…`) are left aside."""
    found = []
    for token in value[: _MOST_DIGESTS * _LONGEST].split()[:_MOST_DIGESTS] if isinstance(value, str) else []:
        name, _, text = token.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if _SRI.get(name) == len(digest):
            found.append((name, digest))
    return found


def _multibase(value: Any) -> list[_Digest]:
    """A multihash; issuers also write the bare SHA-256, which is read as such."""
    found = []
    for text in value[:_MOST_DIGESTS] if isinstance(value, list) else [value]:
        try:
            data = multibase.decode(text) if isinstance(text, str) and len(text) <= _LONGEST else b""
        except KeyRefused:
            continue
        name = _MULTIHASH.get(data[:2])
        if name is not None and len(data) == 2 + _SRI[name]:
            found.append((name, data[2:]))
        elif len(data) == _SRI["sha256"]:
            found.append(("sha256", data))
    return found
