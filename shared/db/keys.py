"""Encryption of secrets at rest (signing keys, client secrets) under a key-encryption key (KEK).

A KEK file has one line per key, `<id> <base64url of 32 bytes>`; the first line seals, every line opens, so that a
key is rotated by putting a new line on top. A sealed value is bound to its table and row: copied elsewhere it does
not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
_NONCE = 12
_KEY = 32


class KeyFileRefused(Exception):
    """The key file is missing, readable by others, or malformed; the message says which."""


class CannotOpen(Exception):
    """The sealed value was made with an unknown key, for another row, or was altered."""


class KeyEncryption:
    """Seals and opens small secrets with AES-256-GCM. `key_id` names the key that seals now."""

    def __init__(self, keys: Mapping[str, bytes], key_id: str) -> None:
        if any(len(key) != _KEY for key in keys.values()):
            raise KeyFileRefused("a key-encryption key has 32 bytes")
        if any(not 1 <= len(name.encode()) <= 255 for name in keys):
            raise KeyFileRefused("the id of a key-encryption key has 1 to 255 bytes")
        if key_id not in keys:
            raise KeyFileRefused(f"there is no key-encryption key {key_id!r}")
        self.key_id = key_id
        self._keys = dict(keys)

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> KeyEncryption:
        """Read the keys in `path`; with `create`, make a fresh one (mode 0600) when there is no file.

        Raises `KeyFileRefused`, also when group or others may read the file.
        """
        if create and not path.exists():
            _create(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            lines = path.read_text(encoding="ascii").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileRefused(f"cannot read the key file {path}: {type(error).__name__}") from error
        if mode & 0o077:
            raise KeyFileRefused(f"the key file {path} may be read by others (mode {mode:04o}, needed 0600)")
        keys: dict[str, bytes] = {}
        for number, line in enumerate(filter(None, (line.strip() for line in lines)), start=1):
            name, _, encoded = line.partition(" ")
            if name in keys:
                raise KeyFileRefused(f"{path}: the id in line {number} is there twice")
            keys[name] = _decode(encoded, path, number)
        if not keys:
            raise KeyFileRefused(f"the key file {path} is empty")
        return cls(keys, next(iter(keys)))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys in the file, the one that seals first."""
        return tuple(self._keys)

    def seal(self, plaintext: bytes, *, table: str, row: str) -> bytes:
        """`plaintext`, encrypted for this table and row."""
        nonce = os.urandom(_NONCE)
        name = self.key_id.encode()
        header = bytes([_VERSION, len(name)]) + name
        sealed = AESGCM(self._keys[self.key_id]).encrypt(nonce, plaintext, header + _binding(table, row))
        return header + nonce + sealed

    def open(self, sealed: bytes, *, table: str, row: str) -> bytes:
        """What `seal` was given. Raises `CannotOpen`."""
        name, header, rest = _split(sealed)
        key = self._keys.get(name)
        if key is None:
            raise CannotOpen(f"sealed with the key-encryption key {name!r}, which is not in the key file")
        try:
            return AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], header + _binding(table, row))
        except InvalidTag as error:
            raise CannotOpen(f"not sealed for {table}, row {row}, or altered") from error

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether the value was sealed with another key than the one that seals now."""
        return _split(sealed)[0] != self.key_id


def _binding(table: str, row: str) -> bytes:
    # Lengths in front, so that no other pair of names gives the same bytes.
    return b"".join(len(part).to_bytes(4, "big") + part for part in (table.encode(), row.encode()))


def _split(sealed: bytes) -> tuple[str, bytes, bytes]:
    end = 2 + sealed[1] if len(sealed) > 2 else 0
    if end == 0 or sealed[0] != _VERSION or len(sealed) < end + _NONCE + 16:
        raise CannotOpen("not a sealed value")
    try:
        return sealed[2:end].decode(), sealed[:end], sealed[end:]
    except UnicodeDecodeError as error:
        raise CannotOpen("not a sealed value") from error


def _decode(encoded: str, path: Path, number: int) -> bytes:
    try:
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise KeyFileRefused(f"{path}: line {number} is not '<id> <base64url>'") from error
    if len(key) != _KEY:
        raise KeyFileRefused(f"{path}: the key in line {number} does not have 32 bytes")
    return key


def add_key(path: Path) -> KeyEncryption:
    """Put a fresh key on top of the file: it seals from the next start on, the others go on opening.

    Returns what the file then holds. Raises `KeyFileRefused`.
    """
    KeyEncryption.from_file(path)
    draft = _write_draft(path, _fresh_line() + path.read_text(encoding="ascii"))
    draft.replace(path)
    return KeyEncryption.from_file(path)


def _fresh_line() -> str:
    return f"{secrets.token_hex(4)} {base64.urlsafe_b64encode(os.urandom(_KEY)).decode()}\n"


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _write_draft(path, _fresh_line())
    try:
        # Linked, so that two processes starting together end up with one and the same whole file.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _write_draft(path: Path, text: str) -> Path:
    """Write the text beside `path`, whole and on disk, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
