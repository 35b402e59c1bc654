"""The table of formats and peers: each cell is what came of running them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.clock import utc_now
from shared.vc.contexts import ContextStore
from shared.vc.verify import verify_presentation
from tests.conformance.formats import CHALLENGE, DOMAIN, Secured, samples
from tests.conformance.issuers import ISSUERS, Issued
from tests.conformance.judges import JUDGES, Answer, NotForIt
from tests.conformance.ours import judged, serving

ACCEPTS, REFUSES, UNKNOWN, NOTHING = "accepts", "refuses", "unknown", ""
ANYTHING = "ACCEPTS EVEN WHAT WAS TAMPERED WITH"

_VC_CLAIM = "reads the data model 1.1's `vc` claim only, which VC-JOSE-COSE forbids"
_SUITES = "none of its suites"
DOES_NOT_KNOW: Mapping[str, Mapping[str, str]] = {
    "@digitalbazaar/vc": {"eddsa-jcs-2022": _SUITES, "ecdsa-jcs-2019": _SUITES},
    "@digitalcredentials/verifier-core": {
        "ecdsa-": _SUITES,
        "eddsa-jcs-2022": _SUITES,
    },
    "openbadgeslib": {
        "ecdsa-rdfc-2019": _SUITES,
        "ecdsa-jcs-2019": _SUITES,
        "eddsa-jcs-2022": _SUITES,
        "vc+jwt": "knows the Open Badges profile of JWT only, and demands its `nbf`",
        "vc+sd-jwt": "has no SD-JWT for badges",
        "status list": "reads signed status lists as JWT only",
        "endorsement": "verifies endorsements as JWT only",
    },
    "openvc-core": {
        "JWT RS256": "has no RSA",
        "vc+jwt RS256": "has no RSA",
        "JWT": _VC_CLAIM,
        "vc+jwt": _VC_CLAIM,
        "status list, JWT": _VC_CLAIM,
        "endorsement, JWT": _VC_CLAIM,
        "presentation, JWT": "reads the data model 1.1's `vp` claim only, which VC-JOSE-COSE forbids",
    },
}
"""Why a peer does not know a format (or all whose names begin so; the whole name counts first), as its
documentation or its code has it. It is asked all the same: what it accepts is an acceptance.
"""

_BASE = "a base proof is for the holder alone, and a verifier has to refuse it (vc-di-ecdsa, 3.5.6)"
_P384 = "canonicalises with SHA-256 where P-384 demands SHA-384 (vc-di-ecdsa, 3.2.3)"
_JCS = "signs a proof with @context and leaves it out of what it writes (vc-di-ecdsa, 3.3.1, step 2)"
_OLDER = "its package has the first body of the Open Badges context, which does not define endorsementJwt yet (errata 1.6)"
_COMPACTED = (
    "wants the JSON that compaction would write: never an endorsement's own @context, which Open Badges 3.0 demands (2..*),"
    " nor the type GeoCoordinates, which the context has a shorter name for"
)
EXPLAINED: Mapping[tuple[str, str], str] = {
    ("@digitalbazaar/vc", "ecdsa-sd-2023 base"): _BASE,
    ("@digitalcredentials/verifier-core", "presentation"): "wants presentations signed as assertions, where Data Integrity has `authentication` for them (2.2.1)",
    ("openbadgeslib", "ecdsa-sd-2023 base"): _BASE,
    ("@digitalbazaar/vc", "every property"): _OLDER,
    ("@digitalcredentials/verifier-core", "every property"): _OLDER,
    ("openvc-core", "every property"): _COMPACTED,
    ("openvc-core", "all but endorsementJwt"): _COMPACTED,
    ("openvc-core", "endorsed badge"): _COMPACTED,
    ("openvc-core", "ecdsa-sd-2023 base"): _BASE,
    ("openvc-core", "ecdsa-rdfc-2019 P-384"): _P384,
}  # fmt: skip
"""Why a peer that knows a format refuses what we issue in it."""
THEIRS_EXPLAINED: Mapping[tuple[str, str], str] = {
    ("openvc-core", "ecdsa-rdfc-2019 P-384"): _P384,
    ("openvc-core", "eddsa-jcs-2022"): _JCS,
    ("openvc-core", "ecdsa-jcs-2019 P-256"): _JCS,
    ("openvc-core", "ecdsa-jcs-2019 P-384"): _JCS,
    ("openvc-core", "JWT ES256"): "puts a credential of the data model 2.0 into the `vc` claim of 1.1 (Open Badges 3.0, recommended practices)",
}  # fmt: skip
"""Why we refuse what a peer issues."""


@dataclass(frozen=True)
class Cell:
    """`kind`: one of the words above. `words`: the refusal, as it was given. `why`: what explains it."""

    kind: str
    words: str = ""
    why: str = ""


@dataclass(frozen=True)
class Table:
    """`ours`: what each peer makes of what we issue, by format and peer; `theirs`: what we make of what it issues."""

    peers: Mapping[str, str]
    ours: Mapping[tuple[str, str], Cell]
    theirs: Mapping[tuple[str, str], Cell]


async def run() -> Table:
    """Every badge before every peer, and every peer's before us, each also tampered with."""
    made, names, ours = samples(), {}, {}
    for kind in JUDGES:
        judge = kind()
        peer = judge.name.rpartition(" ")[0]
        names[peer] = judge.name
        changed = [
            one.documents if one.tampered_documents is None else one.tampered_documents for one in made
        ]
        genuine = [(one, one.secured, one.documents) for one in made]
        tampered = [(one, one.tampered, pages) for one, pages in zip(made, changed, strict=True)]
        told = judge.answers([*genuine, *tampered])
        for index, sample in enumerate(made):
            ours[sample.name, peer] = _cell(peer, sample.name, told[index], told[len(made) + index])
    theirs = {}
    for peer, issue in ISSUERS.items():
        for issued in issue():
            theirs[issued.format, peer] = await _our_cell(peer, issued)
    return Table(names, ours, theirs)


