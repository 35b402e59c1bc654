"""Our verdict beside the one that a folder of samples gives for each of its files: `python -m tests.conformance.samples DIR`.

DIR holds `index.json` (a list of {"file", "kind", "expected"}) and the files; nothing but them is served. The official
validator takes the fragment of `https://…#z…` for the key, and the `jwk` of a JWT's header for the issuer's, without
asking the issuer. We ask. So each file is verified twice: as served ("alone"), and with its issuer publishing those
keys ("ours"), and it is the second verdict that has to agree.

Exit status: 0 when every verdict agrees or differs for a reason named in `DIFFERENCES`, 1 otherwise, 2 without the
folder.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shared.vc.baking import Unrecognised
from shared.vc.contexts import ContextStore
from shared.vc.dids import KeyProblem, retrieve
from shared.vc.errors import VcError
from shared.vc.model import Finding
from shared.vc.open_badges_2 import check_badge_class, check_profile, unknown_types
from shared.vc.proofs import data_integrity
from shared.vc.report import Report, worst
from shared.vc.verify import verify
from tests.conformance.samples_world import NOW, World, documents_in, publications

Json = dict[str, Any]
CREDENTIALS = "https://www.w3.org/ns/credentials"

DIFFERENCES: Mapping[tuple[str, str, str], str] = {
    ("valid", "undetermined", "key.unbound"): "the issuer's id is no address, so nothing ties the key to it",
    ("invalid", "undetermined", "key.method_unsupported"): "a kind of key or identifier unknown here: undetermined, never invalid",
    ("invalid", "undetermined", "context.unknown"): "a context that is not pinned: undetermined, never invalid",
    ("invalid", "undetermined", "status.unreachable"): "the status list is not in the folder: undetermined, never invalid",
    ("invalid", "undetermined", "schema.not_applied"): "the issuer's schema is not in the folder: undetermined, never invalid",
    ("invalid", "accepted", "schema.unreachable"): "the extension's schema is not in the folder",
    ("valid", "undetermined", "unknown_context"): "a test vector with a context that is not pinned",
    ("valid", "rejected", "previous_proof_missing"): "a step of a proof chain's making, without the proofs it builds on",
    ("valid", "not judged", ""): "part of a badge, and no badge: nothing here judges it alone",
}  # fmt: skip
"""Why a verdict differs, by what is expected, what ours is, and the code of the first check that is not passed."""
NOT_DEREFERENCED = "a key that came along, and was never asked of the issuer"


@dataclass(frozen=True)
class Row:
    """One file: what is `expected`, our verdict on it `alone`, `ours` with its keys published, and the code and
    `reason` behind that.
    """

    file: str
    expected: str
    alone: str
    ours: str
    code: str
    reason: str

    @property
    def agrees(self) -> bool:
        return self.ours == {"valid": "accepted", "invalid": "rejected"}[self.expected]

    @property
    def difference(self) -> str | None:
        """The named reason for which the verdict differs; `None` if there is none."""
        return None if self.agrees else DIFFERENCES.get((self.expected, self.ours, self.code))


Judgement = tuple[str, str, str]
Judge = Callable[[bytes, World], Awaitable[Judgement]]


async def _badge(data: bytes, world: World) -> Report:
    return await verify(data, fetcher=world, contexts=ContextStore.builtin(), now=NOW)


async def _verdict(data: bytes, world: World) -> Judgement:
    try:
        report = await _badge(data, world)
    except Unrecognised as refused:
        return "rejected", "format.unrecognised", str(refused)
    doubtful = [one for one in report.checks if one.outcome in {"failed", "inconclusive"}]
    # That the signature could not be checked says nothing; the check of the key beside it says why.
    telling = [one for one in doubtful if one.code != "proof.not_checked"]
    gravest = next((one for one in telling if one.reason in report.summary), worst(telling))
    return report.verdict, gravest.code if gravest else "", gravest.reason if gravest else report.summary


async def _proof(data: bytes, world: World) -> Judgement:
    """Only the signatures: the W3C's test vectors are no badges, and their keys are not their issuers'."""
    document = json.loads(data)
    for proof in data_integrity.proofs_of(document):
        try:
            key = await retrieve(proof["verificationMethod"], world, now=NOW)
            data_integrity.verify(document, proof, key.key, _with_examples(), now=NOW, as_holder=True)
        except KeyProblem as problem:
            return "undetermined", problem.code, problem.reason
        except VcError as error:
            return "rejected" if error.conclusive else "undetermined", error.code, error.reason
    return "accepted", "", ""


@cache
def _with_examples() -> ContextStore:
    """The pinned contexts, and the one of the W3C's examples, which says nothing but a vocabulary."""
    with tempfile.TemporaryDirectory() as folder:
        body = json.dumps({"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}).encode()
        (Path(folder) / "examples.json").write_bytes(body)
        sha256 = hashlib.sha256(body).hexdigest()
        source = {"file": "examples.json", "urls": [f"{CREDENTIALS}/examples/v2"], "sha256": sha256}
        (Path(folder) / "sources.json").write_text(json.dumps([source]))
        return ContextStore.builtin().with_extra(Path(folder))


async def _structure(data: bytes, world: World) -> Judgement:
    """Only terms and structure: the specification's examples carry no signature that holds."""
    report = await _badge(data, world)
    kinds = {"format", "context", "model", "subject"}
    gravest = worst([one for one in report.checks if one.kind in kinds])
    assert gravest is not None
    told = {"passed": "accepted", "failed": "rejected"}.get(gravest.outcome, "undetermined")
    return told, gravest.code, gravest.reason


async def _part(data: bytes, world: World) -> Judgement:
    """A badge class or a profile of Open Badges 2.0 by itself."""
    document = json.loads(data)
    kind = document.get("type")
    if kind == "BadgeClass":
        found = check_badge_class(document)
        if isinstance(document.get("issuer"), str):
            answer = await world(document["issuer"], accept="", max_bytes=1_000_000)
            found += check_profile(json.loads(answer.body))
        return _findings(found)
    if "Issuer" in (kind if isinstance(kind, list) else [kind]):
        return _findings(check_profile(document))
    if "recipient" in document:
        return await _verdict(data, world)
    unknown = unknown_types(document)
    return _findings(unknown) if unknown else ("not judged", "", "")


def _findings(found: Sequence[Finding]) -> Judgement:
    if found:
        return "rejected", found[0].code, found[0].reason
    return "accepted", "", ""


def way_of(entry: Mapping[str, str]) -> tuple[str, Judge] | None:
    """What is expected of a file and how it is judged; `None` when its authors expect nothing of it."""
    expected, kind = entry["expected"], entry["kind"]
    if kind in {"support", "ob2-badgeclass"} and expected in {"valid", "invalid"}:
        return expected, _part
    if expected.startswith("valid signature") or (expected.startswith("valid (spec") and "vc-proof" in kind):
        return "valid", _proof
    if expected.startswith("valid (spec") and kind == "unsigned":
        return "valid", _structure
    if expected.startswith(("valid", "invalid")) and kind != "spec example":
        return ("invalid" if expected == "invalid" else "valid"), _verdict
    return None


async def judged(entry: Mapping[str, str], data: bytes, world: World) -> Row | None:
    """The row of one file, `None` when its authors expect nothing of it."""
    way = way_of(entry)
    if way is None:
        return None
    document, header = documents_in(data)
    # A hosted assertion is served where it says it is.
    own = document.get("id")
    world.own = {own: json.dumps(document).encode()} if isinstance(own, str) and not header else {}
    world.published = {}
    alone = await way[1](data, world)
    world.published = publications(document, header)
    ours, code, reason = await way[1](data, world)
    return Row(entry["file"], way[0], alone[0], ours, code, reason)


async def run(folder: Path, more: Mapping[str, Path]) -> tuple[list[Row], list[str]]:
    """A row for each file of the folder that something is expected of, and the names of the others."""
    world, rows, others = World(folder, more), [], []
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        row = await judged(entry, (folder / entry["file"]).read_bytes(), world)
        if row is None:
            others.append(entry["file"])
        else:
            rows.append(row)
    return rows, others


def report(rows: Sequence[Row], others: Sequence[str]) -> str:
    """The table, what differs and why, and the sums."""
    width = max(len(row.file) for row in rows)
    lines = [f"{'file':<{width}}  expected  alone         ours"]
    for row in rows:
        why = "" if row.agrees else f"  {row.difference or 'DIFFERS'} ({row.code}: {row.reason})"
        if row.agrees and row.alone != row.ours:
            why = f"  alone: {NOT_DEREFERENCED}"
        lines.append(f"{row.file:<{width}}  {row.expected:<8}  {row.alone:<12}  {row.ours}{why}")
    lines.append("")
    for expected in ("valid", "invalid"):
        those = [row for row in rows if row.expected == expected]
        agreeing = sum(row.agrees for row in those)
        named = sum(row.difference is not None for row in those)
        lines.append(f"{expected}: {agreeing} of {len(those)} agree, {named} differ for a named reason")
    for reason, times in Counter(row.difference for row in rows if row.difference).items():
        lines.append(f"  {times} {reason}")
    keys = sum(row.agrees and row.alone != row.ours for row in rows)
    lines.append(f"{keys} would stay undetermined by themselves: {NOT_DEREFERENCED}")
    lines.append(f"{len(others)} files are expected nothing of (contexts, schemas, keys, parts of others)")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.samples",
        description="Our verdicts beside those of a folder of samples.",
    )
    parser.add_argument("folder", type=Path, help="a folder with index.json and the files that it lists")
    parser.add_argument(
        "--also", nargs=2, action="append", default=[], metavar=("URL", "FILE"), help="serve this as well"
    )
    options = parser.parse_args(arguments)
    if not (options.folder / "index.json").is_file():
        print(f"{options.folder} holds no index.json: there are no samples to compare with.", file=sys.stderr)
        return 2
    rows, others = asyncio.run(run(options.folder, {url: Path(file) for url, file in options.also}))
    print(report(rows, others))
    return int(any(not row.agrees and row.difference is None for row in rows))


if __name__ == "__main__":
    sys.exit(main())
