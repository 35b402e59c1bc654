"""Migrations of one service, configured in code: there is no ini file.

A service keeps its history in a package (`services.issuer.migrations`) that has a folder `versions` and an
attribute `metadata` holding all its tables. Every command runs in one transaction: it happens wholly or not at all.
The commands block until done.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from shared.db.database import create_engine, dialect_of, writing

_ENVIRONMENT = Path(__file__).parent / "environment"
_LOCK = 0x636F6E666572  # "confer": one migration at a time, also when several processes start together


class SchemaMismatch(Exception):
    """The database is not at the newest revision, or its tables differ from the code's."""


class BrokenReferences(Exception):
    """A migration left rows that refer to rows which are not there; it was rolled back."""


def upgrade(url: str, package: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Does nothing if it is there already."""
    _run(url, package, lambda config: command.upgrade(config, revision))


def downgrade(url: str, package: str, revision: str) -> None:
    """Bring the database at `url` back to `revision` (`base`: no table of ours is left)."""
    _run(url, package, lambda config: command.downgrade(config, revision))


def revision(
    url: str, package: str, message: str, *, autogenerate: bool = True, name: str | None = None
) -> str:
    """Write a new revision file, by default from the difference between the database at `url` and the metadata.

    Returns its path. The database must be at the newest revision. `name` is the revision's id, by default the next
    number: `0001` ….
    """
    number = name or f"{len(revisions(package)) + 1:04d}"
    made: list[str] = []

    def write(config: Config) -> None:
        script = command.revision(config, message, autogenerate=autogenerate, rev_id=number)
        assert isinstance(script, Script)
        made.append(str(script.path))

    _run(url, package, write)
    return made[0]


def current(url: str, package: str) -> str | None:
    """The revision the database at `url` stands at; `None` for an empty one."""
    found: list[str | None] = []
    _run(url, package, lambda config: found.append(_revision_of(config)))
    return found[0]


def check(url: str, package: str) -> None:
    """Return if the database is at the newest revision and its tables are those of the code.

    Raises `SchemaMismatch` naming what differs.
    """

    def compare(config: Config) -> None:
        head, at = ScriptDirectory.from_config(config).get_current_head(), _revision_of(config)
        if at != head:
            raise SchemaMismatch(f"the database is at revision {at}, the code at {head}: run migrate")
        connection, metadata = config.attributes["connection"], config.attributes["metadata"]
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "target_metadata": metadata}
        )
        differences = compare_metadata(context, metadata)
        if differences:
            raise SchemaMismatch(f"tables differ from the code's: {differences}")

    _run(url, package, compare)


def revisions(package: str) -> list[str]:
    """The ids of the revisions of `package`, oldest first."""
    script = ScriptDirectory.from_config(_config(package))
    return [step.revision for step in reversed(list(script.walk_revisions()))]


def _revision_of(config: Config) -> str | None:
    return MigrationContext.configure(config.attributes["connection"]).get_current_revision()


def _config(package: str) -> Config:
    module = importlib.import_module(package)
    versions = Path(str(module.__file__)).parent / "versions"
    versions.mkdir(exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(_ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    metadata = module.metadata
    if not isinstance(metadata, MetaData):
        raise TypeError(f"{package}.metadata is not a MetaData")
    config.attributes["metadata"] = metadata
    return config


def _run(url: str, package: str, act: Callable[[Config], object]) -> None:
    config = _config(package)
    engine = create_engine(url, pool_size=1, foreign_keys=False)

    def work(connection: Connection) -> None:
        if dialect_of(url) == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        act(config)
        if dialect_of(url) == "sqlite":
            # Foreign keys are off while tables are rebuilt (a rebuild drops the table), so they are checked here.
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            if broken:
                raise BrokenReferences(f"{len(broken)} rows, the first of table {broken[0][0]}")

    async def migrate() -> None:
        try:
            async with writing(engine).begin() as connection:
                await connection.run_sync(work)
        finally:
            await engine.dispose()

    # In a thread of its own, because callers may have an event loop running in theirs.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, migrate()).result()
