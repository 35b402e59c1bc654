"""The behavioural suite runs on SQLite with the local log, and on PostgreSQL with Apache Kafka."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from shared.db import Database
from tests.harness.backbone import Backbone, create_tables, open_backbone_log
from tests.harness.needs import databases


@pytest.fixture(
    params=[
        pytest.param(("sqlite", "local"), id="sqlite-local"),
        pytest.param(
            ("postgresql", "kafka"), id="postgresql-kafka", marks=[pytest.mark.postgres, pytest.mark.kafka]
        ),
    ]
)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The kind of database and the log's driver."""
    kinds: tuple[str, str] = request.param
    return kinds


@pytest.fixture
def make_database(
    pair: tuple[str, str], request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], str]]:
    """Makes empty databases of the pair's kind."""
    yield from databases(pair[0], request, tmp_path)


@pytest.fixture
def log_at(pair: tuple[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the log is."""
    if pair[1] == "kafka":
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
