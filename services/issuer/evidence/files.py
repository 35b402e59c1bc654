"""The bytes of evidence: on disk under their SHA-256, per organisation; what they are is told by their content."""

import asyncio
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import filetype

from shared.http.problems import TooLarge

_PART = 1024 * 1024
_HEAD = 8192
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe")
# What a browser shows without running anything in it. All else is offered as a download.
INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "video/mp4", "audio/mpeg"}
)


@dataclass(frozen=True)
class Stored:
    """A file that was taken in."""

    sha256: str
    size: int
    media_type: str


def path_of(directory: Path, organisation: str, evidence_id: str, sha256: str) -> Path:
    """Where the bytes lie: named by their digest, a copy for each piece of evidence, so that erasing one can never touch
    another that is being uploaded. Every part of the path is ours.
    """
    owner = hashlib.sha256(organisation.encode()).hexdigest()[:32]
    return directory / owner / sha256[:2] / f"{sha256}.{evidence_id}"


async def take_in(
    source: BinaryIO, directory: Path, organisation: str, evidence_id: str, limit: int
) -> Stored:
    """Copy a received file to its place, reading it once. Raises TooLarge beyond `limit` bytes."""
    return await asyncio.to_thread(_take_in, source, directory, organisation, evidence_id, limit)


async def remove(path: Path) -> None:
    """Remove the bytes; it is no error if they are gone already."""
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file as it lies there, None if it does not."""
    return await asyncio.to_thread(_digest_of, path)


def _digest_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _take_in(source: BinaryIO, directory: Path, organisation: str, evidence_id: str, limit: int) -> Stored:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = directory / f".incoming-{secrets.token_hex(8)}"
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with draft.open("xb") as target:
            while part := source.read(_PART):
                size += len(part)
                if size > limit:
                    raise TooLarge(f"Send a file of at most {limit} bytes.", limit=limit)
                head = head or part[:_HEAD]
                digest.update(part)
                target.write(part)
            target.flush()
            os.fsync(target.fileno())
        sha256 = digest.hexdigest()
        place = path_of(directory, organisation, evidence_id, sha256)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole or not at all.
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return Stored(sha256, size, media_type_of(head))


def media_type_of(head: bytes) -> str:
    """What the content is by its first bytes, whatever its name or its sender says."""
    found = filetype.guess_mime(head)
    if isinstance(found, str):
        return found
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_HTML) or (start.startswith(b"<!--") and any(tag in start for tag in _HTML)):
        return "text/html"
    if b"<svg" in start[:2048] and start.startswith(b"<"):
        return "image/svg+xml"
    if start.startswith(b"<?xml"):
        return "application/xml"
    return "text/plain" if _is_text(head) else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # Only a character cut off at the end of what was looked at is forgiven.
        return len(head) == _HEAD and error.start >= len(head) - 3
    return True
