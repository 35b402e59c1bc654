"""The default image of an achievement: drawn from its name, the same every time, as SVG and as PNG."""

import hashlib
import io
from functools import lru_cache
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

SIZE = 400
"""Width and height in pixels."""
# Dark enough for white letters (contrast of at least 4.5:1, WCAG 2.2 §1.4.3).
_COLOURS = ("#1f4e79", "#7a1f3d", "#1d6042", "#5b2a86", "#8a3b12", "#0b5d66", "#4a4a12", "#3a3f8f")
_RINGS = ("#c8a24a", "#b8c4cf", "#c98f5c")
_MOST_LETTERS = 3


@lru_cache(maxsize=256)
def drawn_svg(name: str) -> bytes:
    """A round badge with the initials of `name`; the whole name is its title."""
    colour, ring = _palette(name)
    letters = initials(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" role="img">'
        f"<title>{escape(name)}</title>"
        f'<circle cx="200" cy="200" r="192" fill="{ring}"/><circle cx="200" cy="200" r="172" fill="{colour}"/>'
        f'<circle cx="200" cy="200" r="156" fill="none" stroke="#ffffff" stroke-width="4"/>'
        f'<text x="200" y="200" fill="#ffffff" font-family="Verdana, sans-serif" font-weight="bold" '
        f'font-size="{_font_size(letters)}" text-anchor="middle" dominant-baseline="central">{escape(letters)}</text>'
        "</svg>"
    ).encode()


@lru_cache(maxsize=256)
def drawn_png(name: str) -> bytes:
    """The same drawing as pixels."""
    colour, ring = _palette(name)
    letters = initials(name)
    # Drawn at twice the size and scaled down: Pillow's shapes have no smooth edges of their own.
    scale = 2
    canvas = Image.new("RGBA", (SIZE * scale, SIZE * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    for radius, fill in ((192, ring), (172, colour)):
        draw.circle((200 * scale, 200 * scale), radius * scale, fill=fill)
    draw.circle((200 * scale, 200 * scale), 156 * scale, outline="#ffffff", width=4 * scale)
    font = ImageFont.load_default(size=_font_size(letters) * scale)
    draw.text((200 * scale, 200 * scale), letters, fill="#ffffff", font=font, anchor="mm")
    out = io.BytesIO()
    canvas.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def initials(name: str) -> str:
    """The first letters of up to three words: `Data Analysis I` gives `DAI`."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:_MOST_LETTERS]).upper() or "★"


def _font_size(letters: str) -> int:
    return {1: 170, 2: 140}.get(len(letters), 110)


def _palette(name: str) -> tuple[str, str]:
    digest = hashlib.sha256(name.encode()).digest()
    return _COLOURS[digest[0] % len(_COLOURS)], _RINGS[digest[1] % len(_RINGS)]
