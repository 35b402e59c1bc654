"""A running issuer on SQLite and on PostgreSQL, each test on a copy of one migrated database."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.issuer.app import Issuer
from shared.db import migrate
from tests.harness import postgres
from tests.integration.issuer.stage import Organisation, Stage, stage


def _migrate(url: str) -> None:
    migrate.upgrade(url, Issuer.migrations)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("issuer") / "template.sqlite3"
    _migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def issuer_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database. What does not touch the database much asks for one kind only:
    `parametrize("issuer_database", ["sqlite"], indirect=True)`.
    """
    if request.param == "sqlite":
        path = tmp_path / "issuer.sqlite3"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: postgres.PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create(server.template("issuer", _migrate))
    yield url
    server.drop(url)


@pytest.fixture
async def issuer(issuer_database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(issuer_database, tmp_path / "data", migrated=True) as running:
        yield running


@pytest.fixture
def school(issuer: Stage) -> Organisation:
    return issuer.organisation()


@pytest.fixture
def other(issuer: Stage) -> Organisation:
    """A second organisation, which sees nothing of the first."""
    return issuer.organisation()
