"""The token endpoint for programs that act as themselves: what they get, and every way to be refused."""

import asyncio
from base64 import b64encode
from datetime import timedelta

import pytest
from joserfc import jws

from services.directory.scopes import ROLES, SCOPES
from shared.http.problems import Unauthenticated
from shared.http.tokens import RemoteJwks, TokenVerifier
from tests.integration.directory.conftest import ISSUER, URL, VERIFIER, Client, World

pytestmark = pytest.mark.anyio


def at(world: World, audience: str) -> TokenVerifier:
    """How another service checks a token: by the published keys alone."""

    async def load() -> object:
        return (await world.http.get("/oauth/jwks.json")).json()

    return TokenVerifier(
        RemoteJwks(load, clock=world.clock), issuer=URL, audience=audience, clock=world.clock
    )


async def test_a_token_is_for_one_service_and_says_for_whom(world: World) -> None:
    owner = await world.owner("anna", test=True)
    client = await world.client(owner, "awards:write", "awards:read", "verifications:write")
    answer = await world.token(client)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "Bearer",
        900,
        "awards:read awards:write",
    )
    assert "refresh_token" not in body
    access = await at(world, ISSUER).verify(body["access_token"])
    assert access.organisation == owner.organisation
    assert access.actor == f"client:{client.client_id}"
    assert access.scopes == {"awards:read", "awards:write"}
    assert access.test
    assert jws.extract_compact(body["access_token"].encode()).headers()["typ"] == "at+jwt"
    with pytest.raises(Unauthenticated, match="another service"):
        await at(world, VERIFIER).verify(body["access_token"])


async def test_a_token_ends(world: World) -> None:
    owner = await world.owner("anna")
    token = (await world.token(await world.client(owner, "awards:read"))).json()["access_token"]
    world.clock.advance(timedelta(minutes=17))
    with pytest.raises(Unauthenticated, match="expired"):
        await at(world, ISSUER).verify(token)


async def test_fewer_scopes_may_be_asked_for(world: World) -> None:
    owner = await world.owner("anna")
    client = await world.client(owner, "awards:read", "awards:write")
    assert (await world.token(client, scope="awards:read")).json()["scope"] == "awards:read"


