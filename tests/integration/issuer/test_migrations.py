"""The issuer's history runs up and down, on empty and on filled databases, and ends with the tables of the code."""

from pathlib import Path

import anyio
import pytest

from services.issuer.app import Issuer
from shared.db import migrate
from tests.integration.issuer.stage import stage

pytestmark = pytest.mark.anyio


async def test_up_and_down_filled_and_empty(database_url: str, tmp_path: Path) -> None:
    async with stage(database_url, tmp_path / "data") as running:
        school = running.organisation()
        award = await school.award((await school.achievement(suspendable=True))["id"])
        await school.post(f"/v1/awards/{award['id']}/revoke")

    def up_and_down() -> None:
        migrate.check(database_url, Issuer.migrations)
        migrate.downgrade(database_url, Issuer.migrations, "base")
        assert migrate.current(database_url, Issuer.migrations) is None
        migrate.upgrade(database_url, Issuer.migrations)
        migrate.check(database_url, Issuer.migrations)

    await anyio.to_thread.run_sync(up_and_down)
