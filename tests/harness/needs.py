"""What fixtures share: databases of each kind, and what happens when a machine lacks something."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import postgres


def without(name: str, reason: str) -> None:
    """Skip the test, or fail it if `CONFER_TEST_REQUIRE` names what is missing."""
    required = os.environ.get("CONFER_TEST_REQUIRE", "").split(",")
    if name in required:
        pytest.fail(f"{name} is required (CONFER_TEST_REQUIRE) but missing: {reason}", pytrace=False)
    pytest.skip(reason)


MakeDatabase = Callable[[], str]


def databases(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[MakeDatabase]:
    """Makes empty databases of a kind; PostgreSQL's are dropped afterwards."""
    urls: list[str] = []
    if kind == "sqlite":

        def make() -> str:
            urls.append(f"sqlite+aiosqlite:///{folder}/database-{len(urls) + 1}.sqlite3")
            return urls[-1]

        yield make
        return
    server: postgres.PostgreSQL = request.getfixturevalue("postgresql")

    def create() -> str:
        urls.append(server.create())
        return urls[-1]

    yield create
    for url in urls:
        server.drop(url)
