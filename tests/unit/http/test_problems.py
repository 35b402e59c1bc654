"""Codes are closed: one meaning each, explained, and none that hides a common one."""

import pytest

from shared.http.problems import Conflict, FieldError, NotFound, Problem, problems, registered


def test_every_common_problem_is_explained() -> None:
    listed = registered("services.none")
    assert len(listed) >= 18
    assert [each.code for each in listed] == sorted({each.code for each in listed})
    for each in listed:
        assert each.explanation().endswith(".")
        assert each.title


def define(name: str, module: str = "services.example.errors", **attributes: object) -> type[Problem]:
    full = {"__module__": module, "__doc__": "Explained.", "status": 409, "title": "T"} | attributes
    return type(name, (Problem,), full)


@pytest.mark.parametrize(
    "attributes",
    [
        {"code": "not-found"},
        {"code": "Not-Kebab"},
        {"code": "under_score"},
        {"code": ""},
        {"code": "no-doc", "__doc__": None},
        {"code": "bad-status", "status": 200},
        {"code": "no-title", "title": ""},
    ],
)
def test_codes_that_cannot_be(attributes: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        define("Refused", **attributes)


def test_a_code_has_one_class_in_a_service_but_services_do_not_know_each_other() -> None:
    define("First", code="example-code")
    with pytest.raises(TypeError, match="taken"):
        define("Second", code="example-code")
    other = define("Third", "services.another.errors", code="example-code")
    assert other in registered("services.another")
    assert other not in registered("services.example")


def test_members_of_every_problem_cannot_be_extensions() -> None:
    with pytest.raises(TypeError):
        Conflict("x", code="y")
    body = Conflict("x", errors=[FieldError("/a", "is odd")], existing="e").to_json(
        base_url="https://a.example", request_id="r"
    )
    assert body == {
        "type": "https://a.example/problems/conflict",
        "title": Conflict.title,
        "status": 409,
        "detail": "x",
        "code": "conflict",
        "errors": [{"pointer": "/a", "detail": "is odd"}],
        "existing": "e",
        "request_id": "r",
    }


def test_documentation_groups_by_status() -> None:
    documented = problems(NotFound, Conflict)
    assert set(documented) == {404, 409}
    examples = documented[404]["content"]["application/problem+json"]["examples"]
    assert examples["not-found"]["value"]["code"] == "not-found"
