"""Fixtures for all tests: a database of each kind, a log of each kind, started only when a test asks."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.harness import kafka, postgres
from tests.harness.needs import MakeDatabase, databases, without
from tests.harness.processes import Missing

# The default writes tracebacks with rich, which takes seconds for one.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command run in this process sends the log to a stderr that ends with its test: not the next test's."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[postgres.PostgreSQL | Missing]:
    try:
        started = postgres.postgresql()
        server = started.__enter__()
    except Missing as missing:
        yield missing
        return
    try:
        yield server
    finally:
        started.__exit__(None, None, None)


@pytest.fixture(scope="session")
def session_postgresql(_postgresql: postgres.PostgreSQL | Missing) -> postgres.PostgreSQL:
    """The test run's PostgreSQL server, for fixtures that outlive a test."""
    if isinstance(_postgresql, Missing):
        without("postgres", str(_postgresql))
    assert isinstance(_postgresql, postgres.PostgreSQL)
    return _postgresql


@pytest.fixture
def postgresql(session_postgresql: postgres.PostgreSQL) -> postgres.PostgreSQL:
    """The test run's PostgreSQL server; its databases are `postgresql.create()`."""
    return session_postgresql


@pytest.fixture(scope="session")
def _kafka() -> Iterator[str | Missing]:
    elsewhere = os.environ.get("CONFER_KAFKA_BOOTSTRAP")
    if elsewhere:
        yield elsewhere
        return
    try:
        started = kafka.broker()
        broker = started.__enter__()
    except Missing as missing:
        yield missing
        return
    try:
        yield broker.bootstrap
    finally:
        started.__exit__(None, None, None)


@pytest.fixture(scope="session")
def session_kafka_bootstrap(_kafka: str | Missing) -> str:
    """Where the test run's Kafka answers, for fixtures that outlive a test."""
    if isinstance(_kafka, Missing):
        without("kafka", str(_kafka))
    return str(_kafka)


@pytest.fixture
def kafka_bootstrap(session_kafka_bootstrap: str) -> str:
    """Where the test run's Kafka answers; tests use topics and groups of their own or `kafka.clear` it."""
    return session_kafka_bootstrap


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes empty databases, on SQLite and on PostgreSQL; returns the URL of each."""
    yield from databases(request.param, request, tmp_path)


@pytest.fixture
def database_url(make_database: MakeDatabase) -> str:
    """The URL of an empty database, on SQLite and on PostgreSQL."""
    return make_database()
