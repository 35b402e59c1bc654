"""JSON-LD 1.1's and RDFC-1.0's own test suites, as far as they apply: `python -m tests.conformance.suites DIR`.

DIR holds `json-ld-api/tests` and `rdf-canon/tests` as the W3C's repositories of these names have them. Every input of toRdf
and expand goes the general and the fast path, as it is and with its context pinned (without which nothing takes the fast
path): all have to come to the same canonical N-Quads, byte for byte, or to the same refusal; and what they come to has to be
what the suite expects. Safe mode refuses much of what the suites try, each with its reason.

Exit status: 0 when nothing differs, 1 when something does, 2 without the suites.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph
from pyld import jsonld

from shared.vc import rdfc, strict_json
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore, PinnedContext
from shared.vc.errors import JsonRefused, VcError
from shared.vc.jsonld.common import CommonConverter
from shared.vc.jsonld.convert import Converter, Quad
from shared.vc.jsonld.process import Contexts

Json = dict[str, Any]
EQUAL, REFUSED, RIGHTLY, APART, DIFFERS = (
    "equal",
    "refused",
    "refused as demanded",
    "not applicable",
    "DIFFERS",
)
_ALIASES = {"@id": "id", "@type": "type"}
ADDRESS = "https://suite.example/context"
# Options of a test that ask for something which no credential can: another base, another version, RDF that is no RDF.
_ASKS_FOR_MORE = ("base", "expandContext", "rdfDirection", "produceGeneralizedRdf")
_UNITS = 2_000_000


@dataclass(frozen=True)
class Result:
    """What came of a test: one of the words above, and why."""

    suite: str
    name: str
    outcome: str
    why: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a document is refused."""

    code: str
    kind: str


Outcome = str | Refusal
"""Canonical N-Quads, or why there are none."""

# --- JSON-LD ------------------------------------------------------------------------------------


def json_ld(folder: Path, suite: str, used: Counter[str]) -> Iterator[Result]:
    """The tests of one manifest (`toRdf`, `expand`); `used` counts the inputs that took the fast path."""
    manifest = json.loads((folder / f"{suite}-manifest.jsonld").read_text(encoding="utf-8"))
    for test in manifest["sequence"]:
        options = test.get("option", {})
        name = f"{test['@id']} {test['name']}"
        asked = [option for option in _ASKS_FOR_MORE if option in options]
        if options.get("specVersion") == "json-ld-1.0" or options.get("processingMode") == "json-ld-1.0":
            yield Result(suite, name, APART, "JSON-LD 1.0")
        elif asked:
            yield Result(suite, name, APART, f"asks for {asked[0]}")
        else:
            outcome, why = _tried(folder, suite, test, used)
            yield Result(suite, name, outcome, why)


def _tried(folder: Path, suite: str, test: Json, used: Counter[str]) -> tuple[str, str]:
    negative = "jld:NegativeEvaluationTest" in test["@type"]
    try:
        document = strict_json.loads((folder / test["input"]).read_bytes())
    except JsonRefused as error:
        return (RIGHTLY if negative else REFUSED), f"JsonRefused: {error.code}"
    if not isinstance(document, dict):
        return APART, "no JSON object"
    ways = [way for group in ways_of(document, used) for way in group]
    if len(set(ways)) > 1:
        return DIFFERS, f"the paths among themselves: {ways}"
    found = ways[0]
    if isinstance(found, Refusal):
        return (RIGHTLY if negative else REFUSED), f"{found.kind}: {found.code}"
    if negative:
        return DIFFERS, f"accepted, where the suite expects {test.get('expectErrorCode')}"
    expected = _expected(folder, suite, test)
    if expected is None or expected == found:
        return EQUAL, ""
    return DIFFERS, f"{found!r} instead of {expected!r}"


def ways_of(document: Json, used: Counter[str]) -> Iterator[list[Outcome]]:
    """What a document comes to, in groups that have to agree within themselves, and with one another where there are
    two: as it is, and with its context pinned and `id` and `type` for keywords, as the fast path wants it.
    """
    store = ContextStore({})
    yield [
        _attempt(lambda: _quads(Converter, document, store)),
        _attempt(lambda: _quads(_Fast, document, store)),
    ]
    prepared = _pinned(document)
    if prepared is None:
        return
    pinned, store = prepared
    ways = [_attempt(lambda: _quads(Converter, pinned, store))]
    _Fast.taken = 0
    ways += [_attempt(lambda: _quads(_Fast, pinned, store)) for _ in range(2)]
    used["fast"] += bool(_Fast.taken)
    yield ways


class _Fast(CommonConverter):
    """The fast path, counting the nodes that took it."""

    taken = 0

    def _say(self, *given: Any) -> str:
        _Fast.taken += 1
        return super()._say(*given)


def _quads(kind: type[Converter], document: Json, store: ContextStore) -> list[Quad]:
    converter = kind(Contexts.over(store), Budget(_UNITS), compact=False)
    converter.document(document)
    return list(dict.fromkeys(converter.quads))


def _pinned(document: Json) -> tuple[Json, ContextStore] | None:
    """The document with its context under an address; None where that would change what it says."""
    written = json.dumps(document)
    context = document.get("@context", {})
    inner = context if isinstance(context, list) else [context]
    if (
        written.count('"@context"') > 1
        or '"@json"' in written
        or not all(isinstance(one, dict) for one in inner)
    ):
        return None
    if any(name in one for one in inner for name in ("id", "type")) or re.search(r'"(id|type)":', written):
        return None
    body = {"@context": [{"id": "@id", "type": "@type"}, *inner]}
    text = strict_json.dumps(body)
    pinned = PinnedContext(ADDRESS, text, hashlib.sha256(text).hexdigest(), body)
    renamed = {name: _aliased(value) for name, value in document.items() if name != "@context"}
    return {"@context": ADDRESS, **_aliased(renamed)}, ContextStore({ADDRESS: (pinned,)})


