"""The feed as it grows: server-sent events (WHATWG HTML §9.2), bounded in number and in time."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field

from shared.db import DatabaseUnavailable, encode_json
from shared.http.problems import TooManyRequests
from shared.messaging.feed.reading import Feed
from shared.observability.metrics import feed_streams

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
LIFETIME_SECONDS = 600.0
"""Then the stream ends and the reader comes again with `Last-Event-ID`, and with a token that is still good."""
PER_ORGANISATION = 5
PER_PROCESS = 200
_BATCH = 100
_RETRY_MILLISECONDS = 2000


@dataclass
class Streams:
    """How many streams each organisation has open in this process. A place that is never given back runs out with the stream."""

    _places: dict[str, dict[str, float]] = field(default_factory=dict)

    def enter(self, organisation: str) -> str:
        """Take a place. Raises TooManyRequests."""
        now = time.monotonic()
        for places in self._places.values():
            for ended in [place for place, until in places.items() if until <= now]:
                del places[ended]
        mine = self._places.setdefault(organisation, {})
        everybody = sum(len(places) for places in self._places.values())
        if len(mine) >= PER_ORGANISATION or everybody >= PER_PROCESS:
            raise TooManyRequests(
                f"Close another stream first: an organisation has {PER_ORGANISATION} at most.", retry_after=10
            )
        place = secrets.token_hex(8)
        mine[place] = now + LIFETIME_SECONDS + HEARTBEAT_SECONDS
        self._show()
        return place

    def leave(self, organisation: str, place: str) -> None:
        """Give a place back."""
        mine = self._places.get(organisation, {})
        mine.pop(place, None)
        if not mine:
            self._places.pop(organisation, None)
        self._show()

    def _show(self) -> None:
        feed_streams.set(sum(len(places) for places in self._places.values()))


async def stream(
    feed: Feed,
    organisation: str,
    *,
    after: int,
    types: Collection[str] | None,
    cursor: Callable[[int], str],
    heartbeat: float = HEARTBEAT_SECONDS,
    lifetime: float = LIFETIME_SECONDS,
) -> AsyncIterator[str]:
    """The text of the stream: events as they are published, a comment now and then, an end after `lifetime` seconds."""
    end = time.monotonic() + lifetime
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    while time.monotonic() < end:
        try:
            known = await feed.last()
            stretch = await feed.read(organisation, after=after, types=types, limit=_BATCH)
        except DatabaseUnavailable:
            return  # the reader comes again
        for number, event in stretch.events:
            yield f"id: {cursor(number)}\ndata: {encode_json(event.to_json())}\n\n"
        after = stretch.end
        if not stretch.more:
            await feed.grown(known, min(heartbeat, max(end - time.monotonic(), 0)))
            # An id without data moves the reader's place on and shows it nothing.
            yield f": still here\nid: {cursor(after)}\n\n"
