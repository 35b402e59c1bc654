"""The whole story between real processes: on SQLite with the local log, and on PostgreSQL with Apache Kafka."""

import asyncio
import os
import re
import subprocess
import sys

import pytest

from shared.messaging.log import open_log
from shared.messaging.topics import TOPICS
from tests.harness.platform import SERVICES, Platform

PERSONAL = re.compile(rb"Ada Learner|[A-Za-z0-9.]+@learner\.example", re.IGNORECASE)
"""The names and addresses of everybody who appears in the story."""


def _confer(running: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env={**os.environ, **running.environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def played(running: Platform) -> "subprocess.CompletedProcess[str]":
    return _confer(running, "demo")


def test_every_step_passes(running: Platform, played: "subprocess.CompletedProcess[str]") -> None:
    last = played.stdout.strip().splitlines()[-1]
    summary = re.fullmatch(r"demo: (\d+) of (\d+) steps passed", last)
    assert summary, played.stdout + played.stderr
    assert summary[1] == summary[2], played.stdout
    assert played.returncode == 0
    print(played.stdout)


def test_it_can_be_played_again(running: Platform, played: "subprocess.CompletedProcess[str]") -> None:
    again = _confer(running, "demo")
    assert again.returncode == 0, again.stdout


def test_nothing_personal_in_public_topics(
    running: Platform, played: "subprocess.CompletedProcess[str]"
) -> None:
    public = [topic for topic in TOPICS if not topic.private]
    found = asyncio.run(_everything(running, [topic.name for topic in public]))
    assert len(found) > 10, "the story leaves public events"
    assert not [value for value in found if PERSONAL.search(value)]


def test_the_search_would_find_something_personal(
    running: Platform, played: "subprocess.CompletedProcess[str]"
) -> None:
    private = [topic.name for topic in TOPICS if topic.private]
    assert [value for value in asyncio.run(_everything(running, private)) if PERSONAL.search(value)]


def test_nothing_personal_in_logs_or_logged_urls(
    running: Platform, played: "subprocess.CompletedProcess[str]"
) -> None:
    for name in SERVICES:
        text = running.log(name)
        assert text, f"{name} logs something"
        assert not PERSONAL.search(text.encode()), name
        # aiokafka calls it an error that a broker which has just started does not yet know its coordinator; it retries.
        errors = [
            line for line in text.splitlines() if '"level": "error"' in line and '"aiokafka.' not in line
        ]
        assert errors == []


def test_nothing_is_left_undone(running: Platform, played: "subprocess.CompletedProcess[str]") -> None:
    checked = _confer(running, "fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def _everything(running: Platform, names: list[str]) -> list[bytes]:
    """Every record of these topics, from their start to their present end."""

    class Settings:
        kafka_bootstrap = running.environment.get("CONFER_KAFKA_BOOTSTRAP", "")
        data_dir = running.data_dir
        profile = "embedded"

    topics = [topic for topic in TOPICS if topic.name in names]
    log = open_log(Settings())
    values: list[bytes] = []
    try:
        remaining = {place: end for place, end in (await log.ends(topics)).items() if end > 0}
        async with log.tail(topics, {}) as reader:
            while remaining:
                entries = await reader.read(500, seconds=3)
                if not entries:
                    break  # ends are upper bounds: offsets may have gaps
                values += [entry.value for entry in entries]
                for entry in entries:
                    if entry.offset + 1 >= remaining.get((entry.topic, entry.partition), 0):
                        remaining.pop((entry.topic, entry.partition), None)
    finally:
        await log.close()
    return values
