"""`docs/asyncapi.yaml` says what the code does, both ways; and whoever reads events today understands every example ever released."""

import ast
import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from shared import contracts
from shared.clock import utc_now
from shared.contracts.channels import CHANNELS, ERASED, PING
from shared.db import new_id
from shared.messaging import Event, Handler, Outgoing
from shared.messaging.topics import TOPICS
from shared.process import Service
from tests.conformance.peers import installed
from tests.harness import asyncapi

ROOT = Path(__file__).parents[2]
_NAME = re.compile(r"org\.confer\.[a-z\x00-]+\.[a-z\x00-]+\.v[0-9]+")
NOT_OF_THE_BACKPACK = "https://badges.example.org"


@dataclass
class Seen:
    readers: list[asyncapi.Reader] = field(default_factory=list)
    understood: dict[tuple[str, str], str] = field(default_factory=dict)
    """(service, contract) -> what went wrong when its example was handled; empty if nothing did."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    found = Seen()

    async def look() -> None:
        for name in asyncapi.SERVICES:
            async with asyncapi.started(name, tmp_path_factory.mktemp(name)) as service:
                found.readers += asyncapi.readers_of(service)
                await _handle_examples(service, found)

    asyncio.run(look())
    return found


async def _handle_examples(service: Service, found: Seen) -> None:
    for contract in contracts.names():
        kind = contracts.schema(contract)["title"]
        for extra in ({}, {"a_member_of_a_later_minor_version": {"x": [1]}}):
            event = _event(kind, {**contracts.example(contract), **extra})
            for subscription in asyncapi.subscriptions(service):
                handler = subscription.handlers.get(kind)
                if handler is not None:
                    await _note(found, service.name, contract, _undone(service, handler, event))
            for tail in asyncapi.tails(service):
                if kind in {each for topic in tail._topics for each in CHANNELS[topic.name]}:
                    await _note(found, service.name, contract, tail._handler(event))


class _Undone(Exception):
    """Every example meets the database as it was."""


async def _undone(service: Service, handler: Handler, event: Event) -> None:
    with contextlib.suppress(_Undone):
        async with service.db.write() as session:
            await handler(session, event)
            await session.flush()
            raise _Undone


async def _note(found: Seen, service: str, contract: str, handling: Any) -> None:
    key = (service, contract)
    try:
        await handling
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what the test is about)
        found.understood[key] = f"{type(error).__name__}: {error}"
    else:
        found.understood.setdefault(key, "")


def _event(kind: str, data: dict[str, Any]) -> Event:
    named = [
        data.get(each)
        for each in ("credential", "achievement", "profile", "url", "recognition", "organisation")
    ]
    subject = next((each for each in named if isinstance(each, str)), new_id())
    return Event(kind, NOT_OF_THE_BACKPACK, subject, "org-1", 1, utc_now(), data, new_id())


def test_the_document_is_made_from_the_code_of_today(seen: Seen) -> None:
    made = asyncapi.text(asyncapi.document(seen.readers))
    assert asyncapi.PAGE.read_text(encoding="utf-8") == made, "run `make docs`"


def test_every_old_example_is_understood_by_todays_consumers(seen: Seen) -> None:
    assert {key: why for key, why in seen.understood.items() if why} == {}
    handled = {(reader.service, kind) for reader in seen.readers for kind in reader.types}
    tried = {(service, contracts.schema(contract)["title"]) for service, contract in seen.understood}
    assert tried == handled
    assert {service for service, _ in handled} == {"issuer", "backpack", "verifier", "directory"}


def test_what_is_read_is_published_by_somebody(seen: Seen) -> None:
    for reader in seen.readers:
        assert reader.types, f"{reader.name} reads nothing of {reader.topic}"
        assert set(reader.types) <= set(CHANNELS[reader.topic])
    declared = {(each.service, each.topic) for each in seen.readers}
    operations = yaml.safe_load(asyncapi.PAGE.read_text(encoding="utf-8"))["operations"]
    receiving = [each for each in operations.values() if each["action"] == "receive"]
    assert len(receiving) == len(declared)


def test_topics_types_and_contracts_are_the_same_everywhere() -> None:
    assert set(CHANNELS) == {topic.name for topic in TOPICS}
    types = {kind for kinds in CHANNELS.values() for kind in kinds} | {ERASED, PING}
    assert types == {contracts.schema(name)["title"] for name in contracts.names()}
    private = {topic.name for topic in TOPICS if topic.private}
    for topic, kinds in CHANNELS.items():
        for kind in kinds:
            privacy = contracts.schema(contracts.current(kind))["x-privacy"]
            assert privacy == ("private" if topic in private else "public"), kind


def test_the_outbox_refuses_what_is_not_in_the_document() -> None:
    for topic in TOPICS:
        content: dict[str, Any] = {"reference": "r"} if topic.private else {"data": {}}
        for kind in CHANNELS[topic.name]:
            Outgoing(topic.name, "s", kind, "org-1", 1, **content)
        with pytest.raises(ValueError, match="not among the events"):
            Outgoing(topic.name, "s", "org.confer.thing.happened.v1", "org-1", 1, **content)


@pytest.mark.parametrize("service", asyncapi.SERVICES)
def test_what_the_document_says_is_published_stands_in_the_services_code(service: str) -> None:
    """And the other way round: every name of an event in a service's code is one that the document has."""
    own = {kind for topic, kinds in CHANNELS.items() if topic.split(".")[1] == service for kind in kinds}
    written = _names_in(ROOT / "services" / service) | _names_in(ROOT / "shared" / "jobs")
    parts = _parts_in(ROOT / "services" / service)
    for kind in own:
        whole = any(re.fullmatch(pattern, kind) for pattern in written)
        noun_and_verb = kind.removeprefix("org.confer.").removesuffix(".v1")
        assert whole or noun_and_verb in parts, f"{service} never says {kind}"
    every = {kind for kinds in CHANNELS.values() for kind in kinds} | {ERASED, PING}
    for pattern in written:
        assert any(re.fullmatch(pattern, kind) for kind in every), f"{pattern} is in no contract"


