"""First start, later starts, migrations up and down, and what the application says of itself."""

import asyncio
import json
import stat
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import validate
from sqlalchemy import text

from services.directory.__main__ import commands
from services.directory.app import Directory, create_app
from shared.db import InstanceMismatch, migrate
from shared.http.openapi import operations
from shared.process.supervision import running
from tests.integration.directory.conftest import (
    URL,
    Client,
    ManualClock,
    World,
    first_start,
    running_world,
    settings,
)
from tests.integration.directory.test_catalogue import until

pytestmark = pytest.mark.anyio


async def test_the_demonstration_is_ready_at_first_start(database_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(first_start, tmp_path, database_url)
    path = tmp_path / "demo-client.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    demo = json.loads(path.read_text())
    async with running_world(database_url, tmp_path) as world:
        token = await world.token(Client(demo["client_id"], demo["client_secret"]))
        assert token.status_code == 200, token.text
        staff = await world.sign_in(demo["login"], demo["password"])
    assert staff.organisation == demo["organisation"]
    assert demo["token_endpoint"] == f"{URL}/oauth/token"


async def test_what_fsck_finds(world: World) -> None:
    owner = await world.owner("anna", url="https://school.example")
    await world.http.post(
        "/v1/recognitions", json={"issuer": "did:web:a.example", "reason": "Good."}, headers=owner.headers
    )
    path = f"/v1/organisations/{owner.organisation}"
    await world.http.patch(path, json={"name": "New"}, headers=owner.headers | {"If-Match": "*"})
    assert await world.directory.fsck() == []
    async with world.directory.db.write() as session:
        await session.execute(text("UPDATE member SET state = 'removed'"))
        await session.execute(text("UPDATE organisation SET event_sequence = event_sequence + 1"))
        await session.execute(text("UPDATE signing_key SET id = 'another'"))
    found = "\n".join(await world.directory.fsck())
    for words in (
        "without an active owner",
        "signing_key another: not sealed for",
        "counts 3 events, the outbox has 2",
    ):
        assert words in found


async def test_housekeeping_forgets_what_nobody_asks_for(world: World) -> None:
    await world.owner("anna")
    world.clock.advance(timedelta(days=60))
    await world.owner("ben")

    async def left() -> bool:
        async with world.directory.db.read() as session:
            return (await session.scalar(text("SELECT count(*) FROM session"))) == 1

    async with running([worker for worker in world.directory.workers() if worker.name == "housekeeping"]):
        await until(left)


async def test_a_later_start_changes_nothing(started_database: str, tmp_path: Path) -> None:
    async def keys() -> list[object]:
        directory = Directory(settings(tmp_path, started_database), ManualClock())
        try:
            await directory.start()
            return [key["kid"] for key in await directory.context.signing_keys.published()]
        finally:
            await directory.stop()

    assert await keys() == await keys()
    assert not (tmp_path / "demo-client.json").exists(), "there is an organisation already: nothing is seeded"


async def test_the_public_url_is_fixed_at_first_start(started_database: str, tmp_path: Path) -> None:
    moved = settings(tmp_path, started_database).model_copy(update={"public_url": "http://elsewhere.test"})
    directory = Directory(moved, ManualClock())
    with pytest.raises(InstanceMismatch, match="public_url"):
        await directory.start()
    await directory.stop()


async def test_without_its_key_the_directory_does_not_sign(started_database: str, tmp_path: Path) -> None:
    from shared.db import CannotOpen

    (tmp_path / "keys" / "directory.kek").unlink()
    directory = Directory(settings(tmp_path, started_database), ManualClock())
    await directory.start()
    try:
        from services.directory.oauth import store

        async with directory.db.read() as session:
            key = await session.run_sync(store.active_key, directory.clock())
        with pytest.raises(CannotOpen):
            directory.context.signing_keys.sign(key, {})
    finally:
        await directory.stop()


def test_migrations_go_up_and_down_on_empty_databases(database_url: str) -> None:
    package = Directory.migrations
    migrate.upgrade(database_url, package)
    migrate.check(database_url, package)
    migrate.downgrade(database_url, package, "base")
    migrate.upgrade(database_url, package)
    migrate.check(database_url, package)


def test_migrations_go_down_and_up_on_filled_databases(database_url: str, tmp_path: Path) -> None:
    first_start(tmp_path, database_url)
    for revision in reversed(migrate.revisions(Directory.migrations)[:-1]):
        migrate.downgrade(database_url, Directory.migrations, revision)
    migrate.downgrade(database_url, Directory.migrations, "base")
    migrate.upgrade(database_url, Directory.migrations)
    migrate.check(database_url, Directory.migrations)


def test_every_operation_says_whom_it_is_for_and_is_described(tmp_path: Path) -> None:
    app = Directory(settings(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/x.sqlite3")).build()
    every = list(operations(app))
    assert not [operation for operation in every if not operation.stated]
    document = app.openapi()
    validate(document)
    ids = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            ids.append(operation["operationId"])
            assert operation.get("summary"), where
            assert operation.get("description"), where
            assert operation["tags"], where
            if "requestBody" in operation:
                assert {"400", "422"} & operation["responses"].keys(), where
            if "security" in operation and operation["security"] and {} not in operation["security"]:
                assert "401" in operation["responses"], where
    assert len(ids) == len(set(ids))
    assert len(ids) > 35


async def test_served_as_a_process_would(tmp_path: Path) -> None:
    """The whole life: started by the lifespan, workers running, stopped."""
    url = f"sqlite+aiosqlite:///{tmp_path}/directory.sqlite3"
    await asyncio.to_thread(migrate.upgrade, url, Directory.migrations)
    app = create_app(settings(tmp_path, url))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as http,
    ):
        for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/problems/last-owner", "/v1/issuers"):
            assert (await http.get(path)).status_code == 200, path


def test_an_operator_rotates_the_signing_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    monkeypatch.setenv("CONFER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONFER_DIRECTORY_URL", URL)
    url = f"sqlite+aiosqlite:///{tmp_path}/directory.sqlite3"
    first_start(tmp_path, url)
    done = CliRunner().invoke(commands, ["rotate-signing-key"])
    assert done.exit_code == 0, done.output
    assert len(done.output.strip().splitlines()[-1]) == 32