def _cell(peer: str, name: str, genuine: Answer | NotForIt, tampered: Answer | NotForIt) -> Cell:
    if isinstance(genuine, NotForIt):
        return Cell(UNKNOWN, why=str(genuine))
    if tampered is None:
        return Cell(ANYTHING)
    if genuine is None:
        return Cell(ACCEPTS)
    known = DOES_NOT_KNOW[peer]
    unknown = known.get(name) or next((why for start, why in known.items() if name.startswith(start)), None)
    if unknown is not None and (peer, name) not in EXPLAINED:
        return Cell(UNKNOWN, genuine, unknown)
    return Cell(REFUSES, genuine, EXPLAINED.get((peer, name), ""))


async def _our_cell(peer: str, issued: Issued) -> Cell:
    changed = issued.documents if issued.tampered_documents is None else issued.tampered_documents
    verdict, words = await _judged(issued.format, issued.secured, issued.documents)
    other, _ = await _judged(issued.format, issued.tampered, changed)
    if other == "accepted":
        return Cell(ANYTHING)
    if verdict == "accepted":
        return Cell(ACCEPTS)
    return Cell(REFUSES, words, THEIRS_EXPLAINED.get((peer, issued.format), ""))


async def _judged(form: str, secured: Secured, documents: Mapping[str, object]) -> tuple[str, str]:
    data = secured if isinstance(secured, bytes) else _text(secured).encode()
    if form.startswith("presentation"):
        shown = await verify_presentation(
            data,
            fetcher=serving(documents),
            contexts=ContextStore.builtin(),
            now=utc_now(),
            challenge=CHALLENGE,
            domain=DOMAIN,
        )
        return shown.verdict, shown.summary
    report = await judged(data, documents)
    return report.verdict, report.summary


def _text(secured: Secured) -> str:
    return secured if isinstance(secured, str) else json.dumps(secured)


# --- printing -----------------------------------------------------------------------------------

_MARKS = {ACCEPTS: "accepts", REFUSES: "REFUSES", UNKNOWN: "-", NOTHING: "", ANYTHING: "ACCEPTS ANYTHING"}
_SAID = {REFUSES: "refuses", UNKNOWN: "does not know", ANYTHING: "accepts tampered"}


def printed(table: Table) -> str:
    """Both directions, and under them every refusal with its reason."""
    peers = list(table.peers)
    lines = ["what we issue, before others (each accepted badge was also refused when tampered with)", ""]
    lines += _grid(peers, table.ours)
    lines += ["", "what others issue, before us", ""]
    lines += _grid(peers, table.theirs)
    lines += ["", *table.peers.values()]
    for title, cells in (("ours", table.ours), ("theirs", table.theirs)):
        lines += ["", f"{title}, not accepted:"]
        lines += _reasons(cells, "{peer} {said}" if title == "ours" else "Confer {said} {peer}'s")
    return "\n".join(lines)


def _reasons(cells: Mapping[tuple[str, str], Cell], who: str) -> list[str]:
    """One line for each peer and reason, with the formats that it holds for."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for (form, peer), cell in cells.items():
        if cell.kind not in {ACCEPTS, NOTHING}:
            why = cell.why or f"UNEXPLAINED: {cell.words}"
            found.setdefault((peer, cell.kind, why), []).append(form)
    return [
        f"  {who.format(peer=peer, said=_SAID[kind])} {', '.join(forms)}: {why}"
        for (peer, kind, why), forms in found.items()
    ]


def _grid(peers: Sequence[str], cells: Mapping[tuple[str, str], Cell]) -> list[str]:
    short = [peer.rpartition("/")[2] if "core" in peer else peer for peer in peers]
    lines = ["".join([f"{'format':<24}", *(f"{one:<19}" for one in short)]).rstrip()]
    for form in dict.fromkeys(form for form, _ in cells):
        row = [_MARKS[cells.get((form, peer), Cell(NOTHING)).kind] for peer in peers]
        lines.append("".join([f"{form:<24}", *(f"{one:<19}" for one in row)]).rstrip())
    return lines
