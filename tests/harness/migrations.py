"""What every service's migrations are held to; each service's test calls `walk`.

    def test_migrations(database_url: str) -> None:
        walk(database_url, "services.issuer.migrations", fill)

where `fill` maps a revision to a function that inserts rows into the tables as they are at that revision.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, MetaData, Table, inspect, select

from shared.db import migrate
from shared.db.database import create_engine, writing

T = TypeVar("T")
Fill = Callable[[Connection, MetaData], None]
"""Inserts rows: gets a connection in a transaction and the tables as they are in the database."""


def walk(url: str, package: str, fill: Mapping[str, Fill] | None = None) -> None:
    """Go up and down the whole history, step by step, on an empty database and then on a filled one.

    Checks on the way that the newest revision is what the code's tables say, that going down undoes going up, that
    `base` leaves nothing behind, and that rows survive every step up and the step down and up again after it.
    """
    history = migrate.revisions(package)
    assert history, f"{package} has no revisions"
    shapes = _climb(url, package, history)
    migrate.check(url, package)
    _descend(url, package, history, shapes)
    _carry_rows(url, package, history, fill or {})
    migrate.check(url, package)


def tables_of(url: str) -> dict[str, list[str]]:
    """Every table in the database with its columns."""

    def look(connection: Connection) -> dict[str, list[str]]:
        seen = inspect(connection)
        names = [name for name in seen.get_table_names() if name != "alembic_version"]
        return {name: sorted(column["name"] for column in seen.get_columns(name)) for name in sorted(names)}

    return _on(url, look)


def _climb(url: str, package: str, history: list[str]) -> dict[str, dict[str, list[str]]]:
    assert migrate.current(url, package) is None, "the database must be empty"
    shapes = {}
    for revision in history:
        migrate.upgrade(url, package, revision)
        assert migrate.current(url, package) == revision
        shapes[revision] = tables_of(url)
    return shapes


def _descend(url: str, package: str, history: list[str], shapes: dict[str, dict[str, list[str]]]) -> None:
    for revision in reversed(history[:-1]):
        migrate.downgrade(url, package, revision)
        assert tables_of(url) == shapes[revision], (
            f"going down to {revision} does not undo what came after it"
        )
    migrate.downgrade(url, package, "base")
    assert tables_of(url) == {}, "going down to base leaves tables behind"


def _carry_rows(url: str, package: str, history: list[str], fill: Mapping[str, Fill]) -> None:
    before = "base"
    for revision in history:
        rows = _count(url)
        migrate.upgrade(url, package, revision)
        _assert_kept(rows, _count(url), f"going up to {revision}")
        if before != "base":
            migrate.downgrade(url, package, before)
            _assert_kept(rows, _count(url), f"going down to {before}")
            migrate.upgrade(url, package, revision)
            _assert_kept(rows, _count(url), f"going up to {revision} again")
        if revision in fill:
            _fill(url, fill[revision])
        before = revision
    if fill:
        migrate.downgrade(url, package, "base")
        assert tables_of(url) == {}, "going down to base with rows leaves tables behind"
        migrate.upgrade(url, package)


def _fill(url: str, fill: Fill) -> None:
    def work(connection: Connection) -> None:
        metadata = MetaData()
        metadata.reflect(connection)
        fill(connection, metadata)

    _on(url, work)


def _count(url: str) -> dict[str, int]:
    def count(connection: Connection) -> dict[str, int]:
        metadata = MetaData()
        metadata.reflect(connection)
        return {
            name: _rows(connection, t) for name, t in metadata.tables.items() if name != "alembic_version"
        }

    return _on(url, count)


def _rows(connection: Connection, table: Table) -> int:
    return len(connection.execute(select(*table.primary_key.columns or table.columns)).all())


def _assert_kept(before: dict[str, int], after: dict[str, int], step: str) -> None:
    for name, rows in before.items():
        assert name not in after or after[name] == rows, f"{step} changed the number of rows of {name}"


def _on(url: str, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        engine = create_engine(url, pool_size=1)
        try:
            async with writing(engine).begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, run()).result()
