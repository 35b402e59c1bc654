"""Multibase (Controlled Identifiers 1.0, section 2.4): base58btc with the letter z, base64url without padding with u."""

import base64
import binascii
from functools import cache

from shared.vc.errors import KeyRefused

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Two letters at a time: half the arithmetic on long numbers.
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]
_PAIR = len(_PAIRS)
_NONE = 0xFF
_VALUES = bytes(_ALPHABET.find(chr(code)) & _NONE for code in range(256))
# Whatever is no letter of base64url becomes one that base64 does not have either.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/***")
# Base 58 costs the square of its length; nothing we read in it (keys, signatures) comes near this.
MAX_BASE58 = 2048


def base58btc_encode(data: bytes) -> str:
    """Base 58 in the Bitcoin alphabet, without the multibase letter."""
    number = int.from_bytes(data)
    pairs: list[str] = []
    while number:
        number, value = divmod(number, _PAIR)
        pairs.append(_PAIRS[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(pairs)).lstrip("1")


def base58btc_decode(text: str) -> bytes:
    """The bytes of a base 58 text without the multibase letter. Raises KeyRefused `malformed_base58`."""
    if len(text) > MAX_BASE58:
        raise KeyRefused("malformed_base58", "The base58 text is too long.")
    values = text.encode("ascii", "replace").translate(_VALUES)
    if _NONE in values:
        raise KeyRefused("malformed_base58", "The text holds a letter that base58btc does not have.")
    number = int.from_bytes(values)
    for width, base, lower in _joints((len(values) - 1).bit_length()):
        number = (number & lower) + (number >> width & lower) * base
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


@cache
def _joints(levels: int) -> list[tuple[int, int, int]]:
    """How neighbouring digits, then pairs of them, then pairs of pairs become one, all of a number at once.

    For each level: the width of a digit in bits, its base, and a mask of the lower one of each two.
    """
    found = []
    for level in range(levels):
        width = 8 << level
        lower = sum(((1 << width) - 1) << start for start in range(0, 8 << levels, 2 * width))
        found.append((width, 58 ** (1 << level), lower))
    return found


def base64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_decode(text: str) -> bytes:
    """The bytes of an unpadded base64url text; anything but its one canonical spelling is refused.

    Raises:
        KeyRefused: `malformed_base64url`.
    """
    try:
        letters = text.encode("ascii").translate(_TO_BASE64) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(letters, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise KeyRefused("malformed_base64url", "The text is not base64url.") from error
    # Three bytes have one spelling in four letters; what one or two bytes more leave over has to be zeros.
    rest = len(data) % 3
    if (base64url_encode(data[-rest:]) if rest else "") != text[len(data) // 3 * 4 :]:
        raise KeyRefused("malformed_base64url", "The text is not base64url in its canonical form.")
    return data


def encode(data: bytes) -> str:
    """Multibase base58btc: `z` and the letters."""
    return "z" + base58btc_encode(data)


def decode(text: str) -> bytes:
    """Bytes of a multibase text in base58btc (`z`) or base64url (`u`). Raises KeyRefused `unknown_multibase`."""
    if text.startswith("z"):
        return base58btc_decode(text[1:])
    if text.startswith("u"):
        return base64url_decode(text[1:])
    raise KeyRefused(
        "unknown_multibase", "The multibase text starts neither with z (base58btc) nor with u (base64url)."
    )
