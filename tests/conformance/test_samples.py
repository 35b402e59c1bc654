"""The rules by which our verdicts are held against a folder of samples, on samples made here."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared.vc import multikey
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, jwt
from tests.conformance.badges import CREATED, sign, unsigned
from tests.conformance.badges import did_key as key_did
from tests.conformance.samples import main, report, run

Json = dict[str, Any]
ISSUER = "https://school.example/issuers/1"
EXTENSION = "https://w3id.org/openbadges/extensions/levelExtension/context.json"
SCHEMA = "https://openbadgespec.org/extensions/levelExtension/schema.json"


class Folder:
    def __init__(self, path: Path) -> None:
        self.path, self.index = path, list[Json]()

    def put(self, name: str, content: Json | str, expected: str = "unstated", kind: str = "vc-proof") -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        self.index.append({"file": name, "kind": kind, "expected": expected})
        (self.path / "index.json").write_text(json.dumps(self.index))

    def rows(self, **more: Path) -> dict[str, tuple[str, str, str | None]]:
        rows, _ = asyncio.run(run(self.path, more))
        return {row.file: (row.alone, row.ours, row.difference) for row in rows}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def by_fragment(key: SigningKey, issuer: str = ISSUER, **more: Any) -> Json:
    """A badge whose key stands in the fragment of its verification method, which nobody serves."""
    return data_integrity.sign(
        unsigned(issuer, subject="did:example:mira") | more,
        key=key,
        verification_method=f"{issuer}#{multikey.encode(key.public)}",
        created=CREATED,
    )


def test_a_key_in_a_fragment_counts_once_its_issuer_publishes_it(folder: Folder) -> None:
    key = SigningKey.generate()
    good = by_fragment(key)
    folder.put("good.json", good, "valid")
    folder.put("web.json", by_fragment(key, "did:web:school.example:issuers:2"), "valid-with-warning")
    folder.put("changed.json", {**good, "name": "Other"}, "invalid")
    assert folder.rows() == {
        "good.json": ("undetermined", "accepted", None),
        "web.json": ("undetermined", "accepted", None),
        "changed.json": ("undetermined", "rejected", None),
    }


def test_a_key_in_a_header_counts_once_its_issuer_publishes_it(folder: Folder) -> None:
    token = jwt.sign(
        unsigned(ISSUER, subject="did:example:mira"), key=SigningKey.generate(Algorithm.P256), with_key=True
    )
    folder.put("token.jwt", token, "valid", kind="jwt")
    assert folder.rows() == {"token.jwt": ("undetermined", "accepted", None)}


def test_differences_have_their_reason_or_fail(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    key = SigningKey.generate()
    entry = {"id": "https://school.example/revocations", "type": "1EdTechRevocationList"}
    own = sign(unsigned("urn:uuid:1", subject="did:example:mira"), key, key_did(key))
    listed = unsigned(key_did(key), subject="did:example:mira") | {"credentialStatus": entry}
    listed["@context"] = [*listed["@context"], "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]
    folder.put("unbound.json", own, "valid")
    folder.put("listed.json", sign(listed, key, key_did(key)), "invalid")
    folder.put("word.json", {"type": "AlignmentObject", "targetName": "Crafts"}, "valid", kind="support")
    rows = folder.rows()
    assert [(ours, why is not None) for _, ours, why in rows.values()] == [
        ("undetermined", True),
        ("undetermined", True),
        ("not judged", True),
    ]
    assert main([str(folder.path)]) == 0
    told = capsys.readouterr().out
    assert "valid: 0 of 2 agree, 2 differ for a named reason" in told
    assert "invalid: 0 of 1 agree, 1 differ for a named reason" in told

    good = sign(unsigned(key_did(key), subject="did:example:mira"), key, key_did(key))
    folder.put("said-to-be-invalid.json", good, "invalid")
    assert main([str(folder.path)]) == 1
    assert "DIFFERS" in capsys.readouterr().out


def test_extensions_are_held_against_schemas_in_the_folder(folder: Folder, tmp_path: Path) -> None:
    host = "https://example.org"
    context = "https://w3id.org/openbadges/v2"
    assertion = {
        "@context": context,
        "type": "Assertion",
        "id": f"{host}/assertion.json",
        "recipient": {"type": "email", "hashed": False, "identity": "ada@example.org"},
        "badge": f"{host}/badge.json",
        "issuedOn": "2020-01-01T00:00:00Z",
        "verification": {"type": "hosted"},
        "extensions:level": {"@context": EXTENSION, "type": ["Extension", "extensions:Level"], "level": 7},
    }
    badge = {"@context": context, "type": "BadgeClass", "id": f"{host}/badge.json", "name": "Robotics"}
    badge |= {"description": "Builds.", "criteria": f"{host}/criteria", "issuer": f"{host}/issuer.json"}
    issuer = {"@context": context, "type": "Issuer", "id": f"{host}/issuer.json", "name": "School"}
    folder.put("assets/badge.json", badge, "valid", kind="ob2-badgeclass")
    folder.put("assets/issuer.json", issuer)
    validation = {"obi:validatesType": "extensions:Level", "obi:validationSchema": SCHEMA}
    folder.put(
        "context.json",
        {"@context": {"level": "https://school.example/level"}, "obi:validation": [validation]},
    )
    folder.put("assertion.json", assertion, "invalid", kind="ob2-assertion")
    folder.put("class.json", {**issuer, "type": ["Issuer", "UNKNOWN"]}, "invalid", kind="support")
    assert folder.rows()["assertion.json"][1:] == ("accepted", "the extension's schema is not in the folder")
    schema = tmp_path / "served.schema"
    schema.write_text(json.dumps({"properties": {"level": {"type": "string"}}}))
    rows = folder.rows(**{SCHEMA: schema})
    assert {name: row[1:] for name, row in rows.items()} == {
        "assets/badge.json": ("accepted", None),
        "assertion.json": ("rejected", None),
        "class.json": ("rejected", None),
    }


def test_the_vectors_of_the_w3c_count_by_their_signatures(folder: Folder) -> None:
    key = SigningKey.generate()
    vector = sign({**unsigned("https://elsewhere.example/"), "id": "urn:uuid:1"}, key, key_did(key))
    folder.put("vector.json", vector, "valid signature (spec test vector)")
    folder.put(
        "example.json", unsigned("https://school.example"), "valid (specification example)", "unsigned"
    )
    folder.put("key.json", {"kty": "OKP"}, "n/a", "key")
    assert folder.rows() == {
        "vector.json": ("accepted", "accepted", None),
        "example.json": ("accepted", "accepted", None),
    }
    rows, others = asyncio.run(run(folder.path, {}))
    assert others == ["key.json"]
    assert "1 files are expected nothing of" in report(rows, others)


def test_without_the_folder_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none")]) == 2
    assert "holds no index.json" in capsys.readouterr().err
