"""A cache in front of the fence: what is fresh is not fetched again, what was good stands in while its server is away."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.clock import Clock
from shared.http.fetch import FetchError
from shared.vc.fetching import Fetched


class Source(Protocol):
    """A Fetcher, or whatever fetches like one."""

    def get(self, url: str, *, accept: str, max_bytes: int, timeout: float) -> Awaitable[Fetched]: ...


Key = tuple[str, str]


@dataclass
class _Entry:
    good: Fetched | None = None
    failure: FetchError | None = None
    failed_at: datetime | None = None


@dataclass
class _Flight:
    """One fetch that several callers wait for."""

    task: "asyncio.Task[Fetched]"
    overtaken: bool = False
    """The URL was dropped while it was under way: what it brings may be older than what was announced."""


class CachingFetcher:
    """Bounded by entries and by bytes; the longest unused go first. One request at a time for each URL.

    `max_age`: how long an answer is fresh. `retry_after`: how long a failed URL is not asked again, so that a server that is
    away costs its timeout once and not every caller. A stale answer says so (`stale`) and since when it is (`fetched_at`).
    """

    def __init__(
        self,
        fetcher: Source,
        *,
        clock: Clock,
        max_age: timedelta = timedelta(minutes=5),
        max_entries: int = 2_000,
        max_total_bytes: int = 64 * 1024 * 1024,
        retry_after: timedelta = timedelta(seconds=5),
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._max_age = max_age
        self._max_entries = max_entries
        self._max_total_bytes = max_total_bytes
        self._retry_after = retry_after
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        """`shared.vc`'s Fetch."""
        return await self.get(url, accept=accept, max_bytes=max_bytes)

    async def get(
        self,
        url: str,
        *,
        accept: str = "*/*",
        max_bytes: int,
        timeout: float = 10.0,  # noqa: ASYNC109  (passed on: one deadline for the whole fetch)
        renewal_timeout: float | None = None,
        max_age: timedelta | None = None,
    ) -> Fetched:
        """A fresh answer; or, while none can be had for a temporary reason, the last good one, marked `stale`.

        `renewal_timeout` is the timeout where there is a last good one to fall back on. `max_age` overrides the cache's
        (zero: always ask). Raises FetchError if there is neither.
        """
        key = (url, accept)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            answer = self._from_entry(entry, self._max_age if max_age is None else max_age, max_bytes)
            if answer is not None:
                return answer
            if entry.good is not None and renewal_timeout is not None:
                timeout = renewal_timeout
        try:
            return _bounded(await self._fly(key, max_bytes, timeout), max_bytes)
        except FetchError as error:
            known = self._entries.get(key)
            if error.temporary and known is not None and known.good is not None:
                return _bounded(replace(known.good, stale=True), max_bytes)
            raise

    def _from_entry(self, entry: _Entry, max_age: timedelta, max_bytes: int) -> Fetched | None:
        """What can be said without asking: a fresh answer, or what a failure a moment ago left us with."""
        now = self._clock()
        if entry.good is not None and now - entry.good.fetched_at < max_age:
            return _bounded(entry.good, max_bytes)
        if (
            entry.failure is not None
            and entry.failed_at is not None
            and now - entry.failed_at < self._retry_after
        ):
            if entry.good is None or not entry.failure.temporary:
                raise FetchError(entry.failure.code, entry.failure.reason, status=entry.failure.status)
            return _bounded(replace(entry.good, stale=True), max_bytes)
        return None

    async def _fly(self, key: Key, max_bytes: int, timeout: float) -> Fetched:  # noqa: ASYNC109  (passed to the fetcher)
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._fetch(key, max_bytes, timeout)))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        # Shielded: one impatient caller does not take the answer from the others.
        return await asyncio.shield(flight.task)

    async def _fetch(self, key: Key, max_bytes: int, timeout: float) -> Fetched:  # noqa: ASYNC109  (passed to the fetcher)
        url, accept = key
        return await self._fetcher.get(url, accept=accept, max_bytes=max_bytes, timeout=timeout)

    def _land(self, key: Key, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if flight.task.cancelled():
            return
        error = flight.task.exception()
        if flight.overtaken:
            return
        if error is None:
            self._store(key, _Entry(good=flight.task.result()))
        elif isinstance(error, FetchError):
            known = self._entries.get(key)
            keep = known.good if known is not None and error.temporary else None
            self._store(key, _Entry(good=keep, failure=error, failed_at=self._clock()))

    def _store(self, key: Key, entry: _Entry) -> None:
        self._remove(key)
        self._entries[key] = entry
        self._bytes += _size(entry)
        while len(self._entries) > self._max_entries or self._bytes > self._max_total_bytes:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _size(entry)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop(self, url: str) -> None:
        """Forget what is known of `url`, and do not keep what requests under way bring: it changed just now."""
        for key in [key for key in self._entries if key[0] == url]:
            self._remove(key)
        for key in [key for key in self._flights if key[0] == url]:
            self._flights.pop(key).overtaken = True

    def not_older_than(self, url: str, moment: datetime) -> None:
        """Forget what was fetched before `moment` (an announced change), allowing clocks a second's difference."""
        keys = [key for key in self._entries if key[0] == url]
        flying = any(key[0] == url for key in self._flights)
        fetched = [entry.good.fetched_at for key in keys if (entry := self._entries[key]).good is not None]
        if flying or any(at <= moment + timedelta(seconds=1) for at in fetched) or len(fetched) < len(keys):
            self.drop(url)


def _size(entry: _Entry) -> int:
    return len(entry.good.body) + 512 if entry.good is not None else 512


def _bounded(answer: Fetched, max_bytes: int) -> Fetched:
    """A caller that takes less than the one who fetched gets the same refusal as if it had fetched itself."""
    if len(answer.body) > max_bytes:
        raise FetchError("too_large", f"The answer is larger than {max_bytes} bytes.")
    return answer
