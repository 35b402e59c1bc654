"""From the outbox into the log, on both logs and both databases."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from shared.messaging import OutboxRow, parse
from shared.messaging.dead_letters import blocked_events, republish, unblock
from shared.messaging.envelope import ERASED_TYPE
from shared.messaging.lease import LeaseLost
from shared.messaging.log import Log, LogUnavailable, Record, RecordRefused
from tests.harness.backbone import Backbone, note_effect, running, sequences, until

pytestmark = pytest.mark.anyio


class Tampered:
    """A log whose answers to `publish` go through `change`, after the records have really been published."""

    def __init__(
        self, log: Log, change: Callable[[Record], Exception | None], *, publish: bool = True
    ) -> None:
        self._log = log
        self._change = change
        self._publish = publish

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        published = [r for r in records if self._publish or self._change(r) is None]
        assert await self._log.publish(published) == [None] * len(published)
        return [self._change(record) for record in records]


class Gate:
    """A log in which a relay can be held after it has published and before it hears so."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.published = asyncio.Event()
        self.go_on = asyncio.Event()

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        results = await self._log.publish(records)
        self.published.set()
        await self.go_on.wait()
        return results


async def test_committed_events_are_handled_once_in_the_order_of_their_key(backbone: Backbone) -> None:
    keys = [f"key-{number}" for number in range(20)]
    async with running(backbone.relay(), backbone.consume()):
        for _ in range(5):
            await backbone.commit(*keys)
        await backbone.until_handled(sequences(keys, 5))
    assert await backbone.effects_by_key() == sequences(keys, 5)
    assert await backbone.unpublished() == 0


async def test_what_was_rolled_back_is_not_published(backbone: Backbone) -> None:
    async def failing() -> None:
        async with backbone.producer.write() as session:
            await backbone.happen(session, "a")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await failing()
    await backbone.commit("b")
    relay = backbone.relay()
    assert await relay.step() == 1
    assert [entry.key for entry in await backbone.in_log()] == ["b"]


async def test_a_transaction_that_commits_late_is_not_lost(backbone: Backbone) -> None:
    """The late one has the lower position; a relay that looked beyond the last position seen would pass it over."""
    relay = backbone.relay()
    wrote, go_on = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with backbone.producer.write() as session:
            await backbone.happen(session, "late")
            wrote.set()
            await go_on.wait()

    slow = asyncio.create_task(late())
    await wrote.wait()
    quick = asyncio.create_task(backbone.commit("quick"))
    if backbone.producer.dialect == "postgresql":
        await quick
        assert await relay.step() == 1
        assert await backbone.marked() == [("quick", 1)]
    go_on.set()  # on SQLite the second writer has been waiting for the first
    await asyncio.gather(slow, quick)
    while await relay.step():
        pass
    assert sorted(entry.key for entry in await backbone.in_log()) == ["late", "quick"]
    assert await backbone.unpublished() == 0


async def test_only_the_prefix_of_a_key_is_marked(backbone: Backbone) -> None:
    for _ in range(3):
        await backbone.commit("stuck", "free")

    def second_fails(record: Record) -> Exception | None:
        stuck = record.key == "stuck" and parse(record.value).sequence == 2
        return LogUnavailable("no answer") if stuck else None

    with pytest.raises(LogUnavailable, match="no answer"):
        await backbone.relay(Tampered(backbone.log, second_fails), name="tampered").step()
    assert [n for key, n in await backbone.marked() if key == "stuck"] == [1]
    assert [n for key, n in await backbone.marked() if key == "free"] == [1, 2, 3]

    assert await backbone.relay(name="sound").step() == 2
    async with running(backbone.consume()):  # 2 and 3 of "stuck" are in the log twice
        await backbone.until_handled(sequences(["stuck", "free"], 3))
    assert await backbone.effects_by_key() == sequences(["stuck", "free"], 3)


async def test_a_record_published_without_its_predecessor_waits_for_it(backbone: Backbone) -> None:
    for _ in range(3):
        await backbone.commit("key")

    def second_fails(record: Record) -> Exception | None:
        return LogUnavailable("no answer") if parse(record.value).sequence == 2 else None

    with pytest.raises(LogUnavailable):
        await backbone.relay(Tampered(backbone.log, second_fails, publish=False), name="tampered").step()
    async with running(backbone.consume(), backbone.relay(name="sound")):
        await backbone.until_handled(sequences(["key"], 3))
    assert await backbone.effects() == [("key", 1), ("key", 2), ("key", 3)]


async def test_a_relay_stopped_past_its_lease_marks_nothing(backbone: Backbone) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    gate = Gate(backbone.log)
    stopped = backbone.relay(gate, clock=lambda: now)
    later = backbone.relay(clock=lambda: now)
    await backbone.commit("key")
    step = asyncio.create_task(stopped.step())
    await gate.published.wait()
    assert await later.step() == 0, "the lease is held by the other"
    now += timedelta(seconds=60)
    await backbone.commit("key")
    assert await later.step() == 2
    gate.go_on.set()
    with pytest.raises(LeaseLost):
        await step
    assert await stopped.step() == 0, "the other leads now"
    async with running(backbone.consume()):
        await backbone.until_handled({"key": [1, 2]})
    assert await backbone.effects() == [("key", 1), ("key", 2)]


