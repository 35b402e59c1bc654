"""A running directory on a database of each kind, spoken to over HTTP."""

import asyncio
import re
import secrets
import shutil
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from argon2 import PasswordHasher

from services.directory.app import Directory
from services.directory.settings import DirectorySettings
from shared.db import migrate
from shared.http import passwords
from shared.process import with_lifespan
from tests.harness import postgres

URL = "http://directory.test"
ISSUER = "http://issuer.test"
VERIFIER = "http://verifier.test"
PASSWORD = "correct horse battery staple"
REDIRECT = "https://platform.example/callback?from=confer"


class ManualClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Staff:
    """A signed-in member."""

    login: str
    organisation: str
    member: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Client:
    client_id: str
    secret: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.client_id, self.secret


@dataclass
class World:
    """The directory under test, and short ways to what most tests need."""

    directory: Directory
    http: httpx.AsyncClient
    clock: ManualClock
    data_dir: Path

    async def register(self, login: str, **more: Any) -> dict[str, Any]:
        body = {"name": f"School of {login}", "kind": "school", **more}
        answer = await self.http.post(
            "/v1/organisations", json={**body, "owner": {"login": login, "password": PASSWORD}}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def sign_in(self, login: str, password: str = PASSWORD, **more: Any) -> Staff:
        answer = await self.http.post("/v1/sessions", json={"login": login, "password": password, **more})
        assert answer.status_code == 201, answer.text
        self.http.cookies.clear()
        body = answer.json()
        return Staff(login, body["organisation"], body["member"]["id"], body["token"])

    async def owner(self, login: str, **more: Any) -> Staff:
        """A new organisation's owner."""
        await self.register(login, **more)
        return await self.sign_in(login)

    async def colleague(self, owner: Staff, login: str, *roles: str) -> Staff:
        """A new member with these roles, invited, accepted and signed in."""
        invited = await self.http.post(
            f"/v1/organisations/{owner.organisation}/members",
            json={"login": login, "roles": list(roles)},
            headers=owner.headers,
        )
        assert invited.status_code == 201, invited.text
        accepted = await self.http.post(
            "/v1/invitations/accept",
            json={"token": invited.json()["invitation"]["token"], "password": PASSWORD},
        )
        assert accepted.status_code == 201, accepted.text
        return await self.sign_in(login)

    async def client(self, owner: Staff, *scopes: str, redirect: bool = False) -> Client:
        answer = await self.http.post(
            f"/v1/organisations/{owner.organisation}/clients",
            json={
                "name": "Platform",
                "scopes": list(scopes),
                "redirect_uris": [REDIRECT] if redirect else [],
            },
            headers=owner.headers,
        )
        assert answer.status_code == 201, answer.text
        return Client(answer.json()["client_id"], answer.json()["client_secret"])

    async def token(self, client: Client, **form: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "resource": ISSUER} | form
        return await self.http.post("/oauth/token", data=form, auth=client.auth)

    async def bearer(self, client: Client, resource: str = URL) -> dict[str, str]:
        answer = await self.token(client, resource=resource)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@dataclass
class Browser:
    """Somebody at a screen, without JavaScript: follows forms as a browser would send them."""

    http: httpx.AsyncClient

    async def open(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"Accept": "text/html"})

    async def submit(self, page: httpx.Response, form: int = 0, **fields: str) -> httpx.Response:
        forms = re.findall(r'<form action="([^"]+)" method="post">(.*?)</form>', page.text, re.DOTALL)
        action, inside = forms[form]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', inside))
        hidden = {name: value.replace("&amp;", "&").replace("&#34;", '"') for name, value in hidden.items()}
        return await self.http.post(
            action, data=hidden | fields, headers={"Sec-Fetch-Site": "same-origin", "Origin": URL}
        )


@dataclass
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def authorization_request(client: Client, pkce: Pkce, **changes: str | None) -> str:
    """The path a program sends a browser to; None takes a parameter out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": REDIRECT,
        "scope": "awards:read awards:write",
        "state": 'a "state" & more',
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
        "resource": ISSUER,
    }
    parameters |= changes
    return "/oauth/authorize?" + urlencode(
        {name: value for name, value in parameters.items() if value is not None}
    )


def answer_of(response: httpx.Response) -> Mapping[str, str]:
    """What the program gets at its redirect URI."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(REDIRECT + "&"), location
    return dict(parse_qsl(urlsplit(location).query))


def settings(data_dir: Path, database_url: str, **more: Any) -> DirectorySettings:
    return DirectorySettings(
        data_dir=data_dir,
        database_url=database_url,
        public_url=URL,
        issuer_url=ISSUER,
        verifier_url=VERIFIER,
        **{"sign_ups_per_hour": 1000, "sign_ins_per_quarter_hour": 1000} | more,
    )


def first_start(data_dir: Path, database_url: str) -> None:
    """Migrate an empty database and start a directory on it once: keys, public URL, demonstration."""

    async def start_and_stop() -> None:
        directory = Directory(settings(data_dir, database_url), ManualClock())
        try:
            await directory.start()
        finally:
            await directory.stop()

    migrate.upgrade(database_url, Directory.migrations)
    asyncio.run(start_and_stop())


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 itself with its least cost: hundreds of sign-ins are not what these tests are about."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def first_started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a directory that was started once, with its SQLite database; to be copied."""
    folder = tmp_path_factory.mktemp("directory")
    first_start(folder, f"sqlite+aiosqlite:///{folder}/directory.sqlite3")
    return folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def started_database(request: pytest.FixtureRequest, first_started: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a database after a directory's first start, on SQLite and PostgreSQL; `tmp_path` is its data directory."""
    shutil.copytree(first_started / "keys", tmp_path / "keys")
    if request.param == "sqlite":
        shutil.copy(first_started / "directory.sqlite3", tmp_path / "directory.sqlite3")
        yield f"sqlite+aiosqlite:///{tmp_path}/directory.sqlite3"
        return
    server: postgres.PostgreSQL = request.getfixturevalue("postgresql")
    template = server.template("directory", lambda url: first_start(first_started, url))
    url = server.create(template)
    yield url
    server.drop(url)


@asynccontextmanager
async def running_world(database_url: str, data_dir: Path) -> AsyncIterator[World]:
    """A directory on a migrated database; its workers rest until a test runs them."""
    clock = ManualClock()
    directory = Directory(settings(data_dir, database_url), clock)
    await directory.log.ensure_topics()
    await directory.start()
    transport = httpx.ASGITransport(with_lifespan(directory), raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
            yield World(directory, http, clock, data_dir)
    finally:
        await directory.stop()


@pytest.fixture
async def world(started_database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A directory that was started for the first time a moment ago."""
    async with running_world(started_database, tmp_path) as world:
        yield world


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    transport = world.http._transport
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        yield Browser(http)
