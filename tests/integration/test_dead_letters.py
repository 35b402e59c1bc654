"""`python -m services.<name> dead-letters`: what an operator sees and does about events that were put aside."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from services.issuer.tables import messaging
from shared.db import Database, migrate
from shared.process import command_line
from tests.harness.services import classes_of

KEY = {"topic": "confer.backpack.holdings", "subject": "https://issuer.example/credentials/1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An issuer's database with one event that failed, one that waits behind it, and one that the log refused."""
    monkeypatch.setenv("CONFER_DATA_DIR", str(tmp_path))
    service_class, settings_class = classes_of("issuer")
    migrate.upgrade(settings_class(data_dir=tmp_path).database_url, service_class.migrations)
    parked = {
        **KEY, "consumer": "issuer-deliveries", "type": "org.confer.credential.stored.v1", "organisation": "o",
        "event": b"{}", "parked_at": datetime(2026, 11, 21, tzinfo=UTC),
    }  # fmt: skip
    blocked = {
        "id": "blocked-1", "topic": "confer.issuer.profiles", "subject": "did:web:x", "sequence": 1, "type": "t",
        "source": "s", "organisation": "o", "time": datetime(2026, 11, 21, tzinfo=UTC), "recorded_ms": 0,
        "blocked_reason": "longer than the log takes",
    }  # fmt: skip

    async def fill() -> None:
        db = _database(tmp_path)
        async with db.write() as session:
            await session.execute(
                messaging.inbox.insert().values(
                    **KEY, consumer="issuer-deliveries", last_sequence=0, stalled=True
                )
            )
            for sequence, state, reason in ((1, "failed", "no such award"), (2, "waiting", "1 failed")):
                values = {**parked, "sequence": sequence, "state": state, "reason": reason}
                await session.execute(messaging.parked.insert().values(values))
            await session.execute(messaging.outbox.insert().values(blocked))
        await db.close()

    asyncio.run(fill())
    return tmp_path


def _database(folder: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{folder / 'issuer.sqlite3'}")


def _letters(*options: str) -> Result:
    return CliRunner().invoke(command_line(*classes_of("issuer")), ["dead-letters", *options])


def _stored(folder: Path, column: Any) -> list[Any]:
    async def read() -> list[Any]:
        db = _database(folder)
        async with db.read() as session:
            found = list(await session.scalars(select(column).order_by(column)))
        await db.close()
        return found

    return asyncio.run(read())


def test_each_is_a_line_with_its_reason(folder: Path) -> None:
    shown = _letters()
    assert shown.exit_code == 0, shown.output
    failed, waiting, blocked, total = shown.stdout.splitlines()
    assert failed.startswith("1  failed  issuer-deliveries  org.confer.credential.stored.v1  #1 of https://")
    assert failed.endswith("since 2026-11-21T00:00:00Z: no such award")
    assert waiting.startswith("2  waiting  ")
    assert blocked.startswith("blocked-1  blocked  confer.issuer.profiles")
    assert total == "issuer: 3 events put aside"


def test_one_and_those_behind_it_are_tried_again(folder: Path) -> None:
    assert _letters("--replay", "1").exit_code == 0
    assert _stored(folder, messaging.parked.c.state) == ["replay", "replay"]


def test_one_is_given_up_and_those_behind_it_go_on(folder: Path) -> None:
    assert "issuer: 2 events put aside" in _letters("--drop", "1").stdout
    assert _stored(folder, messaging.parked.c.state) == ["replay"]
    assert _stored(folder, messaging.inbox.c.last_sequence) == [1]


def test_what_the_log_refused_is_tried_again(folder: Path) -> None:
    assert "issuer: 2 events put aside" in _letters("--unblock", "blocked-1").stdout
    assert _stored(folder, messaging.outbox.c.blocked_reason) == [None]


def test_one_is_shown_as_it_was_published(folder: Path) -> None:
    assert _letters("--inspect", "1").stdout == "{}\n"


@pytest.mark.parametrize(
    "options", [("--replay", "99"), ("--drop", "99"), ("--unblock", "nobody"), ("--inspect", "99")]
)
def test_what_is_not_there_is_refused(folder: Path, options: tuple[str, ...]) -> None:
    refused = _letters(*options)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("refused: no event ")
    assert _stored(folder, messaging.parked.c.state) == ["failed", "waiting"]
