"""A running backpack on SQLite and on PostgreSQL, from a database that was migrated once."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.backpack.app import Backpack
from shared.db import migrate
from tests.harness import postgres
from tests.integration.backpack.stage import Stage, stage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest revision; to be copied."""
    path = tmp_path_factory.mktemp("backpack") / "backpack.sqlite3"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}", Backpack.migrations)
    return path


@pytest.fixture
def sqlite_database(migrated: Path, tmp_path: Path) -> str:
    shutil.copy(migrated, tmp_path / "backpack.sqlite3")
    return f"sqlite+aiosqlite:///{tmp_path}/backpack.sqlite3"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    server: postgres.PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create(server.template("backpack", lambda url: migrate.upgrade(url, Backpack.migrations)))
    yield url
    server.drop(url)


@pytest.fixture
async def backpack(migrated_database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(migrated_database, tmp_path / "data") as running:
        yield running


@pytest.fixture
async def embedded(sqlite_database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    """A backpack on SQLite, for what no database has a part in: pages, and what is refused before it is stored."""
    async with stage(sqlite_database, tmp_path / "data") as running:
        yield running