def _names_in(folder: Path) -> set[str]:
    """The names of events in the code, as patterns: `org.confer.credential.{verb}.v1` stands for every verb."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = _text(node)
            if text is not None and _NAME.fullmatch(text):
                found.add(re.escape(text).replace(re.escape("\x00"), "[a-z-]+"))
    return found


def _parts_in(folder: Path) -> set[str]:
    """Every text in the code that stands alone: some events are named `profile.changed`, and made whole in one place."""
    return {
        node.value
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "\x00" for part in node.values)
    return None


@pytest.mark.node
def test_the_document_is_valid_asyncapi() -> None:
    """Judged by the JSON Schema that the AsyncAPI initiative publishes as `@asyncapi/specs`."""
    document = yaml.safe_load(asyncapi.PAGE.read_text(encoding="utf-8"))
    validator = _validator()
    assert [
        f"{'/'.join(map(str, e.instance_path))}: {e.message[:300]}" for e in validator.iter_errors(document)
    ] == []
    document["operations"]["issuer-publishes-profiles"]["action"] = "shout"
    assert not validator.is_valid(document), "the schema does look"


@cache
def _validator() -> Any:
    folder = installed(Path(__file__).parent / "node")
    schema = folder / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
    return jsonschema_rs.validator_for(json.loads(schema.read_text(encoding="utf-8")))


def test_every_reference_leads_somewhere() -> None:
    document = yaml.safe_load(asyncapi.PAGE.read_text(encoding="utf-8"))
    references = list(_references(document))
    assert references
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


@pytest.mark.parametrize("name", contracts.names())
def test_an_example_fits_the_message_of_the_document(name: str) -> None:
    """The envelope and the data together, as they are on the topic."""
    document = yaml.safe_load(asyncapi.PAGE.read_text(encoding="utf-8"))
    kind = contracts.schema(name)["title"]
    stem = kind.removeprefix("org.confer.")
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **document["components"]["messages"][stem]["payload"],
        "components": document["components"],
    }
    validator = jsonschema_rs.validator_for(whole)
    event = _event(kind, contracts.example(name)).to_json()
    validator.validate(event)
    assert not validator.is_valid({**event, "sequence": "0"})
    assert not validator.is_valid({**event, "type": "org.confer.other.v1"})
