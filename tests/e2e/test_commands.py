"""The commands that people type: what they print, and the status they end with."""

import asyncio
import json
import os
import re
import secrets
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.messaging.log import Record
from shared.messaging.log.local import LocalLog
from shared.messaging.topics import CREDENTIALS
from shared.vc.contexts import ContextStore
from tests.harness.backbone import event_bytes
from tests.harness.calls import Json
from tests.harness.platform import Platform, platform
from tests.harness.school import School, self_issued, someone


def confer(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    run = subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env=inherited, input=given, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    text: Any = subprocess.CompletedProcess(
        run.args, run.returncode, run.stdout.decode(), run.stderr.decode()
    )
    assert "Traceback" not in text.stderr, text.stderr
    return text  # type: ignore[no-any-return]  # JSON


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with platform(tmp_path_factory.mktemp("commands")) as running:
        yield School(running)


@pytest.fixture(scope="module")
def badge(school: School) -> tuple[str, Json]:
    """An award's id and its badge, of an address that is known."""
    award = school.award("ada@learner.example")
    return award["id"], school.badge(award)


def _file(folder: Path, content: object) -> str:
    path = folder / "badge.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def test_accepted(badge: tuple[str, Json], tmp_path: Path) -> None:
    run = confer("verify", _file(tmp_path, badge[1]), "--email", "ADA@learner.example")
    assert run.returncode == 0, run.stdout + run.stderr
    first, *checks = run.stdout.splitlines()
    assert first.startswith("accepted  "), first
    assert any("✓ passed" in line and "proof" in line for line in checks), run.stdout
    assert any("fetched" in line and "did.json" in line and "sha256" in line for line in checks), run.stdout


def test_an_image_from_standard_input_as_json(school: School, badge: tuple[str, Json]) -> None:
    image = school.story.ask(
        "issuer", "GET", f"/credentials/{badge[0]}", school.token, headers={"Accept": "image/png"}
    ).content
    run = confer("verify", "-", "--json", "--email", "other@learner.example", given=image)
    report = json.loads(run.stdout)
    assert (report["verdict"], report["container"], report["recipient"]["email"]) == (
        "accepted",
        "png",
        "not_matched",
    )
    assert run.returncode == 0, "whose badge it is, is said; what follows from it is for a policy"


def test_from_an_address(school: School, badge: tuple[str, Json]) -> None:
    """A badge that is private is for nobody's eyes; a share of it is."""
    run = confer("verify", badge[1]["id"])
    assert run.returncode == 2, run.stdout
    public = school.post(
        "/v1/awards",
        {"achievement": school.achievement, "recipient": {"type": "emailAddress", "identity": someone()}, "public": True},
    )  # fmt: skip
    run = confer("verify", public["credential"])
    assert run.returncode == 0, run.stdout + run.stderr
    run = confer("verify", public["credential"], "--no-local")
    assert run.returncode == 2, "an address of this machine is fetched only when that is wanted"


def test_rejected(badge: tuple[str, Json], tmp_path: Path) -> None:
    run = confer("verify", _file(tmp_path, {**badge[1], "name": "Something better"}))
    assert run.returncode == 1
    assert run.stdout.startswith("rejected  ")
    assert any("✗ failed" in line and "proof" in line for line in run.stdout.splitlines()), run.stdout


def test_undetermined(badge: tuple[str, Json], tmp_path: Path) -> None:
    """Without its issuer nobody can tell."""
    run = confer("verify", _file(tmp_path, badge[1]), "--no-local")
    assert run.returncode == 3, run.stdout + run.stderr
    assert run.stdout.startswith("undetermined  ")
    assert any("? inconclusive" in line for line in run.stdout.splitlines()), run.stdout


def test_what_needs_nobody_is_accepted_anywhere(tmp_path: Path) -> None:
    run = confer("verify", _file(tmp_path, self_issued()), "--no-local")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"\x89PNG\r\n\x1a\n"])
def test_unreadable(content: bytes, tmp_path: Path) -> None:
    run = confer("verify", _file(tmp_path, content))
    assert run.returncode == 2, run.stdout
    assert run.stdout == ""
    assert run.stderr.startswith(str(tmp_path)), run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    run = confer("verify", str(tmp_path / "nothing.json"))
    assert run.returncode == 2
    assert "nothing.json" in run.stderr


def test_an_unknown_policy(badge: tuple[str, Json], tmp_path: Path) -> None:
    run = confer("verify", _file(tmp_path, badge[1]), "--policy", "lenient")
    assert run.returncode == 2
    assert "strict" in run.stderr


def test_keys(tmp_path: Path) -> None:
    file = tmp_path / "issuer.kek"
    made = confer("keys", "new", str(file))
    first = re.search(r"key (\S+)", made.stdout)
    assert made.returncode == 0
    assert first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = confer("keys", "new", str(file))
    assert again.returncode == 1
    assert "confer keys add" in again.stderr
    added = confer("keys", "add", str(file))
    second = re.search(r"key (\S+)", added.stdout)
    assert added.returncode == 0
    assert second
    listed = confer("keys", "list", str(file))
    assert listed.stdout.split() == [second[1], first[1]], "the newest encrypts"
    assert not [
        line for line in file.read_text("ascii").split("\n") if line and line.split()[1] in listed.stdout
    ]
    file.chmod(0o644)
    refused = confer("keys", "list", str(file))
    assert refused.returncode == 1
    assert "0600" in refused.stderr
    assert confer("keys", "list", str(tmp_path / "none")).returncode == 1


def test_contexts() -> None:
    listed = confer("contexts", "list")
    assert listed.returncode == 0
    store = ContextStore.builtin()
    for url in store.urls():
        for pinned in store.alternatives(url):
            assert [line for line in listed.stdout.splitlines() if url in line and pinned.sha256 in line], url


def test_an_unknown_service_is_named() -> None:
    run = confer("fsck", "--service", "postman")
    assert run.returncode == 2
    assert "postman" in run.stderr


# --- dead letters, while the service runs ----------------------------------------------------------------------------


def letters(running: Platform, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.backpack", "dead-letters", *options],
        env={**os.environ, **running.environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _poison(running: Platform, subject: str) -> None:
    """An event that can be read and never be handled, straight into the log."""

    async def publish() -> None:
        log = LocalLog(running.data_dir / "log.sqlite3")
        try:
            event = event_bytes(subject, 1, type="org.confer.credential.issued.v1", data={"odd": "canary"})
            assert await log.publish([Record(CREDENTIALS.name, subject, event)]) == [None]
        finally:
            await log.close()

    asyncio.run(publish())


def test_an_event_that_cannot_be_handled(school: School) -> None:
    running = school.running
    subject = f"{running.issuer}/credentials/{secrets.token_hex(16)}"
    _poison(running, subject)
    line = school.story.until(
        lambda: next((each for each in letters(running).stdout.splitlines() if subject in each), None)
    )
    number, state = line.split()[:2]
    assert state == "failed", line
    assert "canary" not in line
    assert json.loads(letters(running, "--inspect", number).stdout)["data"] == {"odd": "canary"}
    address = someone()
    session = school.learner(address)
    school.award(address)
    assert school.story.until(lambda: school.held(session)), "other keys go on"
    dropped = letters(running, "--drop", number)
    assert dropped.returncode == 0, dropped.stderr
    assert subject not in dropped.stdout
