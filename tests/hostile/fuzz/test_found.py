"""Every target stands what it begins with, changes of that, and what fuzzing found (then mended)."""

import random

import pytest

from .running import timed
from .seeds import seeds, words
from .structure import restructured
from .targets import TARGETS

WORDS = words()
FOUND = {
    "a zone of eighty minutes was read as one hour and twenty": ("dates", b"2026-01-02T03:04:05.123456789+14:80"),
    "an exponent beyond those that decimal numbers have was an error of ours": ("json", b"0e" + b"3" * 80),
    "a set of keys whose kid is no text was an error of ours": (
        "did",
        b'https://issuer.example/keys#1\n{"keys": [{"kty": "OKP", "kid": {}}]}',
    ),
    "an SVG image in an encoding that nobody knows was an error of ours": (
        "svg",
        b"<?xml version='1.0' encoding='utfm8'?><svg xmlns='http://www.w3.org/2000/svg' o='openbadges.org'/>",
    ),
    "an image baked anew could not be read for a damaged badge of an older standard in it": (
        "png",
        bytes.fromhex("0000000d49484452000000010000000108000000003a7e9b55")
        + b"\0\0\0\x11iTXtopenbadges\0\0\0\0\0ab" + b"bad!" + bytes.fromhex("0000000049454e44ae426082"),
    ),
}  # fmt: skip
"""What was wrong, the target that found it, and the input."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stands_its_seeds_and_changes_of_them(name: str) -> None:
    target, choose = timed(TARGETS[name]), random.Random(name)
    given = seeds(name)
    assert given
    for data in given:
        target(data)
    for seed in range(120):
        data = choose.choice(given)
        target(restructured(data, 65_536, seed, WORDS) or _flipped(data, choose))


def _flipped(data: bytes, choose: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(choose.randint(1, 4)):
        made[choose.randrange(len(made))] = choose.randrange(256)
    return bytes(made)


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_does_not_come_back(what: str) -> None:
    name, data = FOUND[what]
    timed(TARGETS[name])(data)
