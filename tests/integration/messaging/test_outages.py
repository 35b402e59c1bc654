"""The log or the database goes away and comes back: everything waits, says so, and goes on by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.db import Database, DatabaseUnavailable
from shared.messaging.log import LogUnavailable, Record
from shared.messaging.log.local import LocalLog
from tests.harness import kafka, postgres
from tests.harness.backbone import Backbone, create_tables, open_backbone_log, running, sequences, until
from tests.harness.needs import without
from tests.harness.processes import Missing

pytestmark = pytest.mark.anyio
KEYS = ["a", "b", "c"]


@pytest.fixture
def own_broker() -> Iterator[kafka.Broker]:
    """A broker that may be killed."""
    try:
        with kafka.broker() as broker:
            yield broker
    except Missing as missing:
        without("kafka", str(missing))


@pytest.fixture
def own_server() -> Iterator[postgres.PostgreSQL]:
    """A server that may be killed."""
    try:
        with postgres.postgresql() as server:
            yield server
    except Missing as missing:
        without("postgres", str(missing))


@pytest.fixture
async def on_own_broker(own_broker: kafka.Broker, tmp_path: Path) -> AsyncIterator[Backbone]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/database.sqlite3")
    backbone = Backbone(database, database, open_backbone_log(f"kafka:{own_broker.bootstrap}"))
    await create_tables(database)
    await backbone.log.ensure_topics([backbone.topic])
    yield backbone
    await backbone.log.close()
    await database.close()


@pytest.mark.kafka
async def test_the_broker_is_killed_and_comes_back(on_own_broker: Backbone, own_broker: kafka.Broker) -> None:
    backbone = on_own_broker
    async with running(backbone.relay(), backbone.consume()):
        await backbone.commit(*KEYS)
        await backbone.until_handled(sequences(KEYS, 1))
        await asyncio.to_thread(own_broker.kill)
        await backbone.commit(*KEYS)
        with pytest.raises(LogUnavailable):
            await backbone.log.ping()
        results = await backbone.log.publish([Record(backbone.topic.name, "x", b"{}")])
        assert isinstance(results[0], LogUnavailable)
        await asyncio.to_thread(own_broker.start)
        await backbone.commit(*KEYS)
        await backbone.until_handled(sequences(KEYS, 3))
        await backbone.log.ping()
    assert await backbone.effects_by_key() == sequences(KEYS, 3)


@pytest.mark.kafka
async def test_a_frozen_broker_is_noticed(on_own_broker: Backbone, own_broker: kafka.Broker) -> None:
    backbone = on_own_broker
    await backbone.log.ping()
    own_broker.freeze()
    began = time.monotonic()
    with pytest.raises(LogUnavailable):
        await backbone.log.ping()
    assert time.monotonic() - began < 8
    own_broker.thaw()

    async def answers() -> bool:
        try:
            await backbone.log.ping()
        except LogUnavailable:
            return False
        return True

    await until(answers)


@pytest.mark.postgres
async def test_the_database_crashes_and_comes_back(own_server: postgres.PostgreSQL, tmp_path: Path) -> None:
    log = open_backbone_log(str(tmp_path / "log.sqlite3"))
    backbone = Backbone(Database(own_server.create()), Database(own_server.create()), log)
    await create_tables(backbone.producer)
    await create_tables(backbone.consumer)
    await log.ensure_topics([backbone.topic])
    import signal

    async with running(backbone.relay(), backbone.consume()):
        await backbone.commit(*KEYS)
        await backbone.until_handled(sequences(KEYS, 1))
        await asyncio.to_thread(own_server.stop, signal.SIGQUIT)
        with pytest.raises(DatabaseUnavailable):
            await backbone.producer.ping()
        with pytest.raises(DatabaseUnavailable):
            await backbone.commit(*KEYS)
        await asyncio.to_thread(own_server.start)
        await backbone.commit(*KEYS)
        await backbone.until_handled(sequences(KEYS, 2))
    assert await backbone.effects_by_key() == sequences(KEYS, 2)
    await log.close()
    await backbone.producer.close()
    await backbone.consumer.close()


async def test_the_local_log_cannot_be_opened_and_then_it_can(tmp_path: Path) -> None:
    place = tmp_path / "logs"
    place.write_text("a file where the folder should be")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/database.sqlite3")
    await create_tables(database)
    backbone = Backbone(database, database, LocalLog(place / "log.sqlite3"))
    async with running(backbone.relay()):
        await backbone.commit(*KEYS)
        with pytest.raises(LogUnavailable):
            await backbone.log.ping()
        place.unlink()
        await backbone.log.ensure_topics([backbone.topic])
        async with running(backbone.consume()):
            await backbone.until_handled(sequences(KEYS, 1))
    await backbone.log.close()
    await database.close()
