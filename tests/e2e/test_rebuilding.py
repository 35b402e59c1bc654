"""Digests say what differs between services; what was made from events can be thrown away and comes back the same.

Erased stays erased through all of it.
"""

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.process import command_line
from shared.process.comparing import compare, read_digest
from tests.harness.calls import Json
from tests.harness.platform import Platform, platform
from tests.harness.school import School, someone
from tests.harness.services import classes_of

KEEPERS = ("issuer", "backpack", "directory")
ERASED = f"zaphod-{secrets.token_hex(4)}@learner.example"


def confer(running: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env={**os.environ, **running.environment}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with platform(tmp_path_factory.mktemp("rebuilding")) as running:
        yield School(running)


class Awarded:
    """Badges in every state that they can be in."""

    def __init__(self, school: School) -> None:
        self.school = school
        described = {"name": "Again", "description": "A", "criteria": {"narrative": "Do it."}}
        again = {"profile": school.profile["id"], "achievement": described, "duplicates": "allow"}
        self.achievement = school.post("/v1/achievements", again)["id"]
        school.post(f"/v1/achievements/{self.achievement}/publish", None)
        self.ada = someone()
        self.session = school.learner(self.ada)
        self.accepted, self.declined, self.offered, self.revoked = (self.hold(self.ada) for _ in range(4))
        self._answer(self.accepted, "accept")
        self._answer(self.declined, "decline")
        change = {"code": "issued-in-error", "reason": "A mistake"}
        school.post(f"/v1/awards/{self.revoked['id']}/revoke", change)
        self.unclaimed = school.award(someone())
        self.erased = self._erase_somebody()

    def hold(self, address: str) -> Json:
        recipient = {"type": "emailAddress", "identity": address}
        award = self.school.post("/v1/awards", {"achievement": self.achievement, "recipient": recipient})
        self.school.story.until(lambda: self._row(award))
        return award

    def _row(self, award: Json) -> Json | None:
        held = self.school.held(self.session)
        return next((each for each in held if each["credential"] == award["credential"]), None)

    def _answer(self, award: Json, verb: str) -> None:
        row = self._row(award)
        assert row is not None
        self.school.story.ask("backpack", "POST", f"/v1/credentials/{row['id']}/{verb}", self.session)

    def _erase_somebody(self) -> Json:
        story, password = self.school.story, secrets.token_urlsafe(16)
        body = {"login": f"l-{secrets.token_hex(6)}", "password": password, "email": ERASED}
        session = story.json("backpack", "POST", "/v1/learners", json=body)["token"]
        token = story.until(lambda: story.mailed(ERASED, r"token=([\w-]+)"))
        story.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": token})
        award = self.school.award(ERASED)
        story.until(lambda: self.school.held(session))
        story.ask("backpack", "POST", "/v1/learners/me/erase", session, json={"password": password})
        return award

    def state(self) -> Json:
        """All that people see of it, at each of the services."""
        held = self.school.story.json("backpack", "GET", "/v1/credentials", self.session)["items"]
        told = {"credential", "state", "status", "name", "hidden"}
        awards = self.school.story.json("issuer", "GET", "/v1/awards", self.school.token)["items"]
        issuers = self.school.story.json("directory", "GET", "/v1/issuers")["items"]
        achievements = self.school.story.json("directory", "GET", "/v1/achievements")["items"]
        return {
            "backpack": sorted(
                ({k: v for k, v in each.items() if k in told} for each in held),
                key=lambda each: each["credential"],
            ),
            "issuer": sorted((each["id"], each["state"], each["delivery"]) for each in awards),
            "directory": (issuers, achievements),
        }


@pytest.fixture(scope="module")
def awarded(school: School) -> Awarded:
    return Awarded(school)


def command(running: Platform, service: str, *arguments: str) -> str:
    """A service's own command, in this process: starting one anew each time would take most of the test."""
    given = pytest.MonkeyPatch()
    with given.context() as patched:
        for name in [each for each in os.environ if each.startswith("CONFER_")]:
            patched.delenv(name)
        for name, value in running.environment.items():
            patched.setenv(name, value)
        run = CliRunner().invoke(command_line(*classes_of(service)), arguments)
    assert run.exit_code == 0, run.output
    return run.output


def compared(running: Platform, folder: Path) -> list[str]:
    """What the digests of the three services that keep something of one another differ in."""
    files = [folder / f"{service}.jsonl" for service in KEEPERS]
    for service, file in zip(KEEPERS, files, strict=True):
        command(running, service, "fsck", "--digest", str(file))
    return [str(each) for each in compare([read_digest(file) for file in files])]


def agree(awarded: Awarded, folder: Path) -> None:
    """All that is under way arrives, and then nothing differs but what was erased."""
    erased = [f"erased at the backpack: credential {awarded.erased['id']}"]
    awarded.school.story.until(lambda: compared(awarded.school.running, folder) == erased, seconds=90)


def test_everything_agrees_and_the_erased_one_is_no_fault(awarded: Awarded, tmp_path: Path) -> None:
    agree(awarded, tmp_path)
    run = confer(awarded.school.running, "compare", *(str(tmp_path / f"{name}.jsonl") for name in KEEPERS))
    assert run.stdout.splitlines()[-1] == "3 digests: 0 differences, 1 erased", run.stdout
    assert run.returncode == 0
    text = "".join(file.read_text() for file in tmp_path.glob("*.jsonl"))
    assert awarded.ada not in text
    assert ERASED not in text
    assert awarded.accepted["credential"] not in text, "an address that only its holder knows"


def test_what_is_missing_is_named_and_made_again(awarded: Awarded, tmp_path: Path) -> None:
    running, story = awarded.school.running, awarded.school.story
    before = awarded.state()
    _lose(running.data_dir / "backpack.sqlite3", awarded.offered["credential"])
    _lose(running.data_dir / "backpack.sqlite3", awarded.unclaimed["credential"])
    lines = compared(running, tmp_path)
    for lost in (awarded.offered, awarded.unclaimed):
        assert f"different at the backpack: credential {lost['id']}: lost, should be valid" in lines
    assert len(lines) == 5, lines
    for service in ("issuer", "directory"):
        assert "to be made again from" in command(running, service, "rebuild")
    rebuilt = confer(running, "rebuild", "--service", "backpack")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    story.until(lambda: awarded.state() == before, seconds=60)
    agree(awarded, tmp_path)
    assert awarded.state() == before


def test_of_the_erased_person_nothing_came_back(awarded: Awarded) -> None:
    running = awarded.school.running
    for name in ("issuer", "backpack", "directory"):
        with closing(sqlite3.connect(running.data_dir / f"{name}.sqlite3")) as database:
            dump = "\n".join(database.iterdump())
        assert ERASED not in dump, name
        assert awarded.school.profile["id"] in dump or name == "backpack", (
            "the search does find what is there"
        )


def test_a_lost_log_is_filled_again(awarded: Awarded, tmp_path: Path) -> None:
    """The log's data are gone with their disk; the outboxes still have everything."""
    running = awarded.school.running
    before = awarded.state()
    with closing(sqlite3.connect(running.data_dir / "log.sqlite3", timeout=10)) as log, log:
        assert log.execute("DELETE FROM entry").rowcount
        log.execute("DELETE FROM sqlite_sequence")  # a new log counts from the beginning
    for service in KEEPERS:
        command(running, service, "rewind")
        command(running, service, "republish")
    award = awarded.hold(awarded.ada)
    agree(awarded, tmp_path)
    after = awarded.state()
    after["issuer"] = [each for each in after["issuer"] if each[0] != award["id"]]
    after["backpack"] = [each for each in after["backpack"] if each["credential"] != award["credential"]]
    assert after == before


def _lose(database: Path, credential: str) -> None:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        gone = connection.execute("DELETE FROM credential WHERE credential_id = ?", (credential,))
        assert gone.rowcount == 1
