"""A tail: every process reads for itself, from now on, to learn what makes its caches stale."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from shared.messaging.backoff import Backoff, is_temporary
from shared.messaging.envelope import Event, UnreadableEvent, parse
from shared.messaging.log import Log, Partition, Reader
from shared.messaging.topics import Topic
from shared.observability.context import following

_BATCH = 500
_WAIT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Tail:
    """Calls `handler` with every event of `topics` published from the moment `started` is set.

    Without a group: a group would tell one process while another holds the cache. Nothing is stored, so a new process
    begins with now, its caches being empty. After an outage of the log it goes on where it stood. An event may come
    more than once.
    """

    def __init__(
        self, log: Log, topics: Sequence[Topic], handler: Callable[[Event], Awaitable[None]]
    ) -> None:
        self.started = asyncio.Event()
        self._log = log
        self._topics = topics
        self._handler = handler
        self._positions: dict[Partition, int] | None = None

    async def run(self) -> None:
        """Follow until cancelled. Waits and goes on by itself when the log is away."""
        backoff = Backoff()
        while True:
            try:
                if self._positions is None:
                    self._positions = dict(await self._log.ends(self._topics))
                async with self._log.tail(self._topics, self._positions) as reader:
                    self.started.set()
                    await self._follow(reader, self._positions, backoff)
            except Exception as error:
                if not is_temporary(error):
                    raise
                _log.warning("tail.waiting", reason=str(error))
                await asyncio.sleep(backoff.next())

    async def _follow(self, reader: Reader, positions: dict[Partition, int], backoff: Backoff) -> None:
        while True:
            for entry in await reader.read(_BATCH, _WAIT_SECONDS):
                try:
                    event = parse(entry.value)
                except UnreadableEvent as error:
                    _log.error("tail.unreadable", topic=entry.topic, offset=entry.offset, reason=str(error))
                else:
                    await self._hear(event)
                positions[entry.topic, entry.partition] = entry.offset + 1
            backoff.reset()

    async def _hear(self, event: Event) -> None:
        try:
            with following(event.traceparent):
                await self._handler(event)
        except Exception as error:
            if is_temporary(error):
                raise
            # One event that cannot be heard must not keep a process from hearing the later ones.
            _log.exception("tail.handler_failed", type=event.type, id=event.id)
