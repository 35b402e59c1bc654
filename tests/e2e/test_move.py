"""`confer move`: from SQLite and the local log to PostgreSQL and Kafka, with everything that was there."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.http.client import open_client
from tests.harness import kafka, postgres
from tests.harness.calls import Json
from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.school import School, someone

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


def confer(settings: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env={**inherited, **settings}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def ours(running: Platform) -> dict[str, str]:
    return {name: value for name, value in running.environment.items() if name.startswith("CONFER_")}


class Before:
    """What there was, to be looked for afterwards."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.address = someone()
        self.session = school.learner(self.address)
        self.award = school.award(self.address)
        self.held = school.story.until(lambda: school.held(self.session))[0]
        self.badge = school.badge(self.award)
        self.directory_session = school.story.organisations["a"]["session"]


def test_everything_is_carried(
    tmp_path: Path, session_postgresql: postgres.PostgreSQL, session_kafka_bootstrap: str
) -> None:
    kafka.clear(session_kafka_bootstrap)
    with platform(tmp_path) as running:
        settings = ours(running)
        awake = confer(settings, "move", "--to", "postgresql+asyncpg://127.0.0.1:9/{service}")
        assert awake.returncode == 1
        assert "stop these first" in awake.stderr, awake.stderr
        played = confer(settings, "demo")
        assert played.returncode == 0, played.stdout
        before = Before(School(running))
        ports = urlsplit(running.issuer).port

    common = session_postgresql.url("moved_{service}")
    databases = {name: common.replace("{service}", name) for name in SERVICES}
    for name in SERVICES:
        session_postgresql.execute(f'CREATE DATABASE "moved_{name}"')
    moved = confer(settings, "move", "--to", common, "--kafka", session_kafka_bootstrap)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert f"CONFER_KAFKA_BOOTSTRAP={session_kafka_bootstrap}" in moved.stdout.splitlines()[-1]
    again = confer(settings, "move", "--to", common, "--service", "verifier")
    assert again.returncode == 1
    assert "give an empty database" in again.stderr, again.stderr

    new = {f"CONFER_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    new |= {"CONFER_KAFKA_BOOTSTRAP": session_kafka_bootstrap}
    with platform(tmp_path, new, base_port=ports) as running:
        _as_before(running, before)
        _goes_on(running, before, settings | new)
    for url in databases.values():
        session_postgresql.drop(url)


def _as_before(running: Platform, before: Before) -> None:
    """Sessions, tokens, badges."""
    school = before.school
    assert [each["id"] for each in school.held(before.session)] == [before.held["id"]]
    shown = school.story.json("issuer", "GET", f"/v1/awards/{before.award['id']}", school.token)
    assert shown["recipient"]["identity"] == before.address
    assert school.badge(before.award) == before.badge
    organisation = school.story.organisations["a"]["id"]
    school.story.ask("directory", "GET", f"/v1/organisations/{organisation}", before.directory_session)
    verdict = school.story.json("verifier", "POST", "/v1/verifications", json={"credential": before.badge})
    assert verdict["verdict"] == "accepted", verdict


def _goes_on(running: Platform, before: Before, settings: dict[str, str]) -> None:
    """Events count on from where they were: the backpack, which remembers the last of each key, takes the next one."""
    school, story = before.school, before.school.story
    school.post(f"/v1/awards/{before.award['id']}/revoke", {"reason": "After the move."})

    def revoked() -> bool:
        held: Json = story.json("backpack", "GET", f"/v1/credentials/{before.held['id']}", before.session)
        return bool(held["status"]["status"] == "revoked")

    story.until(revoked)
    story.until(lambda: _verdict(school, before.badge) == "rejected")
    address = someone()
    session = school.learner(address)
    award = school.award(address)
    held = story.until(lambda: school.held(session))[0]
    story.ask("backpack", "POST", f"/v1/credentials/{held['id']}/accept", session)

    def accepted() -> bool:
        shown = story.json("issuer", "GET", f"/v1/awards/{award['id']}", school.token)
        return bool(shown["delivery"] == "accepted")

    story.until(accepted)
    with open_client(running.directory) as client:
        assert client.get(f"/v1/issuers/{school.profile['did']}").status_code == 200
    for name in SERVICES:
        with open_client(getattr(running, name)) as client:
            measured = client.get("/metrics").text
        assert not [
            line for line in measured.splitlines()
            if line.startswith("confer_parked_events{") and not line.endswith(" 0.0")
        ], name  # fmt: skip
    checked = confer(settings, "fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _verdict(school: School, badge: Json) -> Any:
    return school.story.json("verifier", "POST", "/v1/verifications", json={"credential": badge})["verdict"]
