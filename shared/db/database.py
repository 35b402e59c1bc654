"""One service's database: sessions that read, sessions that write, on SQLite or PostgreSQL.

SQLite as SQLAlchemy and aiosqlite come silently loses updates across processes, because the driver begins its
transactions late. Here the driver begins nothing by itself: a write session says `BEGIN IMMEDIATE` first, so
writers queue up, and a read session works on one snapshot and cannot write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

from asyncpg.exceptions import PostgresError  # type: ignore[import-untyped]  # no types
from sqlalchemy import event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.util.concurrency import in_greenlet

from shared.db.session import ReadSession, WriteSession, take_callbacks
from shared.db.types import encode_json

BUSY_TIMEOUT_SECONDS = 30.0
_WRITES = "confer_writes"

Dialect = Literal["sqlite", "postgresql"]


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or the connection to it broke; trying again later may succeed."""


class Database:
    """The database behind `url` (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`).

    Usable in one event loop. `pool_size` bounds the connections (beyond them a caller waits, at most 30 s).
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.dialect = dialect_of(self.url)
        self._engine = create_engine(self.url, pool_size=pool_size)
        writes = self._engine.execution_options(**{_WRITES: True})
        reads = self._engine
        if self.dialect == "postgresql":
            reads = self._engine.execution_options(postgresql_readonly=True)
        self._reads = async_sessionmaker(reads, expire_on_commit=False, autoflush=False)
        self._writes = async_sessionmaker(writes, expire_on_commit=False)
        # SQLite lets one writer in at a time and makes the others poll; inside a process they queue here instead.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A session on a snapshot (SQLite) or in a read-only transaction (PostgreSQL). It never commits.

        Raises `DatabaseUnavailable`.
        """
        async with self._reads() as session:
            await _begin(session)
            with _translated():
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """A session in one transaction: committed when the block ends, rolled back when it raises.

        After the commit the callbacks given to `on_commit` are called. Never nest two of them in one task: on
        SQLite the second waits for the first. Raises `DatabaseUnavailable`; if the connection broke during the
        commit itself, whether it happened is unknown.
        """
        async with self._my_turn(), self._writes() as plain:
            await _begin(plain)
            session = WriteSession(ReadSession(plain))
            with _translated():
                yield session
                await plain.commit()
        for callback in take_callbacks(session):
            callback()

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("another transaction of this process holds the database") from error
        try:
            yield
        finally:
            self._turn.release()

    async def ping(self) -> None:
        """Return if the database answers. Raises `DatabaseUnavailable` otherwise."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def dialect_of(url: URL | str) -> Dialect:
    """The kind of database that `url` names. Raises `ValueError` for any other than the two supported."""
    name = make_url(url).get_backend_name()
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    raise ValueError(f"unsupported database: {name} (sqlite+aiosqlite or postgresql+asyncpg)")


def create_engine(url: URL | str, *, pool_size: int = 10, foreign_keys: bool = True) -> AsyncEngine:
    """An engine with the settings every connection needs. Services use `Database`; migrations use this.

    `foreign_keys=False` is for migrations only: SQLite's table rebuild would cascade deletes otherwise.
    """
    target = make_url(url)
    # hide_parameters: an error that ends up in a log must not quote a person's data.
    if dialect_of(target) == "postgresql":
        return create_async_engine(
            target,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=True,
            hide_parameters=True,
            json_serializer=encode_json,
            connect_args={"timeout": 10, "server_settings": {"jit": "off", "timezone": "UTC"}},
        )
    if target.database and target.database != ":memory:":
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        target,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )
    _prepare_sqlite(engine, foreign_keys=foreign_keys)
    return engine


def _prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            "trusted_schema = OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def roll_back(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # A cancelled task's connection is closed while its statement may live on in the traceback; until that is gone
        # SQLite keeps a closed connection's transaction open, and with it every other writer out.
        if in_greenlet():
            connection.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = bool(connection.get_execution_options().get(_WRITES))
        if connection.info.get("query_only", False) == writes:
            connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
            connection.info["query_only"] = not writes
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: AsyncEngine) -> AsyncEngine:
    """The same engine, its transactions allowed to write."""
    return engine.execution_options(**{_WRITES: True})


async def _begin(session: AsyncSession) -> None:
    with _translated(connecting=True):
        await session.connection()


@contextmanager
def _translated(*, connecting: bool = False) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if is_transient(error):
            raise DatabaseUnavailable(f"the database failed ({_kind(error)})") from error
        raise
    except (OSError, PostgresError) as error:
        # asyncpg's own errors while connecting come through unwrapped. An OSError of the caller's is not ours.
        if connecting:
            raise DatabaseUnavailable(f"cannot connect to the database ({type(error).__name__})") from error
        raise


def _kind(error: BaseException) -> str:
    return type(getattr(error, "orig", None) or error).__name__


# SQLSTATE classes: 08 connection, 40 rollback to be repeated (deadlock), 53 resources, 57P administrator's shutdown.
_TRANSIENT_STATES = ("08", "40", "53", "57P", "55P03")


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed when it is simply tried again later."""
    if isinstance(error, DatabaseUnavailable | PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    # SQLite reports a missing table with the same class as a locked or full database; only its code differs.
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return str(name).split("_")[1] in {
            "BUSY",
            "LOCKED",
            "IOERR",
            "FULL",
            "CANTOPEN",
            "INTERRUPT",
            "PROTOCOL",
        }
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(_TRANSIENT_STATES)
