"""The hostile server as a process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def running(*arguments: str) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.harness.hostile_server", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="session")
def hostile() -> Iterator[str]:
    """Base URL over http."""
    with running() as port:
        yield f"http://127.0.0.1:{port}"
