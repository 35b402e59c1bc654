"""Many badges at once: as one request and as a job, on both databases, each organisation for itself."""

import json
from typing import Any

import pytest
from sqlalchemy import create_engine, text, update

from services.verifier.tables import JOBS
from services.verifier.verifications.schemas import ReportsOut
from shared.db import Database
from shared.http.client import Client
from tests.integration.verifier.conftest import ORGANISATION, OTHER, Running, until
from tests.integration.verifier.world import EMAIL, Issuer, World

WRITE = ("verifications:write", "verifications:read")


def items_of(issuer: Issuer, world: World) -> list[Any]:
    """Good ones and everything that can be wrong with one."""
    link = world.put("/shares/one", issuer.badge(3), "application/vc")
    issuer.revoke(9)
    return [
        {"credential": issuer.badge(1), "external_id": "good", "metadata": {"row": "1"}},
        {"credential": issuer.badge(2), "applicant": {"email": EMAIL}},
        {"url": link},
        {"credential": issuer.badge(9), "external_id": "revoked"},
        {"credential": {"hello": "world"}, "external_id": "no badge"},
        {"url": f"{world.url}/nothing"},
        {"colour": "red"},
        "not even an object",
        {"credential": issuer.badge(1), "policy": "nobody-has-this"},
        {"credential": issuer.badge(1), "policy": {"allowed_issuers": ["did:example:other"]}},
    ]


VERDICTS = [
    "accepted",
    "accepted",
    "accepted",
    "rejected",
    "rejected",
    "undetermined",
    "undetermined",
    "undetermined",
    "undetermined",
    "rejected",
]


