"""Evidence: content-addressed, told by its content, served on its own origin, erased when its time is over."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from services.issuer.evidence import service
from shared.clock import to_rfc3339, utc_now
from tests.integration.issuer.stage import Organisation

pytestmark = pytest.mark.anyio


async def upload(school: Organisation, content: bytes, **details: str) -> dict[str, Any]:
    answer = await school.request(
        "POST",
        "/v1/evidence",
        files={"file": ("../../etc/passwd", content, "image/png")},
        data=details,
        expect=201,
    )
    made: dict[str, Any] = answer.json()
    return made


async def test_a_credential_carries_address_and_digest(school: Organisation) -> None:
    content = b"A report on rivers.\n" * 100
    piece = await upload(school, content, name="Final report", genre="Report", metadata='{"a": "b"}')
    assert piece["metadata"] == {"a": "b"}
    digest = "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert (piece["digest_sri"], piece["media_type"], piece["size"]) == (digest, "text/plain", len(content))
    given = [
        {"evidence": piece["id"], "narrative": "Written in May."},
        {"id": "https://elsewhere.example/film", "name": "A film", "digestSRI": digest},
    ]
    award = await school.award((await school.achievement())["id"], evidence=given)
    inside = (await school.credential(award)).json()["evidence"]
    assert inside[0] == {
        "id": piece["url"],
        "type": ["Evidence"],
        "name": "Final report",
        "genre": "Report",
        "narrative": "Written in May.",
        "digestSRI": digest,
    }
    assert inside[1] == {"type": ["Evidence"], **given[1]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"evidence": "0" * 32},
        {"evidence": 1},
        {"id": "data:text/plain,hello"},
        {"id": "report.pdf"},
        {"id": "https://x.example", "digestSRI": "md5-x"},
    ],
)
async def test_evidence_that_cannot_be_used(school: Organisation, wrong: dict[str, object]) -> None:
    body = {
        "achievement": (await school.achievement())["id"],
        "recipient": {"type": "emailAddress", "identity": "a@x.example"},
        "evidence": [wrong],
    }
    refused = await school.post("/v1/awards", body, 422)
    assert refused["code"] == "invalid-evidence"
    assert refused["errors"][0]["pointer"].startswith("/evidence/0/")


async def test_files_answer_on_their_own_origin_only(school: Organisation) -> None:
    piece = await upload(school, b"<!DOCTYPE html><script>alert(1)</script>")
    assert piece["media_type"] == "text/html"
    assert piece["url"].startswith("http://127.0.0.1:8001/evidence/")
    stranger = school.stage.client()
    assert (await stranger.get(f"/evidence/{piece['id']}")).status_code == 404
    shown = await stranger.get(piece["url"])
    assert shown.status_code == 200
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"].startswith("attachment")
    picture = await upload(school, b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    assert (await stranger.get(picture["url"])).headers["content-disposition"] == "inline"


async def test_private_evidence_is_for_its_organisation(school: Organisation) -> None:
    piece = await upload(school, b"secret", visibility="private")
    assert (await school.stage.client().get(piece["url"])).status_code == 404
    own = await school.request("GET", f"/v1/evidence/{piece['id']}/content", expect=200)
    assert own.content == b"secret"
    assert own.headers["content-disposition"].startswith("attachment")


async def test_what_is_too_large_leaves_nothing(school: Organisation) -> None:
    context = school.stage.service.context
    object.__setattr__(context.settings, "evidence_max_bytes", 1000)
    refused = await school.request("POST", "/v1/evidence", files={"file": ("x", b"x" * 1001)}, expect=413)
    assert refused.json()["code"] == "too-large"
    assert [path for path in context.settings.evidence_directory.rglob("*") if path.is_file()] == []
    unknown = await school.request(
        "POST", "/v1/evidence", files={"file": ("x", b"x")}, data={"colour": "blue"}, expect=422
    )
    assert unknown.json()["errors"][0]["pointer"] == "/colour"


async def test_erasing_removes_the_bytes_and_keeps_the_record(school: Organisation) -> None:
    first = await upload(school, b"the same content", name="One")
    second = await upload(school, b"the same content", name="Two")
    await school.request("DELETE", f"/v1/evidence/{first['id']}", expect=204)
    assert (await school.stage.client().get(second["url"])).content == b"the same content"
    gone = await school.stage.client().get(first["url"])
    assert (gone.status_code, gone.json()["code"]) == (410, "evidence-erased")
    record = await school.get(f"/v1/evidence/{first['id']}")
    assert "name" not in record
    assert record["erased_at"]
    await school.request("DELETE", f"/v1/evidence/{second['id']}", expect=204)
    directory = school.stage.service.context.settings.evidence_directory
    assert [path for path in directory.rglob("*") if path.is_file()] == []


async def test_a_file_that_was_altered_or_lost_is_found(school: Organisation) -> None:
    altered, lost = await upload(school, b"one"), await upload(school, b"two")
    service_ = school.stage.service
    assert await service_.fsck() == []
    places = [(await service.file_of(service_.context, p["id"], school.id))[1] for p in (altered, lost)]
    places[0].write_bytes(b"other")
    places[1].unlink()
    assert sorted(await service_.fsck()) == sorted(
        [
            f"evidence {altered['id']}: its file is not the one that was uploaded",
            f"evidence {lost['id']}: its file is missing",
        ]
    )
    assert (await school.stage.client().get(lost["url"])).status_code == 410


async def test_retention_erases_by_itself(school: Organisation) -> None:
    over = to_rfc3339(utc_now() - timedelta(seconds=1))
    piece = await upload(school, b"short-lived", retention_until=over)
    kept = await upload(school, b"long-lived", retention_until=to_rfc3339(utc_now() + timedelta(days=1)))
    assert await service.erase_expired(school.stage.service.context) == 1
    assert (await school.stage.client().get(piece["url"])).status_code == 410
    assert (await school.stage.client().get(kept["url"])).status_code == 200
