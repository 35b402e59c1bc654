"""One award: what it makes, what it refuses, what can be done with it."""

from typing import Any

import pytest
from anyio import create_task_group
from sqlalchemy import func, select

from services.issuer import tables
from services.issuer.awards.store import Award, Credential
from shared.vc import strict_json
from shared.vc.identity import matches
from shared.vc.status import read_entry, read_list
from tests.integration.issuer.stage import Organisation, Stage, until

pytestmark = pytest.mark.anyio


async def bit(stage: Stage, entry: dict[str, Any]) -> int:
    """What the served status list says of an entry."""
    read = read_entry(entry)
    answer = await stage.client().get(read.list_url)
    assert answer.status_code == 200, answer.text
    return read_list(answer.json(), read)


async def test_an_award_makes_a_signed_credential(school: Organisation) -> None:
    achievement = await school.achievement()
    award = await school.award(
        achievement["id"], " Ada@Learner.Example ", external_id="e-1", metadata={"a": "b"}
    )
    assert award["recipient"]["identity"] == "ada@learner.example"
    assert (award["external_id"], award["metadata"], award["delivery"]) == ("e-1", {"a": "b"}, "pending")
    answer = await school.credential(award)
    credential = strict_json.loads(answer.content)
    assert credential["id"] == award["credential"]
    assert credential["credentialStatus"]["type"] == "BitstringStatusListEntry"
    assert credential["proof"][0]["cryptosuite"] == "eddsa-rdfc-2022"
    assert "ada@learner.example" not in answer.text
    (identity,) = credential["credentialSubject"]["identifier"]
    assert matches(identity, "emailAddress", "ada@learner.example")
    assert credential["credentialSubject"]["achievement"]["id"] == award["achievement_version"]
    assert credential["description"].startswith("Demonstration:")
    read = await school.get(f"/v1/awards/{award['id']}")
    assert read == {**award, "history": []}
    assert await school.stage.service.fsck() == []


async def test_every_kind_of_recipient(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    did = await school.award(
        achievement,
        recipient={"type": "did", "identity": "did:key:z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"},
    )
    subject = (await school.credential(did)).json()["credentialSubject"]
    assert subject["id"] == "did:key:z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"
    plain = {"type": "sourcedId", "identity": "S-17", "hashed": False, "name": "Ada Learner"}
    subject = (await school.credential(await school.award(achievement, recipient=plain))).json()[
        "credentialSubject"
    ]
    assert [(i["identityType"], i["identityHash"]) for i in subject["identifier"]] == [
        ("sourcedId", "S-17"),
        ("name", "Ada Learner"),
    ]
    for wrong in (
        {"type": "emailAddress", "identity": "nobody"},
        {"type": "did", "identity": "key:x"},
        {"type": "favouriteColour", "identity": "blue"},
    ):
        refused = await school.post("/v1/awards", {"achievement": achievement, "recipient": wrong}, 422)
        assert refused["code"] == "invalid-recipient"


@pytest.mark.parametrize(
    ("result", "where"),
    [
        ({"resultDescription": "#nowhere"}, "resultDescription"),
        ({"resultDescription": "#analysis", "achievedLevel": "#best"}, "achievedLevel"),
        ({"resultDescription": "#analysis"}, "achievedLevel"),
        ({"resultDescription": "#score", "value": "101"}, "value"),
        ({"resultDescription": "#score", "value": "many"}, "value"),
        ({"resultDescription": "#score", "value": "NaN"}, "value"),
        ({"achievedLevel": "#meets"}, "resultDescription"),
    ],
)
async def test_results_are_held_against_the_rubric(school: Organisation, result: Any, where: str) -> None:
    achievement = (await school.achievement())["id"]
    good = {"resultDescription": "#analysis", "achievedLevel": "#exceeds"}
    award = await school.award(achievement, "ok@x.example", subject={"result": [good]})
    kept = (await school.credential(award)).json()["credentialSubject"]["result"][0]
    assert kept["achievedLevel"] == award["achievement_version"] + "#exceeds"
    body = {
        "achievement": achievement,
        "recipient": {"type": "emailAddress", "identity": "no@x.example"},
        "subject": {"result": [good, result]},
    }
    refused = await school.post("/v1/awards", body, 422)
    assert refused["code"] == "invalid-result"
    assert refused["errors"][0]["pointer"] == f"/subject/result/1/{where}"


async def test_a_refused_award_leaves_nothing_behind(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    body = {
        "achievement": achievement,
        "recipient": {"type": "emailAddress", "identity": "a@x.example"},
        "subject": {"favouriteColour": "blue"},
    }
    refused = await school.post("/v1/awards", body, 422)
    assert refused["code"] == "invalid-credential"
    assert refused["errors"][0]["pointer"].startswith("/subject/favouriteColour"), refused
    async with school.stage.service.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Award)) == 0
        assert await session.scalar(select(func.count()).select_from(Credential)) == 0
        private = tables.messaging.outbox.c.reference.is_not(None)
        assert (
            await session.scalar(select(func.count()).select_from(tables.messaging.outbox).where(private))
            == 0
        )


