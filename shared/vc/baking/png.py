"""PNG: the credential in an uncompressed iTXt chunk. The pixels are never unpacked."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from .carriers import MAX_CREDENTIAL, OPEN_BADGES_3, Carrier, ambiguous, unsafe

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 20_000  # at the usual 8 kB of pixels each, 160 MB
_TEXT_CHUNKS = {b"iTXt", b"tEXt", b"zTXt"}


class _Chunk(NamedTuple):
    kind: bytes
    data: memoryview
    whole: memoryview
    intact: bool


def bake_png(image: bytes, credential: str, carrier: Carrier = OPEN_BADGES_3) -> bytes:
    """`image` with the credential (JSON text or compact JWS) in it; one baked in before is replaced.

    All other chunks keep their bytes. The iTXt chunk follows the header, uncompressed, with empty language
    and translated keyword, as the standard's own samples have it.

    Raises:
        ImageRefused: the image is not a whole PNG.
    """
    parts: list[bytes | memoryview] = [SIGNATURE]
    for chunk in _chunks(image):
        if _belongs(chunk, carrier):
            continue
        parts.append(chunk.whole)
        if chunk.kind == b"IHDR":
            parts.append(_text_chunk(carrier.keyword, credential))
    return b"".join(parts)


def _text_chunk(keyword: str, text: str) -> bytes:
    # Keyword, NUL, compression flag 0 and method 0, empty language, empty translated keyword (PNG §11.3.3.4).
    data = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return (len(data) - 4).to_bytes(4) + data + zlib.crc32(data).to_bytes(4)


def read_png(image: bytes, carrier: Carrier) -> str | None:
    """The text that `carrier` has in the image, `None` if it has none.

    Raises:
        ImageRefused: not a whole PNG, two such chunks, a compressed or damaged one, one that is too long.
    """
    found = [_text(chunk) for chunk in _chunks(image) if _belongs(chunk, carrier)]
    if len(found) > 1:
        raise ambiguous("The image carries two credentials; readers would not agree on which one counts.")
    return found[0] if found else None


def _belongs(chunk: _Chunk, carrier: Carrier) -> bool:
    keyword = bytes(chunk.data[:80]).partition(b"\0")[0]
    return chunk.kind in _TEXT_CHUNKS and keyword == carrier.keyword.encode()


def _text(chunk: _Chunk) -> str:
    if not chunk.intact:
        raise unsafe("The part of the image that carries the credential is damaged.")
    if len(chunk.data) > MAX_CREDENTIAL:
        raise unsafe("The credential in the image is too long.")
    rest = bytes(chunk.data).partition(b"\0")[2]
    if chunk.kind == b"zTXt" or (chunk.kind == b"iTXt" and rest[:1] != b"\0"):
        raise unsafe("The credential in the image is compressed, which the standard forbids.")
    if chunk.kind == b"iTXt":
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    try:
        return rest.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unsafe("The credential in the image is not UTF-8.") from error


def _chunks(image: bytes) -> Iterator[_Chunk]:
    if not image.startswith(SIGNATURE):
        raise unsafe("This is not a PNG image.")
    view = memoryview(image)
    position = len(SIGNATURE)
    for number in range(_MAX_CHUNKS):
        length = int.from_bytes(view[position : position + 4])
        end = position + 12 + length
        if end > len(image):
            raise unsafe("The PNG image is cut off.")
        kind = bytes(view[position + 4 : position + 8])
        if (number == 0) != (kind == b"IHDR"):
            raise unsafe("The PNG image does not begin with its header.")
        # Only the chunks that are read need their checksum; a long image is not summed up for nothing.
        intact = kind not in _TEXT_CHUNKS or zlib.crc32(view[position + 4 : end - 4]) == int.from_bytes(
            view[end - 4 : end]
        )
        yield _Chunk(kind, view[position + 8 : end - 4], view[position:end], intact)
        if kind == b"IEND":
            return
        position = end
    raise unsafe("The PNG image has too many parts.")
