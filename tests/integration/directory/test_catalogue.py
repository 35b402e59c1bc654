"""From the issuer's events to the public catalogue, through the real log, inbox and consumer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest

from services.directory import tables
from shared import contracts
from shared.clock import to_rfc3339
from shared.db import new_id
from shared.messaging import Event, parse
from shared.messaging.log import Record
from shared.messaging.topics import ACHIEVEMENTS, ORGANISATIONS, PROFILES, Topic
from shared.process.supervision import running
from tests.integration.directory.conftest import ISSUER, Browser, World

pytestmark = pytest.mark.anyio
SECONDS = 20
_sequences: dict[tuple[str, str, str], int] = {}


def event(
    topic: Topic, verb: str, subject: str, organisation: str, data: dict[str, Any]
) -> tuple[Topic, Event]:
    """The next event of a subject, as the issuer would say it."""
    type_ = f"org.confer.{verb}.v1"
    jsonschema_rs.validate(contracts.schema(contracts.current(type_)), data)
    return topic, Event(type_, ISSUER, subject, organisation, 0, _now(), data, new_id())


def _now() -> Any:
    from tests.integration.directory.conftest import ManualClock

    return ManualClock()()


def profile_event(
    did: str, organisation: str, verb: str = "profile.registered", **changes: Any
) -> tuple[Topic, Event]:
    data = {
        "profile": did,
        "name": "Makerspace",
        "did_document": f"{ISSUER}/did.json",
        "test": False,
    } | changes
    return event(PROFILES, verb, did, organisation, data)


def achievement_event(achievement: str, did: str, organisation: str, **changes: Any) -> tuple[Topic, Event]:
    data = {
        "achievement": achievement,
        "version_id": f"{achievement}/v{changes.get('version', 1)}",
        "version": 1,
        "profile": did,
        "name": "Laser cutter",
        "description": "Operates it without supervision.",
    } | changes
    return event(ACHIEVEMENTS, "achievement.published", achievement, organisation, data)


async def announce(world: World, *said: tuple[Topic, Event]) -> None:
    """Put events into the log as the issuer's relay does, and let the directory's own consumer read them to the end."""
    from dataclasses import replace

    records = []
    for topic, each in said:
        key = (str(world.data_dir), topic.name, each.subject)
        _sequences[key] = _sequences.get(key, 0) + 1
        records.append(Record(topic.name, each.subject, replace(each, sequence=_sequences[key]).to_bytes()))
    assert await world.directory.log.publish(records) == [None] * len(records)
    wanted = {
        (topic.name, each.subject): _sequences[str(world.data_dir), topic.name, each.subject]
        for topic, each in said
    }

    async def all_read() -> bool:
        inbox = tables.messaging.inbox
        async with world.directory.db.read() as session:
            rows = (await session.execute(inbox.select())).all()
        reached = {(row.topic, row.subject): row.last_sequence for row in rows}
        return all(reached.get(key, 0) >= sequence for key, sequence in wanted.items())

    async with running([worker for worker in world.directory.workers() if worker.role == "consume"]):
        await until(all_read)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)


async def issuers(world: World, **query: Any) -> list[str]:
    answer = await world.http.get("/v1/issuers", params=query)
    assert answer.status_code == 200, answer.text
    return [each["did"] for each in answer.json()["items"]]


async def achievements(world: World, **query: Any) -> list[str]:
    answer = await world.http.get("/v1/achievements", params=query)
    assert answer.status_code == 200, answer.text
    return [each["achievement"] for each in answer.json()["items"]]


async def test_an_issuer_from_opening_to_closing(world: World) -> None:
    school = await world.owner("anna")
    did = "did:web:localhost%3A8001:issuers:7c0f"
    key, newer = f"{did}#z6Mka", f"{did}#z6Mkb"
    now = to_rfc3339(world.clock())

    def key_event(verb: str, key: str, **more: str) -> tuple[Topic, Event]:
        return event(PROFILES, f"key.{verb}", did, school.organisation, {"profile": did, "key": key} | more)

    await announce(
        world,
        profile_event(did, school.organisation, url="https://makers.example", email="office@makers.example"),
        key_event("added", key, algorithm="Ed25519", valid_from=now),
        profile_event(did, school.organisation, "profile.changed", name="New makers"),
        key_event("retired", key, at=now),
        key_event("added", newer, algorithm="Ed25519", valid_from=now),
        key_event("compromised", newer, at=now, since=now),
    )
    for path in (quote(did, safe=""), did):
        found = (await world.http.get(f"/v1/issuers/{path}")).json()
        assert (found["name"], found["url"], found["state"]) == ("New makers", None, "open")
        assert found["organisation"]["name"] == "School of anna"
        assert [(each["key"], each["state"]) for each in found["keys"]] == [
            (key, "retired"),
            (newer, "compromised"),
        ]
    assert (await world.http.get(f"/v1/organisations/{school.organisation}", headers=school.headers)).json()[
        "issuers"
    ] == [did]
    await announce(
        world,
        event(
            PROFILES,
            "profile.closed",
            did,
            school.organisation,
            {"profile": did, "at": now, "reason": "Moved."},
        ),
    )
    found = (await world.http.get(f"/v1/issuers/{quote(did, safe='')}")).json()
    assert (found["state"], found["close_reason"]) == ("closed", "Moved.")
    assert (await issuers(world, closed="true"), await issuers(world, closed="false")) == ([did], [])
    missing = await world.http.get("/v1/issuers/did%3Aweb%3Anobody.example")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


async def test_searching(world: World) -> None:
    school = await world.owner("anna")
    company = await world.owner("ben", kind="company")
    a, b, c = (f"did:web:{name}.example" for name in "abc")
    await announce(
        world,
        profile_event(a, school.organisation, name="Ärzte 100% Ökologie", description="Laser_Welding"),
        profile_event(b, company.organisation, name="Bakers", test=True),
        profile_event(c, "f" * 32, name="From elsewhere"),
        achievement_event(
            "https://a.example/1", a, school.organisation, tags=["workshop"], achievement_type="Competency"
        ),
        achievement_event("https://b.example/2", b, company.organisation, name="Bread"),
    )
    assert await issuers(world) == [a, b, c]
    assert await issuers(world, q="ökologie ÄRZTE") == [a]
    assert await issuers(world, q="100%") == [a]
    assert await issuers(world, q="laser_w") == [a]
    assert await issuers(world, q="l%r") == []
    assert await issuers(world, kind="company") == [b]
    assert await issuers(world, test="false") == [a, c]
    assert await issuers(world, organisation=company.organisation) == [b]
    assert await achievements(world) == ["https://a.example/1", "https://b.example/2"]
    assert await achievements(world, q="WORKSHOP") == ["https://a.example/1"]
    assert await achievements(world, type="Competency") == ["https://a.example/1"]
    assert await achievements(world, issuer=b) == ["https://b.example/2"]
    assert await achievements(world, test="true") == ["https://b.example/2"]

    statement = {"issuer": a, "reason": "Good."}
    given = await world.http.post("/v1/recognitions", json=statement, headers=company.headers)
    assert given.status_code == 201
    assert (await issuers(world, recognised="true"), await issuers(world, recognised="false")) == (
        [a],
        [b, c],
    )
    assert await issuers(world, recognised_by=company.organisation) == [a]
    assert await issuers(world, recognised_by=school.organisation) == []
    counts = (await world.http.get("/v1/issuers")).json()["items"]
    assert [each["recognised_by"] for each in counts] == [1, 0, 0]
    detail = (await world.http.get(f"/v1/issuers/{a}")).json()
    assert [each["recogniser"]["organisation"] for each in detail["recognitions"]] == [company.organisation]
    world.clock.advance(timedelta(seconds=1))
    await world.http.post(f"/v1/recognitions/{given.json()['id']}/withdraw", headers=company.headers)
    assert await issuers(world, recognised="true") == []

    for path in ("/v1/issuers?q=a%00b", "/v1/achievements?type=%00", "/v1/issuers/did%3Aweb%3A%00"):
        refused = await world.http.get(path)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request"), path

    first = (await world.http.get("/v1/issuers", params={"limit": 2})).json()
    rest = (await world.http.get("/v1/issuers", params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["did"] for each in first["items"] + rest["items"]] == [a, b, c]


async def test_achievements_by_version_and_archived(world: World) -> None:
    school = await world.owner("anna")
    did, achievement = "did:web:a.example", "https://a.example/1"
    await announce(
        world,
        profile_event(did, school.organisation),
        achievement_event(achievement, did, school.organisation),
        achievement_event(achievement, did, school.organisation, version=2, name="Laser cutter, safe use"),
    )
    (found,) = (await world.http.get("/v1/achievements")).json()["items"]
    assert (found["version"], found["name"], found["version_id"]) == (
        2,
        "Laser cutter, safe use",
        f"{achievement}/v2",
    )
    assert (found["issuer_name"], found["state"]) == ("Makerspace", "published")
    data = {"achievement": achievement, "at": to_rfc3339(world.clock())}
    await announce(world, event(ACHIEVEMENTS, "achievement.archived", achievement, school.organisation, data))
    (found,) = (await world.http.get("/v1/achievements")).json()["items"]
    assert found["state"] == "archived"
    assert await achievements(world, archived="false") == []


async def test_pages_for_people_at_the_same_addresses(world: World, browser: Browser) -> None:
    school, guild = await world.owner("anna"), await world.owner("guild")
    did = "did:web:localhost%3A8001:issuers:7c0f"
    await announce(
        world,
        profile_event(did, school.organisation, name="<script>alert(1)</script>", test=True),
        achievement_event("https://a.example/1", did, school.organisation),
    )
    await world.http.post(
        "/v1/recognitions", json={"issuer": did, "reason": "Sound & safe."}, headers=guild.headers
    )
    for path, words in {
        "/": "vouch",
        "/v1/issuers": "One other organisation vouches for it.",
        f"/v1/issuers/{quote(did, safe='')}": "Sound &amp; safe.",
        "/v1/achievements": "Laser cutter",
        "/v1/issuers?q=nothing+of+the+kind": "No issuer fits",
    }.items():
        page = await browser.open(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "Accept" in page.headers["vary"]
        assert words in page.text, path
        assert "<script" not in page.text
        assert page.text.count("<h1>") == 1
        assert len(page.content) < 100_000
    missing = await browser.open("/nothing-here")
    assert (missing.status_code, missing.headers["content-type"][:9]) == (404, "text/html")


async def test_an_event_of_another_shape_is_put_aside_and_nothing_else_stops(world: World) -> None:
    school = await world.owner("anna")
    bad = Event(
        "org.confer.profile.registered.v1",
        ISSUER,
        "did:web:bad.example",
        school.organisation,
        1,
        world.clock(),
        {"name": "x"},
        new_id(),
    )
    await world.directory.log.publish([Record(PROFILES.name, bad.subject, bad.to_bytes())])
    await announce(world, profile_event("did:web:good.example", school.organisation))
    assert await issuers(world) == ["did:web:good.example"]
    parked = tables.messaging.parked
    async with world.directory.db.read() as session:
        (row,) = (await session.execute(parked.select())).all()
    assert (row.subject, "profile" in row.reason) == ("did:web:bad.example", True)


async def test_what_is_committed_reaches_the_log(world: World) -> None:
    school = await world.owner("anna", url="https://school.example")
    heard: list[Event] = []
    async with (
        world.directory.log.tail([ORGANISATIONS], {}) as reader,
        running([worker for worker in world.directory.workers() if worker.role == "relay"]),
    ):

        async def both() -> bool:
            heard.extend(parse(entry.value) for entry in await reader.read(10, 1))
            return any(each.subject == school.organisation for each in heard)

        await until(both)
    mine = next(each for each in heard if each.subject == school.organisation)
    assert (mine.type, mine.sequence, mine.organisation) == (
        "org.confer.organisation.registered.v1",
        1,
        school.organisation,
    )
    assert mine.data == {
        "organisation": school.organisation,
        "name": "School of anna",
        "kind": "school",
        "test": False,
        "url": "https://school.example",
    }
