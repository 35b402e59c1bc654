"""From the log into a consumer's database, on both logs and both databases."""

import asyncio
from collections import Counter

import pytest

from shared.db import WriteSession
from shared.messaging import Event, Tail, Unprocessable
from shared.messaging.dead_letters import dead_letters, drop, forget, inspect, replay, rewind
from tests.harness.backbone import (
    Backbone,
    effect,
    event_bytes,
    note_effect,
    running,
    sequences,
    tables,
    until,
)

pytestmark = pytest.mark.anyio


async def letters(backbone: Backbone) -> list[tuple[str, int | None, str, str]]:
    async with backbone.consumer.read() as session:
        found = await dead_letters(session, tables, consumer=backbone.group)
    return [(letter.subject, letter.sequence, letter.state, letter.reason) for letter in found]


async def until_letters(backbone: Backbone, count: int) -> None:
    async def there() -> bool:
        return len(await letters(backbone)) == count

    await until(there, lambda: f"{count} dead letters")


async def letter_id(backbone: Backbone) -> int:
    async with backbone.consumer.read() as session:
        return (await dead_letters(session, tables, consumer=backbone.group))[0].id


class Refusing:
    """A handler that refuses one event as long as `broken`, and counts its calls."""

    def __init__(self, subject: str, sequence: int, error: Exception) -> None:
        self.broken = True
        self.calls: Counter[tuple[str, int]] = Counter()
        self._at = (subject, sequence)
        self._error = error

    async def __call__(self, session: WriteSession, event: Event) -> None:
        self.calls[event.subject, event.sequence] += 1
        await note_effect(session, event)
        if self.broken and (event.subject, event.sequence) == self._at:
            raise self._error


async def test_duplicates_are_dropped_by_their_sequence(backbone: Backbone) -> None:
    await backbone.put(("a", 1), ("a", 2), ("a", 1), ("a", 2), ("a", 3), ("a", 2), ("b", 1), ("b", 1))
    async with running(backbone.consume(batch=3)):
        await backbone.until_handled({"a": [1, 2, 3], "b": [1]})
    assert await backbone.effects_by_key() == {"a": [1, 2, 3], "b": [1]}


async def test_a_gap_waits(backbone: Backbone) -> None:
    await backbone.put(("gap", 1), ("gap", 4), ("gap", 3), ("gap", 4), ("free", 1), ("free", 2))
    async with running(backbone.consume()):
        await backbone.until_handled({"gap": [1], "free": [1, 2]})
        await until_letters(backbone, 2)
        assert await letters(backbone) == [
            ("gap", 4, "waiting", "waits for sequence 2"),
            ("gap", 3, "waiting", "waits for sequence 2"),
        ]
        await backbone.put(("gap", 2), ("gap", 5))
        await backbone.until_handled({"gap": [1, 2, 3, 4, 5], "free": [1, 2]})
    assert await backbone.effects_by_key() == {"gap": [1, 2, 3, 4, 5], "free": [1, 2]}
    assert await letters(backbone) == []


async def test_what_can_never_be_handled_is_put_aside_with_its_key(backbone: Backbone) -> None:
    handler = Refusing("poison", 2, Unprocessable("no such achievement"))
    keys = ["poison", *(f"key-{number}" for number in range(20))]
    for number in (1, 2, 3):
        await backbone.put(*((key, number) for key in keys))
    async with running(backbone.consume(handler)):
        await backbone.until_handled(sequences(keys[1:], 3) | {"poison": [1]})
        await until_letters(backbone, 2)
        assert await letters(backbone) == [
            ("poison", 2, "failed", "no such achievement"),
            ("poison", 3, "waiting", "waits for sequence 2"),
        ]
        async with backbone.consumer.read() as session:
            assert b'"poison/2"' in await inspect(session, tables, await letter_id(backbone))

        # Replayed in vain it is put aside again; replayed after the cause was mended, all of its key go on.
        calls = handler.calls["poison", 2]
        async with backbone.consumer.write() as write:
            assert await replay(write, tables, backbone.group, backbone.topic.name, "poison") == 2
        await until(lambda: _called(handler, calls))
        await backbone.put(("poison", 4))
        await until_letters(backbone, 3)
        handler.broken = False
        async with backbone.consumer.write() as write:
            await replay(write, tables, backbone.group, backbone.topic.name, "poison")
        await backbone.until_handled(sequences(keys[1:], 3) | {"poison": [1, 2, 3, 4]})
    assert await backbone.effects_by_key() == sequences(keys[1:], 3) | {"poison": [1, 2, 3, 4]}
    assert await letters(backbone) == []


