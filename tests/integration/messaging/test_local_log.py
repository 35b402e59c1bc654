"""What only the local log has to do itself: waking other processes, and forgetting."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shared.db import Database
from shared.messaging import TOPICS, Topic
from shared.messaging.dead_letters import republish, rewind
from shared.messaging.envelope import MAX_EVENT_BYTES
from shared.messaging.log import LogUnavailable, Record, RecordRefused
from shared.messaging.log.local import LocalLog
from tests.harness.backbone import Backbone, create_tables, running, sequences, tables
from tests.harness.processes import ROOT

pytestmark = pytest.mark.anyio
KEPT = Topic("test.kept")
SHORT = Topic("test.short", private=True, retention=timedelta(days=1))


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[LocalLog]:
    made = LocalLog(tmp_path / "log.sqlite3")
    await made.ensure_topics([KEPT, SHORT])
    yield made
    await made.close()


_PUBLISH = """
import asyncio, sys
from pathlib import Path
from shared.messaging.log import Record
from shared.messaging.log.local import LocalLog

async def main():
    log = LocalLog(Path(sys.argv[1]))
    await log.ping()
    for number in range(5):
        sys.stdin.readline()
        await log.publish([Record("test.kept", "key", b"%d" % number)])
    await log.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("depth", [0, 120], ids=["short path", "path too long for a socket beside it"])
async def test_a_reader_is_woken_by_another_process(tmp_path: Path, depth: int) -> None:
    path = tmp_path / ("d" * depth) / "log.sqlite3" if depth else tmp_path / "log.sqlite3"
    log = LocalLog(path)
    await log.ensure_topics([KEPT])
    with subprocess.Popen(
        [sys.executable, "-c", _PUBLISH, str(path)], cwd=ROOT, stdin=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        delays = []
        async with log.tail([KEPT], {}) as reader:
            for number in range(5):
                reading = asyncio.create_task(reader.read(10, 30))
                await asyncio.sleep(
                    0.1
                )  # let it begin to wait; were it only looking again, it would take a second
                asked = time.monotonic()
                other.stdin.write(b"\n")
                other.stdin.flush()
                (entry,) = await reading
                delays.append(time.monotonic() - asked)
                assert entry.value == b"%d" % number
        other.stdin.close()
        assert other.wait(20) == 0
    await log.close()
    assert min(delays) < 0.3, delays


async def test_private_topics_are_forgotten_after_their_retention(log: LocalLog, tmp_path: Path) -> None:
    await log.publish([Record("test.kept", "k", b"kept"), Record("test.short", "k", b"an old secret")])
    with sqlite3.connect(tmp_path / "log.sqlite3") as connection:
        connection.execute("UPDATE entry SET time = time - 2 * 86400")
    connection.close()
    other = LocalLog(tmp_path / "log.sqlite3")  # cleaning comes with the first publication of a process
    await other.publish([Record("test.short", "k", b"new")])
    async with other.tail([KEPT, SHORT], {}) as reader:
        assert [entry.value for entry in await reader.read(10, 1)] == [b"kept", b"new"]
    await other.close()
    await log.close()
    assert b"an old secret" not in (tmp_path / "log.sqlite3").read_bytes(), "overwritten, not only unlinked"


async def test_what_it_cannot_take_is_told_by_record(log: LocalLog) -> None:
    huge = b"x" * (MAX_EVENT_BYTES + 1)
    results = await log.publish(
        [Record("test.kept", "a", b"good"), Record("test.kept", "b", huge), Record("test.unknown", "c", b"")]
    )
    assert [type(result) for result in results] == [type(None), RecordRefused, LogUnavailable]
    async with log.tail([KEPT], {}) as reader:
        assert [entry.key for entry in await reader.read(10, 1)] == ["a"]


async def test_the_file_is_its_owners_alone() -> None:
    # A short path: where the name of a socket would not fit, the readers' folder lies elsewhere.
    with TemporaryDirectory(prefix="log-") as folder:
        log = LocalLog(Path(folder) / "log.sqlite3")
        await log.ensure_topics([KEPT])
        assert (Path(folder) / "log.sqlite3").stat().st_mode & 0o077 == 0
        async with log.tail([KEPT], {}):
            assert (Path(folder) / ".log-readers").stat().st_mode & 0o077 == 0
        await log.close()


async def test_the_topics_of_the_services_are_there_from_the_start(tmp_path: Path) -> None:
    log = LocalLog(tmp_path / "log.sqlite3")
    assert await log.publish([Record(topic.name, "key", b"{}") for topic in TOPICS]) == [None] * len(TOPICS)
    await log.close()


async def test_a_lost_log_is_filled_again_from_the_outbox(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/database.sqlite3")
    await create_tables(database)
    first = Backbone(database, database, LocalLog(tmp_path / "first.sqlite3"))
    await first.log.ensure_topics([first.topic])
    async with running(first.relay(), first.consume()):
        for _ in range(3):
            await first.commit("a", "b")
        await first.until_handled(sequences("ab", 3))
    await first.log.close()

    again = Backbone(database, database, LocalLog(tmp_path / "second.sqlite3"), first.topic, first.group)
    await again.log.ensure_topics([again.topic])
    async with database.write() as session:
        assert await republish(session, tables, again.topic.name) == 6
        await rewind(session, tables, again.group, again.topic.name)
    async with running(again.relay(), again.consume()):
        await again.commit("a", "b")
        await again.until_handled(sequences("ab", 4))
    assert await again.effects_by_key() == sequences("ab", 4)
    assert len(await again.in_log()) == 8
    await again.log.close()
    await database.close()


async def test_readers_wait_in_no_folder_that_others_may_look_into(tmp_path: Path) -> None:
    """Where paths are long the folder is in `/tmp`, where anybody can make one of that name first."""
    log = LocalLog(tmp_path / ("long" * 30) / "log.sqlite3")
    folder = log._bell.folder
    assert folder.parent == Path("/tmp")
    try:
        await log.ensure_topics()
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        (folder / "theirs.bell").touch()
        with pytest.raises(LogUnavailable, match="mode 0700"):
            async with log.tail([TOPICS[0]], {}):
                pass
        assert await log.publish([Record(TOPICS[0].name, "key", b"{}")]) == [None]
        assert (folder / "theirs.bell").exists()  # nothing in it is touched
        shutil.rmtree(folder)
        folder.symlink_to(tmp_path)
        with pytest.raises(LogUnavailable, match="mode 0700"):
            async with log.tail([TOPICS[0]], {}):
                pass
        folder.unlink()
        async with log.tail([TOPICS[0]], {}) as reader:
            assert [entry.value for entry in await reader.read(10, 5.0)] == [b"{}"]
    finally:
        await log.close()
        shutil.rmtree(folder, ignore_errors=True)
