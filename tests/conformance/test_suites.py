"""How the W3C's suites are run, on suites made here; and that a difference is seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.vc.errors import UndefinedTerm
from shared.vc.jsonld.common import CommonConverter
from tests.conformance.suites import APART, DIFFERS, EQUAL, REFUSED, RIGHTLY, main, run

CONTEXT = {
    "name": "http://schema.example/name",
    "knows": {"@id": "http://schema.example/knows", "@type": "@id"},
}
ADA = {"@context": CONTEXT, "@id": "http://people.example/ada", "name": "Ada", "knows": {"name": "Bo"}}
NQUADS = (
    '<http://people.example/ada> <http://schema.example/name> "Ada" .\n'
    "<http://people.example/ada> <http://schema.example/knows> _:other .\n"
    '_:other <http://schema.example/name> "Bo" .\n'
)


class Suites:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tests: dict[str, list[Any]] = {"toRdf": [], "expand": []}
        (folder / "json-ld-api" / "tests").mkdir(parents=True)

    def add(
        self, suite: str, document: Any, expected: str | None = None, kind: str = "Positive", **option: Any
    ) -> None:
        tests = self.folder / "json-ld-api" / "tests"
        number = len(self.tests[suite])
        test: dict[str, Any] = {"@id": f"#{number}", "name": suite, "@type": [f"jld:{kind}EvaluationTest"]}
        test |= {"input": f"{suite}-{number}.json", "option": option}
        (tests / test["input"]).write_text(json.dumps(document))
        if expected is not None:
            test["expect"] = f"{suite}-{number}.out"
            (tests / test["expect"]).write_text(expected)
        self.tests[suite].append(test)
        for name, sequence in self.tests.items():
            (tests / f"{name}-manifest.jsonld").write_text(json.dumps({"sequence": sequence}))

    def outcomes(self) -> list[tuple[str, str]]:
        return [(one.outcome, one.why) for one in run(self.folder)]


@pytest.fixture
def suites(tmp_path: Path) -> Suites:
    return Suites(tmp_path)


def test_what_comes_to_the_same_is_equal(suites: Suites) -> None:
    suites.add("toRdf", ADA, NQUADS)
    suites.add("toRdf", {"@id": "http://people.example/ada", "http://schema.example/name": "Ada"}, None)
    expanded = [{"@id": "http://people.example/ada", "http://schema.example/name": [{"@value": "Ada"}]}]
    suites.add("expand", {**ADA, "knows": []}, json.dumps(expanded))
    assert suites.outcomes() == [(EQUAL, "")] * 3
    assert main([str(suites.folder)]) == 0


def test_what_is_refused_has_its_reason(suites: Suites) -> None:
    suites.add("toRdf", {**ADA, "unknown": 1}, NQUADS)
    suites.add("toRdf", {**ADA, "@id": "relative"}, kind="Negative")
    suites.add("toRdf", [ADA], NQUADS)
    suites.add("toRdf", ADA, NQUADS, base="http://elsewhere.example/")
    suites.add("toRdf", ADA, NQUADS, specVersion="json-ld-1.0")
    assert suites.outcomes() == [
        (REFUSED, "UndefinedTerm: undefined_term"),
        (RIGHTLY, "RelativeIri: relative_iri"),
        (APART, "no JSON object"),
        (APART, "asks for base"),
        (APART, "JSON-LD 1.0"),
    ]


def test_a_difference_is_seen(suites: Suites, capsys: pytest.CaptureFixture[str]) -> None:
    suites.add("toRdf", ADA, NQUADS.replace("Bo", "Bob"))
    suites.add("toRdf", ADA, kind="Negative", specVersion="json-ld-1.1")
    assert [outcome for outcome, _ in suites.outcomes()] == [DIFFERS, DIFFERS]
    assert main([str(suites.folder)]) == 1
    assert "toRdf: 2 tests: 2 DIFFERS" in capsys.readouterr().out


def test_paths_that_differ_are_seen(suites: Suites, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast path is taken on the inputs: broken, it is noticed."""
    suites.add("toRdf", ADA, NQUADS)

    def broken(*_: Any) -> str:
        raise UndefinedTerm("undefined_term", "Broken for this test.")

    monkeypatch.setattr(CommonConverter, "_say", broken)
    ((outcome, why),) = suites.outcomes()
    assert outcome == DIFFERS
    assert why.startswith("the paths among themselves")


def test_canonical_documents_labels_and_poison(tmp_path: Path) -> None:
    tests = tmp_path / "rdf-canon" / "tests"
    tests.mkdir(parents=True)
    (tests / "in.nq").write_text(NQUADS)
    canonical = "".join(sorted(NQUADS.replace("_:other", "_:c14n0").splitlines(keepends=True)))
    (tests / "out.nq").write_text(canonical)
    (tests / "map.json").write_text(json.dumps({"other": "c14n0"}))
    nodes = [f"_:n{number}" for number in range(12)]
    poison = "".join(f"{one} <http://e.example/p> {two} .\n" for one in nodes for two in nodes if one != two)
    (tests / "poison.nq").write_text(poison)
    kinds = [("Eval", "in.nq", "out.nq"), ("Map", "in.nq", "map.json"), ("NegativeEval", "poison.nq", None)]
    entries = [
        {"id": f"#{kind}", "name": kind, "type": f"rdfc:RDFC10{kind}Test", "action": action, "result": result}
        for kind, action, result in kinds
    ]
    (tests / "manifest.jsonld").write_text(json.dumps({"entries": entries}))
    assert [one.outcome for one in run(tmp_path)] == [EQUAL, EQUAL, RIGHTLY]


def test_without_the_suites_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "holds neither" in capsys.readouterr().err