async def _called(handler: Refusing, before: int) -> bool:
    return handler.calls["poison", 2] > before


async def test_a_dropped_event_lets_its_key_go_on(backbone: Backbone) -> None:
    handler = Refusing("poison", 2, Unprocessable("never"))
    await backbone.put(("poison", 1), ("poison", 2), ("poison", 3), ("poison", 4))
    async with running(backbone.consume(handler)):
        await until_letters(backbone, 3)
        async with backbone.consumer.write() as session:
            await drop(session, tables, await letter_id(backbone))
        await backbone.put(("poison", 5))
        await backbone.until_handled({"poison": [1, 3, 4, 5]})
    assert await backbone.effects() == [("poison", n) for n in (1, 3, 4, 5)]
    assert await letters(backbone) == []


async def test_a_bug_is_isolated_from_its_batch(backbone: Backbone) -> None:
    """The batch is halved to the culprit; what its neighbours did in the failed attempts was rolled back."""
    handler = Refusing("bug", 1, ValueError("john@example.org"))
    keys = [f"key-{number}" for number in range(50)]
    await backbone.put(*((key, 1) for key in keys[:25]), ("bug", 1), *((key, 1) for key in keys[25:]))
    async with running(backbone.consume(handler)):
        await backbone.until_handled(sequences(keys, 1))
        await until_letters(backbone, 1)
    assert await letters(backbone) == [("bug", 1, "failed", "failed 3 times: ValueError")]
    assert await backbone.effects_by_key() == sequences(keys, 1)
    assert max(handler.calls[key, 1] for key in keys) <= 8, "halving, not one by one"


async def test_what_is_only_away_is_tried_until_it_is_back(backbone: Backbone) -> None:
    handler = Refusing("key", 2, ConnectionRefusedError("away"))
    await backbone.put(("key", 1), ("key", 2), ("other", 1))
    async with running(backbone.consume(handler)):

        async def tried_often() -> bool:
            return handler.calls["key", 2] > 4

        await until(tried_often)
        assert await letters(backbone) == []
        handler.broken = False
        await backbone.until_handled({"key": [1, 2], "other": [1]})
    assert await backbone.effects_by_key() == {"key": [1, 2], "other": [1]}


async def test_unreadable_bytes_stop_their_key_only(backbone: Backbone) -> None:
    good = event_bytes("key", 1)
    await backbone.put_bytes(
        ("torn", b'{"specversion": "1.0"'),
        ("double", good.replace(b'"specversion":"1.0"', b'"specversion":"1.0","id":"x"')),
        ("other-key", good),
        ("key", good),
    )
    async with running(backbone.consume()):
        await backbone.until_handled({"key": [1]})
        await until_letters(backbone, 3)
    assert sorted((subject, reason) for subject, _, _, reason in await letters(backbone)) == [
        ("double", "unreadable: not strict JSON in UTF-8"),
        ("other-key", "unreadable: its subject is not the key it was published under"),
        ("torn", "unreadable: not strict JSON in UTF-8"),
    ]


async def test_a_consumer_resumes_from_its_own_database(backbone: Backbone) -> None:
    keys = [f"key-{number}" for number in range(10)]
    first = Refusing("", 0, ValueError())
    await backbone.put(*((key, 1) for key in keys))
    async with running(backbone.consume(first)):
        await backbone.until_handled(sequences(keys, 1))
    await backbone.put(*((key, 2) for key in keys))
    second = Refusing("", 0, ValueError())
    async with running(backbone.consume(second)):
        await backbone.until_handled(sequences(keys, 2))
    assert {sequence for _, sequence in second.calls} == {2}, "nothing was read twice"