@pytest.mark.parametrize(
    "more",
    [
        {"subject": {"@context": {"role": "https://evil.example/role"}}},
        {"subject": {"source": {"@id": "did:web:evil.example", "type": ["Profile"]}}},
        {"subject": {"id": "did:web:evil.example"}},
        {"subject": {"achievement": {"name": "Another"}}},
        {"evidence": [{"@type": "Evidence"}]},
        {"subject": {"narrative": "x" * 300_000}},
        {"subject": {"creditsEarned": "many"}},
        {"subject": {"image": {"id": "relative.png", "type": "Image"}}},
    ],
)
async def test_nothing_from_outside_changes_what_is_signed(
    school: Organisation, more: dict[str, Any]
) -> None:
    achievement = (await school.achievement())["id"]
    body = {
        "achievement": achievement,
        "recipient": {"type": "emailAddress", "identity": "a@x.example"},
        **more,
    }
    refused = await school.post("/v1/awards", body, 422)
    assert refused["code"] == "invalid-credential"
    assert (await school.get("/v1/awards"))["items"] == []


async def test_duplicates_denied_allowed_replaced(school: Organisation) -> None:
    profile = (await school.profile())["id"]
    deny = (await school.achievement(profile))["id"]
    first = await school.award(deny)
    body = {"achievement": deny, "recipient": {"type": "emailAddress", "identity": "ADA@learner.example"}}
    refused = await school.post("/v1/awards", body, 409)
    assert (refused["code"], refused["award"]) == ("duplicate-award", first["id"])
    await school.post(f"/v1/awards/{first['id']}/revoke")
    again = await school.award(deny)
    assert again["id"] != first["id"]

    allow = (await school.achievement(profile, duplicates="allow"))["id"]
    assert (await school.award(allow))["id"] != (await school.award(allow))["id"]

    replace = (await school.achievement(profile, duplicates="replace"))["id"]
    old = await school.award(replace)
    new = await school.award(replace)
    assert new["replaces"] == old["id"]
    old = await school.get(f"/v1/awards/{old['id']}")
    assert (old["state"], old["replaced_by"], old["code"]) == ("replaced", new["id"], "superseded")
    entry = (await school.credential(old)).json()["credentialStatus"]
    await until(lambda: bit(school.stage, entry))
    assert await school.stage.service.fsck() == []


