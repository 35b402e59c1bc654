"""A real verifier over HTTP on a port of its own, beside a world of foreign servers."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from services.verifier.app import Verifier
from services.verifier.settings import VerifierSettings
from shared.clock import utc_now
from shared.db import migrate, new_id
from shared.http.client import Client, Response, open_client
from shared.messaging import Event
from shared.messaging.log import Record, open_log
from shared.process import with_lifespan
from tests.harness.processes import free_port
from tests.integration.verifier.world import Issuer, World, a_world

SECONDS = 20.0
ORGANISATION = "0a" * 16
OTHER = "0b" * 16


@dataclass
class Running:
    """A verifier that answers at `url`."""

    url: str
    settings: VerifierSettings
    world: World

    def client(self, organisation: str | None = None, *scopes: str) -> Client:
        token = self.world.token(self.url, organisation, *scopes) if organisation else None
        return open_client(self.url, token=token, seconds=60)

    def verify(self, item: Any, **headers: str) -> Any:
        """The report on an item, anonymously."""
        with self.client() as client:
            answer = client.post("/v1/verifications", json=item, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, body: bytes, media_type: str) -> Response:
        with self.client() as client:
            return client.post("/v1/verifications", content=body, headers={"Content-Type": media_type})

    def announce(self, topic: str, kind: str, subject: str, data: dict[str, Any], sequence: int = 1) -> None:
        """Publish an event as the issuer or the directory would."""
        event = Event(
            type=f"org.confer.{kind}.v1",
            source=self.world.url,
            subject=subject,
            organisation=ORGANISATION,
            sequence=sequence,
            time=utc_now(),
            data=data,
            id=new_id(),
        )

        async def publish() -> None:
            log = open_log(self.settings)
            try:
                await log.ensure_topics()
                assert await log.publish([Record(topic, subject, event.to_bytes())]) == [None]
            finally:
                await log.close()

        asyncio.run(publish())


@contextmanager
def running(settings: VerifierSettings, world: World, *, hearing: bool = True) -> Iterator[Running]:
    """Answering, and (if the log is there) hearing of changes."""
    service = Verifier(settings)
    application = with_lifespan(service)
    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=settings.port, log_config=None, lifespan="on")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the verifier did not start"
        until(lambda: service.tail.started.is_set() or not hearing)
        yield Running(settings.public_url, settings, world)
    finally:
        server.should_exit = True
        thread.join(30)


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for a condition; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


def settings_of(world: World, data_dir: Path, **changes: Any) -> VerifierSettings:
    """Settings of a verifier beside this world, its database migrated."""
    port = free_port()
    given = {
        "data_dir": data_dir,
        "port": port,
        "public_url": f"http://localhost:{port}",
        "directory_url": world.url,
        "anonymous_per_minute": 10_000,
        "processes": 1,
        **changes,
    }
    settings = VerifierSettings(**given)
    migrate.upgrade(settings.database_url, Verifier.migrations)
    return settings


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    """For tests that leave no trace in it but issuers of their own."""
    with a_world() as one:
        yield one


@pytest.fixture(scope="session")
def shared_verifier(shared_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(settings_of(shared_world, tmp_path_factory.mktemp("verifier")), shared_world) as one:
        yield one


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as one:
        yield one


@pytest.fixture
def issuer(world: World) -> Issuer:
    one = Issuer(world, f"school-{new_id()[:8]}")
    world.recognise(one.did)
    return one


MakeSettings = Callable[..., VerifierSettings]


@pytest.fixture
def make_settings(world: World, tmp_path: Path) -> MakeSettings:
    return partial(settings_of, world, tmp_path)


@pytest.fixture
def verifier(make_settings: MakeSettings, world: World) -> Iterator[Running]:
    """On SQLite."""
    with running(make_settings(), world) as one:
        yield one


@pytest.fixture
def verifier_on_both(make_settings: MakeSettings, world: World, database_url: str) -> Iterator[Running]:
    """On SQLite and on PostgreSQL."""
    with running(make_settings(database_url=database_url), world) as one:
        yield one
