"""The feed of an organisation: everything once, in an order that never changes behind a reader, whoever commits when."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import update

from shared.db import ReadSession
from shared.http.problems import TooManyRequests
from shared.messaging import OutboxRow, Relay
from shared.messaging.envelope import ERASED_TYPE
from shared.messaging.feed import numbers
from shared.messaging.feed.reading import Feed
from shared.messaging.feed.streaming import PER_ORGANISATION, Streams, stream
from tests.harness.backbone import HAPPENED, Backbone, running, tables

pytestmark = pytest.mark.anyio
MINE = "org-1"


def feed_of(backbone: Backbone, **options: Any) -> Feed:
    return Feed(backbone.producer, tables, [HAPPENED], **options)


async def rest(feed: Feed, after: int = 0, limit: int = 7) -> tuple[list[tuple[str, int]], int]:
    """Subject and sequence of everything behind `after`, page by page, and where the pages end."""
    found, more = [], True
    while more:
        stretch = await feed.read(MINE, after=after, limit=limit)
        found += [(event.subject, event.sequence) for _, event in stretch.events]
        after, more = stretch.end, stretch.more
    return found, after


async def drain(relay: Relay) -> None:
    while await relay.step():
        continue


async def test_what_commits_late_is_not_passed_over(backbone: Backbone) -> None:
    """The order of the outbox is not the order of the commits: here the lower position comes to light last."""
    feed, relay = feed_of(backbone), backbone.relay()
    if backbone.producer.dialect == "sqlite":  # one writer at a time: the lower position is only marked later
        await backbone.commit("late")
        hidden = update(tables.outbox).values(blocked_reason="not yet")
        async with backbone.producer.write() as session:
            await session.execute(hidden)
        await backbone.commit("early")
        await drain(relay)
        seen, cursor = await rest(feed)
        async with backbone.producer.write() as session:
            await session.execute(update(tables.outbox).values(blocked_reason=None))
    else:
        async with backbone.producer.write() as session:
            await backbone.happen(session, "late")
            await session.flush()
            await backbone.commit("early")
            await drain(relay)
            seen, cursor = await rest(feed)
    assert seen == [("early", 1)]
    await drain(relay)
    assert await rest(feed, cursor) == ([("late", 1)], cursor + 1)


async def test_a_reader_beside_writers_and_relays_sees_everything_once(backbone: Backbone) -> None:
    keys, rounds = [f"k{n}" for n in range(5)], 12
    feed = feed_of(backbone)

    async def write(key: str) -> None:
        for _ in range(rounds):
            await backbone.commit(key)

    seen: list[tuple[str, int]] = []
    async with (
        running(backbone.relay(batch=7), backbone.relay(batch=5)),
        asyncio.TaskGroup() as writers,
        asyncio.timeout(30),
    ):
        for key in keys:
            writers.create_task(write(key))
        cursor = 0
        while len(seen) < len(keys) * rounds:
            more, cursor = await rest(feed, cursor)
            seen += more
    assert len(set(seen)) == len(seen)
    for key in keys:
        assert [n for subject, n in seen if subject == key] == list(range(1, rounds + 1))
    assert (await rest(feed))[0] == seen, "whoever reads again sees the same order"


async def test_publishing_again_repeats_nothing(backbone: Backbone) -> None:
    feed, relay = feed_of(backbone), backbone.relay()
    await backbone.commit("a", "b")
    await drain(relay)
    before, cursor = await rest(feed)
    async with backbone.producer.write() as session:
        await session.execute(update(tables.outbox).values(published_at=None))
    await drain(relay)
    assert await rest(feed) == (before, cursor)
    await backbone.commit("a")
    await drain(relay)
    assert (await rest(feed, cursor))[0] == [("a", 2)]


async def test_what_an_older_release_published_comes_first(backbone: Backbone) -> None:
    """The release before gives no numbers; both run side by side while one replaces the other."""
    feed, relay = feed_of(backbone), backbone.relay()
    await backbone.commit("a", "b")
    await drain(relay)
    async with backbone.producer.write() as session:
        await session.execute(update(tables.outbox).values(feed_number=None))
    await backbone.commit("a")
    await drain(relay)
    assert (await rest(feed))[0] == [("a", 1), ("b", 1), ("a", 2)]
    async with backbone.producer.write() as session:
        last = tables.outbox.c.sequence == 2
        await session.execute(update(tables.outbox).where(last).values(feed_number=None))
        assert await numbers.anything_missed(session, tables)
        await numbers.catch_up(session, tables)
        assert not await numbers.anything_missed(session, tables)
    assert (await rest(feed))[0] == [("a", 1), ("b", 1), ("a", 2)]


async def test_only_ones_own_and_only_the_types_asked_for(backbone: Backbone) -> None:
    feed, relay = feed_of(backbone), backbone.relay()
    await backbone.commit("a", "b")
    async with backbone.producer.write() as session:
        theirs = tables.outbox.c.subject == "b"
        await session.execute(update(tables.outbox).where(theirs).values(organisation="org-2"))
    await drain(relay)
    assert (await rest(feed))[0] == [("a", 1)]
    assert [e.subject for _, e in (await feed.read("org-2", after=0, limit=5)).events] == ["b"]
    nothing = await feed.read(MINE, after=0, types=["org.confer.other.v1"], limit=5)
    assert (list(nothing.events), nothing.end, nothing.more) == ([], 1, False), (
        "the place moves on all the same"
    )


async def test_what_was_erased_leaves_its_place_and_nothing_else(backbone: Backbone) -> None:
    texts: dict[str, str] = {"r1": "Ada"}

    async def expand(_: ReadSession, rows: Sequence[OutboxRow]) -> Mapping[str, Mapping[str, Any] | None]:
        found = {row.id: texts.get(row.reference or "") for row in rows}
        return {key: None if text is None else {"name": text} for key, text in found.items()}

    feed = feed_of(backbone, expand=expand)
    await backbone.commit("a", reference="r1")
    relay = backbone.relay(expand=expand)
    await relay.step()
    [(_, event)] = (await feed.read(MINE, after=0, limit=5)).events
    assert event.data == {"name": "Ada"}
    del texts["r1"]
    [(_, erased)] = (await feed.read(MINE, after=0, types=[HAPPENED], limit=5)).events
    assert (erased.type, erased.data, erased.id) == (ERASED_TYPE, {}, event.id)
    assert erased.dataschema == "http://localhost:8001/contracts/event.erased.v1.0.json"


@pytest.mark.parametrize("pair", [("sqlite", "local")], indirect=True)
async def test_a_stream_goes_on_and_ends(backbone: Backbone) -> None:
    feed, relay = feed_of(backbone), backbone.relay()
    await backbone.commit("a")
    await drain(relay)
    parts = stream(
        feed, MINE, after=0, types=None, cursor=lambda number: f"c{number}", heartbeat=0.05, lifetime=20.0
    )
    assert await anext(parts) == "retry: 2000\n\n"
    first = await anext(parts)
    assert first.startswith("id: c1\ndata: {"), first
    assert first.endswith("}\n\n"), first
    assert await anext(parts) == ": still here\nid: c1\n\n"
    await backbone.commit("a")
    await drain(relay)
    while (part := await anext(parts)).startswith(": still here"):
        continue
    assert '"sequence":"2"' in part
    await parts.aclose()  # type: ignore[attr-defined]  # an async generator
    short = [part async for part in stream(feed, MINE, after=2, types=None, cursor=str, lifetime=0.05)]
    assert short == ["retry: 2000\n\n", ": still here\nid: 2\n\n"]


def test_streams_are_counted_per_organisation() -> None:
    streams = Streams()
    places = [streams.enter("a") for _ in range(PER_ORGANISATION)]
    with pytest.raises(TooManyRequests):
        streams.enter("a")
    streams.enter("b")
    streams.leave("a", places[0])
    streams.enter("a")
