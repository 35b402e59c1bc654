"""What the issuer says and hears: contracts kept, privacy kept, deliveries noted, erasing followed."""

from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import func, select

from services.issuer import tables
from services.issuer.awards.deliveries import redeliver
from services.issuer.awards.store import Credential
from shared import contracts
from shared.clock import to_rfc3339, utc_now
from shared.db import new_id
from shared.messaging.envelope import Event, parse
from shared.messaging.log import Record
from shared.messaging.topics import CREDENTIALS, HOLDINGS, TOPICS
from tests.integration.issuer.stage import Organisation, Stage, until

pytestmark = pytest.mark.anyio


async def published(stage: Stage) -> dict[str, list[Event]]:
    """Everything in the log by topic, once the outbox is empty."""
    outbox = tables.messaging.outbox

    async def drained() -> bool:
        async with stage.service.db.read() as session:
            waiting = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
            return await session.scalar(waiting) == 0

    await until(drained)
    found: dict[str, list[Event]] = {}
    async with stage.service.log.tail(TOPICS, {}) as reader:
        while entries := await reader.read(500, 0.2):
            for entry in entries:
                found.setdefault(entry.topic, []).append(parse(entry.value))
    return found


async def answer(stage: Stage, subject: str, verb: str, data: dict[str, Any], sequence: int) -> None:
    """What a backpack would say."""
    event = Event(
        type=f"org.confer.{verb}.v1",
        source="http://localhost:8002",
        subject=subject,
        organisation="backpack",
        sequence=sequence,
        time=utc_now(),
        data={**data, "at": to_rfc3339(utc_now())},
        id=new_id(),
    )
    (failure,) = await stage.service.log.publish([Record(HOLDINGS.name, subject, event.to_bytes())])
    assert failure is None


async def story(school: Organisation) -> dict[str, dict[str, Any]]:
    """Every event there is, at least once."""
    profile = await school.profile()
    path = f"/v1/profiles/{profile['id']}"
    await school.request(
        "PUT", path, json={"profile": {"name": "Renamed"}}, headers={"If-Match": "*"}, expect=200
    )
    key = await school.post(f"{path}/keys/rotate")
    await school.post(f"{path}/keys/{key['id']}/compromise")
    achievement = (await school.achievement(profile["id"], suspendable=True, claim_days=30))["id"]
    terms: dict[str, Any] = {"external_id": "e-1", "metadata": {"course": "BIO-101"}}
    recipient = {"type": "emailAddress", "identity": "canary@learner.example", "name": "Canary Learner"}
    award = await school.award(achievement, recipient=recipient, **terms)
    reason = {"code": "other", "reason": "Canary reason."}
    await school.post(f"/v1/awards/{award['id']}/suspend", reason)
    await school.post(f"/v1/awards/{award['id']}/reinstate", reason)
    new = await school.post(f"/v1/awards/{award['id']}/replace", {"reason": "Canary reason."})
    await school.post(f"/v1/awards/{new['id']}/revoke", reason)
    await school.post(f"/v1/achievements/{achievement}/archive")
    await school.post(f"{path}/close", {"reason": "Merged."})
    return {"award": award, "new": new}


async def test_every_event_keeps_its_contract(school: Organisation) -> None:
    made = await story(school)
    events = await published(school.stage)
    everything = [event for topic in events.values() for event in topic]
    for event in everything:
        name = contracts.current(event.type)
        jsonschema_rs.validator_for(contracts.schema(name), validate_formats=True).validate(dict(event.data))
        assert event.dataschema == contracts.schema_url("http://localhost:8001", event.type)
        assert event.organisation == school.id
    said = {event.type.removeprefix("org.confer.").removesuffix(".v1") for event in everything}
    assert said == {
        "profile.registered", "profile.changed", "profile.closed", "key.added", "key.retired", "key.compromised",
        "achievement.published", "achievement.archived", "status-list.changed",
        "credential.issued", "credential.suspended", "credential.reinstated", "credential.replaced", "credential.revoked",
    }  # fmt: skip
    for topic in events.values():
        for subject in {event.subject for event in topic}:
            sequences = [event.sequence for event in topic if event.subject == subject]
            assert sequences == list(range(1, len(sequences) + 1)), subject
    issued = next(e for e in events[CREDENTIALS.name] if e.subject == made["award"]["credential"])
    served = await school.credential(made["award"])
    assert issued.data["body"] == served.text
    assert issued.data["recipient"] == {
        "type": "emailAddress",
        "identity": "canary@learner.example",
        "name": "Canary Learner",
    }
    assert (issued.data["external_id"], issued.data["metadata"]) == ("e-1", {"course": "BIO-101"})
    assert issued.data["claim_until"] == made["award"]["claim_until"]


