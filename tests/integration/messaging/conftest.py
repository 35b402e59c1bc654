"""The behavioural suite runs on SQLite with the local log, and on PostgreSQL with Apache Kafka."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.db import Database
from tests.harness.backbone import Backbone, create_tables, open_backbone_log

_PAIRS = [
    pytest.param("sqlite", "local", id="sqlite-local"),
    pytest.param(
        "postgresql", "kafka", id="postgresql-kafka", marks=[pytest.mark.postgres, pytest.mark.kafka]
    ),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backbone" in metafunc.fixturenames:
        metafunc.parametrize(("make_database", "log_at"), _PAIRS, indirect=True)


@pytest.fixture
def log_at(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the log is."""
    if request.param == "kafka":
        return f"kafka:{request.getfixturevalue('kafka_bootstrap')}"
    return str(tmp_path / "log.sqlite3")


@pytest.fixture
async def backbone(make_database: Callable[[], str], log_at: str) -> AsyncIterator[Backbone]:
    """A producer and a consumer, each with its own database."""
    log = open_backbone_log(log_at)
    made = Backbone(Database(make_database()), Database(make_database()), log)
    await create_tables(made.producer)
    await create_tables(made.consumer)
    await log.ensure_topics([made.topic])
    yield made
    await log.close()
    await made.producer.close()
    await made.consumer.close()
