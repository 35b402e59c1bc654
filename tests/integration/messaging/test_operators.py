"""What operators do with the log: a reader of their own on real Kafka, and traces that go on from event to event."""

import asyncio
import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.db import WriteSession
from shared.messaging import Event, Outbox, Outgoing
from shared.messaging.log.kafka import KafkaLog
from shared.messaging.log.protocol import Record
from shared.messaging.topics import Topic
from shared.observability.context import current_traceparent
from tests.harness.backbone import Backbone, event_bytes, running, tables

pytestmark = pytest.mark.anyio
EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "consumer.py"
CAUSE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.kafka
async def test_the_example_reads_each_event_once(kafka_bootstrap: str) -> None:
    topic = Topic(f"test.t{secrets.token_hex(6)}", partitions=2)
    log = KafkaLog(kafka_bootstrap)
    try:
        await log.ensure_topics([topic])
        numbered = [("a", 1), ("b", 1), ("a", 1), ("a", 2)]
        await log.publish([Record(topic.name, key, event_bytes(key, n)) for key, n in numbered])
    finally:
        await log.close()
    command = [
        sys.executable,
        EXAMPLE,
        "--bootstrap",
        kafka_bootstrap,
        "--group",
        "audit",
        "--count",
        "3",
        topic.name,
    ]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((event["subject"], event["sequence"]) for event in found) == [
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
    ]
    assert [event["sequence"] for event in found if event["subject"] == "a"] == ["1", "2"]


@pytest.mark.parametrize("pair", [("sqlite", "local")], indirect=True)
async def test_what_an_event_sets_going_carries_its_trace(backbone: Backbone) -> None:
    """What the handler writes into the outbox belongs to the trace of the event that it handles; the next one's does not."""
    outbox = Outbox(tables, "http://localhost:8002", trace=current_traceparent)

    async def answer(session: WriteSession, event: Event) -> None:
        told = Outgoing("test.answers", event.subject, "org.confer.thing.ended.v1", "org-1", 1, data={})
        await outbox.add(session, told)

    await backbone.put_bytes(("a", event_bytes("a", 1, traceparent=CAUSE)), ("b", event_bytes("b", 1)))
    async with running(backbone.consume(answer)):
        while len(found := await _traces(backbone)) < 2:
            await asyncio.sleep(0.02)
    assert found["a"].split("-")[1] == CAUSE.split("-")[1]
    assert found["a"] != CAUSE, "a span of its own"
    assert found["b"].split("-")[1] != CAUSE.split("-")[1]


async def _traces(backbone: Backbone) -> dict[str, str]:
    async with backbone.consumer.read() as session:
        rows = await session.execute(select(tables.outbox.c.subject, tables.outbox.c.traceparent))
        return {row.subject: row.traceparent for row in rows}
