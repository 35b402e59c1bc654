"""Reading the feed of one organisation: in pages, and as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from shared.db import Database, DatabaseUnavailable, ReadSession
from shared.messaging.envelope import Event
from shared.messaging.feed import numbers
from shared.messaging.relay import Expand, OutboxRow, event_of
from shared.messaging.tables import MessagingTables

_WINDOW = 1000
"""How many events are looked through for the types asked for, at most, in one reading."""
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Place:
    """One event's place in the feed, before its data are read."""

    number: int
    id: str
    type: str
    subject: str


@dataclass(frozen=True)
class Stretch:
    """Consecutive events of one organisation. `end` is where to go on; `more`: there is something behind it already."""

    events: Sequence[tuple[int, Event]]
    end: int
    more: bool


class Feed:
    """The published events of a service by organisation, oldest first, each once.

    `types` are those that the service publishes. `expand` reads the data of private events, as for the relay: what was erased
    meanwhile comes as `org.confer.event.erased.v1` with the id, subject and sequence of what it replaces.
    """

    def __init__(
        self, db: Database, tables: MessagingTables, types: Sequence[str], *, expand: Expand | None = None
    ) -> None:
        self.types = tuple(types)
        self._db = db
        self._tables = tables
        self._expand = expand
        self._growth = _Growth(self)

    async def last(self) -> int:
        """The number of the newest event of all organisations."""
        async with self._db.read() as session:
            return await numbers.last(session, self._tables)

    async def read(
        self, organisation: str, *, after: int, types: Collection[str] | None = None, limit: int
    ) -> Stretch:
        """Events of the organisation behind the number `after`, at most `limit`, of these types (None: all).

        A stretch may be empty and still have more behind it, when many events of other types lie between.
        """
        async with self._db.read() as session:
            places, end, more = await self._places(session, organisation, after, types, limit)
            events = await self.events(session, organisation, [place.number for place in places])
        return Stretch([(place.number, events[place.number]) for place in places], end, more)

    async def places(
        self,
        session: ReadSession,
        organisation: str,
        *,
        after: int,
        until: int | None = None,
        types: Collection[str] | None = None,
        limit: int,
    ) -> tuple[Sequence[Place], int]:
        """As `read`, without the data, up to the number `until`; and where to go on."""
        found, end, _ = await self._places(session, organisation, after, types, limit, until)
        return found, end

    async def events(
        self, session: ReadSession, organisation: str, wanted: Collection[int]
    ) -> dict[int, Event]:
        """The organisation's events with these numbers, as they are now."""
        outbox = self._tables.outbox
        names = OutboxRow.__dataclass_fields__
        query = select(outbox.c.feed_number, *(outbox.c[name] for name in names)).where(
            outbox.c.organisation == organisation, outbox.c.feed_number.in_(wanted)
        )
        found = {number: OutboxRow(*values) for number, *values in await session.execute(query)}
        private = [row for row in found.values() if row.reference is not None]
        data = {row.id: row.data for row in found.values() if row.reference is None}
        if private:
            if self._expand is None:
                raise RuntimeError("the feed holds private events but was given no expand")
            data |= await self._expand(session, private)
        return {number: event_of(row, data[row.id]) for number, row in found.items()}

    async def between(
        self, session: ReadSession, organisation: str, begin: datetime, end: datetime
    ) -> tuple[int, int] | None:
        """The numbers around what happened from `begin` until before `end`: behind the first, up to the second.

        None if nothing did. What lies between may hold a few events from just before or after, published late.
        """
        outbox = self._tables.outbox
        mine = (outbox.c.organisation == organisation) & outbox.c.feed_number.is_not(None)
        within = mine & (outbox.c.time >= begin) & (outbox.c.time < end)
        query = select(func.min(outbox.c.feed_number), func.max(outbox.c.feed_number)).where(within)
        first, last = (await session.execute(query)).one()
        return None if first is None else (first - 1, last)

    async def grown(self, beyond: int, seconds: float) -> None:
        """Return when something was published behind the number `beyond` (by any organisation), or after `seconds`."""
        await self._growth.wait(beyond, seconds)

    async def _places(
        self,
        session: ReadSession,
        organisation: str,
        after: int,
        types: Collection[str] | None,
        limit: int,
        until: int | None = None,
    ) -> tuple[list[Place], int, bool]:
        outbox = self._tables.outbox
        window = limit + 1 if types is None else max(_WINDOW, limit + 1)
        query = (
            select(outbox.c.feed_number, outbox.c.id, outbox.c.type, outbox.c.subject)
            .where(outbox.c.organisation == organisation, outbox.c.feed_number > after)
            .order_by(outbox.c.feed_number)
            .limit(window)
        )
        if until is not None:
            query = query.where(outbox.c.feed_number <= until)
        seen = [Place(*row) for row in await session.execute(query)]
        chosen = [place for place in seen if types is None or place.type in types]
        if len(chosen) > limit:
            return chosen[:limit], chosen[limit - 1].number, True
        end = seen[-1].number if seen else after
        return chosen, end, len(seen) == window


class _Growth:
    """Looks for new events on behalf of all that wait in this process, and only while somebody does."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._waiting = 0
        self._last = 0
        self._changed = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, beyond: int, seconds: float) -> None:
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._last > beyond)
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        while self._waiting:
            try:
                last = await self._feed.last()
            except DatabaseUnavailable:
                last = 0  # whoever waits finds out by reading
            if last > self._last:
                async with self._changed:
                    self._last = last
                    self._changed.notify_all()
            await asyncio.sleep(_LOOK_SECONDS)
