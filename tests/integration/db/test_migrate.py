"""Migrations written, walked up and down, and compared with the code, on both databases."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData

from shared.db import migrate
from tests.harness.migrations import tables_of, walk

_PACKAGE = """
from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint
from shared.db import Instant, Json, instance_table, metadata_for
from shared.messaging import messaging_tables
metadata = metadata_for()
messaging_tables(metadata)
instance_table(metadata)
owner = Table("owner", metadata, Column("id", Text, primary_key=True), Column("facts", Json), Column("at", Instant))
Table(
    "owned", metadata, Column("id", Integer, primary_key=True),
    Column("owner", Text, ForeignKey("owner.id", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False), UniqueConstraint("owner", "label"),
)
"""


@pytest.fixture
def package(tmp_path: Path) -> Iterator[str]:
    """A package with tables and an empty history."""
    name = f"history_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / "packages" / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(_PACKAGE)
    sys.path.insert(0, str(folder.parent))
    yield name
    sys.path.remove(str(folder.parent))
    sys.modules.pop(name, None)


def test_a_history_can_be_written_and_walked(make_database: Callable[[], str], package: str) -> None:
    url = make_database()
    first = Path(migrate.revision(url, package, "first tables"))
    text = first.read_text()
    assert first.name == "0001_first_tables.py"
    assert "from shared.db import Instant, Json" in text
    assert "sa.Column('facts', Json(), nullable=True)" in text
    assert "sa.Column('at', Instant(), nullable=True)" in text
    migrate.upgrade(url, package)
    migrate.check(url, package)

    _add_column(package)
    with pytest.raises(migrate.SchemaMismatch, match="colour"):
        migrate.check(url, package)
    migrate.revision(url, package, "colours")
    assert migrate.revisions(package) == ["0001", "0002"]
    with pytest.raises(migrate.SchemaMismatch, match="0001"):
        migrate.check(url, package)

    def fill(connection: Connection, tables: MetaData) -> None:
        connection.execute(tables.tables["owner"].insert(), [{"id": "o"}])
        connection.execute(tables.tables["owned"].insert(), [{"id": 1, "owner": "o", "label": "x"}])

    # The second revision rebuilds `owner` on SQLite: with foreign keys on, that would delete what it owns.
    walk(make_database(), package, {"0001": fill})


def _add_column(package: str) -> None:
    module = importlib.import_module(package)
    path = Path(str(module.__file__))
    path.write_text(
        path.read_text().replace('Column("facts", Json)', 'Column("facts", Json), Column("colour", Text)')
    )
    importlib.invalidate_caches()
    importlib.reload(module)


def test_a_failed_migration_changes_nothing(make_database: Callable[[], str], package: str) -> None:
    url = make_database()
    script = Path(migrate.revision(url, package, "first tables"))
    script.write_text(
        script.read_text().replace("def downgrade", "    raise RuntimeError('half way')\n\n\ndef downgrade")
    )
    with pytest.raises(RuntimeError, match="half way"):
        migrate.upgrade(url, package)
    assert tables_of(url) == {}
    assert migrate.current(url, package) is None
