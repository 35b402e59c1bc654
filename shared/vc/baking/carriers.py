"""Where each standard puts its credential in an image."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Carrier:
    """`keyword` of the PNG text chunk; `namespace` and `element` in SVG."""

    standard: Literal["ob3", "ob2", "clr2"]
    keyword: str
    namespace: str
    element: str


OPEN_BADGES_3 = Carrier("ob3", "openbadgecredential", "https://purl.imsglobal.org/ob/v3p0", "credential")
OPEN_BADGES_2 = Carrier("ob2", "openbadges", "http://openbadges.org", "assertion")
CLR_2 = Carrier("clr2", "clrcredential", "https://purl.imsglobal.org/clr/v2p0", "credential")
CARRIERS = (OPEN_BADGES_3, CLR_2, OPEN_BADGES_2)

MAX_CREDENTIAL = 2 * 1024 * 1024
"""A credential longer than this is not read out of an image."""


class ImageRefused(Exception):
    """An image that cannot be read or written safely; `code` is of `codes.CODES`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def ambiguous(reason: str) -> ImageRefused:
    return ImageRefused("format.ambiguous_image", reason)


def unsafe(reason: str) -> ImageRefused:
    return ImageRefused("format.unsafe_image", reason)
