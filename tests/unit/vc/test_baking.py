"""Badges in images: in, out, over, and against another implementation."""

import zlib

import pytest
from openbadgeslib import baking as foreign

from shared.vc.baking import (
    CLR_2,
    OPEN_BADGES_2,
    OPEN_BADGES_3,
    ImageRefused,
    Unrecognised,
    bake_png,
    bake_svg,
    extract,
)

JSON = '{"name": "]]> é <&\\"\'> ", "text": "two\\nlines"}'
JWS = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
SVG = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    b'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<!-- drawn -->\n'
    b'<svg xmlns="http://www.w3.org/2000/svg"\n   viewBox="0 0 9 9" aria-label="a &gt; b"><rect width="9"/>\n</svg>\n'
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


HEADER = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0\0"))
END = chunk(b"IEND", b"")


def png(*parts: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + HEADER + b"".join(parts) + PIXELS + END


def text_chunk(keyword: bytes, text: bytes, flag: bytes = b"\0") -> bytes:
    return chunk(b"iTXt", keyword + b"\0" + flag + b"\0\0\0" + text)


@pytest.mark.parametrize("credential", [JSON, JWS])
def test_png_in_and_out(credential):
    baked = bake_png(png(), credential)
    found = extract(baked)
    assert (found.text, found.container, found.standard) == (credential, "png", "ob3")
    assert found.kind == ("json" if credential == JSON else "jwt")
    assert foreign.extract_png(baked, keyword=foreign.ITXT_KEYWORD_OB3) == credential
    assert extract(foreign.bake_png(png(), credential, keyword=foreign.ITXT_KEYWORD_OB3)).text == credential


@pytest.mark.parametrize("credential", [JSON, JWS])
def test_svg_in_and_out(credential):
    baked = bake_svg(SVG, credential)
    found = extract(baked)
    assert (found.text, found.container, found.standard) == (credential, "svg", "ob3")
    how = {"element": foreign.SVG_ELEMENT_OB3}
    theirs = SVG.replace(SVG[SVG.index(b"<!DOCTYPE") : SVG.index(b"<!-- ")], b"")
    own = bake_svg(theirs, credential)
    assert foreign.extract_svg(own, text_fallback=True, **how) == credential
    made = foreign.bake_svg(
        theirs, credential, namespace=foreign.SVG_NS_OB3, as_text=credential == JSON, **how
    )
    assert extract(made).text == credential


def test_baking_again_replaces_what_was_there():
    once, twice = bake_png(png(), JSON), bake_png(bake_png(png(), JSON), JWS)
    assert extract(twice).text == JWS
    assert twice.count(b"openbadgecredential") == once.count(b"openbadgecredential") == 1
    assert bake_png(twice, JSON) == once
    assert bake_svg(bake_svg(SVG, JSON), JWS) == bake_svg(SVG, JWS)
    assert bake_svg(bake_svg(SVG, JWS), JSON) == bake_svg(SVG, JSON)


def test_the_rest_of_the_image_keeps_its_bytes():
    assert bake_png(png(), JSON).replace(text_chunk(b"openbadgecredential", JSON.encode()), b"") == png()
    head, _, tail = SVG.partition(b"<rect")
    baked = bake_svg(SVG, JWS)
    assert baked.startswith(head)
    assert baked.endswith(b"<rect" + tail)


def test_a_foreign_element_elsewhere_in_the_picture_is_replaced():
    moved = SVG.replace(
        b"</svg>", b'<g/><ob:credential xmlns:ob="https://purl.imsglobal.org/ob/v3p0" verify="a.b.c"/></svg>'
    )
    assert extract(moved).text == "a.b.c"
    assert extract(bake_svg(moved, JSON)).text == JSON


def test_older_carriers_are_read():
    assert extract(bake_png(png(), JWS, OPEN_BADGES_2)).standard == "ob2"
    assert extract(bake_svg(SVG, JSON, OPEN_BADGES_2)).standard == "ob2"
    assert extract(bake_svg(SVG, JSON, CLR_2)).standard == "clr2"
    legacy = png(chunk(b"tEXt", b"openbadges\0https://issuer.example/assertions/1"))
    assert (extract(legacy).kind, extract(legacy).text) == ("url", "https://issuer.example/assertions/1")
    both = bake_png(bake_png(png(), JWS, OPEN_BADGES_2), JSON, OPEN_BADGES_3)
    assert extract(both).standard == "ob3"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'  {"a": 1}\n', "json"),
        (b'\xef\xbb\xbf{"a": 1}', "json"),
        (JWS.encode() + b"\r\n", "jwt"),
    ],
)
def test_bare_texts(data, kind):
    found = extract(data)
    assert (found.kind, found.container, found.standard) == (kind, kind, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"hello",
        b"[1]",
        b"https://issuer.example/1",
        b"\xff\xd8\xff\xe0 a JPEG",
        b"%PDF-1.7",
        png(),
        SVG,
        b"<html><body>no</body></html>",
        b'<html><a href="http://openbadges.org">badges</a></html>',
        b"<svg",
        bake_png(png(), "just words"),
        bake_png(png(), "https://issuer.example/1"),
        "{".encode("utf-16"),
    ],
)
def test_what_is_no_badge(data):
    with pytest.raises(Unrecognised):
        extract(data)


