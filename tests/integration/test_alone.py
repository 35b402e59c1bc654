"""Each service starts with the other three unimportable: they share nothing but standards and events (ADR 0001)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = ("issuer", "backpack", "verifier", "directory")

PROGRAM = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[:2] in {absent!r}:
            raise ImportError(name + " is absent in this test")
        return None

sys.meta_path.insert(0, Absent())
import asyncio
from importlib import import_module
from shared.db import migrate
from shared.process import with_lifespan

settings = import_module("services.{service}.settings").{class_name}Settings()
service = import_module("services.{service}.app").{class_name}(settings)
migrate.upgrade(service.settings.database_url, service.migrations)
application = with_lifespan(service)

async def main():
    async with application.router.lifespan_context(application):
        for dependency in service.dependencies():
            await dependency.check()
    print("started and stopped")

asyncio.run(main())
"""


@pytest.mark.parametrize("service", SERVICES)
def test_starts_without_the_others(service: str, tmp_path: Path) -> None:
    absent = [["services", other] for other in SERVICES if other != service]
    program = PROGRAM.format(absent=absent, service=service, class_name=service.capitalize())
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "CONFER_DATA_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("started and stopped\n")
