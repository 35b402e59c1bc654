"""Telling what was handed in, and taking the credential out of it."""

import re
from dataclasses import dataclass
from typing import Literal

from .carriers import CARRIERS
from .png import SIGNATURE, read_png
from .svg import read_svg

# An unsecured one (RFC 7519 §6) has no signature: known, so that the report can say that nobody signed it.
_COMPACT_JWS = re.compile(
    r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.", re.ASCII
)
# The same with disclosures after it, and perhaps a key binding (RFC 9901, 4).
_SD_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+~(?:[\w-]+~)*(?:[\w-]+\.[\w-]+\.[\w-]+)?", re.ASCII)
_MAX_TEXT = 4 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unrecognised(Exception):
    """The bytes are of no known form: neither JSON, nor a compact JWS, nor an image with a credential."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLong(Unrecognised):
    """The bytes are text of more than `limit` bytes, longer than any credential; nobody looked at what it says."""

    limit = _MAX_TEXT


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found: `text` is JSON, a compact JWS, or (Open Badges 1.x and 2.0) the URL of an assertion.

    `standard` is the one whose carrier held it; `None` for a bare text, which tells itself what it is.
    """

    container: Literal["json", "jwt", "png", "svg"]
    kind: Literal["json", "jwt", "url"]
    text: str
    standard: Literal["ob3", "ob2", "clr2"] | None = None


def extract(data: bytes) -> Extracted:
    """The credential in `data`: a JSON text, a compact JWS, or a baked PNG or SVG.

    Nothing but the form is looked at; the JSON is not parsed.

    Raises:
        Unrecognised: no known form, or an image that carries nothing; TooLong, where that is the reason.
        ImageRefused: an image that carries two credentials, or hides one in a way that is refused.
    """
    if data.startswith(SIGNATURE):
        return _from_image(data, "png")
    stripped = data.removeprefix(_BYTE_ORDER_MARK).strip()
    if stripped.startswith(b"<"):
        if b"<svg" not in data and b":svg" not in data:
            raise Unrecognised("This is neither an SVG image nor any other form of a badge.")
        return _from_image(data, "svg")
    if len(stripped) > _MAX_TEXT:
        raise TooLong("The text is longer than any credential.")
    try:
        text = stripped.decode("utf-8")
    except UnicodeDecodeError:
        raise Unrecognised("This is neither text nor a PNG or SVG image.") from None
    kind = _kind(text)
    if kind is None or kind == "url":
        raise Unrecognised(
            "This is neither JSON nor a compact JWS (JWT) nor a PNG or SVG image with a badge."
        )
    return Extracted(kind, kind, text)


def _kind(text: str) -> Literal["json", "jwt", "url"] | None:
    if text.startswith("{"):
        return "json"
    if _COMPACT_JWS.fullmatch(text) or _SD_JWT.fullmatch(text):
        return "jwt"
    if text.startswith(("https://", "http://")) and not re.search(r"\s", text):
        return "url"
    return None


def _from_image(data: bytes, container: Literal["png", "svg"]) -> Extracted:
    read = read_png if container == "png" else read_svg
    # An image may be baked for an old and a new standard at once; the newest that is there counts.
    for carrier in CARRIERS:
        marker = carrier.keyword if container == "png" else carrier.namespace
        if marker.encode() not in data:
            continue  # no need to take the image apart
        text = read(data, carrier)
        if text is None:
            continue
        kind = _kind(text.strip())
        if kind is None or (kind == "url" and carrier.standard != "ob2"):
            raise Unrecognised("What the image carries is neither JSON nor a compact JWS.")
        return Extracted(container, kind, text.strip(), carrier.standard)
    raise Unrecognised("The image carries no badge: it was never baked, or its data was stripped since.")