async def test_events_of_unknown_types_are_passed_over(backbone: Backbone) -> None:
    await backbone.put_bytes(
        ("key", event_bytes("key", 1)),
        ("key", event_bytes("key", 2, type="org.confer.thing.new-in-version-2.v1")),
        ("key", event_bytes("key", 3)),
    )
    async with running(backbone.consume()):
        await backbone.until_handled({"key": [1, 3]})
    assert await letters(backbone) == []


async def test_two_members_of_a_group_handle_each_event_once(backbone: Backbone) -> None:
    keys = [f"key-{number}" for number in range(30)]
    one, other = backbone.consume(batch=7), backbone.consume(batch=7)
    async with running(one, other):
        for number in range(1, 6):
            await backbone.put(*((key, number) for key in keys))
        await backbone.until_handled(sequences(keys, 5))
    assert await backbone.effects_by_key() == sequences(keys, 5)


async def test_the_other_member_takes_over(backbone: Backbone) -> None:
    keys = [f"key-{number}" for number in range(10)]
    async with running(backbone.consume()):
        async with running(backbone.consume()):
            await backbone.put(*((key, 1) for key in keys))
            await backbone.until_handled(sequences(keys, 1))
        await backbone.put(*((key, 2) for key in keys))
        await backbone.until_handled(sequences(keys, 2))
    assert await backbone.effects_by_key() == sequences(keys, 2)


async def test_a_running_consumer_can_be_rebuilt_from_the_start(backbone: Backbone) -> None:
    await backbone.put(("a", 1), ("a", 2), ("b", 1))
    async with running(backbone.consume()):
        await backbone.until_handled({"a": [1, 2], "b": [1]})
        async with backbone.consumer.write() as session:
            await session.execute(effect.delete())
            await rewind(session, tables, backbone.group, backbone.topic.name, again=True)
        await backbone.put(("b", 2))
        await backbone.until_handled({"a": [1, 2], "b": [1, 2]})
    assert await backbone.effects_by_key() == {"a": [1, 2], "b": [1, 2]}


async def test_what_was_put_aside_can_be_forgotten(backbone: Backbone) -> None:
    handler = Refusing("person", 1, Unprocessable("never"))
    await backbone.put(("person", 1), ("person", 2))
    async with running(backbone.consume(handler)):
        await until_letters(backbone, 2)
    async with backbone.consumer.write() as session:
        await forget(session, tables, backbone.topic.name, "person")
    assert await letters(backbone) == []


async def test_every_tail_hears_everything_from_now_on(backbone: Backbone) -> None:
    await backbone.put(("old", 1))
    heard: list[list[tuple[str, int]]] = [[], []]

    def listen(into: list[tuple[str, int]]) -> Tail:
        async def hear(event: Event) -> None:
            into.append((event.subject, event.sequence))

        return Tail(backbone.log, [backbone.topic], hear)

    tails = [listen(into) for into in heard]
    async with running(*tails), asyncio.timeout(20):
        for tail in tails:
            await tail.started.wait()
        await backbone.put(("new", 1), ("newer", 1), ("new", 2))

        async def all_heard() -> bool:
            return all(len(each) == 3 for each in heard)

        await until(all_heard)
    assert [sorted(each) for each in heard] == [[("new", 1), ("new", 2), ("newer", 1)]] * 2


async def test_a_tail_goes_on_after_an_event_it_cannot_handle(backbone: Backbone) -> None:
    heard: list[int] = []

    async def hear(event: Event) -> None:
        if event.sequence == 1:
            raise ValueError
        heard.append(event.sequence)

    tail = Tail(backbone.log, [backbone.topic], hear)
    async with running(tail), asyncio.timeout(20):
        await tail.started.wait()
        await backbone.put_bytes(("key", b"unreadable"))
        await backbone.put(("key", 1), ("key", 2))

        async def heard_the_second() -> bool:
            return heard == [2]

        await until(heard_the_second)
