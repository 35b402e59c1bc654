"""The account, from signing up to leaving without a trace."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import inspect, text

from shared.vc import strict_json
from tests.integration.backpack.stage import PASSWORD, Stage, token_in

pytestmark = pytest.mark.anyio

ADDRESS = "canary.zaphod@beeblebrox.example"
NAME = "Zaphod Canary Beeblebrox"


async def stored(backpack: Stage) -> bytes:
    """Everything in the database, files and write-ahead log included where there are such."""
    folder = backpack.service.settings.data_dir
    if backpack.service.db.dialect == "sqlite":
        name = backpack.service.settings.database_url.rpartition("///")[2]
        return b"".join(path.read_bytes() for path in folder.parent.glob(f"{name.rpartition('/')[2]}*"))
    async with backpack.service.db.read() as session:
        connection = await session.connection()
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        rows = [(await session.execute(text(f'SELECT t::text FROM "{table}" t'))).all() for table in tables]
    return repr(rows).encode()


async def test_signing_up_in_and_out(backpack: Stage) -> None:
    ada = await backpack.learner("ada@school.example", name="Ada")
    anyone = backpack.client()
    assert (await anyone.get("/v1/learners/me")).json()["code"] == "unauthenticated"
    wrong = await anyone.post("/v1/sessions", json={"login": ada.login, "password": "wrong password"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-login")
    unknown = await anyone.post("/v1/sessions", json={"login": "nobody", "password": PASSWORD})
    assert unknown.json()["detail"] == wrong.json()["detail"]
    right = await anyone.post("/v1/sessions", json={"login": ada.login.upper(), "password": PASSWORD})
    assert right.status_code == 201
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert right.json()["learner"]["name"] == "Ada"
    sessions = (await ada.get("/v1/sessions"))["items"]
    assert sorted(each["current"] for each in sessions) == [False, True]
    other = next(each for each in sessions if not each["current"])
    await ada.request("DELETE", f"/v1/sessions/{other['id']}", 204)
    ended = {"Authorization": f"Bearer {right.json()['token']}"}
    assert (await backpack.client(**ended).get("/v1/learners/me")).status_code == 401
    await ada.request("DELETE", "/v1/sessions/current", 204)
    await ada.get("/v1/learners/me", 401)


async def test_session_ends_by_the_clock(backpack: Stage) -> None:
    ada = await backpack.learner()
    backpack.time.forward(days=29)
    await ada.get("/v1/learners/me")
    backpack.time.forward(days=1)
    await ada.get("/v1/learners/me", 401)


async def test_cookie_works_from_our_own_pages_only(backpack: Stage) -> None:
    ada = await backpack.learner()
    client = backpack.client()
    client.cookies.set("confer_backpack", ada.token)
    assert (await client.get("/v1/learners/me")).status_code == 200
    change = {"json": {"name": "Mallory"}}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await client.patch("/v1/learners/me", headers=headers, **change)
        assert (refused.status_code, refused.json()["code"]) == (403, "forged-form")
    ours = await client.patch("/v1/learners/me", headers={"Origin": backpack.url}, **change)
    assert ours.status_code == 200


async def test_login_once_and_passwords_of_some_length(backpack: Stage) -> None:
    ada = await backpack.learner()
    anyone = backpack.client()
    taken = await anyone.post("/v1/learners", json={"login": ada.login.upper(), "password": PASSWORD})
    assert (taken.status_code, taken.json()["code"]) == (409, "login-taken")
    for password in ("short", "somebody-new"):
        weak = await anyone.post("/v1/learners", json={"login": "somebody-new", "password": password})
        assert (weak.status_code, weak.json()["code"]) == (422, "weak-password")
    bad = await anyone.post(
        "/v1/learners", json={"login": "eve", "password": PASSWORD, "email": "not an address"}
    )
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid-identifier")
    odd = await anyone.post("/v1/learners", json={"login": "eve", "password": PASSWORD, "admin": True})
    assert odd.json()["errors"] == [{"pointer": "/admin", "detail": "is not a field of this operation"}]


async def test_address_belongs_to_whom_proves_it_first(backpack: Stage) -> None:
    ada = await backpack.learner(ADDRESS, confirmed=False)
    first = token_in(await backpack.mail_to(ADDRESS, "Confirm"))
    eve = await backpack.learner(ADDRESS, confirmed=False)

    async def second() -> str:
        tokens = {token_in(mail) for mail in backpack.mails()} - {first}
        return tokens.pop() if tokens else ""

    from tests.integration.backpack.stage import until

    other = await until(second)
    await ada.post("/v1/identifiers/confirm", {"token": first})
    taken = await eve.post("/v1/identifiers/confirm", {"token": other}, 409)
    assert taken["code"] == "identifier-taken"
    used = await ada.post("/v1/identifiers/confirm", {"token": first}, 410)
    assert used["code"] == "link-used-up"
    again = await ada.post("/v1/learners/me/identifiers", {"value": ADDRESS.upper()}, 409)
    assert again["code"] == "identifier-present"


async def test_looking_at_the_mailed_link_does_not_use_it_up(backpack: Stage) -> None:
    await backpack.learner(ADDRESS, confirmed=False)
    token = token_in(await backpack.mail_to(ADDRESS, "Confirm"))
    scanner = backpack.client()
    for _ in range(3):
        page = await scanner.get("/confirm", params={"token": token})
        assert "Confirm the address" in page.text
    answer = await backpack.client().post("/v1/identifiers/confirm", json={"token": token})
    assert answer.status_code == 200


async def test_mailed_link_expires(backpack: Stage) -> None:
    ada = await backpack.learner(ADDRESS, confirmed=False)
    token = token_in(await backpack.mail_to(ADDRESS, "Confirm"))
    backpack.time.forward(hours=48)
    await ada.post("/v1/identifiers/confirm", {"token": token}, 410)


async def test_other_identifiers_stay_unproven(backpack: Stage) -> None:
    ada = await backpack.learner()
    did = await ada.post("/v1/learners/me/identifiers", {"type": "did", "value": "did:key:z6Mk"}, 201)
    assert did["verified"] is False
    refused = await ada.post(f"/v1/learners/me/identifiers/{did['id']}/send", expect=409)
    assert refused["code"] == "no-proof-by-mail"
    await ada.post("/v1/learners/me/identifiers", {"type": "did", "value": "key:z6Mk"}, 422)
    await backpack.deliver(backpack.award(None, credentialSubject=_subject(backpack)), "x", recipient=_did())
    backpack_badges = await ada.badges()
    assert backpack_badges == []
    await ada.request("DELETE", f"/v1/learners/me/identifiers/{did['id']}", 204)


def _did() -> dict[str, str]:
    return {"type": "did", "identity": "did:key:z6Mk"}


def _subject(backpack: Stage) -> dict[str, Any]:
    return {**backpack.issuer.badge()["credentialSubject"], "id": "did:key:z6Mk"}


async def test_password_is_reset_by_mail(backpack: Stage) -> None:
    ada = await backpack.learner(ADDRESS)
    anyone = backpack.client()
    for address in (ADDRESS, "nobody@school.example"):
        answer = await anyone.post("/v1/password-resets", json={"email": address})
        assert answer.status_code == 202
    mail = await backpack.mail_to(ADDRESS, "A new password")
    assert not [each for each in backpack.mails() if each["To"] == "nobody@school.example"]
    new = {"token": token_in(mail), "password": "another long sentence"}
    weak = await anyone.post("/v1/password-resets/confirm", json={**new, "password": "short"})
    assert weak.json()["code"] == "weak-password"
    assert (await anyone.post("/v1/password-resets/confirm", json=new)).status_code == 204
    assert (await anyone.post("/v1/password-resets/confirm", json=new)).status_code == 410
    await ada.get("/v1/learners/me", 401)
    signed = await anyone.post("/v1/sessions", json={"login": ada.login, "password": new["password"]})
    assert signed.status_code == 201


async def test_changing_the_password_ends_other_sessions(backpack: Stage) -> None:
    ada = await backpack.learner()
    second = (
        await backpack.client().post("/v1/sessions", json={"login": ada.login, "password": PASSWORD})
    ).json()
    wrong = await ada.post("/v1/learners/me/password", {"current": "x", "new": "another long sentence"}, 401)
    assert wrong["code"] == "wrong-login"
    await ada.post("/v1/learners/me/password", {"current": PASSWORD, "new": "another long sentence"}, 204)
    await ada.get("/v1/learners/me")
    ended = {"Authorization": f"Bearer {second['token']}"}
    assert (await backpack.client(**ended).get("/v1/learners/me")).status_code == 401


async def test_guessing_is_slowed_down(backpack: Stage) -> None:
    ada = await backpack.learner()
    anyone = backpack.client()
    guess = {"login": ada.login, "password": "wrong password"}
    statuses = [(await anyone.post("/v1/sessions", json=guess)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    slowed = await anyone.post("/v1/sessions", json=guess)
    assert int(slowed.headers["retry-after"]) > 0


async def test_mailbox_is_not_flooded(backpack: Stage) -> None:
    statuses = []
    for number in range(7):
        body = {"login": f"flood-{number}", "password": PASSWORD, "email": ADDRESS}
        statuses.append((await backpack.client().post("/v1/learners", json=body)).status_code)
    assert statuses == [201] * 6 + [429]


async def test_export_holds_everything(backpack: Stage) -> None:
    ada = await backpack.learner(ADDRESS, name=NAME)
    content = strict_json.dumps(backpack.award(ADDRESS))
    imported = await ada.import_file(content, "application/vc")
    await ada.post("/v1/shares", {"credentials": [imported["credential"]["id"]], "title": "Mine"}, 201)
    exported = await ada.get("/v1/learners/me/export")
    assert exported["learner"]["name"] == NAME
    assert [each["value"] for each in exported["identifiers"]] == [ADDRESS]
    documents = {each["kind"]: each for each in exported["credentials"][0]["documents"]}
    assert base64.b64decode(documents["file"]["content"]) == content
    assert [each["title"] for each in exported["shares"]] == ["Mine"]
    assert len(exported["consents"]) == len(exported["sessions"]) == 1


async def test_nothing_personal_is_stored_in_the_clear_and_nothing_remains(
    backpack: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    waiting = await backpack.deliver(backpack.award(ADDRESS), ADDRESS)
    await backpack.mail_to(ADDRESS, "You were awarded")
    ada = await backpack.learner(ADDRESS, name=NAME)
    plain = {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": ADDRESS,
        "identityType": "emailAddress",
    }
    subject = {**backpack.award(ADDRESS)["credentialSubject"], "identifier": [plain], "narrative": NAME}
    await ada.import_file(strict_json.dumps(backpack.award(credentialSubject=subject)), "application/vc")
    badges = await ada.badges()
    for badge in badges:
        await ada.post(f"/v1/credentials/{badge['id']}/accept")
    body = {"credentials": [badge["id"] for badge in badges], "title": NAME, "external_id": ADDRESS}
    share = await ada.post("/v1/shares", body, 201)
    await backpack.client().get(share["url"])
    assert ADDRESS not in share["url"]
    canaries = [ADDRESS.encode(), NAME.encode(), b"beeblebrox", b"Zaphod", ada.login.encode()]
    held = await stored(backpack)
    assert badges[0]["id"].encode() in held, "the scan sees what is stored"
    assert not [canary for canary in canaries if canary in held]

    wrong = await ada.post("/v1/learners/me/erase", {"password": "wrong password"}, 401)
    assert wrong["code"] == "wrong-login"
    receipt = await ada.post("/v1/learners/me/erase", {"password": PASSWORD})
    assert receipt["credentials"] == 2
    await ada.get("/v1/learners/me", 401)
    assert (await backpack.client().get(share["url"])).status_code == 404
    said = await backpack.answers(1, receipt["id"])
    assert said[0].type == "org.confer.holder.erased.v1"
    assert said[0].data["credentials"] == [waiting]
    assert ada.id not in json.dumps(said[0].to_json())
    await backpack.mail_to(ADDRESS, "Your backpack was erased")
    async with backpack.service.db.read() as session:
        for table in (
            "learner",
            "login",
            "identifier",
            "session",
            "credential",
            "credential_document",
            "share",
        ):
            assert (await session.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0
        for table in ("share_view", "share_credential", "consent", "mail_token", "invitation"):
            assert (await session.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0
    held = await stored(backpack)
    assert not [canary for canary in canaries if canary in held]
    # The test's own client logs what it asks for; everything else is ours.
    logged = repr([record.__dict__ for record in caplog.records if not record.name.startswith("httpx")])
    assert "request" in logged
    assert not [canary for canary in canaries if canary.decode() in logged]
    assert share["url"].rpartition("/")[2] not in logged, "a share's secret is in no log"


async def test_erased_learners_badge_does_not_come_back(backpack: Stage) -> None:
    ada = await backpack.learner(ADDRESS)
    badge = backpack.award(ADDRESS)
    credential = await backpack.deliver(badge, ADDRESS)
    await ada.waits_for_badges(1)
    await ada.post("/v1/learners/me/erase", {"password": PASSWORD})
    await backpack.deliver(badge, ADDRESS)
    said = await backpack.answers(2, credential)
    assert [each.type.split(".")[-2] for each in said] == ["stored", "removed"]
    again = await backpack.learner(ADDRESS)
    assert await again.badges() == []
