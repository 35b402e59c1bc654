"""Relays and consumers as real processes that die by SIGKILL: nothing is lost, nothing happens twice."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness.backbone import Backbone, sequences, until
from tests.harness.processes import ROOT

pytestmark = pytest.mark.anyio
KEYS = [f"key-{number}" for number in range(12)]


@contextmanager
def worker(
    role: str, backbone: Backbone, where: str, point: str = "never", times: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    database = backbone.producer if role == "relay" else backbone.consumer
    url = database.url.render_as_string(hide_password=False)
    arguments = [role, url, where, backbone.topic.name, backbone.group, point, str(times)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.harness.backbone_worker", *arguments], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def dies(process: "subprocess.Popen[bytes]") -> None:
    async def ended() -> bool:
        return process.poll() is not None

    await until(ended, lambda: "the process should have died")
    assert process.returncode == -signal.SIGKILL, process.stderr.read().decode() if process.stderr else ""


@pytest.mark.parametrize(
    ("role", "point", "times"),
    [("relay", "published", 2), ("consume", "handled", 10), ("consume", "committed", 2)],
)
async def test_death_at_a_named_point(
    backbone: Backbone, log_at: str, role: str, point: str, times: int
) -> None:
    for _ in range(3):
        await backbone.commit(*KEYS)
    other = "consume" if role == "relay" else "relay"
    with worker(other, backbone, log_at):
        with worker(role, backbone, log_at, point, times) as victim:
            await dies(victim)
        assert await backbone.effects_by_key() != sequences(KEYS, 3), "it died before the work was done"
        with worker(role, backbone, log_at):
            await backbone.until_handled(sequences(KEYS, 3))
            await until(lambda: _all_marked(backbone))  # while the relay is still there to mark
    assert await backbone.effects_by_key() == sequences(KEYS, 3)


async def _all_marked(backbone: Backbone) -> bool:
    return await backbone.unpublished() == 0


async def test_death_at_any_time(backbone: Backbone, log_at: str) -> None:
    """Both are killed again and again while events are committed; a frozen relay comes back after its lease."""
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    committed = 0
    for round_ in range(3):
        with worker("relay", backbone, log_at) as relay, worker("consume", backbone, log_at):
            for _ in range(4):
                await backbone.commit(*KEYS)
                committed += 1
                await asyncio.sleep(dice.uniform(0.05, 0.3))
            if round_ == 1:
                relay.send_signal(signal.SIGSTOP)
                with worker("relay", backbone, log_at):
                    await backbone.commit(*KEYS)
                    committed += 1
                    await until(lambda: _all_marked(backbone), lambda: f"seed {seed}")
                    relay.send_signal(signal.SIGCONT)
                    await asyncio.sleep(0.3)
    with worker("relay", backbone, log_at), worker("consume", backbone, log_at):
        await backbone.until_handled(sequences(KEYS, committed))
        await until(lambda: _all_marked(backbone), lambda: f"seed {seed}")
    assert await backbone.effects_by_key() == sequences(KEYS, committed), f"seed {seed}"
