"""The cache before the fence: fresh, stale, one at a time, never older than what was announced."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.http.fetch import FetchError
from shared.http.fetch_cache import CachingFetcher
from shared.vc.fetching import Fetched

pytestmark = pytest.mark.anyio
URL = "https://example.com/list"


class Server:
    """A source whose answers the test decides; counts what it is asked."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.asked = 0
        self.error: FetchError | None = None
        self.wait: Callable[[], Awaitable[object]] | None = None
        self.size = 10

    async def get(self, url: str, *, accept: str, max_bytes: int, timeout: float) -> Fetched:  # noqa: ARG002
        self.asked += 1
        number, begun = self.asked, self.now
        if self.wait is not None:
            await self.wait()
        if self.error is not None:
            raise self.error
        body = str(number).encode().ljust(self.size)
        return Fetched(url, url, 200, "application/json", body, begun, "digest")

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def cache(server: Server) -> CachingFetcher:
    return CachingFetcher(server, clock=lambda: server.now, max_age=timedelta(minutes=5), max_entries=3)


async def number(cache: CachingFetcher, url: str = URL, **options: object) -> tuple[int, bool]:
    found = await cache.get(url, max_bytes=1000, **options)  # type: ignore[arg-type]  # options of any test
    return int(found.body), found.stale


AWAY = FetchError("unreachable", "Gone.")
GONE = FetchError("http_status", "Gone.", status=404)


async def test_fresh_until_max_age(cache: CachingFetcher, server: Server) -> None:
    assert await number(cache) == (1, False)
    server.later(minutes=4, seconds=59)
    assert await number(cache) == (1, False)
    assert await number(cache, max_age=timedelta(minutes=1)) == (2, False)
    server.later(minutes=5)
    assert await number(cache) == (3, False)
    assert await number(cache, max_age=timedelta(0)) == (4, False)


async def test_the_last_good_answer_stands_in_while_the_server_is_away(
    cache: CachingFetcher, server: Server
) -> None:
    first = await cache.get(URL, max_bytes=1000)
    server.later(hours=1)
    server.error = AWAY
    stale = await cache.get(URL, max_bytes=1000)
    assert (stale.stale, stale.fetched_at, stale.body) == (True, first.fetched_at, first.body)
    asked = server.asked
    assert await number(cache) == (1, True)
    assert server.asked == asked, "a server that is away is not asked by every caller"
    server.later(seconds=6)
    server.error = None
    assert await number(cache) == (3, False)


async def test_a_server_that_says_no_is_believed(cache: CachingFetcher, server: Server) -> None:
    await number(cache)
    server.later(hours=1)
    server.error = GONE
    for _ in range(2):
        with pytest.raises(FetchError) as caught:
            await cache.get(URL, max_bytes=1000)
        assert caught.value.status == 404
    server.later(seconds=6)
    server.error = AWAY
    with pytest.raises(FetchError):
        await cache.get(URL, max_bytes=1000)


async def test_failures_are_remembered_for_a_moment(cache: CachingFetcher, server: Server) -> None:
    server.error = AWAY
    for _ in range(5):
        with pytest.raises(FetchError, match="Gone"):
            await cache.get(URL, max_bytes=1000)
    assert server.asked == 1
    server.later(seconds=6)
    server.error = None
    assert await number(cache) == (2, False)


async def test_one_request_for_many_callers(cache: CachingFetcher, server: Server) -> None:
    gate = asyncio.Event()
    server.wait = gate.wait
    callers = [asyncio.create_task(number(cache)) for _ in range(10)]
    impatient = callers.pop()
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    assert await asyncio.gather(*callers) == [(1, False)] * 9
    assert server.asked == 1


async def test_dropped_is_forgotten(cache: CachingFetcher, server: Server) -> None:
    await number(cache)
    cache.drop(URL)
    server.error = AWAY
    with pytest.raises(FetchError):
        await number(cache)


async def test_what_is_under_way_when_a_change_is_announced_is_not_kept(
    cache: CachingFetcher, server: Server
) -> None:
    gate = asyncio.Event()
    server.wait = gate.wait
    early = asyncio.create_task(number(cache))
    await asyncio.sleep(0)
    cache.drop(URL)
    later = asyncio.create_task(number(cache))
    await asyncio.sleep(0)
    gate.set()
    assert await early == (1, False)
    assert await later == (2, False), (
        "who asks after the announcement does not get the answer begun before it"
    )
    assert await number(cache) == (2, False)


async def test_not_older_than(cache: CachingFetcher, server: Server) -> None:
    await number(cache)
    cache.not_older_than(URL, server.now - timedelta(minutes=1))
    assert await number(cache) == (1, False), "fetched after the change"
    cache.not_older_than(URL, server.now)
    assert await number(cache) == (2, False), "the same second proves nothing"
    server.later(seconds=30)
    cache.not_older_than(URL, server.now)
    server.error = AWAY
    with pytest.raises(FetchError):
        await number(cache)


async def test_bounded_by_entries_and_bytes(server: Server) -> None:
    cache = CachingFetcher(server, clock=lambda: server.now, max_entries=3, max_total_bytes=5_000)
    for letter in "abc":
        await number(cache, f"https://example.com/{letter}")
    await number(cache, "https://example.com/a")  # used again: not the oldest any more
    await number(cache, "https://example.com/d")
    assert len(cache) == 3
    asked = server.asked
    await number(cache, "https://example.com/a")
    assert server.asked == asked
    await number(cache, "https://example.com/b")
    assert server.asked == asked + 1, "the longest unused went first"
    server.size = 900
    for letter in "efghij":
        await number(cache, f"https://example.com/{letter}")
    assert len(cache) == 3
    server.size = 10_000
    await cache.get("https://example.com/big", max_bytes=20_000)
    assert len(cache) == 0, "what alone is more than the cache holds is not kept"


async def test_a_caller_that_takes_less_is_refused_as_if_it_had_fetched(
    cache: CachingFetcher, server: Server
) -> None:
    server.size = 500
    await cache.get(URL, max_bytes=1000)
    with pytest.raises(FetchError) as caught:
        await cache.get(URL, max_bytes=100)
    assert caught.value.code == "too_large"


async def test_different_media_types_are_different_answers(cache: CachingFetcher) -> None:
    assert await number(cache, accept="application/json") == (1, False)
    assert await number(cache, accept="text/html") == (2, False)
    cache.drop(URL)
    assert await number(cache, accept="application/json") == (3, False)
    assert await number(cache, accept="text/html") == (4, False)
