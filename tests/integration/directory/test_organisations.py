"""Organisations, members, sessions: sign-up to closing, and what nobody may do."""

import asyncio
import json
from datetime import timedelta

import httpx
import jsonschema_rs
import pytest
from sqlalchemy import select

from services.directory import tables
from shared import contracts
from tests.integration.directory.conftest import PASSWORD, URL, Browser, Staff, World

pytestmark = pytest.mark.anyio


async def events(world: World) -> list[tuple[str, str, int, dict[str, object]]]:
    """What the outbox holds: type, subject, sequence, data; each checked against its contract."""
    outbox = tables.messaging.outbox
    async with world.directory.db.read() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.position))).all()
    for row in rows:
        jsonschema_rs.validate(contracts.schema(contracts.current(row.type)), row.data)
        assert row.dataschema == contracts.schema_url(URL, row.type)
    return [(row.type, row.subject, row.sequence, row.data) for row in rows]


async def test_an_organisation_from_sign_up_to_closing(world: World) -> None:
    registered = await world.register("anna", url="https://school.example", kind="government")
    anna = await world.sign_in("anna")
    path = f"/v1/organisations/{anna.organisation}"
    assert registered["owner"]["roles"] == ["owner"]
    read = await world.http.get(path, headers=anna.headers)
    assert read.headers["etag"] == '"v1"'
    assert read.json() == {key: value for key, value in registered.items() if key != "owner"}

    unconditional = await world.http.patch(path, json={"name": "X"}, headers=anna.headers)
    assert (unconditional.status_code, unconditional.json()["code"]) == (428, "precondition-required")
    changed = await world.http.patch(
        path, json={"name": "New name", "url": None}, headers=anna.headers | {"If-Match": '"v1"'}
    )
    assert (changed.json()["name"], changed.json()["url"], changed.json()["kind"]) == (
        "New name",
        None,
        "government",
    )
    lost = await world.http.patch(path, json={"name": "Y"}, headers=anna.headers | {"If-Match": '"v1"'})
    assert (lost.status_code, lost.headers["etag"]) == (412, '"v2"')

    client = await world.client(anna, "awards:read")
    given = await world.http.post(
        "/v1/recognitions", json={"issuer": "did:web:a.example", "reason": "Good."}, headers=anna.headers
    )
    closed = await world.http.post(f"{path}/close", headers=anna.headers)
    assert closed.json()["state"] == "closed"
    assert (await world.http.get(path, headers=anna.headers)).status_code == 401
    assert (await world.token(client)).json()["error"] == "invalid_client"
    refused = await world.http.post("/v1/sessions", json={"login": "anna", "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-failed")
    statement = (await world.http.get(f"/v1/recognitions/{given.json()['id']}")).json()
    assert statement["state"] == "withdrawn"

    said = [event for event in await events(world) if event[1] in {anna.organisation, given.json()["id"]}]
    assert [(type_, sequence) for type_, subject, sequence, _ in said if subject == anna.organisation] == [
        ("org.confer.organisation.registered.v1", 1),
        ("org.confer.organisation.changed.v1", 2),
        ("org.confer.organisation.closed.v1", 3),
    ]
    assert [type_ for type_, subject, *_ in said if subject == given.json()["id"]] == [
        "org.confer.recognition.given.v1",
        "org.confer.recognition.withdrawn.v1",
    ]


async def test_bad_sign_ups_leave_nothing(world: World) -> None:
    owner = {"login": "anna", "password": PASSWORD}
    good = {"name": "School", "kind": "school", "owner": owner}
    bad = {
        "/kind": good | {"kind": "club"},
        "/name": good | {"name": " "},
        "/url": good | {"url": "javascript:alert(1)"},
        "/owner/password": good | {"owner": owner | {"password": "short"}},
        "/owner/login": good | {"owner": owner | {"login": "two words"}},
        "/owner/contact_email": good | {"owner": owner | {"contact_email": "not an address"}},
        "/colour": good | {"colour": "blue"},
    }
    for pointer, body in bad.items():
        answer = await world.http.post("/v1/organisations", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    hidden = await world.http.post("/v1/organisations", json=good | {"name": "Scho\u202eol"})
    assert hidden.status_code == 422
    assert len(await events(world)) == 1, "only the demonstration"
    assert (await world.http.post("/v1/sessions", json=owner)).status_code == 401


async def test_a_login_belongs_to_one_person(world: World) -> None:
    await world.register("anna")
    body = {"name": "Second", "kind": "person", "owner": {"login": "ANNA", "password": "some other password"}}
    taken = await world.http.post("/v1/organisations", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "login-taken")
    body["owner"] = {"login": "Anna", "password": PASSWORD}
    second = await world.http.post("/v1/organisations", json=body)
    assert second.status_code == 201
    which = await world.http.post("/v1/sessions", json={"login": "anna", "password": PASSWORD})
    assert (which.status_code, which.json()["code"]) == (409, "organisation-needed")
    assert {each["name"] for each in which.json()["organisations"]} == {"School of anna", "Second"}
    chosen = await world.sign_in("anna", organisation=second.json()["id"])
    assert chosen.organisation == second.json()["id"]


async def test_two_sign_ups_with_one_new_login_at_once(world: World) -> None:
    bodies = [
        {"name": f"School {n}", "kind": "school", "owner": {"login": "same", "password": f"{PASSWORD} {n}"}}
        for n in range(4)
    ]
    answers = await asyncio.gather(*(world.http.post("/v1/organisations", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await events(world)) == 2


async def test_an_invitation_works_once(world: World) -> None:
    anna = await world.owner("anna")
    path = f"/v1/organisations/{anna.organisation}/members"
    invited = await world.http.post(path, json={"login": "ben", "roles": ["reviewer"]}, headers=anna.headers)
    assert invited.headers["cache-control"] == "no-store"
    member = invited.json()
    assert (member["state"], member["invitation"]["url"].startswith(f"{URL}/invitation?token=")) == (
        "invited",
        True,
    )
    twice = await world.http.post(path, json={"login": "Ben", "roles": ["auditor"]}, headers=anna.headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "already-member")

    renewed = await world.http.post(f"{path}/{member['id']}/invitation", headers=anna.headers)
    old = {"token": member["invitation"]["token"], "password": PASSWORD}
    gone = await world.http.post("/v1/invitations/accept", json=old)
    assert (gone.status_code, gone.json()["code"]) == (410, "invitation-invalid")

    new = {"token": renewed.json()["invitation"]["token"], "password": PASSWORD, "name": "Ben Ngo"}
    answers = await asyncio.gather(*(world.http.post("/v1/invitations/accept", json=new) for _ in range(5)))
    assert min(answer.status_code for answer in answers) == 201
    assert [answer.status_code for answer in answers].count(201) == 1
    ben = await world.sign_in("ben")
    me = (await world.http.get("/v1/members/me", headers=ben.headers)).json()
    assert (me["name"], me["roles"], me["state"]) == ("Ben Ngo", ["reviewer"], "active")
    late = await world.http.post(f"{path}/{member['id']}/invitation", headers=anna.headers)
    assert (late.status_code, late.json()["code"]) == (409, "not-invited")


async def test_an_invitation_ends(world: World) -> None:
    anna = await world.owner("anna")
    path = f"/v1/organisations/{anna.organisation}/members"
    invited = (
        await world.http.post(path, json={"login": "ben", "roles": ["reviewer"]}, headers=anna.headers)
    ).json()
    world.clock.advance(timedelta(days=8))
    body = {"token": invited["invitation"]["token"], "password": PASSWORD}
    assert (await world.http.post("/v1/invitations/accept", json=body)).status_code == 410


async def test_somebody_known_joins_as_who_they_are(world: World) -> None:
    anna, ben = await world.owner("anna"), await world.owner("ben")
    path = f"/v1/organisations/{anna.organisation}/members"
    invited = (
        await world.http.post(path, json={"login": "ben", "roles": ["auditor"]}, headers=anna.headers)
    ).json()
    token = invited["invitation"]["token"]
    wrong = await world.http.post(
        "/v1/invitations/accept", json={"token": token, "password": "not the password"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (409, "login-taken")
    right = await world.http.post("/v1/invitations/accept", json={"token": token, "password": PASSWORD})
    assert right.status_code == 201
    joined = await world.sign_in("ben", organisation=anna.organisation)
    assert (
        await world.http.get(f"/v1/organisations/{anna.organisation}", headers=joined.headers)
    ).status_code == 200
    other = await world.http.get(f"/v1/organisations/{ben.organisation}", headers=joined.headers)
    assert other.status_code == 404, "a session speaks for one organisation"


async def test_an_invitation_accepted_in_a_browser(world: World, browser: Browser) -> None:
    anna = await world.owner("anna")
    path = f"/v1/organisations/{anna.organisation}/members"
    invited = (
        await world.http.post(path, json={"login": "ben", "roles": ["auditor"]}, headers=anna.headers)
    ).json()
    page = await browser.open(invited["invitation"]["url"].removeprefix(URL))
    assert "Invitation to School of anna" in page.text
    short = await browser.submit(page, login="ben", password="short")
    assert (short.status_code, 'role="alert"' in short.text) == (422, True)
    done = await browser.submit(short, login="ben", password=PASSWORD, name="")
    assert (done.status_code, "Welcome to School of anna" in done.text) == (201, True)
    assert (await browser.open(invited["invitation"]["url"].removeprefix(URL))).status_code == 410
    await world.sign_in("ben")


async def test_an_invitation_by_mail(world: World) -> None:
    anna = await world.owner("anna")
    body = {"login": "ben", "roles": ["auditor"], "contact_email": "ben@school.example"}
    path = f"/v1/organisations/{anna.organisation}/members"
    invited = await world.http.post(path, json=body, headers=anna.headers)
    assert "ben@school.example" not in invited.text
    queue = world.directory.context.mail
    async with world.directory.db.write() as session:
        (mail,) = await queue.claim(session, 10)
    assert mail.message.to == "ben@school.example"
    assert invited.json()["invitation"]["url"] in mail.message.text


async def test_nobody_gives_more_than_they_hold(world: World) -> None:
    anna = await world.owner("anna")
    dev = await world.colleague(anna, "dev", "developer")
    path = f"/v1/organisations/{anna.organisation}"
    body = {"name": "x", "scopes": ["awards:read", "awards:write"]}
    refused = await world.http.post(f"{path}/clients", json=body, headers=dev.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "more-than-held")
    assert refused.json()["scopes"] == ["awards:write"]
    unknown = await world.http.post(
        f"{path}/clients", json=body | {"scopes": ["all:of"]}, headers=anna.headers
    )
    assert unknown.status_code == 422
    # Rotating a stronger client's secret, or redirecting its codes, would be taking its power.
    strong = await world.client(anna, "awards:write")
    for attempt in (
        await world.http.post(f"{path}/clients/{strong.client_id}/rotate", headers=dev.headers),
        await world.http.patch(
            f"{path}/clients/{strong.client_id}",
            json={"redirect_uris": ["https://evil.example/"]},
            headers=dev.headers | {"If-Match": "*"},
        ),
        await world.http.patch(
            f"{path}/clients/{strong.client_id}",
            json={"scopes": ["awards:write", "keys:write"]},
            headers=dev.headers | {"If-Match": "*"},
        ),
    ):
        assert (attempt.status_code, attempt.json()["code"]) == (403, "more-than-held")
    # A program that may invite cannot make an owner.
    bearer = await world.bearer(await world.client(anna, "members:write", "awards:write", "clients:write"))
    owner = await world.http.post(
        f"{path}/members", json={"login": "eve", "roles": ["owner"]}, headers=bearer
    )
    assert (owner.status_code, owner.json()["code"]) == (403, "more-than-held")
    # Nor can a token for the directory make a client for the issuer.
    issuer = await world.http.post(f"{path}/clients", json=body, headers=bearer)
    assert (issuer.status_code, issuer.json()["code"]) == (403, "more-than-held")


async def test_the_last_owner_stays(world: World) -> None:
    anna = await world.owner("anna")
    path = f"/v1/organisations/{anna.organisation}/members"
    me = f"{path}/{anna.member}"
    if_any = anna.headers | {"If-Match": "*"}
    assert (await world.http.delete(me, headers=anna.headers)).json()["code"] == "last-owner"
    demoted = await world.http.patch(me, json={"roles": ["auditor"]}, headers=if_any)
    assert (demoted.status_code, demoted.json()["code"]) == (409, "last-owner")
    ben = await world.colleague(anna, "ben", "owner")
    answers = await asyncio.gather(
        world.http.delete(me, headers=ben.headers),
        world.http.delete(f"{path}/{ben.member}", headers=anna.headers),
    )
    assert min(answer.status_code for answer in answers) == 204
    assert {answer.status_code for answer in answers} - {204} <= {401, 409}
    owners = 0
    for staff in (anna, ben):
        answer = await world.http.get(path, headers=staff.headers)
        owners += answer.status_code == 200
    assert owners == 1, "two owners cannot remove each other at once"


async def test_sessions_are_listed_and_ended(world: World) -> None:
    anna = await world.owner("anna")
    elsewhere = await world.sign_in("anna")
    listed = (await world.http.get("/v1/sessions", headers=anna.headers)).json()["items"]
    assert [each["current"] for each in listed].count(True) == 1
    other = next(each["id"] for each in listed if not each["current"])
    ben = await world.owner("ben")
    assert (await world.http.delete(f"/v1/sessions/{other}", headers=ben.headers)).status_code == 404
    assert (await world.http.delete(f"/v1/sessions/{other}", headers=anna.headers)).status_code == 204
    assert (await world.http.get("/v1/sessions", headers=elsewhere.headers)).status_code == 401
    assert (await world.http.delete("/v1/sessions/current", headers=anna.headers)).status_code == 204
    assert (await world.http.get("/v1/sessions", headers=anna.headers)).status_code == 401
    world.clock.advance(timedelta(hours=13))
    assert (await world.http.get("/v1/sessions", headers=ben.headers)).status_code == 401


async def test_the_cookie_works_for_our_own_pages_only(world: World) -> None:
    await world.register("anna")
    opened = await world.http.post("/v1/sessions", json={"login": "anna", "password": PASSWORD})
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await world.http.get("/v1/members/me")).status_code == 200
    path = f"/v1/organisations/{opened.json()['organisation']}/close"
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
        refused = await world.http.post(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forged-form"), headers
    assert (await world.http.post(path, headers={"Origin": URL})).status_code == 200


async def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    anna = await world.owner("anna")
    elsewhere = await world.sign_in("anna")
    new = "a better sentence to remember"
    wrong = {"current_password": "wrong", "new_password": new}
    refused = await world.http.put("/v1/members/me/password", json=wrong, headers=anna.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-password")
    right = {"current_password": PASSWORD, "new_password": new}
    assert (
        await world.http.put("/v1/members/me/password", json=right, headers=anna.headers)
    ).status_code == 204
    assert (await world.http.get("/v1/members/me", headers=anna.headers)).status_code == 200
    assert (await world.http.get("/v1/members/me", headers=elsewhere.headers)).status_code == 401
    assert (
        await world.http.post("/v1/sessions", json={"login": "anna", "password": PASSWORD})
    ).status_code == 401
    await world.sign_in("anna", new)


async def test_programs_are_not_persons(world: World) -> None:
    anna = await world.owner("anna")
    bearer = await world.bearer(await world.client(anna, "organisation:read"))
    for path in ("/v1/members/me", "/v1/sessions", "/v1/members/me/grants"):
        refused = await world.http.get(path, headers=bearer)
        assert (refused.status_code, refused.json()["code"]) == (403, "session-needed")
    other = await world.bearer(await world.client(anna, "awards:read", "organisation:read"), URL)
    assert (await world.http.get(f"/v1/organisations/{anna.organisation}", headers=other)).status_code == 200
    elsewhere = await world.token(await world.client(anna, "awards:read"))
    foreign = {"Authorization": f"Bearer {elsewhere.json()['access_token']}"}
    assert (
        await world.http.get(f"/v1/organisations/{anna.organisation}", headers=foreign)
    ).status_code == 401


async def test_limits_of_anonymous_callers(world: World) -> None:
    from dataclasses import replace

    limits = world.directory.context.limits
    few = replace(limits, sign_ins_per_login=replace(limits.sign_ins_per_login, count=3))
    world.directory._context = replace(world.directory.context, limits=few)
    await world.register("anna")
    wrong = {"login": "anna", "password": "wrong"}
    answers = [await world.http.post("/v1/sessions", json=wrong) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    other = await world.http.post("/v1/sessions", json={"login": "somebody", "password": "wrong"})
    assert other.status_code == 401, "one login's limit is not another's"


def everything_of(
    staff: Staff, client_id: str, session_id: str, recognition: str
) -> list[tuple[str, str, object]]:
    """Every operation on what belongs to an organisation: method, path, body."""
    own = f"/v1/organisations/{staff.organisation}"
    return [
        ("GET", own, None),
        ("PATCH", own, {"name": "Taken over"}),
        ("POST", f"{own}/close", None),
        ("GET", f"{own}/activity", None),
        ("GET", f"{own}/members", None),
        ("POST", f"{own}/members", {"login": "mallory", "roles": ["auditor"]}),
        ("GET", f"{own}/members/{staff.member}", None),
        ("PATCH", f"{own}/members/{staff.member}", {"roles": ["auditor"]}),
        ("DELETE", f"{own}/members/{staff.member}", None),
        ("POST", f"{own}/members/{staff.member}/invitation", None),
        ("GET", f"{own}/clients", None),
        ("POST", f"{own}/clients", {"name": "x", "scopes": ["awards:read"]}),
        ("GET", f"{own}/clients/{client_id}", None),
        ("PATCH", f"{own}/clients/{client_id}", {"name": "x"}),
        ("POST", f"{own}/clients/{client_id}/rotate", {}),
        ("POST", f"{own}/clients/{client_id}/revoke", None),
        ("POST", f"/v1/recognitions/{recognition}/withdraw", {}),
        ("DELETE", f"/v1/sessions/{session_id}", None),
    ]


async def test_a_second_organisation_sees_nothing_of_the_first(world: World) -> None:
    first, second = await world.owner("anna"), await world.owner("ben")
    client = await world.client(first, "awards:read")
    session_id = (await world.http.get("/v1/sessions", headers=first.headers)).json()["items"][0]["id"]
    statement = {"issuer": "did:web:a.example", "reason": "Good."}
    recognition = (await world.http.post("/v1/recognitions", json=statement, headers=first.headers)).json()[
        "id"
    ]
    program = await world.bearer(
        await world.client(
            second,
            "organisation:read",
            "organisation:write",
            "members:write",
            "clients:write",
            "recognitions:write",
        )
    )
    journal = f"/v1/organisations/{first.organisation}/activity"
    before = (await world.http.get(journal, headers=first.headers)).json()
    for headers in (second.headers, program):
        for method, path, body in everything_of(first, client.client_id, session_id, recognition):
            answer = await world.http.request(method, path, json=body, headers=headers | {"If-Match": "*"})
            expected = {403} if path.startswith("/v1/sessions") and headers is program else {404}
            assert answer.status_code in expected, (method, path, answer.text)
            assert "School of anna" not in answer.text
        # Nor does a foreign client or member appear beneath one's own organisation.
        own = f"/v1/organisations/{second.organisation}"
        for path in (f"{own}/clients/{client.client_id}", f"{own}/members/{first.member}"):
            assert (await world.http.get(path, headers=headers)).status_code == 404
    assert (await world.http.get(journal, headers=first.headers)).json() == before, "nothing happened"


async def test_every_write_names_its_actor(world: World) -> None:
    anna = await world.owner("anna")
    client = await world.client(anna, "recognitions:write")
    bearer = await world.bearer(client)
    statement = {"issuer": "did:web:a.example", "reason": "Good."}
    await world.http.post("/v1/recognitions", json=statement, headers=bearer)
    path = f"/v1/organisations/{anna.organisation}/activity"
    first = (await world.http.get(path, params={"limit": 2}, headers=anna.headers)).json()
    second = await world.http.get(path, params={"limit": 2, "cursor": first["next"]}, headers=anna.headers)
    lines = [*first["items"], *second.json()["items"]]
    assert {(line["action"], line["actor"]) for line in lines} == {
        ("organisation.registered", f"member:{anna.member}"),
        ("session.opened", f"member:{anna.member}"),
        ("client.created", f"member:{anna.member}"),
        ("recognition.given", f"client:{client.client_id}"),
    }
    assert second.json()["next"] is None


async def test_names_and_addresses_stay_inside(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A canary: what people are called is in no public event, log line or URL."""
    canaries = ("Zaphod-Canary", "canary@mail.example", "canary-login")
    owner = {
        "login": "canary-login",
        "password": PASSWORD,
        "name": "Zaphod-Canary",
        "contact_email": "canary@mail.example",
    }
    body = {"name": "School", "kind": "school", "owner": owner}
    urls: list[str] = []

    async def note(request: httpx.Request) -> None:
        urls.append(str(request.url))

    world.http.event_hooks["request"].append(note)
    assert (await world.http.post("/v1/organisations", json=body)).status_code == 201
    staff = await world.sign_in("canary-login")
    await world.client(staff, "awards:read")
    await world.http.post("/v1/sessions", json={"login": "canary-login", "password": "wrong"})
    answers = [
        await world.http.get("/v1/issuers"),
        await world.http.get("/v1/recognitions"),
        await world.http.get("/registry.json"),
    ]
    said = json.dumps([list(event) for event in await events(world)])
    printed = capfd.readouterr()
    seen = "\n".join(
        [said, printed.out, printed.err, caplog.text, *urls, *(answer.text for answer in answers)]
    )
    assert "School" in said
    assert not [canary for canary in (*canaries, PASSWORD) if canary in seen]
    from sqlalchemy import text

    async with world.directory.db.read() as session:
        kept = (
            await session.execute(text("SELECT contact_email FROM person WHERE subject = 'canary-login'"))
        ).scalar_one()
    assert b"canary" not in bytes(kept), "the address is sealed at rest"
