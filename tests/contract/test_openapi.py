"""The OpenAPI documents: checked in, true, valid, complete, with operation ids that never change by accident."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from shared.http.openapi import operations
from tests.harness.services import service_of

SERVICES = ("issuer", "backpack", "verifier", "directory")
DOCUMENTS = Path(__file__).parents[2] / "docs" / "openapi"
_METHODS = {"get", "put", "post", "patch", "delete"}


def _checked_in(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
    return document


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_checked_in_document_is_the_one_served(name: str, tmp_path: Path) -> None:
    with service_of(name, tmp_path) as service:
        served = json.loads(json.dumps(service.build().openapi()))
    assert served == _checked_in(name), "the API changed: run `make docs` and look at the difference"


@pytest.mark.parametrize("name", SERVICES)
def test_document_is_valid(name: str) -> None:
    validate(_checked_in(name))


@pytest.mark.parametrize("name", SERVICES)
def test_no_two_schemas_share_a_name(name: str) -> None:
    """FastAPI would tell them apart by the paths of their modules, in front of everybody who generates a client."""
    assert not [each for each in _checked_in(name)["components"]["schemas"] if "__" in each]


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_is_described(name: str) -> None:
    seen: set[str] = set()
    for method, path, operation in _operations(_checked_in(name)):
        where = f"{method.upper()} {path}"
        assert operation.get("summary"), where
        assert operation.get("operationId"), where
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        assert any(status.startswith(("2", "3")) for status in operation["responses"]), where
        for status, response in operation["responses"].items():
            assert response["description"], f"{where} {status}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_refusal_of_our_own_api_is_a_documented_problem(name: str) -> None:
    for method, path, operation in _operations(_checked_in(name)):
        if not path.startswith("/v1"):
            continue
        refusals = {status for status in operation["responses"] if status.startswith(("4", "5"))}
        assert "500" in refusals, f"{method.upper()} {path}"
        for status in refusals:
            assert "application/problem+json" in operation["responses"][status]["content"], (
                f"{method} {path} {status}"
            )


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_says_whom_it_is_for(name: str, tmp_path: Path) -> None:
    with service_of(name, tmp_path) as service:
        unstated = [f"{o.method} {o.path}" for o in operations(service.build()) if not o.stated]
    assert unstated == []
