"""The platform as the tests of the whole story use it: embedded, and on PostgreSQL with Kafka."""

from collections.abc import Iterator

import pytest

from tests.harness import kafka, postgres
from tests.harness.platform import SERVICES, Platform, platform


@pytest.fixture(
    scope="module",
    params=["embedded", pytest.param("scaled", marks=[pytest.mark.postgres, pytest.mark.kafka])],
)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Four processes on SQLite and the local log, then four on PostgreSQL and Apache Kafka."""
    data_dir = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        with platform(data_dir) as up:
            yield up
        return
    server: postgres.PostgreSQL = request.getfixturevalue("session_postgresql")
    bootstrap: str = request.getfixturevalue("session_kafka_bootstrap")
    kafka.clear(bootstrap)
    databases = {name: server.create() for name in SERVICES}
    settings = {f"CONFER_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    with platform(data_dir, settings | {"CONFER_KAFKA_BOOTSTRAP": bootstrap}) as up:
        yield up
    for url in databases.values():
        server.drop(url)
