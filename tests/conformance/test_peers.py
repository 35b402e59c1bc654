"""What others make of what we issue, in every format, and we of what they issue: the table of `python -m tests.conformance`."""

import asyncio

import pytest

from tests.conformance.formats import FORMATS
from tests.conformance.table import ACCEPTS, REFUSES, UNKNOWN, Table, run

pytestmark = pytest.mark.node
_PEERS = ("@digitalbazaar/vc", "@digitalcredentials/verifier-core", "openbadgeslib", "openvc-core")
# One letter a peer, in that order: accepts, refuses (for the reason in `table.EXPLAINED`), does not know (-), issues none (.).
OURS = {
    "eddsa-rdfc-2022": "aaaa",
    "ecdsa-rdfc-2019 P-256": "a--a",
    "ecdsa-rdfc-2019 P-384": "a--r",
    "eddsa-jcs-2022": "---a",
    "ecdsa-jcs-2019 P-256": "---a",
    "ecdsa-jcs-2019 P-384": "---a",
    "ecdsa-sd-2023 base": "r-rr",
    "ecdsa-sd-2023 derived": "a-aa",
    "JWT RS256": "--a-",
    "JWT ES256": "--a-",
    "JWT ES384": "--a-",
    "JWT EdDSA": "--a-",
    "vc+jwt RS256": "----",
    "vc+jwt ES256": "----",
    "vc+jwt ES384": "----",
    "vc+jwt EdDSA": "----",
    "vc+sd-jwt ES256": "---a",
    "PNG, JSON": "--a-",
    "PNG, JWT": "--a-",
    "SVG, JSON": "--a-",
    "SVG, JWT": "--a-",
    "status list": "aa-a",
    "status list, JWT": "--a-",
    "endorsed badge": "aaar",
    "every property": "rrar",
    "all but endorsementJwt": "aaar",
    "endorsement": "aa-a",
    "endorsement, JWT": "--a-",
    "presentation": "ar-a",
    "presentation, JWT": "----",
}
THEIRS = {
    "eddsa-rdfc-2022": "aaaa",
    "ecdsa-rdfc-2019 P-256": "a..a",
    "ecdsa-rdfc-2019 P-384": "a..r",
    "ecdsa-sd-2023 derived": "a...",
    "presentation": "a..a",
    "Ed25519Signature2020": ".a..",
    "JWT EdDSA": "..a.",
    "JWT ES256": "..ar",
    "JWT ES384": "..a.",
    "JWT RS256": "..a.",
    "PNG, JSON": "..a.",
    "SVG, JSON": "..a.",
    "PNG, JWT": "..a.",
    "SVG, JWT": "..a.",
    "status list, JWT": "..a.",
    "eddsa-jcs-2022": "...r",
    "ecdsa-jcs-2019 P-256": "...r",
    "ecdsa-jcs-2019 P-384": "...r",
}
_KINDS = {"a": ACCEPTS, "r": REFUSES, "-": UNKNOWN}


@pytest.fixture(scope="module")
def table() -> Table:
    return asyncio.run(run())


def _expected(rows: dict[str, str]) -> dict[tuple[str, str], str]:
    return {
        (form, peer): _KINDS[letter]
        for form, letters in rows.items()
        for peer, letter in zip(_PEERS, letters, strict=True)
        if letter != "."
    }


def test_what_others_make_of_what_we_issue(table: Table) -> None:
    """A cell says `accepts` only where the same badge, tampered with, was refused."""
    assert {cell: found.kind for cell, found in table.ours.items()} == _expected(OURS)
    assert list(OURS) == list(FORMATS)


def test_what_we_make_of_what_others_issue(table: Table) -> None:
    assert {cell: found.kind for cell, found in table.theirs.items()} == _expected(THEIRS)


def test_every_refusal_is_explained_and_in_words_of_its_own(table: Table) -> None:
    for cells in (table.ours, table.theirs):
        for cell, found in cells.items():
            if found.kind == REFUSES:
                assert found.words, cell
                assert found.why, cell


def test_every_badge_that_we_offer_is_accepted_by_somebody(table: Table) -> None:
    offered = ("eddsa-rdfc-2022", "ecdsa-sd-2023 derived", "JWT RS256", "JWT ES256")
    for form in offered:
        assert any(table.ours[form, peer].kind == ACCEPTS for peer in _PEERS), form
