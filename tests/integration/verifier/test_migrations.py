"""The verifier's history: up and down, on empty and on filled databases, ending with the tables of the code."""

from sqlalchemy import Connection, MetaData, insert

from services.verifier.app import Verifier
from shared.db import migrate
from tests.harness.migrations import walk


def _fill(connection: Connection, tables: MetaData) -> None:
    connection.execute(
        insert(tables.tables["instance"]).values(name="public_url", value="https://verify.example.org")
    )


def test_up_and_down(database_url: str) -> None:
    walk(database_url, Verifier.migrations, dict.fromkeys(migrate.revisions(Verifier.migrations), _fill))
