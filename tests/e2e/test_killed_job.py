"""The issuer is killed in the middle of a Job of hundreds of awards: every row is awarded once, every learner has one badge."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from shared.http.client import ConnectionFailed, open_client
from tests.harness.calls import Json
from tests.harness.platform import platform
from tests.harness.school import School

ROWS = 600
BAD = range(0, ROWS, 100)
"""Rows whose recipient is wrong at first: they fail, and are repaired."""


def rows_of(data_dir: Path, service: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data_dir / f"{service}.sqlite3", timeout=30)) as connection:
        return connection.execute(query).fetchall()


def row(number: int, *, good: bool) -> Json:
    """An award to a learner known by a DID, so that nobody has to be written to."""
    identity = f"did:example:learner-{number}" if good else "no DID"
    return {"recipient": {"type": "did", "identity": identity}, "external_id": f"row-{number}"}


def test_a_killed_job_ends_complete(tmp_path: Path) -> None:
    with platform(tmp_path) as running:
        school = School(running)
        story = school.story

        def job_of(job: str) -> Json | None:
            try:
                with open_client(running.issuer, token=school.token) as client:
                    found: Json = client.get(f"/v1/jobs/{job}").json()
            except ConnectionFailed:
                return None  # between its end and its next start
            return found

        rows = [row(number, good=number not in BAD) for number in range(ROWS)]
        opened = story.json(
            "issuer", "POST", "/v1/awards/bulk", school.token, json=rows, params={"achievement": school.achievement}
        )["id"]  # fmt: skip
        deaths = []
        for done in (200,):
            reached = story.until(lambda done=done: _done(job_of(opened), done), seconds=120)
            assert reached["state"] == "running", "killed in the middle"
            deaths.append(running.processes()["issuer"])
            os.kill(deaths[-1], signal.SIGKILL)
        backpack = running.processes()["backpack"]
        os.kill(backpack, signal.SIGKILL)  # it dies while they arrive, too
        finished = story.until(lambda: _completed(job_of(opened)), seconds=180)
        assert running.processes()["issuer"] not in deaths
        assert (finished["total"], finished["succeeded"], finished["failed"]) == (
            ROWS,
            ROWS - len(BAD),
            len(BAD),
        )

        failed = story.json("issuer", "GET", f"/v1/jobs/{opened}/rows?state=failed&limit=200", school.token)[
            "items"
        ]
        assert [each["index"] for each in failed] == list(BAD)
        assert {each["problem"]["code"] for each in failed} == {"invalid-recipient"}
        corrected = [{"index": number, "input": row(number, good=True)} for number in BAD]
        story.ask("issuer", "POST", f"/v1/jobs/{opened}/repair", school.token, json={"rows": corrected})
        finished = story.until(lambda: _completed(job_of(opened)), seconds=60)
        assert (finished["succeeded"], finished["failed"]) == (ROWS, 0)

        awards = rows_of(tmp_path, "issuer", "SELECT external_id, count(*) FROM award GROUP BY external_id")
        assert sorted(awards) == sorted((f"row-{number}", 1) for number in range(ROWS))
        places = "SELECT count(*), count(DISTINCT revocation_list || '/' || revocation_index) FROM award"
        assert rows_of(tmp_path, "issuer", places) == [(ROWS, ROWS)], "each has a place of its own"
        signed = "SELECT count(*), count(DISTINCT sha256) FROM credential"
        assert rows_of(tmp_path, "issuer", signed) == [(ROWS, ROWS)]

        held = (
            "SELECT count(*), count(DISTINCT credential_id), count(DISTINCT recipient_lookup) FROM credential"
        )
        story.until(lambda: rows_of(tmp_path, "backpack", held)[0][0] >= ROWS, seconds=240)
        story.until(
            lambda: not rows_of(tmp_path, "issuer", "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1")
        )
        assert rows_of(tmp_path, "backpack", held) == [(ROWS, ROWS, ROWS)]
        assert rows_of(tmp_path, "backpack", "SELECT count(*) FROM parked_event") == [(0,)]


def _done(job: Json | None, at_least: int) -> Json | None:
    return job if job is not None and job["succeeded"] + job["failed"] >= at_least else None


def _completed(job: Json | None) -> Json | None:
    return job if job is not None and job["state"] == "completed" else None