async def test_public_topics_tell_nothing_of_a_person_or_a_credential(school: Organisation) -> None:
    made = await story(school)
    for topic, events in (await published(school.stage)).items():
        if topic == CREDENTIALS.name:
            continue
        text = b"".join(event.to_bytes() for event in events).decode().lower()
        for canary in ("canary", "learner.example", made["award"]["id"], made["new"]["id"], "/credentials/"):
            assert canary not in text, (topic, canary)


async def test_deliveries_are_noted(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"])
    for sequence, verb in enumerate(("stored", "accepted", "removed"), start=1):
        data = {"credential": award["credential"]}
        await answer(school.stage, award["credential"], f"credential.{verb}", data, sequence)

        async def noted(expected: str = verb) -> bool:
            return bool((await school.get(f"/v1/awards/{award['id']}"))["delivery"] == expected)

        await until(noted)
    elsewhere = "https://other.example/credentials/" + "0" * 32
    await answer(school.stage, elsewhere, "credential.stored", {"credential": elsewhere}, 1)
    await answer(
        school.stage, award["credential"], "credential.declined", {"credential": award["credential"]}, 4
    )

    async def declined() -> bool:
        return bool((await school.get(f"/v1/awards/{award['id']}"))["delivery"] == "declined")

    await until(declined)


async def test_a_holder_who_asks_is_forgotten(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    recipient = {"type": "emailAddress", "identity": "canary@learner.example", "name": "Canary Learner"}
    body = {
        "achievement": achievement,
        "recipient": recipient,
        "external_id": "canary-1",
        "metadata": {"canary": "x"},
    }
    headers = {"Idempotency-Key": "k"}
    award = (await school.request("POST", "/v1/awards", json=body, headers=headers, expect=201)).json()
    await school.post(
        f"/v1/awards/{award['id']}/replace",
        {"reason": "Canary reason.", "name": "Canary name"},
        headers=headers,
    )
    new = next(a for a in (await school.get("/v1/awards"))["items"] if a["id"] != award["id"])
    kept = await school.award(achievement, "other@x.example")
    rows = [{**body, "recipient": {**recipient, "identity": "canary@x.example"}}]
    job = await school.post("/v1/awards/bulk", rows, 202)
    await school.finished(job)
    (bulk,) = (await school.get(f"/v1/awards?job={job['id']}"))["items"]
    await published(school.stage)
    held = [each["credential"] for each in (award, new, bulk)]
    await answer(school.stage, "learner-1", "holder.erased", {"credentials": held}, 1)

    async def forgotten() -> Any:
        return (await school.get(f"/v1/awards/{award['id']}")).get("erased_at")

    await until(forgotten)
    shown = (await school.request("GET", f"/v1/awards/{award['id']}")).text
    assert "canary" not in shown.lower()
    gone = await school.request("GET", f"/credentials/{award['id']}", expect=410)
    assert gone.json()["code"] == "recipient-erased"
    assert (await school.credential(kept)).status_code == 200
    assert await school.stage.service.fsck() == []
    async with school.stage.service.db.read() as session:
        for table in tables.Base.metadata.sorted_tables:
            assert "canary" not in str((await session.execute(select(table))).all()).lower(), table.name
    assert (await school.post(f"/v1/awards/{new['id']}/revoke"))["state"] == "revoked"
    await published(school.stage)
    # Published again, it tells nothing any more.
    async with school.stage.service.db.write() as session:
        outbox = tables.messaging.outbox
        await session.execute(outbox.update().values(published_at=None))
    again = [e for e in (await published(school.stage))[CREDENTIALS.name] if e.subject == new["credential"]]
    assert [e.type for e in again][-2:] == ["org.confer.event.erased.v1", "org.confer.credential.revoked.v1"]


async def test_what_no_backpack_acknowledged_is_sent_again(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    missing = await school.award(achievement, "a@x.example")
    await school.post(f"/v1/awards/{missing['id']}/revoke")
    stored = await school.award(achievement, "b@x.example")
    before = (await published(school.stage))[CREDENTIALS.name]
    await answer(
        school.stage, stored["credential"], "credential.stored", {"credential": stored["credential"]}, 1
    )

    async def noted() -> bool:
        return bool((await school.get(f"/v1/awards/{stored['id']}"))["delivery"] == "stored")

    await until(noted)
    assert await redeliver(school.stage.service.context, older_than=timedelta(seconds=-1)) == 1
    after = (await published(school.stage))[CREDENTIALS.name][len(before) :]
    assert [(e.subject, e.sequence) for e in after] == [
        (missing["credential"], 1),
        (missing["credential"], 2),
    ]


async def test_a_credential_that_was_altered_is_found(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"], name="First")
    async with school.stage.service.db.write() as session:
        found = await session.get(Credential, award["id"])
        assert found is not None
        assert found.body is not None
        found.body = found.body.replace(b"First", b"Worst")
    assert await school.stage.service.fsck() == [
        f"award {award['id']}: its credential's bytes are not those that were signed"
    ]