async def test_two_equal_awards_at_once_make_one(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    body = {"achievement": achievement, "recipient": {"type": "emailAddress", "identity": "a@x.example"}}
    codes: list[int] = []

    async def ask() -> None:
        codes.append((await school.client.post("/v1/awards", json=body)).status_code)

    async with create_task_group() as group:
        for _ in range(6):
            group.start_soon(ask)
    assert sorted(codes) == [201, 409, 409, 409, 409, 409]


async def test_the_same_idempotency_key_gives_the_same_award(school: Organisation) -> None:
    achievement = (await school.achievement(duplicates="allow"))["id"]
    body = {"achievement": achievement, "recipient": {"type": "emailAddress", "identity": "a@x.example"}}
    headers = {"Idempotency-Key": "k-1"}
    first = await school.request("POST", "/v1/awards", json=body, headers=headers, expect=201)
    second = await school.request("POST", "/v1/awards", json=body, headers=headers, expect=201)
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    body["public"] = True
    reused = await school.request("POST", "/v1/awards", json=body, headers=headers, expect=422)
    assert reused.json()["code"] == "idempotency-key-reused"
    assert len((await school.get("/v1/awards"))["items"]) == 1


async def test_revoking_sets_the_bit_for_good(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"])
    entry = (await school.credential(award)).json()["credentialStatus"]
    assert await bit(school.stage, entry) == 0
    given = {"code": "misconduct", "reason": "Copied from a neighbour."}
    revoked = await school.post(f"/v1/awards/{award['id']}/revoke", given)
    assert (revoked["state"], revoked["code"], revoked["reason"]) == (
        "revoked",
        "misconduct",
        given["reason"],
    )
    await until(lambda: bit(school.stage, entry), seconds=5)
    assert (await school.post(f"/v1/awards/{award['id']}/revoke", {}, 409))["code"] == "award-revoked"
    assert (await school.post(f"/v1/awards/{award['id']}/reinstate", {}, 409))["code"] == "award-revoked"
    history = (await school.get(f"/v1/awards/{award['id']}"))["history"]
    assert [(c["verb"], c["actor"], c["reason"]) for c in history] == [
        ("revoked", "client:test", given["reason"])
    ]


async def test_suspending_where_it_was_declared(school: Organisation) -> None:
    profile = (await school.profile())["id"]
    plain = await school.award((await school.achievement(profile))["id"])
    refused = await school.post(f"/v1/awards/{plain['id']}/suspend", {}, 409)
    assert refused["code"] == "not-suspendable"
    award = await school.award((await school.achievement(profile, suspendable=True))["id"])
    entries = {e["statusPurpose"]: e for e in (await school.credential(award)).json()["credentialStatus"]}
    assert (await school.post(f"/v1/awards/{award['id']}/reinstate", {}, 409))["code"] == "not-suspended"
    await school.post(f"/v1/awards/{award['id']}/suspend", {"code": "evidence-withdrawn"})
    await until(lambda: bit(school.stage, entries["suspension"]))
    back = await school.post(f"/v1/awards/{award['id']}/reinstate")
    assert (back["state"], back.get("code")) == ("issued", None)

    async def clear() -> bool:
        return await bit(school.stage, entries["suspension"]) == 0

    await until(clear)
    assert await bit(school.stage, entries["revocation"]) == 0
    assert await school.stage.service.fsck() == []


async def test_replacing_corrects_a_credential(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"], name="Wrong name")
    given = {"name": "Right name", "reason": "A slip of the pen."}
    new = await school.post(f"/v1/awards/{award['id']}/replace", given, 201)
    assert (new["replaces"], new["recipient"]) == (award["id"], award["recipient"])
    assert (await school.credential(new)).json()["name"] == "Right name"
    old = await school.get(f"/v1/awards/{award['id']}")
    assert (old["state"], old["history"][0]["reason"]) == ("replaced", given["reason"])


async def test_only_what_is_published_and_open_is_awarded(school: Organisation) -> None:
    profile = (await school.profile())["id"]
    draft = (await school.achievement(profile, publish=False))["id"]
    recipient = {"type": "emailAddress", "identity": "a@x.example"}
    refused = await school.post("/v1/awards", {"achievement": draft, "recipient": recipient}, 409)
    assert refused["code"] == "achievement-not-published"
    archived = (await school.achievement(profile))["id"]
    await school.post(f"/v1/achievements/{archived}/archive")
    refused = await school.post("/v1/awards", {"achievement": archived, "recipient": recipient}, 409)
    assert refused["code"] == "achievement-archived"
    good = (await school.achievement(profile))["id"]
    await school.post(f"/v1/profiles/{profile}/close", {"reason": "Merged."})
    refused = await school.post("/v1/awards", {"achievement": good, "recipient": recipient}, 409)
    assert refused["code"] == "profile-closed"


async def test_a_list_that_is_full_gets_a_successor(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    context = school.stage.service.context
    object.__setattr__(context.settings, "status_list_capacity", 3)
    achievement = (await school.achievement())["id"]
    awards = [await school.award(achievement, f"r{n}@x.example") for n in range(8)]
    entries = [(await school.credential(a)).json()["credentialStatus"] for a in awards]
    places = {(e["statusListCredential"], e["statusListIndex"]) for e in entries}
    assert len(places) == 8
    assert len({url for url, _ in places}) >= 3
    for entry in entries:
        assert await bit(school.stage, entry) == 0


async def test_awards_are_listed_newest_first_and_narrowed(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    awards = [await school.award(achievement, f"r{n}@x.example", external_id=f"e-{n % 2}") for n in range(5)]
    seen: list[dict[str, Any]] = []
    path = "/v1/awards?limit=2"
    while path:
        answer = await school.get(path)
        seen += answer["items"]
        path = f"/v1/awards?limit=2&cursor={answer['next']}" if answer.get("next") else ""
    assert {a["id"] for a in seen} == {a["id"] for a in awards}
    assert [a["created_at"] for a in seen] == sorted((a["created_at"] for a in seen), reverse=True)
    assert len((await school.get("/v1/awards?external_id=e-1"))["items"]) == 2
    await school.post(f"/v1/awards/{awards[0]['id']}/revoke")
    assert [a["id"] for a in (await school.get("/v1/awards?state=revoked"))["items"]] == [awards[0]["id"]]
    refused = await school.request("GET", "/v1/awards?cursor=nonsense", expect=400)
    assert refused.json()["code"] == "invalid-cursor"
