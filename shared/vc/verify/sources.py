"""The network as one verification sees it: each address once, so many at most, and all of it remembered."""

from datetime import datetime

from shared.vc.fetching import Fetch, Fetched, FetchRefused
from shared.vc.report import Source


class Sources:
    """A `Fetch` in front of the caller's."""

    def __init__(self, fetcher: Fetch, *, now: datetime, most: int) -> None:
        self._fetcher = fetcher
        self._now = now
        self._left = most
        self._answers: dict[str, Fetched | FetchRefused] = {}

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        address = url.partition("#")[0]
        known = self._answers.get(address)
        if known is None:
            known = await self._ask(address, accept, max_bytes)
            self._answers[address] = known
        if isinstance(known, FetchRefused):
            raise known
        if len(known.body) > max_bytes:
            raise FetchRefused("too_large", f"The answer is longer than {max_bytes} bytes.")
        return known

    async def _ask(self, address: str, accept: str, max_bytes: int) -> Fetched | FetchRefused:
        if self._left <= 0:
            raise FetchRefused(
                "too_many", "The badge refers to more documents than are fetched for one badge."
            )
        self._left -= 1
        try:
            return await self._fetcher(address, accept=accept, max_bytes=max_bytes)
        except FetchRefused as refused:
            return refused

    def age_seconds(self, answer: Fetched) -> int:
        return max(0, int((self._now - answer.fetched_at).total_seconds()))

    def used(self) -> tuple[Source, ...]:
        """Everything that was fetched, in that order, with its age."""
        return tuple(
            Source(url, answer.fetched_at, self.age_seconds(answer), answer.sha256, answer.stale)
            for url, answer in self._answers.items()
            if isinstance(answer, Fetched)
        )


def with_age(sources: Sources, answer: Fetched) -> str:
    """An addition to a sentence when the answer is a stale copy; empty when it is fresh."""
    if not answer.stale:
        return ""
    return f" (according to a copy {spoken_age(sources.age_seconds(answer))} old: nothing newer could be fetched)"


def spoken_age(seconds: int) -> str:
    """`seconds` in the largest unit that gives at least two of them."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