REFUSALS = [
    ({"resource": ""}, 400, "invalid_target"),
    ({"resource": "https://elsewhere.example"}, 400, "invalid_target"),
    ({"resource": f"{ISSUER}/v1/awards"}, 400, "invalid_target"),
    ({"scope": "awards:write"}, 400, "invalid_scope"),
    ({"scope": "no:such"}, 400, "invalid_scope"),
    ({"scope": "verifications:read"}, 400, "invalid_scope"),
    ({"resource": VERIFIER}, 400, "invalid_scope"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": 'what"ever'}, 400, "invalid_request"),
    ({"grant_type": "ümlaut"}, 400, "invalid_request"),
    (
        {"grant_type": "authorization_code", "code": "x", "code_verifier": "v" * 43},
        400,
        "unauthorized_client",
    ),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unauthorized_client"),
    ({"client_secret": "both ways"}, 400, "invalid_request"),
    ({"client_id": "0" * 32}, 400, "invalid_request"),
]


async def test_refusals(world: World) -> None:
    owner = await world.owner("anna")
    client = await world.client(owner, "awards:read")
    for form, status, error in REFUSALS:
        answer = await world.token(client, **form)
        assert (answer.status_code, answer.json()["error"]) == (status, error), (form, answer.text)
        assert answer.headers["cache-control"] == "no-store"


async def test_one_resource_at_a_time(world: World) -> None:
    client = await world.client(await world.owner("anna"), "awards:read")
    for resources in ([ISSUER, VERIFIER], [ISSUER, ISSUER]):
        form = {"grant_type": "client_credentials", "resource": resources}
        answer = await world.http.post("/oauth/token", data=form, auth=client.auth)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


async def test_who_cannot_authenticate(world: World) -> None:
    owner = await world.owner("anna")
    client = await world.client(owner, "awards:read")
    form = {"grant_type": "client_credentials", "resource": ISSUER}
    wrong = [
        await world.token(Client(client.client_id, "confer_secret_wrong")),
        await world.token(Client("0" * 32, client.secret)),
        await world.token(Client("", "")),
        await world.http.post("/oauth/token", data=form),
        await world.http.post("/oauth/token", data=form, headers={"Authorization": "Basic !!!"}),
        await world.http.post(
            "/oauth/token",
            data=form,
            headers={"Authorization": "Basic " + b64encode(b"\xff\xfe:\xff").decode()},
        ),
        await world.http.post("/oauth/token", data=form, headers={"Authorization": "Bearer abc"}),
    ]
    for answer in wrong:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
        assert answer.headers["www-authenticate"].startswith("Basic")
    by_form = form | {"client_id": client.client_id, "client_secret": client.secret}
    assert (await world.http.post("/oauth/token", data=by_form)).status_code == 200


async def test_what_is_no_form(world: World) -> None:
    client = await world.client(await world.owner("anna"), "awards:read")
    as_json = await world.http.post(
        "/oauth/token", json={"grant_type": "client_credentials"}, auth=client.auth
    )
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    twice = {"grant_type": ["client_credentials", "client_credentials"], "resource": ISSUER}
    answer = await world.http.post("/oauth/token", data=twice, auth=client.auth)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    many = {f"p{number}": "x" for number in range(50)}
    answer = await world.http.post("/oauth/token", data=many, auth=client.auth)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    large = await world.http.post("/oauth/token", data={"scope": "x" * 20_000}, auth=client.auth)
    assert (large.status_code, large.json()["error"]) == (413, "invalid_request")


async def test_a_revoked_client_gets_nothing(world: World) -> None:
    owner = await world.owner("anna")
    client = await world.client(owner, "awards:read")
    path = f"/v1/organisations/{owner.organisation}/clients/{client.client_id}"
    assert (await world.http.post(f"{path}/revoke", headers=owner.headers)).status_code == 200
    assert (await world.token(client)).json()["error"] == "invalid_client"
    again = await world.http.post(f"{path}/rotate", headers=owner.headers)
    assert (again.status_code, again.json()["code"]) == (409, "client-revoked")


async def test_two_secrets_while_one_is_rotated_out(world: World) -> None:
    owner = await world.owner("anna")
    client = await world.client(owner, "awards:read")
    path = f"/v1/organisations/{owner.organisation}/clients/{client.client_id}/rotate"
    rotated = await world.http.post(path, json={"overlap_seconds": 600}, headers=owner.headers)
    newer = Client(client.client_id, rotated.json()["client_secret"])
    assert newer.secret != client.secret
    assert len(rotated.json()["secrets"]) == 2
    for each in (client, newer):
        assert (await world.token(each)).status_code == 200
    world.clock.advance(timedelta(seconds=601))
    assert (await world.token(client)).json()["error"] == "invalid_client"
    assert (await world.token(newer)).status_code == 200
    cut = await world.http.post(path, json={"overlap_seconds": 0}, headers=owner.headers)
    assert (await world.token(newer)).json()["error"] == "invalid_client"
    assert (await world.token(Client(client.client_id, cut.json()["client_secret"]))).status_code == 200


async def test_signing_keys_rotate_and_old_tokens_hold(world: World) -> None:
    client = await world.client(await world.owner("anna"), "awards:read")
    old = (await world.token(client)).json()["access_token"]
    verifier = at(world, ISSUER)
    await verifier.verify(old)
    kid = await world.directory.context.signing_keys.rotate()
    assert len((await world.http.get("/oauth/jwks.json")).json()["keys"]) == 2
    known_first = (await world.token(client)).json()["access_token"]
    assert jws.extract_compact(known_first.encode()).headers()["kid"] != kid, "published before it signs"
    world.clock.advance(timedelta(minutes=2))
    new = (await world.token(client)).json()["access_token"]
    assert jws.extract_compact(new.encode()).headers()["kid"] == kid
    keys = (await world.http.get("/oauth/jwks.json")).json()["keys"]
    assert len(keys) == 2
    assert all(not key.keys() & {"d", "p", "q"} for key in keys)
    world.clock.advance(timedelta(seconds=11))
    await verifier.verify(new)
    await verifier.verify(old)
    world.clock.advance(timedelta(minutes=20))
    assert [key["kid"] for key in (await world.http.get("/oauth/jwks.json")).json()["keys"]] == [kid]


async def test_a_compromised_signing_key_is_gone_at_once(world: World) -> None:
    client = await world.client(await world.owner("anna"), "awards:read")
    old = (await world.token(client)).json()["access_token"]
    await world.directory.context.signing_keys.rotate()
    kid = await world.directory.context.signing_keys.rotate(compromised=True)
    assert [key["kid"] for key in (await world.http.get("/oauth/jwks.json")).json()["keys"]] == [kid]
    with pytest.raises(Unauthenticated):
        await at(world, ISSUER).verify(old)
    await at(world, ISSUER).verify((await world.token(client)).json()["access_token"])


async def test_a_signing_key_is_replaced_when_it_is_old(world: World) -> None:
    keys = world.directory.context.signing_keys
    before = await keys.published()
    world.clock.advance(timedelta(days=91))
    await keys.ensure()
    assert (await keys.published())[0]["kid"] != before[0]["kid"]


async def test_private_keys_are_sealed(world: World, tmp_path: object) -> None:
    from sqlalchemy import text

    async with world.directory.db.read() as session:
        rows = (await session.execute(text("SELECT private_key FROM signing_key"))).all()
    assert rows
    assert all(b"PRIVATE" not in bytes(row[0]) for row in rows)


async def test_metadata_is_true(world: World) -> None:
    metadata = (await world.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == URL
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["scopes_supported"]) == {scope for each in SCOPES.values() for scope in each}
    for name in ("jwks_uri", "authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        path = metadata[name].removeprefix(URL)
        assert (await world.http.options(path)).status_code in {200, 405}


async def test_a_role_is_exactly_its_scopes(world: World) -> None:
    for role, scopes in ROLES.items():
        owner = await world.owner(f"owner-of-{role}")
        member = await world.colleague(owner, f"only-{role}", role)
        me = (await world.http.get("/v1/members/me", headers=member.headers)).json()
        assert set(me["scopes"]) == scopes
        path = f"/v1/organisations/{owner.organisation}"
        statement = {"issuer": "did:web:a.example", "reason": "Good."}
        tries: list[tuple[str, str, str, dict[str, object] | None]] = [
            ("organisation:read", "GET", path, None),
            ("members:write", "POST", f"{path}/members", {"login": "carl", "roles": [role]}),
            ("clients:write", "POST", f"{path}/clients", {"name": "x", "scopes": ["awards:read"]}),
            ("recognitions:write", "POST", "/v1/recognitions", statement),
            ("organisation:write", "POST", f"{path}/close", None),
        ]
        for scope, method, target, body in tries:
            answer = await world.http.request(method, target, json=body, headers=member.headers)
            assert (answer.status_code < 300) == (scope in scopes), (role, scope, answer.text)
            if answer.status_code >= 300:
                assert (answer.status_code, answer.json()["required_scope"]) == (403, scope)


async def test_many_at_once(world: World) -> None:
    client = await world.client(await world.owner("anna"), "awards:read")
    answers = await asyncio.gather(*(world.token(client) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 20