def test_as_one_request(verifier_on_both: Running, issuer: Issuer, world: World):
    items = items_of(issuer, world)
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        answer = client.post("/v1/verifications/batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    reports = answer.json()["reports"]
    ReportsOut.model_validate(answer.json())
    assert [each["verdict"] for each in reports] == VERDICTS
    assert [each.get("external_id") for each in reports[:5]] == ["good", None, None, "revoked", "no badge"]
    assert reports[0]["metadata"] == {"row": "1"}
    assert reports[1]["recipient"] == {"email": "matched"}
    assert reports[6]["checks"][0]["code"] == "format.item_refused"
    assert reports[6]["checks"][0]["details"]["errors"][0]["pointer"] == "/colour"
    assert reports[8]["checks"][0]["details"]["problem"] == "policy-unknown"
    # Each document that several badges rest on was fetched once.
    assert world.asked[issuer.document_path] == 1
    assert world.asked[issuer.list_path] == 1


def test_the_policy_of_the_batch(verifier: Running, issuer: Issuer):
    items = [{"credential": issuer.badge(1)}, {"credential": issuer.badge(1), "policy": "default"}]
    with verifier.client(ORGANISATION, *WRITE) as client:
        answer = client.post("/v1/verifications/batch", json={"items": items, "policy": "strict"})
    assert [each["verdict"] for each in answer.json()["reports"]] == ["rejected", "accepted"]
    assert [each["policy"]["name"] for each in answer.json()["reports"]] == ["strict", "default"]


def test_a_thousand(verifier: Running, issuer: Issuer, world: World):
    badge = issuer.badge(1)
    items = [{"credential": badge, "external_id": str(number)} for number in range(1000)]
    with verifier.client(ORGANISATION, *WRITE) as client:
        answer = client.post("/v1/verifications/batch", json={"items": items})
        assert client.post("/v1/verifications/batch", json={"items": [*items, items[0]]}).status_code == 422
    assert [each["external_id"] for each in answer.json()["reports"]] == [
        str(number) for number in range(1000)
    ]
    assert {each["verdict"] for each in answer.json()["reports"]} == {"accepted"}
    assert world.asked[issuer.list_path] == 1


def opened(client: Client, batch: dict[str, Any], **headers: str) -> Any:
    answer = client.post(
        "/v1/verifications/batch",
        content=json.dumps(batch),
        headers={"Content-Type": "application/json", "Prefer": "respond-async", **headers},
    )
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return answer.json()


def finished(client: Client, job: str) -> Any:
    def read() -> Any:
        return client.get(f"/v1/jobs/{job}").json()

    until(lambda: read()["state"] == "completed")
    return read()


def test_as_a_job(verifier_on_both: Running, issuer: Issuer, world: World):
    items = items_of(issuer, world)
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        job = opened(client, {"items": items, "external_id": "intake", "metadata": {"term": "autumn"}})
        assert (job["kind"], job["total"], job["external_id"]) == ("verifications", len(items), "intake")
        done = finished(client, job["id"])
        assert (done["succeeded"], done["failed"], done["pending"]) == (len(items), 0, 0)
        rows = client.get(f"/v1/jobs/{job['id']}/rows").json()["items"]
    assert [row["result"]["verdict"] for row in rows] == VERDICTS
    ReportsOut.model_validate({"reports": [row["result"] for row in rows]})
    assert [row["external_id"] for row in rows[:5]] == ["good", None, None, "revoked", "no badge"]
    # What was handed in is gone: it named the applicant.
    url = verifier_on_both.settings.database_url.replace("+aiosqlite", "").replace("+asyncpg", "")
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.scalars(text("SELECT input FROM job_row")).all() == [None] * len(items)
        engine.dispose()


def test_a_repeated_request_makes_one_job(verifier_on_both: Running, issuer: Issuer):
    batch = {"items": [{"credential": issuer.badge(1)}]}
    key = {"Idempotency-Key": "one-and-the-same"}
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        first, again = opened(client, batch, **key), opened(client, batch, **key)
        assert first["id"] == again["id"]
        assert len(client.get("/v1/jobs").json()["items"]) == 1
        other = client.post(
            "/v1/verifications/batch", json={"items": [{}]}, headers={"Prefer": "respond-async", **key}
        )
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    with verifier_on_both.client(OTHER, *WRITE) as client:  # the key is the organisation's own
        assert opened(client, batch, **key)["id"] != first["id"]


def test_a_badge_with_a_null_character_does_not_sink_its_job(verifier_on_both: Running, issuer: Issuer):
    text_with_nul = json.dumps(issuer.badge(1, name="a\u0000b"))
    import base64

    items = [{"file": base64.b64encode(text_with_nul.encode()).decode()}, {"credential": issuer.badge(1)}]
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        job = finished(client, opened(client, {"items": items})["id"])
    assert (job["succeeded"], job["failed"]) == (2, 0)


@pytest.mark.anyio
async def test_a_row_that_met_an_error_of_ours_is_repaired(verifier_on_both: Running, issuer: Issuer):
    """As after a bug was mended: the row is marked failed behind the service's back, then repaired as it was or corrected."""
    items = [{"credential": issuer.badge(1), "external_id": "first"}, {"credential": issuer.badge(2)}]
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        job = opened(client, {"items": items})["id"]
        finished(client, job)
        db = Database(verifier_on_both.settings.database_url)
        async with db.write() as session:
            failed = {"state": "failed", "result": None, "input": json.dumps(items[0])}
            await session.execute(update(JOBS.row).values(failed))
            await session.execute(update(JOBS.job).values(succeeded=0, failed=2))
        await db.close()
        corrected = {
            "rows": [{"index": 1, "input": {"credential": {"hello": "world"}, "external_id": "second"}}]
        }
        assert client.post(f"/v1/jobs/{job}/repair", json=corrected).status_code == 202
        assert finished(client, job)["succeeded"] == 2
        rows = client.get(f"/v1/jobs/{job}/rows").json()["items"]
    assert [(row["external_id"], row["result"]["verdict"]) for row in rows] == [
        ("first", "accepted"),
        ("second", "rejected"),
    ]


def test_jobs_are_the_organisation_s_own(verifier_on_both: Running, issuer: Issuer):
    with verifier_on_both.client(ORGANISATION, *WRITE) as client:
        job = opened(client, {"items": [{"credential": issuer.badge(1)}]})["id"]
        finished(client, job)
    with verifier_on_both.client(OTHER, *WRITE) as client:
        assert client.get("/v1/jobs").json()["items"] == []
        for path in (f"/v1/jobs/{job}", f"/v1/jobs/{job}/rows"):
            assert client.get(path).status_code == 404
        for path in (f"/v1/jobs/{job}/cancel", f"/v1/jobs/{job}/repair"):
            assert client.post(path).status_code == 404


@pytest.mark.parametrize(
    ("scopes", "status"),
    [((), 403), (("verifications:read",), 403), (("policies:write",), 403)],
)
def test_many_need_the_scope(verifier: Running, scopes: tuple[str, ...], status: int):
    with verifier.client(ORGANISATION, *scopes) as client:
        assert client.post("/v1/verifications/batch", json={"items": [{}]}).status_code == status
    with verifier.client() as client:
        answer = client.post("/v1/verifications/batch", json={"items": [{}]})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unparseable"),
        (b"[]", 422, "invalid-request"),
        (b'{"items": []}', 422, "invalid-request"),
        (b'{"items": {}}', 422, "invalid-request"),
        (b'{"items": [{}], "colour": 1}', 422, "invalid-request"),
        (b'{"items": [{}], "policy": "mine"}', 422, "policy-unknown"),
        (b" " * (65 * 1024 * 1024), 413, "too-large"),
    ],
)
def test_bad_batches(verifier: Running, body: bytes, status: int, code: str):
    with verifier.client(ORGANISATION, *WRITE) as client:
        for prefer in ({}, {"Prefer": "respond-async"}):
            headers = {"Content-Type": "application/json", **prefer}
            answer = client.post("/v1/verifications/batch", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert client.get("/v1/jobs").json()["items"] == []
