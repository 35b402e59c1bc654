"""The real issuer in this process: its application, workers and database, with tokens signed by a key of the test."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from services.issuer.app import Issuer
from services.issuer.settings import IssuerSettings
from shared.clock import Clock, utc_now
from shared.db import migrate, new_id
from shared.http.tokens import TokenVerifier
from shared.process import with_lifespan

ALL = (
    "profiles:read profiles:write keys:write achievements:read achievements:write evidence:read evidence:write "
    "awards:read awards:write awards:revoke"
)
_SIGNING_KEY = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig"})


class _Keys:
    """The directory's keys, as far as these tests are concerned."""

    async def key(self, kid: str) -> Key | None:
        return _SIGNING_KEY if kid == "test" else None


@dataclass
class Organisation:
    """A caller with its own token."""

    client: httpx.AsyncClient
    id: str
    stage: "Stage"

    async def request(
        self, method: str, path: str, *, expect: int | None = None, **options: Any
    ) -> httpx.Response:
        answer = await self.client.request(method, path, **options)
        if expect is not None:
            assert answer.status_code == expect, answer.text
        return answer

    async def get(self, path: str, expect: int | None = 200, **options: Any) -> Any:
        return (await self.request("GET", path, expect=expect, **options)).json()

    async def post(self, path: str, body: Any = None, expect: int | None = None, **options: Any) -> Any:
        answer = await self.request("POST", path, json={} if body is None else body, **options)
        assert answer.status_code == expect if expect else answer.is_success, answer.text
        return answer.json()

    async def profile(self, name: str = "Riverside College") -> dict[str, Any]:
        made: dict[str, Any] = await self.post("/v1/profiles", {"profile": {"name": name}}, 201)
        return made

    async def achievement(
        self, profile: str | None = None, publish: bool = True, **envelope: Any
    ) -> dict[str, Any]:
        if profile is None:
            profile = (await self.profile())["id"]
        body = {
            "profile": profile,
            "achievement": {**ACHIEVEMENT, **envelope.pop("achievement", {})},
            **envelope,
        }
        made: dict[str, Any] = await self.post("/v1/achievements", body, 201)
        if publish:
            made = await self.post(f"/v1/achievements/{made['id']}/publish")
        return made

    async def award(
        self, achievement: str, identity: str = "ada@learner.example", **terms: Any
    ) -> dict[str, Any]:
        body = {
            "achievement": achievement,
            "recipient": {"type": "emailAddress", "identity": identity},
            **terms,
        }
        made: dict[str, Any] = await self.post("/v1/awards", body, 201)
        return made

    async def credential(self, award: dict[str, Any], accept: str = "application/vc") -> httpx.Response:
        return await self.request(
            "GET", award["credential"].removeprefix(self.stage.url), headers={"Accept": accept}, expect=200
        )

    async def finished(self, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found: dict[str, Any] = await self.get(f"/v1/jobs/{job['id']}")
            return found if found["state"] in {"completed", "cancelled"} else None

        done: dict[str, Any] = await until(look, seconds)
        return done


@dataclass
class Stage:
    """A running issuer."""

    service: Issuer
    transport: httpx.ASGITransport
    url: str
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def organisation(self, scopes: str = ALL, *, name: str | None = None, test: bool = False) -> Organisation:
        organisation = name or new_id()
        token = access_token(self.service.settings, organisation, scopes, test=test)
        client = self.client({"Authorization": f"Bearer {token}"})
        return Organisation(client, organisation, self)

    def client(self, headers: dict[str, str] | None = None, base: str | None = None) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=self.transport, base_url=base or self.url, headers=headers)
        self.clients.append(client)
        return client


def access_token(settings: IssuerSettings, organisation: str, scopes: str, *, test: bool = False) -> str:
    now = int(time.time())
    claims = {
        "iss": settings.directory_url,
        "aud": settings.public_url,
        "iat": now,
        "exp": now + 900,
        "jti": new_id(),
        "sub": "client:test",
        "client_id": "test",
        "scope": scopes,
        "organisation": organisation,
        "test": test,
    }
    return jwt.encode({"alg": "RS256", "kid": "test", "typ": "at+jwt"}, claims, _SIGNING_KEY)


@asynccontextmanager
async def stage(
    database_url: str, data_dir: Path, *, migrated: bool = False, clock: Clock = utc_now, **settings: Any
) -> AsyncIterator[Stage]:
    """The issuer with its workers, migrated, until the block ends."""
    chosen = IssuerSettings(data_dir=data_dir, database_url=database_url, **settings)
    if not migrated:
        await anyio.to_thread.run_sync(migrate.upgrade, database_url, Issuer.migrations)
    service = Issuer(chosen, clock)
    service.authenticator = TokenVerifier(
        _Keys(), issuer=chosen.directory_url, audience=chosen.public_url, clock=utc_now
    )
    app = with_lifespan(service)
    async with app.router.lifespan_context(app):
        running = Stage(service, httpx.ASGITransport(app), chosen.public_url)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.aclose()


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
    """What `look` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come about in time"
        await anyio.sleep(0.02)


ACHIEVEMENT: dict[str, Any] = {
    "name": "Data Analysis I",
    "description": "Reads, cleans and explains a data set.",
    "achievementType": "Competency",
    "criteria": {"narrative": "Bring a **data set** of your own."},
    "tag": ["data"],
    "resultDescription": [
        {
            "id": "#analysis",
            "type": ["ResultDescription"],
            "name": "Analysis",
            "resultType": "RubricCriterionLevel",
            "requiredLevel": "#meets",
            "rubricCriterionLevel": [
                {"id": "#meets", "type": ["RubricCriterionLevel"], "name": "Meets", "level": "2"},
                {"id": "#exceeds", "type": ["RubricCriterionLevel"], "name": "Exceeds", "level": "3"},
            ],
        },
        {
            "id": "#score",
            "type": ["ResultDescription"],
            "name": "Score",
            "resultType": "Percent",
            "valueMin": "0",
            "valueMax": "100",
        },
    ],
}
