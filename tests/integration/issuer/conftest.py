"""A running issuer on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.issuer.stage import Organisation, Stage, stage


@pytest.fixture
async def issuer(database_url: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(database_url, tmp_path / "data") as running:
        yield running


@pytest.fixture
def school(issuer: Stage) -> Organisation:
    return issuer.organisation()


@pytest.fixture
def other(issuer: Stage) -> Organisation:
    """A second organisation, which sees nothing of the first."""
    return issuer.organisation()
