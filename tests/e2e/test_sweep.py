"""Bodies made from the OpenAPI documents, each wrong in some place: every answer is one that the document lists, and no 5xx."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from shared.http.client import open_client
from tests.harness.calls import Call, Caller, Json, calls
from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.refusals import Refusals
from tests.harness.story import Story

PER_OPERATION = 8
ENDS_THINGS = ("close", "erase", "archive", "revoke", "compromise", "cancel")
STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 2**53, 1.5, "", " ", "\x00", "a" * 3_000, "\u202e\U0001f4a9", "' OR 1=1 --", "<script>", "../..", [], {}, [[]],
    {"type": "x"}, ["x"] * 60, "https://[::1", "did:", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z", "data:,x", "#", "@",
)  # fmt: skip


class Maker:
    """Values after a JSON Schema, now and then with something strange in a place."""

    def __init__(self, document: Json, seed: str) -> None:
        self._document = document
        self._random = random.Random(seed)

    def value(self, schema: Any, depth: int = 0) -> Any:
        if self._random.random() < 0.12 or not isinstance(schema, dict) or depth > 8:
            return self._random.choice(STRANGE)
        if "$ref" in schema:
            found = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return self.value(found, depth)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(self._random.choice(schema[several]), depth + 1)
        for given in ("const", "default"):
            if given in schema and self._random.random() < 0.5:
                return schema[given]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if "examples" in schema and self._random.random() < 0.7:
            return self._random.choice(schema["examples"])
        return self._of_type(schema, depth)

    def _of_type(self, schema: Json, depth: int) -> Any:
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", [])
                made = {
                    name: self.value(each, depth + 1)
                    for name, each in schema.get("properties", {}).items()
                    if name in wanted or self._random.random() < 0.4
                }
                if isinstance(schema.get("additionalProperties"), dict):
                    made["more"] = self.value(schema["additionalProperties"], depth + 1)
                return made
            case "array":
                return [self.value(schema.get("items"), depth + 1) for _ in range(self._random.randint(1, 3))]
            case "string":
                return self._random.choice(
                    ["plain", "2026-11-21T20:15:00Z", "a@b.example", "https://a.example/"]
                )
            case "integer" | "number":
                return self._random.choice([0, 1, 7, schema.get("maximum", 10**6)])
            case "boolean":
                return self._random.random() < 0.5
            case _:
                return self._random.choice(STRANGE)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("sweep")) as up:
        yield up


@pytest.fixture(scope="module")
def caller(running: Platform) -> Iterator[Caller]:
    made = Caller(running, Story(running))
    yield made
    made.close()


def _with_existing_ids(value: Any, ids: dict[str, str]) -> Any:
    """Some references lead to what there is, so that a body gets past the first look."""
    if isinstance(value, dict):
        known = {"achievement": "achievement_id", "profile": "profile_id", "evidence": "evidence_id"}
        return {
            name: ids[known[name]]
            if known.get(name) in ids and isinstance(each, str)
            else _with_existing_ids(each, ids)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_with_existing_ids(each, ids) for each in value]
    return value


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_documented(service: str, running: Platform, caller: Caller) -> None:
    url = getattr(running, service)
    refusals = Refusals(url)
    with open_client(url) as client:
        document = client.get("/openapi.json").json()
    chosen = [call for call in calls(running) if call.service == service and call.takes_json]
    taken = 0
    for call in sorted(chosen, key=lambda each: any(word in each.name for word in ENDS_THINGS)):
        taken += _sweep(call, Maker(document, call.name), caller, refusals)
    assert taken, "some of the bodies are good"


def _sweep(call: Call, maker: Maker, caller: Caller, refusals: Refusals) -> int:
    schema = call.bodies["application/json"]["schema"]
    documented = {int(status) for status in call.document["responses"]}
    taken = 0
    for _ in range(PER_OPERATION):
        body = _with_existing_ids(maker.value(schema), caller.ids[call.service])
        answer = caller.send(call, json=body)
        where = f"{call}: {body!r:.600} → {answer.status_code} {answer.text[:600]}"
        assert answer.status_code in documented, where
        assert answer.status_code < 500, where
        if answer.is_success:
            taken += 1
        else:
            refusals.check(answer, sent=str(body))
    return taken
