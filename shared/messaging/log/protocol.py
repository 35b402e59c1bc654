"""What a durable log does, whatever its driver. Two drivers exist: `local` and `kafka`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from shared.messaging.topics import TOPICS, Topic

Partition = tuple[str, int]
# Given the partitions a reader was assigned, the offsets to read from; those left out are read from the start.
Positions = Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]


class LogUnavailable(Exception):
    """The log cannot be reached now; trying again later may succeed."""


class RecordRefused(Exception):
    """The log can never take this record, for instance because it is too large."""


@dataclass(frozen=True)
class Record:
    """What is published: `key` orders records of a topic among each other."""

    topic: str
    key: str
    value: bytes


@dataclass(frozen=True)
class Entry:
    """A record as read back. Offsets ascend within a partition, not necessarily without gaps."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes


class Reader(Protocol):
    """An open place in the log."""

    async def read(self, limit: int, seconds: float) -> list[Entry]:
        """The next entries, at most `limit`; waits at most `seconds` for the first. Raises `LogUnavailable`."""


class Log(Protocol):
    """A durable log of records in topics, each in partitions, ordered per key."""

    async def ensure_topics(self, topics: Sequence[Topic] = TOPICS) -> None:
        """Create the topics that are missing and set their retention. Raises `LogUnavailable`."""

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        """Append records; what is told as `None` is durable. Never raises for the log's sake.

        One result per record: `None`, `LogUnavailable` (it may or may not be there) or `RecordRefused`.
        """

    def consume(
        self, group: str, topics: Sequence[Topic], positions: Positions
    ) -> AbstractAsyncContextManager[Reader]:
        """Share the partitions of `topics` with the other members of `group`.

        `positions` is asked whenever partitions are assigned, because the consumer keeps them in its own database.
        """

    def tail(
        self, topics: Sequence[Topic], start: Mapping[Partition, int]
    ) -> AbstractAsyncContextManager[Reader]:
        """Read all partitions of `topics` alone, without a group; those not in `start` from their beginning.

        To read from now on, give what `ends` returned.
        """

    async def ends(self, topics: Sequence[Topic]) -> Mapping[Partition, int]:
        """The offset after the last entry of each partition that exists. Raises `LogUnavailable`."""

    async def ping(self) -> None:
        """Return if the log answers. Raises `LogUnavailable` otherwise."""

    async def close(self) -> None:
        """Release connections and files."""
