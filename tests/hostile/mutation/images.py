"""Changes of baked images: chunks and elements removed, doubled, moved, altered; the credential in them altered."""

import random
import re
import struct
import zlib
from collections.abc import Iterator

from .changes import Change
from .spelling import of_bytes

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_Chunk = tuple[bytes, bytes]
_CREDENTIAL = b"openbadgecredential"
_KEYWORDS = (b"openbadges", b"clrcredential", b"Comment", b"OpenBadgeCredential", b"openbadgecredential ")


def of_png(data: bytes, choose: random.Random) -> Iterator[Change]:
    chunks = _chunks(data)
    for index, (kind, body) in enumerate(chunks):
        name = kind.decode()
        rest = chunks[:index] + chunks[index + 1 :]
        yield _png(f"chunk removed: {name}", rest)
        yield _png(f"chunk twice: {name}", [*chunks[: index + 1], *chunks[index:]])
        for position in range(len(rest) + 1):
            yield _png(f"chunk moved: {name}", [*rest[:position], (kind, body), *rest[position:]])
        for other in (b"tEXt", b"zTXt", b"iTXt", b"itXt", b"abCd"):
            yield _png(f"chunk renamed: {name}", [*chunks[:index], (other, body), *chunks[index + 1 :]])
        for position in range(0, len(body), max(1, len(body) // 300)):
            flipped = body[:position] + bytes([body[position] ^ 1 << position % 8]) + body[position + 1 :]
            repaired = [*chunks[:index], (kind, flipped), *chunks[index + 1 :]]
            yield _png(f"byte, checksum repaired: {name}", repaired, str(position))
        if kind in {b"iTXt", b"tEXt"}:
            yield from _text_chunk(chunks, index)
    yield Change("more after the end", "", lambda: data + b"x" * 10)
    yield from of_bytes(data, choose, 600)


def _text_chunk(chunks: list[_Chunk], index: int) -> Iterator[Change]:
    keyword, _, rest = chunks[index][1].partition(b"\0")
    text = rest.rpartition(b"\0")[2]
    bodies = {
        "keyword": [other + b"\0" + rest for other in _KEYWORDS if other != keyword],
        "compressed": [keyword + b"\0\1\0\0\0" + zlib.compress(text)],
        "language": [keyword + b"\0\0\0en\0\0" + text, keyword + b"\0\0\0\0translated\0" + text],
        "text": [
            keyword + b"\0\0\0\0\0" + other for other in (b"", text[:-1], text + b" ", text * 2, b"{}", b"x")
        ],
    }
    for kind, others in bodies.items():
        for body in others:
            yield _png(f"{kind} of the credential", [*chunks[:index], (b"iTXt", body), *chunks[index + 1 :]])
            yield _png(
                f"{kind} of a second credential",
                [*chunks[: index + 1], (b"iTXt", body), *chunks[index + 1 :]],
            )
            yield _png(f"{kind} of a first credential", [*chunks[:index], (b"iTXt", body), *chunks[index:]])


def _png(kind: str, chunks: list[_Chunk], place: str = "") -> Change:
    return Change(kind, place, lambda: _SIGNATURE + b"".join(_written(*one) for one in chunks))


def _written(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data: bytes) -> list[_Chunk]:
    found, position = [], len(_SIGNATURE)
    while position < len(data):
        length = int.from_bytes(data[position : position + 4])
        found.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += length + 12
    return found


def of_svg(data: bytes, choose: random.Random) -> Iterator[Change]:
    element = re.search(rb"<openbadges:\w+.*?(?:/>|</openbadges:\w+>)", data, re.DOTALL)
    assert element is not None
    baked, around = element[0], (data[: element.start()], data[element.end() :])
    made = {
        "credential removed": b"".join(around),
        "credential twice": around[0] + baked * 2 + around[1],
        "credential at the end": b"".join(around).replace(b"</svg>", baked + b"</svg>"),
        "credential deeper": data.replace(baked, b"<g>" + baked + b"</g>"),
        "another namespace": data.replace(b"https://purl.imsglobal.org/ob/v3p0", b"http://openbadges.org"),
        "another element": data.replace(b"openbadges:credential", b"openbadges:assertion"),
        "an element in it": data.replace(baked, re.sub(rb"(/>|</)", rb"><g/>\1", baked, count=1)),
        "an empty credential first": data.replace(
            baked, b'<openbadges:credential xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"/>' + baked
        ),
        "both forms": data.replace(b"<openbadges:credential", b'<openbadges:credential verify="a.b.c"'),
        "document type": b"<!DOCTYPE svg>" + data,
        "entity": b'<!DOCTYPE svg [<!ENTITY a "b">]>' + data,
        "comment in it": data.replace(baked, baked.replace(b"<![CDATA[", b"<!-- x --><![CDATA[")),
        "text before it": data.replace(baked, baked.replace(b"<![CDATA[", b" \n<![CDATA[")),
        "more text in it": data.replace(baked, baked.replace(b"]]>", b"]]>{}")),
        "picture": data.replace(b'width="9"', b'width="8"'),
        "title": data.replace(b"<title>A</title>", b"<title>Surgery</title>"),
        "line end after": data + b"\n<!-- -->",
        "cut off": data[:-8],
    }
    for kind, one in made.items():
        if one != data:
            yield Change(kind, "", lambda one=one: one)
    yield from of_bytes(data, choose, 1500)
