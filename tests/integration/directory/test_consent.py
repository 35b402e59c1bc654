"""A program acts for a member: sign-in, consent, code with PKCE, refresh, revocation; and every way to be refused."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from tests.integration.directory.conftest import (
    ISSUER,
    PASSWORD,
    REDIRECT,
    URL,
    VERIFIER,
    Browser,
    Client,
    Pkce,
    Staff,
    World,
    answer_of,
    authorization_request,
)
from tests.integration.directory.test_tokens import at

pytestmark = pytest.mark.anyio
STATE = 'a "state" & more'


async def signed_in(browser: Browser, login: str, path: str) -> httpx.Response:
    """The consent page, after signing in on the way."""
    page = await browser.open(path)
    assert "Sign in" in page.text, page.text
    after = await browser.submit(page, login=login, password=PASSWORD)
    assert after.status_code == 303, after.text
    return await browser.open(after.headers["location"])


async def code_for(browser: Browser, login: str, client: Client, pkce: Pkce, **changes: str | None) -> str:
    page = await signed_in(browser, login, authorization_request(client, pkce, **changes))
    return answer_of(await browser.submit(page, decision="allow"))["code"]


async def redeem(world: World, client: Client, code: str, verifier: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    } | changes
    return await world.http.post(
        "/oauth/token", data={name: value for name, value in form.items() if value}, auth=client.auth
    )


async def refresh(world: World, client: Client, token: str, **more: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token} | more
    return await world.http.post("/oauth/token", data=form, auth=client.auth)


async def partner(world: World) -> tuple[Staff, Client]:
    """A platform of one organisation, with a redirect URI."""
    owner = await world.owner("platform")
    return owner, await world.client(
        owner, "awards:read", "awards:write", "verifications:read", redirect=True
    )


async def test_a_program_acts_for_a_member_of_another_organisation(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    anna = await world.owner("anna")
    pkce = Pkce()
    page = await signed_in(browser, "anna", authorization_request(client, pkce))
    for words in (
        "Platform",
        "School of platform",
        "School of anna",
        "Award badges in the organisation",
        "platform.example",
    ):
        assert words in page.text
    assert "Revoke" not in page.text
    assert "form-action 'self' https://platform.example" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    answer = answer_of(await browser.submit(page, decision="allow"))
    assert (answer["state"], answer["iss"], answer["scope"]) == (STATE, URL, "awards:read awards:write")
    token = (await redeem(world, client, answer["code"], pkce.verifier)).json()
    assert token["scope"] == "awards:read awards:write"
    access = await at(world, ISSUER).verify(token["access_token"])
    assert access.organisation == anna.organisation
    assert (access.actor, access.client) == (f"member:{anna.member}", client.client_id)
    grants = (await world.http.get("/v1/members/me/grants", headers=anna.headers)).json()["items"]
    assert [(grant["client"], grant["scopes"]) for grant in grants] == [
        ("Platform", ["awards:read", "awards:write"])
    ]


async def test_a_code_is_good_once_however_many_try_at_once(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    pkce = Pkce()
    code = await code_for(browser, "platform", client, pkce)
    answers = await asyncio.gather(*(redeem(world, client, code, pkce.verifier) for _ in range(8)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.json()["error"] for answer in answers if answer not in good} == {"invalid_grant"}
    # The code was in strange hands: what it gave is over (RFC 6749 §4.1.2).
    after = await refresh(world, client, good[0].json()["refresh_token"])
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_token_is_good_once_however_many_try_at_once(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    pkce = Pkce()
    token = (
        await redeem(world, client, await code_for(browser, "platform", client, pkce), pkce.verifier)
    ).json()
    answers = await asyncio.gather(*(refresh(world, client, token["refresh_token"]) for _ in range(8)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    after = await refresh(world, client, good[0]["refresh_token"])
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")


async def test_refreshing_goes_on_and_may_ask_for_less(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    pkce = Pkce()
    token = (
        await redeem(world, client, await code_for(browser, "platform", client, pkce), pkce.verifier)
    ).json()
    for _ in range(3):
        answer = await refresh(world, client, token["refresh_token"])
        assert answer.json()["refresh_token"] != token["refresh_token"]
        token = answer.json()
    less = (await refresh(world, client, token["refresh_token"], scope="awards:read")).json()
    assert less["scope"] == "awards:read"
    more = await refresh(world, client, less["refresh_token"], scope="awards:read awards:revoke")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_a_role_taken_away_is_a_scope_taken_away(world: World, browser: Browser) -> None:
    owner, client = await partner(world)
    ben = await world.colleague(owner, "ben", "programme_lead", "auditor")
    pkce = Pkce()
    token = (await redeem(world, client, await code_for(browser, "ben", client, pkce), pkce.verifier)).json()
    assert token["scope"] == "awards:read awards:write"
    path = f"/v1/organisations/{owner.organisation}/members/{ben.member}"
    changed = await world.http.patch(
        path, json={"roles": ["auditor"]}, headers=owner.headers | {"If-Match": "*"}
    )
    assert changed.status_code == 200
    token = (await refresh(world, client, token["refresh_token"])).json()
    assert token["scope"] == "awards:read"
    assert (await world.http.delete(path, headers=owner.headers)).status_code == 204
    after = await refresh(world, client, token["refresh_token"])
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")


async def test_a_member_gives_no_more_than_is_theirs(world: World, browser: Browser) -> None:
    owner, client = await partner(world)
    await world.colleague(owner, "rita", "reviewer")
    page = await signed_in(browser, "rita", authorization_request(client, Pkce()))
    assert "See who was awarded which badge" in page.text
    assert "Award badges" not in page.text
    assert answer_of(await browser.submit(page, decision="allow"))["scope"] == "awards:read"
    nothing = await browser.open(authorization_request(client, Pkce(), scope="awards:write"))
    assert answer_of(nothing)["error"] == "access_denied"
    # A form that claims that more was shown gets no more.
    page = await browser.open(authorization_request(client, Pkce()))
    forged = await browser.submit(page, decision="allow", shown="awards:read awards:write")
    assert answer_of(forged)["scope"] == "awards:read"


async def test_a_member_says_no(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    page = await signed_in(browser, "platform", authorization_request(client, Pkce()))
    answer = answer_of(await browser.submit(page, decision="deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", STATE, URL)


# What is wrong with the request -> what the program is told at its redirect URI.
TOLD: list[tuple[Mapping[str, str | None], str]] = [
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "!" * 43}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"state": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"resource": None}, "invalid_target"),
    ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ({"scope": "awards:revoke"}, "invalid_scope"),
    ({"scope": "verifications:read"}, "invalid_scope"),
    ({"scope": "no:such"}, "invalid_scope"),
]
# What must not be answered by sending the browser anywhere.
KEPT: list[Mapping[str, str | None]] = [
    {"client_id": None},
    {"client_id": "0" * 32},
    {"redirect_uri": None},
    {"redirect_uri": "https://platform.example/callback"},
    {"redirect_uri": REDIRECT + "&more"},
    {"redirect_uri": "https://evil.example/callback?from=confer"},
    {"redirect_uri": 'https://evil.example/"ümlaut'},
    {"client_id": "a\x00b"},
    {"response_type": 'to"ken', "redirect_uri": "https://evil.example"},
]


async def test_requests_that_are_not_good(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    for changes, error in TOLD:
        answer = answer_of(await browser.open(authorization_request(client, Pkce(), **changes)))
        assert answer["error"] == error, changes
        assert answer["iss"] == URL
        assert answer.get("state") == changes.get("state", STATE)
    for kept in KEPT:
        refused = await browser.open(authorization_request(client, Pkce(), **kept))
        assert (refused.status_code, "location" in refused.headers) == (400, False), kept
        assert "<h1>" in refused.text
    twice = await browser.open(authorization_request(client, Pkce()) + "&scope=awards%3Aread")
    assert twice.status_code == 400


async def test_codes_that_are_not_good(world: World, browser: Browser) -> None:
    owner, client = await partner(world)
    other = await world.client(owner, "awards:read", redirect=True)
    page = await signed_in(browser, "platform", authorization_request(client, Pkce()))

    async def fresh() -> tuple[str, str]:
        pkce = Pkce()
        asking = await browser.open(authorization_request(client, pkce))
        return answer_of(await browser.submit(asking, decision="allow"))["code"], pkce.verifier

    assert page.status_code == 200
    code, verifier = await fresh()
    missing = await redeem(world, client, code, "")
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    stranger = await redeem(world, other, code, verifier)
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_grant")
    assert (await redeem(world, client, code, verifier)).status_code == 200
    for changes in (
        {"code_verifier": "w" * 43},
        {"redirect_uri": "https://evil.example"},
        {"redirect_uri": ""},
    ):
        code, verifier = await fresh()
        wrong = await redeem(world, client, code, verifier, **changes)
        assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant"), changes
        again = await redeem(world, client, code, verifier)
        assert again.json()["error"] == "invalid_grant", "a code is tried once"
    code, verifier = await fresh()
    target = await redeem(world, client, code, verifier, resource=VERIFIER)
    assert (target.status_code, target.json()["error"]) == (400, "invalid_target")
    code, verifier = await fresh()
    world.clock.advance(timedelta(seconds=61))
    late = await redeem(world, client, code, verifier)
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


async def test_revocation_ends_the_grant(world: World, browser: Browser) -> None:
    owner, client = await partner(world)
    other = await world.client(owner, "awards:read", redirect=True)
    pkce = Pkce()
    token = (
        await redeem(world, client, await code_for(browser, "platform", client, pkce), pkce.verifier)
    ).json()

    async def revoke(who: Client, value: str, **more: str) -> httpx.Response:
        return await world.http.post("/oauth/revoke", data={"token": value} | more, auth=who.auth)

    assert (await revoke(client, "nobody knows this", token_type_hint="whatever")).status_code == 200
    assert (await revoke(other, token["refresh_token"])).status_code == 200
    token = (await refresh(world, client, token["refresh_token"])).json()
    access = await revoke(client, token["access_token"])
    assert (access.status_code, access.json()["error"]) == (400, "unsupported_token_type")
    anonymous = await world.http.post("/oauth/revoke", data={"token": token["refresh_token"]})
    assert (anonymous.status_code, anonymous.json()["error"]) == (401, "invalid_client")
    missing = await world.http.post("/oauth/revoke", data={"x": "y"}, auth=client.auth)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    done = await revoke(client, token["refresh_token"], token_type_hint="refresh_token")
    assert (done.status_code, done.headers["cache-control"]) == (200, "no-store")
    assert (await refresh(world, client, token["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_member_takes_a_consent_back(world: World, browser: Browser) -> None:
    owner, client = await partner(world)
    other = await world.owner("anna")
    pkce = Pkce()
    token = (
        await redeem(world, client, await code_for(browser, "platform", client, pkce), pkce.verifier)
    ).json()
    grant = (await world.http.get("/v1/members/me/grants", headers=owner.headers)).json()["items"][0]["id"]
    path = f"/v1/members/me/grants/{grant}"
    assert (await world.http.delete(path, headers=other.headers)).status_code == 404
    assert (await world.http.delete(path, headers=owner.headers)).status_code == 204
    assert (await refresh(world, client, token["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.http.get("/v1/members/me/grants", headers=owner.headers)).json()["items"] == []


async def test_signing_in_on_the_way(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    path = authorization_request(client, Pkce())
    page = await browser.open(path)
    wrong = await browser.submit(page, login="platform", password="not the password")
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    second = await world.http.post(
        "/v1/organisations",
        json={"name": "Second", "kind": "company", "owner": {"login": "platform", "password": PASSWORD}},
    )
    choose = await browser.submit(wrong, login="platform", password=PASSWORD)
    assert choose.status_code == 409
    assert "Second" in choose.text
    chosen = await browser.submit(
        choose, login="platform", password=PASSWORD, organisation=second.json()["id"]
    )
    consent = await browser.open(chosen.headers["location"])
    assert "<strong>Second</strong>" in consent.text
    out = await browser.submit(consent, 1)
    assert "Sign in" in (await browser.open(out.headers["location"])).text


async def test_another_site_cannot_consent(world: World, browser: Browser) -> None:
    _, client = await partner(world)
    page = await signed_in(browser, "platform", authorization_request(client, Pkce()))
    query = page.request.url.query.decode()
    form = {"query": query, "shown": "awards:read", "decision": "allow"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        refused = await browser.http.post("/oauth/authorize", data=form, headers=headers)
        assert refused.status_code == 403, headers
    without = await browser.http.post(
        "/oauth/authorize", data=form, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert without.status_code == 403