async def test_a_cancelled_relay_lets_the_next_one_in_at_once(backbone: Backbone) -> None:
    async with running(backbone.relay(lease=timedelta(hours=1))):
        await backbone.commit("key")
        await until(lambda: _none(backbone))
    await backbone.commit("key")
    assert await backbone.relay(lease=timedelta(hours=1)).step() == 1


async def _none(backbone: Backbone) -> bool:
    return await backbone.unpublished() == 0


async def test_what_the_log_never_takes_stops_its_key_only(backbone: Backbone) -> None:
    for _ in range(2):
        await backbone.commit("huge", "small")

    def refuse(record: Record) -> Exception | None:
        return RecordRefused("too large for this broker") if record.key == "huge" else None

    relay = backbone.relay(Tampered(backbone.log, refuse, publish=False))
    assert await relay.step() == 3
    await backbone.commit("huge", "small")
    assert await relay.step() == 1
    assert await relay.step() == 0
    assert await backbone.marked() == [("small", 1), ("small", 2), ("small", 3)]
    async with backbone.producer.read() as session:
        (found,) = await blocked_events(session, backbone_tables())
    assert (found.subject, found.sequence, found.reason) == ("huge", 1, "too large for this broker")
    async with backbone.producer.write() as write:
        await unblock(write, backbone_tables(), backbone.topic.name, "huge")
    await relay._release()
    async with running(backbone.relay(), backbone.consume()):
        await backbone.until_handled(sequences(["huge", "small"], 3))
    assert await backbone.effects_by_key() == sequences(["huge", "small"], 3)


def backbone_tables() -> Any:
    from tests.harness.backbone import tables

    return tables


async def test_private_data_are_read_when_publishing_and_erased_ones_never_are(backbone: Backbone) -> None:
    stored = {"a/1": {"body": "first"}, "b/1": None, "b/2": {"body": "second"}}
    asked: list[list[str | None]] = []

    async def expand(_session: object, rows: Sequence[OutboxRow]) -> dict[str, Any]:
        asked.append([row.reference for row in rows])
        return {row.id: stored[str(row.reference)] for row in rows}

    await backbone.commit("a", reference="a/1")
    await backbone.commit("b", reference="b/1")
    await backbone.commit("b", reference="b/2")
    assert await backbone.relay(expand=expand).step() == 3
    assert asked == [["a/1", "b/1", "b/2"]]
    events = [parse(entry.value) for entry in await backbone.in_log()]
    assert sorted((e.subject, e.type == ERASED_TYPE, dict(e.data).get("body")) for e in events) == [
        ("a", False, "first"),
        ("b", False, "second"),
        ("b", True, None),
    ]
    async with running(backbone.consume()):  # the sequence has no gap, so what follows is handled
        await backbone.until_handled({"a": [1], "b": [2]})


async def test_data_that_cannot_be_read_stop_their_key_only(backbone: Backbone) -> None:
    async def expand(_session: object, rows: Sequence[OutboxRow]) -> dict[str, Any]:
        return {row.id: {"body": str(int(str(row.reference)))} for row in rows}

    for key, reference in (("good", "1"), ("bad", "nonsense"), ("bad", "2"), ("fine", "3")):
        await backbone.commit(key, reference=reference)
    relay = backbone.relay(expand=expand)
    assert await relay.step() == 3
    assert await relay.step() == 0
    assert await backbone.marked() == [("good", 1), ("fine", 1)]
    async with backbone.producer.read() as session:
        (found,) = await blocked_events(session, backbone_tables())
    assert (found.subject, found.reason) == ("bad", "its data cannot be read: ValueError")


async def test_an_outbox_can_be_published_again(backbone: Backbone) -> None:
    for _ in range(2):
        await backbone.commit("a", "b")
    async with running(backbone.relay(), backbone.consume()):
        await backbone.until_handled(sequences("ab", 2))
        async with backbone.producer.write() as session:
            assert await republish(session, backbone_tables(), backbone.topic.name) == 4
        await backbone.commit("a", "b")
        await backbone.until_handled(sequences("ab", 3))
    assert await backbone.effects_by_key() == sequences("ab", 3)


async def test_a_sequence_is_used_once(backbone: Backbone) -> None:
    await backbone.commit("key")
    with pytest.raises(IntegrityError):
        async with backbone.producer.write() as session:
            await backbone.outbox.add(session, backbone.outgoing("key", 1))


async def test_two_relays_share_nothing_and_miss_nothing(backbone: Backbone) -> None:
    keys = [f"key-{number}" for number in range(10)]
    async with running(backbone.relay(), backbone.relay(), backbone.consume(note_effect)):
        for _ in range(5):
            await backbone.commit(*keys)
        await backbone.until_handled(sequences(keys, 5))
    assert await backbone.effects_by_key() == sequences(keys, 5)
