"""Baking: a credential inside a PNG or SVG image, put in and taken out (Open Badges 3.0, document formats)."""

from .carriers import CLR_2, OPEN_BADGES_2, OPEN_BADGES_3, Carrier, ImageRefused
from .extract import Extracted, TooLong, Unrecognised, extract
from .png import bake_png
from .svg import bake_svg

__all__ = [
    "CLR_2",
    "OPEN_BADGES_2",
    "OPEN_BADGES_3",
    "Carrier",
    "Extracted",
    "ImageRefused",
    "TooLong",
    "Unrecognised",
    "bake_png",
    "bake_svg",
    "extract",
]
