"""The fast paths beside the general ones on every JSON file of a folder: `python -m tests.conformance.paths DIR…`.

Bytes and text have to be read alike; a document has to get the same canonical N-Quads, byte for byte, or the same refusal,
whichever way it goes; and what is told to be sound at once must have no fault in the full structural check. Where PyLD makes
another form of a document, that is told as well; who is right is for the W3C's suites to say (`suites`).

Exit status: 0 when our own ways do not differ, else 1.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.vc import rdfc, strict_json
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.errors import VcError
from shared.vc.jsonld.convert import Converter
from shared.vc.jsonld.process import Contexts
from shared.vc.model.check import Walk, class_of
from shared.vc.model.classes import CLASSES
from shared.vc.model.sound import UNSURE, units_if_sound
from shared.vc.proofs.canonical import canonical
from tests.unit.vc.oracles import OracleRefuses, pyld

STORE = ContextStore.builtin()
DIFFERS = "DIFFERS"
ANOTHER = "another"


def compare(folder: Path) -> Iterator[tuple[str, Path]]:
    """What came of each comparison, in a few words, and the file it was made on."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".json", ".jsonld"}:
            continue
        body = path.read_bytes()
        alike = _outcome(strict_json.loads, body) == _outcome(strict_json.loads, body.decode())
        yield f"read from bytes and from text: {'alike' if alike else DIFFERS}", path
        try:
            value = json.loads(body)
        except json.JSONDecodeError:
            continue
        for document in value if isinstance(value, list) else [value]:
            if isinstance(document, dict):
                for outcome in _of_document(document):
                    yield outcome, path


def _of_document(document: dict[str, Any]) -> Iterator[str]:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    _outcome(_general, unsecured)  # reads the contexts, so that neither way pays for them
    fast = _outcome(_fast, unsecured)
    if fast != _outcome(_general, unsecured):
        yield f"canonical form, fast and general: {DIFFERS}"
    elif not isinstance(fast, str):
        yield "canonical form: refused alike"
    else:
        yield "canonical form, fast and general: alike"
        try:
            yield f"canonical form, PyLD's: {'equal' if pyld(unsecured, STORE) == fast else ANOTHER}"
        except OracleRefuses:
            yield "canonical form, PyLD's: refused"
    kind = class_of(document)
    if units_if_sound(document, kind) == UNSURE:
        yield "structure: left to the full check"
    else:
        found = list(Walk(Budget()).inspect(document, CLASSES[kind], ""))
        yield f"structure, told at once and in full: {DIFFERS if found else 'no fault'}"


def _fast(document: dict[str, Any]) -> str:
    return canonical(document, STORE, Budget(), "sha256").decode()


def _general(document: dict[str, Any]) -> str:
    budget = Budget()
    converter = Converter(Contexts.over(STORE), budget, compact=True)
    converter.document(document)
    return rdfc.canonicalize(converter.quads, budget=budget)


def _outcome(call: Callable[[Any], Any], given: Any) -> Any:
    try:
        return call(given)
    except VcError as error:
        return type(error), error.code, error.reason, error.pointer


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.paths")
    parser.add_argument("folders", nargs="+", type=Path)
    counts: Counter[str] = Counter()
    for folder in parser.parse_args(arguments).folders:
        for outcome, path in compare(folder):
            counts[outcome] += 1
            if DIFFERS in outcome or ANOTHER in outcome:
                print(f"{path}: {outcome}")
    for outcome, count in sorted(counts.items()):
        print(f"{count:6} {outcome}")
    return int(any(DIFFERS in outcome for outcome in counts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
