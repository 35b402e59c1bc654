"""What a file is, is told by its content; drawings are the same every time."""

import io

import pytest
from PIL import Image

from services.issuer.achievements.drawing import drawn_png, drawn_svg, initials
from services.issuer.achievements.images import as_svg
from services.issuer.evidence.files import INLINE, media_type_of


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, "image/png"),
        (b"hello", "text/plain"),
        ("hé".encode() * 5000, "text/plain"),
        (b"\xff\xfe\x00", "application/octet-stream"),
        (b"caf\xe9", "application/octet-stream"),
        (b" \n<!DOCTYPE HTML><p>", "text/html"),
        (b"<!-- x --><script>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><note/>", "application/xml"),
    ],
)
def test_media_types(head: bytes, media_type: str) -> None:
    assert media_type_of(head[:8192]) == media_type


def test_nothing_active_is_shown_inline() -> None:
    assert not INLINE & {"text/html", "image/svg+xml", "application/xml", "application/pdf"}


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Data Analysis I", "DAI"), ("welding", "W"), ("(x) Ärzte und 7 more", "ÄU7"), ("…", "★")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_drawing_is_the_same_every_time_and_safe() -> None:
    name = 'Data <script> & "quotes"'
    assert drawn_png(name) == drawn_png.__wrapped__(name)
    assert b"<script>" not in drawn_svg(name)
    with Image.open(io.BytesIO(drawn_png(name))) as picture:
        assert (picture.format, picture.size) == ("PNG", (400, 400))
    assert b'href="data:image/png;base64,' in as_svg(drawn_png(name), name)
