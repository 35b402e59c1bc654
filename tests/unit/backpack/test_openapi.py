"""The OpenAPI document: valid, complete, and its examples are what the operations take and give."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from services.backpack.app import Backpack
from services.backpack.settings import BackpackSettings


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    made: dict[str, Any] = Backpack(BackpackSettings(data_dir=folder)).build().openapi()
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_document_is_valid(document: dict[str, Any]) -> None:
    validate(json.loads(json.dumps(document)))


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation["tags"], name
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "path":
                assert parameter.get("description"), f"{name}: {parameter['name']}"


def test_operations_say_who_may_call_them(document: dict[str, Any]) -> None:
    anonymous = {
        operation["operationId"] for _, operation in operations(document) if "security" not in operation
    }
    assert anonymous == {
        "create_learner",
        "create_session",
        "confirm_identifier",
        "request_password_reset",
        "reset_password",
        "view_share",
        "view_shared_badge",
        "view_shared_image",
    }
    assert set(document["components"]["securitySchemes"]) == {"session", "cookie", "oauth"}


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    checked = 0
    for name, schema in schemas.items():
        for example in schema.get("examples", []):
            whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            jsonschema_rs.validator_for(whole).validate(example)
            checked += 1
    assert checked >= 15
