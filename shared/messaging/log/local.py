"""The local log: one SQLite file beside the embedded services' databases, each topic one partition.

Appending is durable when it returns (`synchronous = FULL`). Readers in other processes are woken by a datagram to
their socket in a folder beside the file; should one get lost, they look again after a second anyway.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, TypeVar

from shared.messaging.envelope import MAX_EVENT_BYTES
from shared.messaging.log.bell import Bell, Listener
from shared.messaging.log.protocol import (
    Entry,
    LogUnavailable,
    Partition,
    Positions,
    Record,
    RecordRefused,
)
from shared.messaging.topics import TOPICS, Topic

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY, retention_seconds INTEGER);
CREATE TABLE IF NOT EXISTS entry (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, time INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS entry_topic ON entry (topic, "offset");
"""
_CLEANING_SECONDS = 60.0
_STANDBY_SECONDS = 0.2
_LOOK_AGAIN_SECONDS = 1.0
_LONGEST_FOLDER = 80

T = TypeVar("T")


class LocalLog:
    """The log in the file `path`, which is created when it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-log")
        self._connection: sqlite3.Connection | None = None
        self._bell = Bell(_short_folder(self._path))
        self._next_cleaning = 0.0

    async def ensure_topics(self, topics: Sequence[Topic] = TOPICS) -> None:
        """Create the topics and set their retention."""
        await self._do(lambda connection: _ensure(connection, topics))

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        """Append in one transaction; one result per record."""
        outcome: list[Exception | None] = [_refusal(record) for record in records]
        good = [record for record, error in zip(records, outcome, strict=True) if error is None]
        clean = time.monotonic() >= self._next_cleaning
        try:
            unknown = await self._do(lambda connection: _append(connection, good, clean=clean))
        except LogUnavailable as error:
            return [refused or error for refused in outcome]
        if clean:
            self._next_cleaning = time.monotonic() + _CLEANING_SECONDS
        self._bell.ring()
        return [
            error or (LogUnavailable(f"there is no topic {r.topic} (yet)") if r.topic in unknown else None)
            for r, error in zip(records, outcome, strict=True)
        ]

    @asynccontextmanager
    async def consume(
        self, group: str, topics: Sequence[Topic], positions: Positions
    ) -> AsyncIterator[LocalReader]:
        """One member of a group reads at a time; the others stand by until it ends."""
        self._make_folder()
        name = hashlib.sha256(group.encode()).hexdigest()[:16]
        with await self._alone(self._bell.folder / f"{name}.lock"):
            offsets = await positions([(topic.name, 0) for topic in topics])
            async with self.tail(topics, offsets) as reader:
                yield reader

    @asynccontextmanager
    async def tail(
        self, topics: Sequence[Topic], start: Mapping[Partition, int]
    ) -> AsyncIterator[LocalReader]:
        """Read all of `topics`, from the offsets given or from their beginning."""
        offsets = {topic.name: start.get((topic.name, 0), 0) for topic in topics}
        self._make_folder()
        with self._bell.listen() as listener:
            yield LocalReader(self, offsets, listener)

    async def ends(self, topics: Sequence[Topic]) -> Mapping[Partition, int]:
        """The offset after the last entry, the same for all topics."""
        names = [topic.name for topic in topics]
        return await self._do(lambda connection: _ends(connection, names))

    async def ping(self) -> None:
        """Return if the file can be read."""
        await self._do(lambda connection: connection.execute("SELECT 1 FROM topic LIMIT 1").fetchall())

    async def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._bell.close()
        self._thread.shutdown(wait=False)

    async def fetch(self, offsets: Mapping[str, int], limit: int) -> list[Entry]:
        """The next entries of each topic, in the order of their offsets."""
        return await self._do(lambda connection: _fetch(connection, offsets, limit))

    def _make_folder(self) -> None:
        try:
            self._bell.make_folder()
        except OSError as error:
            raise LogUnavailable(f"the local log cannot be waited for: {error}") from error

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            try:
                if self._connection is None:
                    self._connection = _open(self._path)
                return work(self._connection)
            except (sqlite3.OperationalError, OSError) as error:
                raise LogUnavailable(f"the local log failed: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def _alone(self, path: Path) -> IO[bytes]:
        file = path.open("ab")
        try:
            while True:
                try:
                    # The system gives the lock back when the process ends, however it ends.
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(_STANDBY_SECONDS)
                else:
                    return file
        except BaseException:
            file.close()
            raise


class LocalReader:
    """A place in the local log."""

    def __init__(self, log: LocalLog, offsets: dict[str, int], listener: Listener) -> None:
        self._log = log
        self._offsets = offsets
        self._listener = listener

    async def read(self, limit: int, seconds: float) -> list[Entry]:
        """The next entries, waiting at most `seconds` for the first."""
        deadline = time.monotonic() + seconds
        while True:
            self._listener.forget()
            found = await self._log.fetch(self._offsets, limit)
            left = deadline - time.monotonic()
            if found or left <= 0:
                break
            await self._listener.wait(min(left, _LOOK_AGAIN_SECONDS))
        for entry in found:
            self._offsets[entry.topic] = entry.offset + 1
        return found


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    # secure_delete: what retention removes is overwritten, because private topics hold personal data.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_SCHEMA)
    # The embedded services start in any order, and the first to publish or to listen makes the file.
    _ensure(connection, TOPICS)
    path.chmod(0o600)
    return connection


def _ensure(connection: sqlite3.Connection, topics: Sequence[Topic]) -> None:
    rows = [(t.name, None if t.retention is None else int(t.retention.total_seconds())) for t in topics]
    connection.executemany(
        "INSERT INTO topic (name, retention_seconds) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET retention_seconds = excluded.retention_seconds",
        rows,
    )


def _append(connection: sqlite3.Connection, records: Sequence[Record], *, clean: bool) -> set[str]:
    """Append the records whose topic exists; returns the topics that do not."""
    now = int(time.time())
    with _transaction(connection):
        known = {name for (name,) in connection.execute("SELECT name FROM topic")}
        connection.executemany(
            "INSERT INTO entry (topic, key, value, time) VALUES (?, ?, ?, ?)",
            [(r.topic, r.key, r.value, now) for r in records if r.topic in known],
        )
        if clean:
            connection.execute(
                "DELETE FROM entry WHERE EXISTS (SELECT 1 FROM topic WHERE topic.name = entry.topic "
                "AND retention_seconds IS NOT NULL AND entry.time < ? - retention_seconds)",
                (now,),
            )
    return {record.topic for record in records} - known


def _fetch(connection: sqlite3.Connection, offsets: Mapping[str, int], limit: int) -> list[Entry]:
    found: list[Entry] = []
    for topic, offset in offsets.items():
        rows = connection.execute(
            'SELECT "offset", key, value FROM entry WHERE topic = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?',
            (topic, offset, limit),
        )
        found += [Entry(topic, 0, number, key, value) for number, key, value in rows]
    found.sort(key=lambda entry: entry.offset)
    return found[:limit]


def _ends(connection: sqlite3.Connection, names: Sequence[str]) -> dict[Partition, int]:
    rows = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
    end = rows[0] + 1 if rows else 1
    known = {name for (name,) in connection.execute("SELECT name FROM topic")}
    return {(name, 0): end for name in names if name in known}


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refusal(record: Record) -> RecordRefused | None:
    if len(record.value) > MAX_EVENT_BYTES:
        return RecordRefused(f"longer than {MAX_EVENT_BYTES} bytes")
    return None


def _short_folder(path: Path) -> Path:
    beside = path.with_name(f".{path.stem}-readers")
    if len(str(beside)) <= _LONGEST_FOLDER:
        return beside
    # Every process of this log must come to the same folder, so it depends on the user and the path only.
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path("/tmp") / f"confer-{os.getuid()}-{name}"  # noqa: S108  (holds sockets that say only "look again")
