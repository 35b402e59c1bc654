"""Status lists, both sides: Bitstring Status List 1.0, and reading 1EdTech's revocation lists.

Nothing here fetches or verifies a signature; `verify/status.py` does, with these functions.
"""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .contexts import CREDENTIALS_V2
from .dates import write_date_time
from .strict_json import JsonObject

MINIMUM_BITS = 131_072
"""A list is never shorter, so that an entry hides among others (Bitstring Status List, §3.2)."""

MAXIMUM_BITS = 1 << 25
"""A list that unpacks to more (4 MiB) is refused: a few kilobytes can unpack to gigabytes."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_MAX_SIZE = 16


class StatusRefused(Exception):
    """An entry or a list that cannot be used; `code` is of `codes.CODES`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class StatusBits:
    """The bits of a list. Index 0 is the left-most bit, the highest of the first byte."""

    def __init__(self, bits: int = MINIMUM_BITS, data: bytes | None = None) -> None:
        if data is None and (bits < MINIMUM_BITS or bits % 8):
            raise ValueError(f"a list has at least {MINIMUM_BITS} bits, in whole bytes")
        self._bytes = bytearray(bits // 8) if data is None else bytearray(data)

    def __len__(self) -> int:
        return len(self._bytes) * 8

    def to_bytes(self) -> bytes:
        return bytes(self._bytes)

    def set(self, index: int, value: bool = True, *, size: int = 1) -> None:  # noqa: FBT001, FBT002 - a bit is true or false
        """Set the entry at `index` to 1 or 0 (for entries of one bit; see `put` for more)."""
        self.put(index, int(value), size=size)

    def put(self, index: int, value: int, *, size: int = 1) -> None:
        """Write `value` into the entry of `size` bits at `index`, the highest bit first.

        Raises:
            IndexError: the list has no such entry.
            ValueError: the value does not fit.
        """
        self._bounds(index, size)
        if not 0 <= value < 1 << size:
            raise ValueError(f"{value} does not fit into {size} bits")
        for offset in range(size):
            position = index * size + offset
            mask = 0x80 >> (position % 8)
            if value >> (size - 1 - offset) & 1:
                self._bytes[position // 8] |= mask
            else:
                self._bytes[position // 8] &= ~mask & 0xFF

    def get(self, index: int, *, size: int = 1) -> int:
        """The value of the entry of `size` bits at `index`.

        Raises:
            IndexError: the list has no such entry.
        """
        self._bounds(index, size)
        value = 0
        for position in range(index * size, index * size + size):
            value = value << 1 | (self._bytes[position // 8] >> (7 - position % 8) & 1)
        return value

    def _bounds(self, index: int, size: int) -> None:
        if index < 0 or (index + 1) * size > len(self):
            raise IndexError(f"the list has no entry {index}")


def encode(bits: StatusBits | bytes) -> str:
    """`encodedList`: `u`, then base64url without padding of the GZIP of the bits. Same bits, same text."""
    data = bits.to_bytes() if isinstance(bits, StatusBits) else bits
    packed = gzip.compress(data, compresslevel=9, mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(encoded: object) -> StatusBits:
    """The bits of an `encodedList`; lists of an older draft, without the `u` prefix, are read as well.

    Raises:
        StatusRefused: not such a text, broken or several GZIP members, or unpacking to more than
            `MAXIMUM_BITS`.
    """
    if not isinstance(encoded, str):
        raise StatusRefused("status.list_malformed", "The status list has no `encodedList`.")
    # GZIP begins with 1f 8b, which is "H4" in base64: an `u` in front is always the multibase prefix.
    text = encoded.removeprefix("u").rstrip("=")
    if _BASE64URL.fullmatch(text) is None:
        raise StatusRefused("status.list_malformed", "The `encodedList` is not base64url.")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        data = _unpack(packed)
    except (binascii.Error, zlib.error) as error:
        raise StatusRefused("status.list_malformed", "The `encodedList` is not GZIP data.") from error
    return StatusBits(data=data)


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)  # 31: GZIP framing only
    data = unpacker.decompress(packed, MAXIMUM_BITS // 8 + 1)
    if len(data) > MAXIMUM_BITS // 8:
        raise StatusRefused("status.list_malformed", "The status list unpacks to more than 4 MiB.")
    if not unpacker.eof or unpacker.unused_data:
        raise StatusRefused("status.list_malformed", "The `encodedList` is cut off, or more follows it.")
    return data


def status_entry(
    list_url: str, index: int, *, purpose: str = "revocation", messages: Sequence[str] = ()
) -> JsonObject:
    """The `credentialStatus` of a credential. Its id is the list's with the index as fragment.

    Args:
        list_url: where the list is published.
        index: of the entry, counted in entries of its size.
        purpose: what the list is for.
        messages: what each value of the entry means, in their order: 2, 4, 8 … of them, for entries of 1, 2, 3 … bits.

    Raises:
        ValueError: the index is negative, or there is no size with so many values.
    """
    if index < 0:
        raise ValueError("an index is not negative")
    size = len(messages).bit_length() - 1
    if messages and (len(messages) != 1 << size or not 1 <= size <= _MAX_SIZE):
        raise ValueError("there have to be as many messages as an entry has values")
    entry: JsonObject = {
        "id": f"{list_url}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }
    if messages:
        entry["statusSize"] = size
        entry["statusMessage"] = [{"status": hex(n), "message": one} for n, one in enumerate(messages)]
    return entry


def status_list_credential(
    *,
    url: str,
    issuer: str,
    bits: StatusBits | bytes,
    valid_from: datetime,
    purpose: str | Sequence[str] = "revocation",
    valid_until: datetime | None = None,
    ttl_milliseconds: int | None = None,
) -> JsonObject:
    """An unsigned BitstringStatusListCredential, to be signed like any credential."""
    subject: JsonObject = {
        "id": f"{url}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose if isinstance(purpose, str) else list(purpose),
        "encodedList": encode(bits),
    }
    if ttl_milliseconds is not None:
        subject["ttl"] = ttl_milliseconds
    document: JsonObject = {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": write_date_time(valid_from),
        "credentialSubject": subject,
    }
    if valid_until is not None:
        document["validUntil"] = write_date_time(valid_until)
    return document


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A BitstringStatusListEntry as read from a credential. `messages`: value → text, for `message`."""

    list_url: str
    index: int
    purpose: str
    size: int
    messages: Mapping[int, str]
    reference: str | None


def read_entry(value: Mapping[str, Any]) -> StatusEntry:
    """The entry that a `credentialStatus` of the type BitstringStatusListEntry describes.

    Raises:
        StatusRefused: a member is missing or of another form than the standard demands; the index has to
            be a text.
    """
    url, index, purpose = (value.get(k) for k in ("statusListCredential", "statusListIndex", "statusPurpose"))
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise StatusRefused(
            "status.malformed", "`statusListCredential` has to be the URL of the status list."
        )
    if value.get("id") == url:
        raise StatusRefused("status.malformed", "The id of a status entry may not be that of its list.")
    if not isinstance(index, str) or _INDEX.fullmatch(index) is None:
        reason = '`statusListIndex` has to be a text with a decimal number, such as "94567".'
        raise StatusRefused("status.malformed", reason)
    if not isinstance(purpose, str) or not purpose:
        raise StatusRefused("status.malformed", "`statusPurpose` is missing.")
    size = value.get("statusSize", 1)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= _MAX_SIZE:
        raise StatusRefused("status.malformed", f"`statusSize` has to be a number from 1 to {_MAX_SIZE}.")
    reference = value.get("statusReference")
    return StatusEntry(
        list_url=url,
        index=int(index),
        purpose=purpose,
        size=size,
        messages=_messages(value.get("statusMessage"), size),
        reference=reference if isinstance(reference, str) else None,
    )


def _messages(value: object, size: int) -> Mapping[int, str]:
    if value is None:
        if size > 1:
            reason = "An entry of more than one bit needs `statusMessage`, which says what its values mean."
            raise StatusRefused("status.malformed", reason)
        return {}
    messages: dict[int, str] = {}
    for one in value if isinstance(value, list) else [value]:
        code = one.get("status") if isinstance(one, dict) else None
        text = one.get("message") if isinstance(one, dict) else None
        if (
            not isinstance(code, str)
            or not isinstance(text, str)
            or not re.fullmatch(r"0x[0-9a-fA-F]{1,8}", code)
        ):
            reason = '`statusMessage` has to list objects with a `status` such as "0x1" and a `message`.'
            raise StatusRefused("status.malformed", reason)
        messages[int(code, 16)] = text
    if len(messages) != 1 << size:
        raise StatusRefused("status.malformed", f"`statusMessage` has to give all {1 << size} values.")
    return messages


def bits_of(document: Mapping[str, Any]) -> StatusBits:
    """The bits of a status list credential. Raises StatusRefused as `decode`."""
    subject = document.get("credentialSubject")
    return decode(subject.get("encodedList") if isinstance(subject, dict) else None)


def read_list(document: Mapping[str, Any], entry: StatusEntry, *, bits: StatusBits | None = None) -> int:
    """The value of `entry` in a status list credential (whose proof the caller has verified).

    Args:
        document: the credential.
        entry: as `read_entry` gives it.
        bits: those of the list, where they were unpacked already.

    Raises:
        StatusRefused: the list is malformed, for another purpose, too short, or has no such entry.
    """
    types = document.get("type")
    if "BitstringStatusListCredential" not in (types if isinstance(types, list) else [types]):
        raise StatusRefused("status.list_malformed", "What was found is not a status list credential.")
    subject = document.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") not in (
        "BitstringStatusList",
        ["BitstringStatusList"],
    ):
        raise StatusRefused(
            "status.list_malformed", "The status list has no subject of the type BitstringStatusList."
        )
    purposes = subject.get("statusPurpose")
    if entry.purpose not in (purposes if isinstance(purposes, list) else [purposes]):
        reason = f"The status list is not for the purpose {entry.purpose!r}."
        raise StatusRefused("status.wrong_purpose", reason)
    bits = decode(subject.get("encodedList")) if bits is None else bits
    if len(bits) // entry.size < MINIMUM_BITS:
        reason = f"The status list has fewer than {MINIMUM_BITS} entries."
        raise StatusRefused("status.list_too_short", reason)
    try:
        return bits.get(entry.index, size=entry.size)
    except IndexError as error:
        reason = f"The status list has no entry {entry.index}."
        raise StatusRefused("status.out_of_range", reason) from error


def time_to_live(document: Mapping[str, Any]) -> int | None:
    """The list's own `ttl` in milliseconds, if it states a sensible one."""
    subject = document.get("credentialSubject")
    value = subject.get("ttl") if isinstance(subject, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Revoked:
    reason: str | None


def read_revocation_list(document: Mapping[str, Any], credential: str) -> Revoked | None:
    """Whether a 1EdTech revocation list (VCRL 1.0) names the credential with this id; `None`: it does not.

    Reads `revokedCredential` (what validator and issuers write) as well as `revokedCredentials` (what the
    prose of the specification says).

    Raises:
        StatusRefused: it is no such list.
    """
    entries: list[object] = []
    found = False
    for name in ("revokedCredential", "revokedCredentials"):
        value = document.get(name)
        if isinstance(value, list):
            entries += value
            found = True
    if not found and "issuer" not in document:
        raise StatusRefused("status.list_malformed", "What was found is not a revocation list.")
    return _named(entries, credential)


def _named(entries: Iterable[object], credential: str) -> Revoked | None:
    for entry in entries:
        if isinstance(entry, str) and entry == credential:
            return Revoked(None)
        if (
            isinstance(entry, dict)
            and entry.get("id") == credential
            and entry.get("revoked", True) is not False
        ):
            reason = entry.get("revocationReason")
            return Revoked(reason if isinstance(reason, str) else None)
    return None
