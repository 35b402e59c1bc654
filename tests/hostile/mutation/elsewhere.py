"""Valid credentials that others made, from a folder with an index (see `tests.conformance.samples`)."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.vc import strict_json
from shared.vc.baking import extract
from shared.vc.dids import KeyProblem, retrieve
from shared.vc.errors import VcError
from shared.vc.proofs import data_integrity
from tests.conformance import samples as conformance
from tests.conformance.samples_world import NOW, World, documents_in, publications

from . import judging
from .judging import STORE, Judge, Judgement, Sample


def samples_in(folder: Path) -> list[Sample]:
    """All that verify with nothing but the folder served, and their issuers publishing their keys."""
    world = World(folder)
    return list(_samples(folder, world, json.loads((folder / "index.json").read_text())))


def _samples(folder: Path, world: World, index: list[Mapping[str, str]]) -> Iterator[Sample]:
    for entry in index:
        way = conformance.way_of(entry)
        if way is None or way[0] != "valid" or way[1] not in {conformance._verdict, conformance._proof}:
            continue
        data = (folder / entry["file"]).read_bytes()
        document, header = documents_in(data)
        served = copy.copy(world)
        own = document.get("id")
        served.own = {own: json.dumps(document).encode()} if isinstance(own, str) and not header else {}
        served.published = publications(document, header)
        vector = way[1] is conformance._proof
        judge = _of_vector(served) if vector else judging.credential(served, now=NOW)
        if judge(data).stands:
            store = conformance._with_examples() if vector else STORE
            yield Sample(
                _form(entry["kind"], document, header), entry["file"], data, _shape(data), judge, store
            )


def _shape(data: bytes) -> Any:
    return extract(data).container


def _form(kind: str, document: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    if "recipient" in document and not header:
        return "Open Badges 2.0 hosted, sample"
    return f"sample, {kind}"


def _of_vector(world: World) -> Judge:
    """The proofs of a document that is no badge."""

    def judge(data: bytes) -> Judgement:
        try:
            document = strict_json.loads_object(data.removeprefix(b"\xef\xbb\xbf").strip())
            proofs = data_integrity.proofs_of(document)
            for proof in proofs:
                method = proof.get("verificationMethod")
                if not isinstance(method, str):
                    return Judgement(False, "malformed_proof")
                key = judging.finished(retrieve(method, world, now=NOW))
                store = conformance._with_examples()
                data_integrity.verify(document, proof, key.key, store, now=NOW, as_holder=True)
        except KeyProblem as problem:
            return Judgement(False, problem.code)
        except VcError as error:
            return Judgement(False, error.code)
        if not proofs:
            return Judgement(False, "proof.missing")
        places = (
            [f"/proof/{n}" for n in range(len(proofs))] if isinstance(document["proof"], list) else ["/proof"]
        )
        return Judgement(True, "", {}, tuple(places), document)

    return judge
