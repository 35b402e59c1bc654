"""Who vouches for whom, said and taken back; and the same facts as other registries' protocols ask for them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import to_rfc3339
from tests.integration.directory.conftest import URL, Staff, World
from tests.integration.directory.test_catalogue import announce, profile_event

pytestmark = pytest.mark.anyio
DID = "did:web:badges.example:issuers:7c0f5d8e9b1a4c63a2f4d6e8091b3c5d"


async def vouch(world: World, staff: Staff, **changes: Any) -> dict[str, Any]:
    body = {"issuer": DID, "reason": "Visited in October; they know their trade."} | changes
    answer = await world.http.post("/v1/recognitions", json=body, headers=staff.headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{URL}/v1/recognitions/{answer.json()['id']}"
    return answer.json()


async def found(world: World, **query: Any) -> list[dict[str, Any]]:
    answer = await world.http.get("/v1/recognitions", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_several_vouch_and_each_takes_back_its_own(world: World) -> None:
    guild, board = (
        await world.owner("guild", url="https://guild.example"),
        await world.owner("board", test=True),
    )
    first = await vouch(world, guild, scope={"achievement_types": ["Competency", "Competency"]})
    second = await vouch(world, board)
    await vouch(world, board, issuer="did:web:other.example")
    assert {each["id"] for each in await found(world, issuer=DID)} == {first["id"], second["id"]}
    assert [each["id"] for each in await found(world, issuer=DID, recogniser=guild.organisation)] == [
        first["id"]
    ]
    assert first["recogniser"] == {
        "organisation": guild.organisation,
        "name": "School of guild",
        "kind": "school",
        "url": "https://guild.example",
        "test": False,
    }
    assert first["scope"] == {"achievement_types": ["Competency"], "achievements": None}
    assert (first["state"], first["valid_from"], first["valid_until"]) == (
        "in_force",
        to_rfc3339(world.clock()),
        None,
    )
    assert (await world.http.get(f"/v1/recognitions/{second['id']}")).json()["recogniser"]["test"] is True

    path = f"/v1/recognitions/{first['id']}/withdraw"
    assert (await world.http.post(path, headers=board.headers)).status_code == 404
    assert (await world.http.post(path)).status_code == 401
    withdrawn = await world.http.post(path, json={"reason": "Nobody there any more."}, headers=guild.headers)
    assert (withdrawn.json()["state"], withdrawn.json()["withdrawal_reason"]) == (
        "withdrawn",
        "Nobody there any more.",
    )
    again = await world.http.post(path, headers=guild.headers)
    assert (again.status_code, again.json()["code"]) == (409, "already-withdrawn")
    assert [each["id"] for each in await found(world, issuer=DID, in_force="true")] == [second["id"]]
    assert len(await found(world, issuer=DID)) == 2, "what was said stays readable"


async def test_a_statement_has_its_time(world: World) -> None:
    guild = await world.owner("guild")
    now = world.clock()
    day = timedelta(days=1)
    statement = await vouch(
        world, guild, valid_from=to_rfc3339(now + day), valid_until=to_rfc3339(now + 2 * day)
    )
    states = []
    for _ in range(3):
        states.append((await world.http.get(f"/v1/recognitions/{statement['id']}")).json()["state"])
        assert (len(await found(world, in_force="true")) == 1) == (states[-1] == "in_force")
        world.clock.advance(day)
    assert states == ["future", "in_force", "expired"]


async def test_statements_that_cannot_be(world: World) -> None:
    guild = await world.owner("guild")
    good = {"issuer": DID, "reason": "Good."}
    now = world.clock()
    for body in (
        good | {"issuer": "https://badges.example"},
        good | {"reason": " "},
        good | {"scope": {"everything": True}},
        good | {"scope": {"achievement_types": ["no such thing!"]}},
        good | {"valid_until": to_rfc3339(now)},
        good
        | {
            "valid_from": to_rfc3339(now + timedelta(days=2)),
            "valid_until": to_rfc3339(now + timedelta(days=1)),
        },
        good | {"valid_from": "2026-11-21T20:15:00"},
    ):
        answer = await world.http.post("/v1/recognitions", json=body, headers=guild.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), body
    await announce(world, profile_event(DID, guild.organisation))
    own = await world.http.post("/v1/recognitions", json=good, headers=guild.headers)
    assert (own.status_code, own.json()["code"]) == (409, "self-recognition")


async def test_a_repeated_request_says_it_once(world: World) -> None:
    guild = await world.owner("guild")
    body = {"issuer": DID, "reason": "Good."}
    headers = guild.headers | {"Idempotency-Key": "once"}
    answers = [await world.http.post("/v1/recognitions", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(await found(world)) == 1
    other = await world.http.post("/v1/recognitions", json=body | {"reason": "Other."}, headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"


async def test_pages_of_statements(world: World) -> None:
    guild = await world.owner("guild")
    given = {(await vouch(world, guild, issuer=f"did:web:i{number}.example"))["id"] for number in range(5)}
    seen: list[str] = []
    cursor = None
    while True:
        answer = await world.http.get(
            "/v1/recognitions", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        seen += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
        assert 'rel="next"' in answer.headers["link"]
    assert sorted(seen) == sorted(given)
    bad = await world.http.get("/v1/recognitions", params={"cursor": "nonsense"})
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid-cursor")


async def test_withdrawing_at_once_is_withdrawing_once(world: World) -> None:
    guild = await world.owner("guild")
    path = f"/v1/recognitions/{(await vouch(world, guild))['id']}/withdraw"
    answers = await asyncio.gather(*(world.http.post(path, headers=guild.headers) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_trqp_answers(world: World) -> None:
    guild, board = await world.owner("guild"), await world.owner("board")
    await vouch(
        world, guild, scope={"achievement_types": ["Competency"], "achievements": ["https://b.example/a/1"]}
    )
    await vouch(world, board)
    anything = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential"
    expected = {
        (guild.organisation, "Competency"): True,
        (guild.organisation, "https://b.example/a/1"): True,
        (guild.organisation, "Diploma"): False,
        (guild.organisation, anything): False,
        (f"{URL}/v1/organisations/{guild.organisation}", "Competency"): True,
        (board.organisation, anything): True,
        (board.organisation, "Diploma"): True,
    }
    for (authority, resource), truth in expected.items():
        query = {"entity_id": DID, "authority_id": authority, "action": "issue", "resource": resource}
        for path, member in (("/recognition", "recognized"), ("/authorization", "authorized")):
            answer = await world.http.post(path, json=query)
            body = answer.json()
            assert body.items() >= query.items()
            assert (body[member], bool(body["message"])) == (truth, True), (authority, resource)
            assert body["time_evaluated"] == to_rfc3339(world.clock())
    query = {"entity_id": DID, "authority_id": board.organisation, "action": "issue", "resource": anything}
    assert (await world.http.post("/authorization", json=query | {"action": "verify"})).json()[
        "authorized"
    ] is False
    other = await world.http.post("/authorization", json=query | {"entity_id": "did:web:x.example"})
    assert other.json()["authorized"] is False


async def test_trqp_about_the_past(world: World) -> None:
    board = await world.owner("board")
    statement = await vouch(world, board)
    given = world.clock()
    world.clock.advance(timedelta(days=10))
    board = await world.sign_in("board")
    await world.http.post(f"/v1/recognitions/{statement['id']}/withdraw", headers=board.headers)
    query = {"entity_id": DID, "authority_id": board.organisation, "action": "issue", "resource": "Diploma"}
    moments = {given - timedelta(days=1): False, given + timedelta(days=1): True, world.clock(): False}
    for moment, truth in moments.items():
        context = {"time": to_rfc3339(moment), "locator": "x"}
        answer = (await world.http.post("/recognition", json=query | {"context": context})).json()
        assert (answer["recognized"], answer["time_requested"]) == (truth, to_rfc3339(moment))
        assert answer["context"] == context


async def test_trqp_refusals(world: World) -> None:
    board = await world.owner("board")
    query = {"entity_id": DID, "authority_id": board.organisation, "action": "issue", "resource": "Diploma"}
    for missing in query:
        answer = await world.http.post("/recognition", json={k: v for k, v in query.items() if k != missing})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert answer.json()["errors"][0]["pointer"] == f"/{missing}"
    broken = await world.http.post("/recognition", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    time = await world.http.post("/recognition", json=query | {"context": {"time": "yesterday"}})
    assert time.status_code == 400
    for authority in ("0" * 32, "did:web:nobody.example", f"{URL}/v1/organisations/none", "\u0000"):
        unknown = await world.http.post("/authorization", json=query | {"authority_id": authority})
        assert unknown.status_code in {400, 404}, authority


async def test_the_registry_lists_who_is_recognised_by_somebody_else(world: World) -> None:
    guild, issuer, tester = (
        await world.owner("guild"),
        await world.owner("issuer"),
        await world.owner("tester", test=True),
    )
    own, open_, test, unknown = (f"did:web:{name}.example" for name in ("own", "open", "test", "unknown"))
    await announce(
        world,
        profile_event(own, guild.organisation, name="Own"),
        profile_event(open_, issuer.organisation, name="Open", url="https://open.example"),
        profile_event(test, tester.organisation, name="Test", test=True),
        profile_event("did:web:nobody.example", issuer.organisation, name="Nobody vouches"),
    )
    assert (await world.http.get("/registry.json")).json()["registry"] == {}
    for did in (open_, test, unknown):
        await vouch(world, guild, issuer=did)
    await vouch(world, tester, issuer="did:web:nobody.example")
    registry = await world.http.get("/registry.json")
    assert registry.json()["registry"] == {
        open_: {"name": "Open", "location": "", "url": "https://open.example"}
    }
    assert set(registry.json()["meta"]) == {"created", "updated"}
    assert registry.headers["access-control-allow-origin"] == "*"
    by_did = {"entity_id": open_, "authority_id": own, "action": "issue", "resource": "Diploma"}
    assert (await world.http.post("/authorization", json=by_did)).json()["authorized"] is True
