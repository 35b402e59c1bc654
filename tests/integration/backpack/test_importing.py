"""A badge from elsewhere is verified before it is kept, and kept as it was given (story, step 5)."""

import base64
from typing import Any

import pytest

from services.backpack.credentials import checking
from shared.vc import strict_json
from shared.vc.baking import bake_png, bake_svg
from shared.vc.multikey import encode
from shared.vc.proofs import jwt
from tests.integration.backpack.stage import PNG, Learner, Stage

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1z"/></svg>'


def text_of(badge: dict[str, Any]) -> bytes:
    return b"\n " + strict_json.dumps(badge).replace(b'"name":', b'"name" : ', 1) + b"\n"


async def given_back(learner: Learner, imported: dict[str, Any]) -> bytes:
    return (
        await learner.request("GET", f"/v1/credentials/{imported['credential']['id']}/given", 200)
    ).content


async def test_json_file_is_kept_byte_for_byte(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    file = text_of(backpack.award(ADA))
    imported = await ada.import_file(file, "application/vc")
    badge = imported["credential"]
    assert (badge["state"], badge["origin"], badge["proven"]) == ("accepted", "imported", True)
    assert imported["report"]["verdict"] == "accepted"
    assert await given_back(ada, imported) == file
    own = await ada.request("GET", f"/v1/credentials/{badge['id']}/file", 200)
    assert own.content == file.strip()


async def test_badge_as_plain_json_body_keeps_its_bytes(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    file = text_of(backpack.award(ADA))
    assert await given_back(ada, await ada.import_file(file, "application/json")) == file


async def test_jwt(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    del badge["proof"]
    token = jwt.sign(
        badge, key=backpack.issuer.key, kid=f"{backpack.issuer.did}#{encode(backpack.issuer.key.public)}"
    )
    imported = await ada.import_file(token.encode(), "application/vc+jwt")
    assert imported["credential"]["container"] == "jwt"
    row = imported["credential"]["id"]
    file = await ada.request("GET", f"/v1/credentials/{row}/file", 200)
    assert (file.headers["content-type"], file.text) == ("application/vc+jwt", token)
    plain = await ada.request("GET", f"/v1/credentials/{row}/file", 200, headers={"Accept": "text/plain"})
    assert plain.text == token
    refused = await ada.get(f"/v1/credentials/{row}/file", 406, headers={"Accept": "application/ld+json"})
    assert refused["code"] == "not-acceptable"


@pytest.mark.parametrize(("media_type", "form"), [("image/png", "png"), ("image/svg+xml", "svg")])
async def test_baked_picture(backpack: Stage, media_type: str, form: str) -> None:
    ada = await backpack.learner(ADA)
    text = strict_json.dumps(backpack.award(ADA)).decode()
    baked = bake_png(PNG, text) if form == "png" else bake_svg(SVG, text)
    files = {"file": (f"badge.{form}", baked, "application/octet-stream")}
    answer = await ada.client.post("/v1/imports", files=files)
    assert answer.status_code == 201, answer.text
    imported = answer.json()
    assert await given_back(ada, imported) == baked
    row = imported["credential"]["id"]
    again = await ada.request("GET", f"/v1/credentials/{row}/file", 200, headers={"Accept": media_type})
    assert again.content == baked
    exact = await ada.request("GET", f"/v1/credentials/{row}/file", 200, headers={"Accept": "application/vc"})
    assert exact.content == text.encode()


async def test_from_an_address(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    backpack.network.put(badge["id"], badge)
    notes = {"external_id": "my-1", "metadata": {"from": "home"}}
    imported = await ada.post("/v1/imports", {"url": badge["id"], **notes}, 201)
    assert {key: imported["credential"][key] for key in notes} == notes
    [listed] = await ada.badges()
    assert {key: listed[key] for key in notes} == notes


async def test_base64_and_text_in_an_envelope(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    one, two = text_of(backpack.award(ADA)), text_of(backpack.award(ADA))
    first = await ada.post("/v1/imports", {"file": base64.b64encode(one).decode()}, 201)
    second = await ada.post("/v1/imports", {"credential": two.decode()}, 201)
    assert await given_back(ada, first) == one
    assert await given_back(ada, second) == two


async def test_picture_is_fetched_once_and_baked(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    subject = badge["credentialSubject"]
    subject["achievement"]["image"] = {"id": f"{backpack.issuer.host}/first-aid.png", "type": "Image"}
    backpack.network.put(f"{backpack.issuer.host}/first-aid.png", PNG)
    badge = backpack.award(ADA, credentialSubject=subject)
    imported = await ada.import_file(strict_json.dumps(badge), "application/vc")
    backpack.network.pages.pop(f"{backpack.issuer.host}/first-aid.png")
    row = imported["credential"]["id"]
    file = await ada.request("GET", f"/v1/credentials/{row}/file?form=png", 200)
    assert file.content == bake_png(PNG, strict_json.dumps(badge).decode())
    picture = await ada.request("GET", f"/badges/{row}/image", 200)
    assert picture.content == PNG


async def refused(backpack: Stage, learner: Learner, content: bytes, code: str) -> dict[str, Any]:
    before = await learner.badges()
    problem: dict[str, Any] = await learner.import_file(content, "application/vc", 422)
    assert problem["code"] == code, problem
    assert await learner.badges() == before
    return problem


async def test_changed_badge_is_refused(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    forged = {**backpack.award(ADA), "name": "Brain surgery"}
    problem = await refused(backpack, ada, strict_json.dumps(forged), "import-refused")
    assert problem["report"]["verdict"] == "rejected"
    assert "proof.invalid" in {check["code"] for check in problem["report"]["checks"]}


async def test_revoked_badge_is_refused_and_suspended_one_kept(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    issuer = backpack.issuer
    for purpose in ("revocation", "suspension"):
        issuer.bits[purpose].set(5)
        issuer.publish_list(purpose)
    revoked = backpack.award(ADA, credentialStatus=issuer.entry(5))
    await refused(backpack, ada, strict_json.dumps(revoked), "import-refused")
    suspended = backpack.award(ADA, credentialStatus=issuer.entry(5, "suspension"))
    imported = await ada.import_file(strict_json.dumps(suspended), "application/vc")
    assert imported["credential"]["status"]["status"] == "suspended"


async def test_expired_badge_is_kept_as_such(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    old = backpack.award(ADA, validUntil="2026-02-01T00:00:00Z")
    imported = await ada.import_file(strict_json.dumps(old), "application/vc")
    assert imported["credential"]["expired"] is True
    page = await ada.request("GET", f"/badges/{imported['credential']['id']}", 200)
    assert "Expired." in page.text


async def test_issuer_out_of_reach_keeps_nothing(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    backpack.network.pages.clear()
    problem = await refused(backpack, ada, strict_json.dumps(badge), "import-undetermined")
    assert problem["report"]["verdict"] == "undetermined"


async def test_somebody_elses_badge_is_refused(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    stranger = await backpack.learner()
    for_bob = strict_json.dumps(backpack.award("bob@school.example"))
    await refused(backpack, ada, for_bob, "not-your-badge")
    for_ada = strict_json.dumps(backpack.award(ADA))
    await refused(backpack, stranger, for_ada, "not-your-badge")


async def test_badge_that_does_not_tell_is_kept_unproven(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(None, credentialSubject=backpack.issuer.badge()["credentialSubject"])
    imported = await ada.import_file(strict_json.dumps(badge), "application/vc")
    assert imported["credential"]["proven"] is False


async def test_duplicate_is_named(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    first = await ada.import_file(strict_json.dumps(badge), "application/vc")
    again = await ada.import_file(strict_json.dumps(badge), "application/vc", 409)
    assert (again["code"], again["credential"]) == ("already-held", first["credential"]["id"])


async def test_delivery_of_an_imported_badge_makes_one_of_both(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    imported = await ada.import_file(strict_json.dumps(badge), "application/vc")
    credential = await backpack.deliver(badge, ADA)
    said = await backpack.answers(2, credential)
    assert [each.type.split(".")[-2] for each in said] == ["stored", "accepted"]
    [one] = await ada.badges()
    assert (one["id"], one["origin"]) == (imported["credential"]["id"], "delivered")


async def test_import_claims_what_waits(backpack: Stage) -> None:
    badge = backpack.award(ADA)
    credential = await backpack.deliver(badge, ADA)
    await backpack.mail_to(ADA, "You were awarded")
    ada = await backpack.learner(ADA, confirmed=False)
    refused_first = await ada.import_file(strict_json.dumps(badge), "application/vc", 422)
    assert refused_first["code"] == "not-your-badge"
    await ada.confirm(ADA)
    held = await ada.import_file(strict_json.dumps(badge), "application/vc", 409)
    [offered] = await ada.badges()
    assert (held["credential"], offered["credential"]) == (offered["id"], credential)


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"hello", "text/plain", 422, "not-a-badge"),
        (PNG, "image/png", 422, "not-a-badge"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 422, "not-a-badge"),
        (b'{"@context": 1, "@context": 2}', "application/vc", 422, "import-refused"),
        (b'{"url": 1}', "application/json", 422, "invalid-request"),
        (b'{"url": "http://10.0.0.1/x"}', "application/json", 422, "not-fetched"),
        (b'{"url": "https://10.0.0.1/x", "file": "eA=="}', "application/json", 422, "invalid-request"),
        (b'{"file": "***"}', "application/json", 422, "not-a-badge"),
        (b"{", "application/json", 400, "unparseable"),
        (b"x", "video/mp4", 415, "unsupported-media-type"),
        (b"x" * 5_000_001, "text/plain", 413, "too-large"),
    ],
)
async def test_what_is_no_badge(
    embedded: Stage, content: bytes, media_type: str, status: int, code: str
) -> None:
    ada = await embedded.learner()
    problem = await ada.import_file(content, media_type, status)
    assert problem["code"] == code, problem


async def test_revocation_elsewhere_is_found_by_the_daily_check(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    issuer = backpack.issuer
    badge = backpack.award(ADA, credentialStatus=issuer.entry(9))
    await ada.import_file(strict_json.dumps(badge), "application/vc")
    issuer.bits["revocation"].set(9)
    issuer.publish_list("revocation")
    assert await checking.check_due(backpack.service.context) == 0, "it was checked a moment ago"
    backpack.time.forward(hours=25)
    assert await checking.check_due(backpack.service.context) == 1
    [revoked] = await ada.badges()
    assert revoked["status"]["status"] == "revoked"
    await backpack.mail_to(ADA, "Revoked: your badge")


async def test_check_on_demand(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    issuer = backpack.issuer
    badge = backpack.award(ADA, credentialStatus=issuer.entry(9, "suspension"))
    imported = await ada.import_file(strict_json.dumps(badge), "application/vc")
    path = f"/v1/credentials/{imported['credential']['id']}/check"
    issuer.bits["suspension"].set(9)
    issuer.publish_list("suspension")
    assert (await ada.post(path))["status"]["status"] == "suspended"
    issuer.bits["suspension"].set(9, False)
    issuer.publish_list("suspension")
    assert (await ada.post(path))["status"]["status"] == "valid"


async def test_fsck_finds_what_was_altered(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    await ada.import_file(strict_json.dumps(backpack.award(ADA)), "application/vc")
    assert await backpack.service.fsck() == []
    from sqlalchemy import text

    async with backpack.service.db.write() as session:
        await session.execute(text("UPDATE credential_document SET sha256 = 'x' WHERE kind = 'credential'"))
        await session.execute(text("DELETE FROM credential_document WHERE kind = 'report'"))
    wrong = await backpack.service.fsck()
    assert [line.partition(": ")[2] for line in wrong] == [
        "it has no report",
        "its credential is not what was stored",
    ]
