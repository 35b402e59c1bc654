"""A badge's picture: fetched once when the badge is kept, so that nobody who looks at it is made known to its issuer."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog

from shared.vc.fetching import Fetch, FetchRefused

PNG = "image/png"
SVG = "image/svg+xml"
SHOWN = (PNG, SVG, "image/jpeg", "image/gif", "image/webp")
"""What browsers show; only PNG and SVG can carry a credential."""

MAX_BYTES = 1_000_000
_log = structlog.get_logger("confer.backpack")


@dataclass(frozen=True)
class Picture:
    media_type: str
    content: bytes


async def picture_of(shown: Mapping[str, Any] | None, fetch: Fetch) -> Picture | None:
    """The picture that a verified credential names for its achievement or itself; None if it has none or it cannot be had.

    Args:
        shown: the report's projection of the credential.
        fetch: fenced; a `data:` URL needs none.
    """
    for address in _addresses(shown or {}):
        found = _from_data(address) if address.startswith("data:") else await _fetched(address, fetch)
        if found is not None:
            return found
    return None


def _addresses(shown: Mapping[str, Any]) -> list[str]:
    achievement = shown.get("achievement")
    images = [achievement.get("image") if isinstance(achievement, Mapping) else None, shown.get("image")]
    named = [image.get("id") if isinstance(image, Mapping) else image for image in images]
    return [address for address in named if isinstance(address, str)]


async def _fetched(address: str, fetch: Fetch) -> Picture | None:
    try:
        answer = await fetch(address, accept="image/png, image/svg+xml, image/*;q=0.5", max_bytes=MAX_BYTES)
    except FetchRefused as refusal:
        _log.info("picture.not_fetched", reason=refusal.code)
        return None
    return _recognised(answer.body)


def _from_data(address: str) -> Picture | None:
    header, comma, body = address.partition(",")
    if not comma or len(body) > MAX_BYTES * 2:
        return None
    try:
        content = b64decode(body, validate=True) if header.endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        return None
    return _recognised(content)


def _recognised(content: bytes) -> Picture | None:
    """By its first bytes: what a server or a data URL says about the type is not trusted."""
    if len(content) > MAX_BYTES:
        return None
    starts = {b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
    for start, media_type in starts.items():
        if content.startswith(start):
            return Picture(media_type, content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Picture("image/webp", content)
    return Picture(SVG, content) if b"<svg" in content[:4096] else None
