"""The event contracts: examples true to their schemas, privacy as declared, released files unchanged."""

import hashlib
import json
from importlib import resources

import jsonschema_rs
import pytest

from shared import contracts

PERSONAL = {"recipient", "body", "credential", "award", "identity", "learner", "holder", "credentials"}


@pytest.mark.parametrize("name", contracts.names())
def test_example_is_valid(name: str) -> None:
    jsonschema_rs.validator_for(contracts.schema(name)).validate(contracts.example(name))


@pytest.mark.parametrize("name", contracts.names())
def test_an_example_without_a_required_member_is_refused(name: str) -> None:
    schema = contracts.schema(name)
    validator = jsonschema_rs.validator_for(schema)
    for member in schema["required"]:
        lacking = {k: v for k, v in contracts.example(name).items() if k != member}
        assert not validator.is_valid(lacking), member


@pytest.mark.parametrize("name", contracts.names())
def test_public_events_carry_nothing_about_a_credential_or_a_person(name: str) -> None:
    schema = contracts.schema(name)
    if schema["x-privacy"] == "public":
        assert not PERSONAL & set(schema["properties"])


def test_released_contracts_never_change() -> None:
    root = resources.files(contracts)
    released = json.loads((root / "released.json").read_text(encoding="utf-8"))
    found = {
        f"{kind}/{name}.json": hashlib.sha256((root / kind / f"{name}.json").read_bytes()).hexdigest()
        for kind in ("schemas", "examples")
        for name in contracts.names()
    }
    assert {path: found.get(path) for path in released} == released, "a released contract was changed"
    assert set(found) == set(released), "a new contract is entered into released.json when it is released"


def test_every_type_has_a_current_contract() -> None:
    assert contracts.current("org.confer.credential.issued.v1") == "credential.issued.v1.0"
    with pytest.raises(KeyError):
        contracts.current("org.confer.credential.invented.v1")