def _aliased(value: Any) -> Any:
    if isinstance(value, list):
        return [_aliased(one) for one in value]
    if isinstance(value, dict):
        return {_ALIASES.get(name, name): _aliased(one) for name, one in value.items()}
    return value


def _canonicalized(quads: list[Quad]) -> Outcome:
    return _attempt(lambda: quads)


def _attempt(make: Callable[[], list[Quad]]) -> Outcome:
    try:
        return rdfc.canonicalize(make(), budget=Budget(_UNITS))
    except VcError as error:
        return Refusal(error.code, type(error).__name__)


def _expected(folder: Path, suite: str, test: Json) -> str | None:
    if "expect" not in test:
        return None  # a test of syntax only
    path = folder / test["expect"]
    if suite == "toRdf":
        return _canonical(path.read_text(encoding="utf-8"))
    options = {"algorithm": "URDNA2015", "format": "application/n-quads"}
    return _canonical(str(jsonld.normalize(json.loads(path.read_bytes()), options)))


def _canonical(nquads: str) -> str:
    return rdfc.canonicalize(quads_of(nquads), budget=Budget(_UNITS))


def quads_of(nquads: str) -> list[Quad]:
    """N-Quads, read and written by another library, as our quads."""
    made = []
    for quad in pyoxigraph.parse(nquads, format=pyoxigraph.RdfFormat.N_QUADS, rename_blank_nodes=False):
        graph = quad.graph_name
        name = "" if isinstance(graph, pyoxigraph.DefaultGraph) else str(graph)
        made.append((str(quad.subject), str(quad.predicate), str(quad.object), name))
    return made


# --- RDFC-1.0 -----------------------------------------------------------------------------------


def rdf_canon(folder: Path) -> Iterator[Result]:
    """RDFC-1.0: canonical documents, the labels given, and a poisoned dataset."""
    manifest = json.loads((folder / "manifest.jsonld").read_text(encoding="utf-8"))
    for test in manifest["entries"]:
        name = f"{test['id']} {test['name']}"
        quads = quads_of((folder / test["action"]).read_text(encoding="utf-8"))
        kind = test["type"].rpartition(":")[2]
        if kind == "RDFC10NegativeEvalTest":
            refused = isinstance(_canonicalized(quads), Refusal)
            yield Result("RDFC-1.0", name, RIGHTLY if refused else DIFFERS, "too_complex" if refused else "")
            continue
        if kind == "RDFC10MapTest":
            if "hashAlgorithm" in test:
                yield Result("RDFC-1.0", name, APART, "labels under SHA-384 are asked of nobody")
                continue
            labels = rdfc.canonical_labels(quads, budget=Budget(_UNITS))
            names = {label.removeprefix("_:"): one.removeprefix("_:") for label, one in labels.items()}
            expected = json.loads((folder / test["result"]).read_bytes())
            given, same = str(names), names == expected
        else:
            digest = test.get("hashAlgorithm", "SHA256").lower().replace("-", "")
            given = rdfc.canonicalize(quads, budget=Budget(_UNITS), digest=digest)
            same = given == (folder / test["result"]).read_text(encoding="utf-8")
        yield Result("RDFC-1.0", name, EQUAL if same else DIFFERS, "" if same else given)


# --- the command --------------------------------------------------------------------------------


def run(folder: Path, used: Counter[str] | None = None) -> list[Result]:
    """Every test of the suites that are in the folder; `used["fast"]` counts what took the fast path."""
    used = Counter() if used is None else used
    results: list[Result] = []
    if (folder / "json-ld-api").is_dir():
        for suite in ("toRdf", "expand"):
            results += json_ld(folder / "json-ld-api" / "tests", suite, used)
    if (folder / "rdf-canon").is_dir():
        results += rdf_canon(folder / "rdf-canon" / "tests")
    return results


def report(results: Sequence[Result]) -> str:
    """The counts for each suite, the reasons of the refusals, and every difference."""
    lines = []
    for suite in dict.fromkeys(one.suite for one in results):
        those = [one for one in results if one.suite == suite]
        counts = Counter(one.outcome for one in those)
        lines.append(
            f"{suite}: {len(those)} tests: " + ", ".join(f"{n} {what}" for what, n in counts.most_common())
        )
        for outcome in (REFUSED, APART):
            reasons = Counter(one.why for one in those if one.outcome == outcome)
            lines += [f"  {outcome}: {times} {why}" for why, times in reasons.most_common()]
        lines += [f"  {DIFFERS} {one.name}: {one.why[:600]}" for one in those if one.outcome == DIFFERS]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.suites", description="The W3C's test suites."
    )
    parser.add_argument("folder", type=Path, help="holds json-ld-api/tests and rdf-canon/tests")
    options = parser.parse_args(arguments)
    used: Counter[str] = Counter()
    results = run(options.folder, used)
    if not results:
        print(f"{options.folder} holds neither json-ld-api nor rdf-canon.", file=sys.stderr)
        return 2
    print(report(results))
    print(f"{used['fast']} inputs took the fast path once their contexts were pinned")
    return int(any(one.outcome == DIFFERS for one in results))


if __name__ == "__main__":
    sys.exit(main())