@pytest.mark.parametrize(
    "image",
    [
        png(text_chunk(b"openbadgecredential", b"a.b.c"), text_chunk(b"openbadgecredential", b"a.b.d")),
        png(text_chunk(b"openbadgecredential", zlib.compress(JSON.encode()), b"\1")),
        png(chunk(b"zTXt", b"openbadgecredential\0\0" + zlib.compress(b"\0" * 100_000_000))),
        png(text_chunk(b"openbadgecredential", b"\xff\xfe")),
        png(text_chunk(b"openbadgecredential", b"{" + b" " * 3_000_000)),
        bake_png(png(), JWS).replace(b"c2ln", b"c2lm"),
        bake_png(png(), JWS)[:-6],
    ],
)
def test_hostile_png_images(image):
    with pytest.raises(ImageRefused):
        extract(image)


BOMB = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PARAMETER = b'<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]>'
DEFAULTS = b'<!DOCTYPE svg [<!ATTLIST svg verify CDATA "a.b.c">]>'
CREDENTIAL = b'<o:credential xmlns:o="https://purl.imsglobal.org/ob/v3p0" verify="a.b.c"/>'


def svg(inside: bytes, before: bytes = b"") -> bytes:
    return before + b'<svg xmlns="http://www.w3.org/2000/svg">' + inside + b"</svg>"


@pytest.mark.parametrize(
    "image",
    [
        svg(CREDENTIAL * 2),
        svg(CREDENTIAL + b"<text>&b;</text>", BOMB),
        svg(CREDENTIAL + b"<text>&x;</text>", OUTSIDE),
        svg(CREDENTIAL, PARAMETER),
        svg(CREDENTIAL, DEFAULTS),
        svg(CREDENTIAL + b"<text>&nbsp;</text>"),
        svg(CREDENTIAL + b"<g>" * 300 + b"</g>" * 300),
        svg(CREDENTIAL.replace(b"/>", b'>{"a":1}</o:credential>')),
        svg(CREDENTIAL.replace(b"/>", b"><g/></o:credential>")),
        svg(CREDENTIAL.replace(b'verify="a.b.c"/>', b">{" + b" " * 3_000_000 + b"}</o:credential>")),
        svg(CREDENTIAL)[:-3],
        b"<svg>" + CREDENTIAL + b"</svg>",
    ],
)
def test_hostile_svg_images(image):
    with pytest.raises(ImageRefused):
        extract(image)


def test_images_that_cannot_be_baked():
    for image in (
        b"no image",
        svg(b"", BOMB),
        '<svg xmlns="http://www.w3.org/2000/svg">x</svg>'.encode("utf-16"),
    ):
        with pytest.raises(ImageRefused):
            bake_svg(image, JWS)
    with pytest.raises(ImageRefused):
        bake_svg(b'<?xml version="1.0" encoding="latin-1"?>' + svg(b"x"), JWS)
    for image in (b"no image", png()[:40], b"\x89PNG\r\n\x1a\n" + END):
        with pytest.raises(ImageRefused):
            bake_png(image, JWS)
