"""Many awards, many changes: as a Job, whatever dies in between."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.issuer import tables
from services.issuer.awards.store import Award
from shared.db import Database
from shared.vc.status import read_entry, read_list
from tests.integration.issuer.stage import Organisation, stage, until

pytestmark = pytest.mark.anyio


def rows(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "recipient": {"type": "emailAddress", "identity": f"r{n}@x.example"},
            "external_id": f"e-{n}",
            **more,
        }
        for n in range(count)
    ]


async def all_rows(school: Organisation, job: dict[str, Any], state: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = f"limit=200&state={state}" if state else "limit=200"
    path: str | None = f"/v1/jobs/{job['id']}/rows?{query}"
    while path:
        answer = await school.get(path)
        found += answer["items"]
        path = f"/v1/jobs/{job['id']}/rows?{query}&cursor={answer['next']}" if answer.get("next") else None
    return found


async def test_every_row_ends_by_itself(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    given = rows(250)
    given[3]["recipient"]["identity"] = "nobody"
    given[7] = {"colour": "blue"}
    given[11]["recipient"] = given[10]["recipient"]
    given[13]["achievement"] = "0" * 32
    job = await school.post(f"/v1/awards/bulk?achievement={achievement}&external_id=spring", given, 202)
    assert (job["kind"], job["state"], job["total"], job["external_id"]) == (
        "awards",
        "queued",
        250,
        "spring",
    )
    done = await school.finished(job)
    assert (done["succeeded"], done["failed"]) == (246, 4)
    ended = await all_rows(school, job)
    problems = {row["index"]: row["problem"]["code"] for row in ended if row["state"] == "failed"}
    assert problems == {3: "invalid-recipient", 7: "invalid-request", 11: "duplicate-award", 13: "not-found"}
    assert ended[0]["external_id"] == "e-0"
    award = await school.get(f"/v1/awards/{ended[0]['result']['award']}")
    assert (award["origin"], award["job"], award["external_id"]) == ("bulk", job["id"], "e-0")
    assert (await school.credential(award)).status_code == 200
    assert await school.stage.service.fsck() == []


async def test_repair_does_only_the_failed_rows(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    given = rows(5, achievement=achievement)
    given[2]["recipient"]["identity"] = "nobody"
    job = await school.post("/v1/awards/bulk", given, 202)
    assert (await school.finished(job))["failed"] == 1
    before = {row["index"]: row.get("result") for row in await all_rows(school, job)}
    correct = {**given[2], "recipient": {"type": "emailAddress", "identity": "somebody@x.example"}}
    await school.post(f"/v1/jobs/{job['id']}/repair", {"rows": [{"index": 2, "input": correct}]}, 202)

    async def repaired() -> bool:
        return bool((await school.get(f"/v1/jobs/{job['id']}"))["succeeded"] == 5)

    await until(repaired)
    after = {row["index"]: row["result"] for row in await all_rows(school, job)}
    assert {n: r for n, r in after.items() if n != 2} == {n: r for n, r in before.items() if n != 2}
    assert len((await school.get("/v1/awards"))["items"]) == 5


async def test_csv_and_ndjson(school: Organisation) -> None:
    achievement = (await school.achievement(duplicates="allow"))["id"]
    result = json.dumps([{"resultDescription": "#score", "value": "87"}]).replace('"', '""')
    csv = (
        "\ufeffemail,recipient.name,recipient.hashed,public,valid_until,subject.role,subject.creditsEarned,subject.result,"
        "metadata.course,external_id\r\n"
        f'ada@x.example,Ada Learner,false,true,2031-01-01T00:00:00Z,Author,2.5,"{result}",BIO-101,c-1\r\n'
        "bob@x.example,,,,,,,,,\r\n"
    )
    headers = {"Content-Type": "text/csv"}
    path = f"/v1/awards/bulk?achievement={achievement}"
    answer = await school.request("POST", path, content=csv.encode(), headers=headers, expect=202)
    done = await school.finished(answer.json())
    assert (done["succeeded"], done["failed"]) == (2, 0), await all_rows(school, done)
    (ada,) = (await school.get("/v1/awards?external_id=c-1"))["items"]
    assert (ada["public"], ada["metadata"], ada["recipient"]["hashed"]) == (
        True,
        {"course": "BIO-101"},
        False,
    )
    subject = (await school.credential(ada)).json()["credentialSubject"]
    assert (subject["role"], subject["creditsEarned"], subject["result"][0]["value"]) == ("Author", 2.5, "87")
    lines = "\n".join(json.dumps(row) for row in rows(3)).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await school.request("POST", path, content=lines, headers=headers, expect=202)
    assert (await school.finished(answer.json()))["succeeded"] == 3


async def test_what_cannot_be_read_makes_no_job(school: Organisation) -> None:
    for content, media_type, status in (
        (b'[{"a": 1}, {"a": 1, "a": 2}]', "application/json", 400),
        (b"[", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"a,b\n1,2,3\n", "text/csv", 400),
        (b"<rows/>", "application/xml", 415),
    ):
        answer = await school.client.post(
            "/v1/awards/bulk", content=content, headers={"Content-Type": media_type}
        )
        assert answer.status_code == status, answer.text
    assert (await school.get("/v1/jobs"))["items"] == []


async def test_a_repeated_call_is_one_job(school: Organisation) -> None:
    achievement = (await school.achievement())["id"]
    headers = {"Idempotency-Key": "bulk-1"}
    path = f"/v1/awards/bulk?achievement={achievement}"
    first = await school.request("POST", path, json=rows(3), headers=headers, expect=202)
    second = await school.request("POST", path, json=rows(3), headers=headers, expect=202)
    assert second.json()["id"] == first.json()["id"]
    assert len((await school.get("/v1/jobs"))["items"]) == 1
    other = await school.request("POST", path, json=rows(4), headers=headers, expect=422)
    assert other.json()["code"] == "idempotency-key-reused"
    assert (await school.finished(first.json()))["succeeded"] == 3


async def test_many_changes_at_once(school: Organisation) -> None:
    achievement = (await school.achievement(suspendable=True))["id"]
    job = await school.post(f"/v1/awards/bulk?achievement={achievement}", rows(30), 202)
    await school.finished(job)
    awards = [row["result"]["award"] for row in await all_rows(school, job)]
    entry = (await school.credential(await school.get(f"/v1/awards/{awards[0]}"))).json()["credentialStatus"]
    suspension = next(read_entry(e) for e in entry if e["statusPurpose"] == "suspension")

    async def bit() -> int:
        return read_list((await school.stage.client().get(suspension.list_url)).json(), suspension)

    for action, expected in (("suspend", 1), ("reinstate", 0)):
        body = {"action": action, "awards": awards, "code": "other", "reason": "An audit."}
        done = await school.finished(await school.post("/v1/awards/bulk-status", body, 202))
        assert (done["kind"], done["succeeded"]) == ("award-status", 30)

        async def as_expected(wanted: int = expected) -> bool:
            return await bit() == wanted

        await until(as_expected)
    twice = {"action": "revoke", "awards": [*awards[:20], awards[0], "0" * 32]}
    done = await school.finished(await school.post("/v1/awards/bulk-status", twice, 202))
    failed = {row["index"]: row["problem"]["code"] for row in await all_rows(school, done, "failed")}
    assert failed == {20: "award-revoked", 21: "not-found"}
    assert Counter([a["state"] for a in (await school.get("/v1/awards?limit=200"))["items"]]) == {
        "revoked": 20,
        "issued": 10,
    }
    assert await school.stage.service.fsck() == []


async def test_a_kill_in_mid_run_repeats_and_loses_nothing(database_url: str, tmp_path: Path) -> None:
    total = 900
    async with stage(database_url, tmp_path / "data") as running:
        school = running.organisation(name="school")
        achievement = (await school.achievement())["id"]
        job = await school.post(f"/v1/awards/bulk?achievement={achievement}", rows(total), 202)
    # The stage is gone; from here the job is done by processes that are killed.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONFER_")},
        "CONFER_DATA_DIR": str(tmp_path / "data"),
        "CONFER_ISSUER_DATABASE_URL": database_url,
    }
    db = Database(database_url)

    async def succeeded() -> int:
        async with db.read() as session:
            table = tables.jobs.job
            return await session.scalar(select(table.c.succeeded).where(table.c.id == job["id"])) or 0

    kills = 0
    worker = _work(environment)
    try:
        before = await succeeded()
        while kills < 1 and before < total:

            async def further(known: int = before) -> bool:
                return await succeeded() > known

            await until(further, 60)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            kills += 1
            before = await succeeded()
            worker = _work(environment)

        async def completed() -> bool:
            return await succeeded() == total

        await until(completed, 90)
    finally:
        worker.kill()
        worker.wait()
    assert kills == 1
    async with db.read() as session:
        recipients = select(func.count(func.distinct(Award.recipient_identity)))
        assert await session.scalar(select(func.count()).select_from(Award)) == total
        assert await session.scalar(recipients) == total
    await db.close()
    async with stage(database_url, tmp_path / "data") as running:
        assert await running.service.fsck() == []


def _work(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "services.issuer", "work"], env=environment, stdout=subprocess.DEVNULL
    )
