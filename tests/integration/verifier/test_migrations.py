"""The verifier's history: up and down, on empty and on filled databases, ending with the tables of the code."""

from sqlalchemy import Connection, MetaData, insert

from services.verifier.app import Verifier
from shared.clock import utc_now
from tests.harness.migrations import walk


def _first(connection: Connection, tables: MetaData) -> None:
    connection.execute(
        insert(tables.tables["instance"]).values(name="public_url", value="https://verify.example.org")
    )


def _with_webhooks(connection: Connection, tables: MetaData) -> None:
    now = utc_now() if connection.dialect.name == "postgresql" else "2026-11-22T00:00:00Z"
    connection.execute(
        insert(tables.tables["webhook"]).values(
            id="0" * 32, organisation="org-1", url=b"sealed", secret=b"sealed", state="active", cursor=0, version=1,
            created_at=now, created_by="client:x", lease_epoch=0,
        )
    )  # fmt: skip


def test_up_and_down(database_url: str) -> None:
    walk(database_url, Verifier.migrations, {"0001": _first, "0002": _with_webhooks})
