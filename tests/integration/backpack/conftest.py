"""A running backpack on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.backpack.stage import Stage, stage


@pytest.fixture
async def backpack(database_url: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(database_url, tmp_path / "data") as running:
        yield running
