"""The hostile server as a process: over http, and over https with a certificate of its own authority."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.certificates import certify

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Secure:
    """The https server: its port, and the authority that vouches for its name there."""

    port: int
    authority: str


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


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = certify(folder)
    with running("--host", "127.0.0.2", "--certificate", certificate, "--key", key) as port:
        yield Secure(port, certificate)
