"""The Python client that is generated from the OpenAPI documents plays the story, typed from end to end."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.story import Story
from tests.harness.typed_client import generate

PROGRAM = Path(__file__).with_name("typed_story.py")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four generated packages."""
    folder = tmp_path_factory.mktemp("clients")
    for name in SERVICES:
        generate(name, folder)
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("typed")) as up:
        yield up


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_left_out(name: str, tmp_path: Path) -> None:
    warned = generate(name, tmp_path)
    assert "WARNING" not in warned, warned


def test_the_story_is_typed(clients: Path) -> None:
    """mypy follows the program into the generated packages: every model and argument is what it says."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent",
         "--cache-dir", str(clients / "cache"), str(PROGRAM)],
        env={"MYPYPATH": str(clients), "PATH": ""}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_story_is_played(clients: Path, running: Platform) -> None:
    story = Story(running)
    owner = {"login": f"owner-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    address = f"typed{secrets.token_hex(6)}@learner.example"
    run = subprocess.Popen(
        [sys.executable, str(PROGRAM), running.issuer, running.backpack, running.verifier, running.directory,
         owner["login"], owner["password"], address],
        env={"PYTHONPATH": str(clients), "PATH": "", "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdin is not None
    with run:
        said = run.stdout.readline()
        if said == "confirmation?\n":
            token = story.until(lambda: story.mailed(address, r"token=([\w-]+)"))
            run.stdin.write(f"{token}\n")
            run.stdin.flush()
        said += run.stdout.read()
    assert run.returncode == 0, said
    assert said.strip().splitlines()[-1] == "accepted", said
