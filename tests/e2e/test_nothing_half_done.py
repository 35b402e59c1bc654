"""An award has its credential, its status index and its outbox row, or nothing (decision 8): broken at every point.

A trigger in the issuer's database refuses one write for one award, as a full disk or a lost connection would at that point.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from shared.http.client import Response, open_client
from tests.harness.calls import Json
from tests.harness.platform import Platform, platform
from tests.harness.refusals import Refusals
from tests.harness.story import Story

DOOMED = "doomed"
_OF_DOOMED = f"(SELECT external_id FROM award WHERE id = NEW.{{column}}) = '{DOOMED}'"
POINTS = {
    "the award": ("INSERT ON award", f"NEW.external_id = '{DOOMED}'"),
    "the credential": ("INSERT ON credential", _OF_DOOMED.format(column="award_id")),
    "the outbox row": ("INSERT ON outbox", _OF_DOOMED.format(column="reference")),
    "the kept answer": ("INSERT ON idempotency", f"NEW.body LIKE '%{DOOMED}%'"),
}
TABLES = ("award", "award_change", "credential", "outbox", "idempotency", "status_list", "job", "job_row")


class Issuer:
    """The running issuer, its database beside it, and one published achievement."""

    def __init__(self, running: Platform) -> None:
        self.running = running
        self.story = Story(running)
        self.token = self.story.owner_token("issuer")
        self.profile = self.post("/v1/profiles", {"profile": {"name": "College"}})["id"]
        self.achievement = self.published()
        self.award()  # takes the first block of status indexes

    def published(self, **options: Any) -> str:
        achievement = {"name": "A", "description": "A", "criteria": {"narrative": "Do it."}}
        made = self.post("/v1/achievements", {"profile": self.profile, "achievement": achievement, **options})
        self.story.ask("issuer", "POST", f"/v1/achievements/{made['id']}/publish", self.token)
        return str(made["id"])

    def post(self, path: str, body: Any, **options: Any) -> Json:
        return self.story.json("issuer", "POST", path, self.token, json=body, **options)

    def body(self, **changed: Any) -> Json:
        recipient = {"type": "emailAddress", "identity": f"{secrets.token_hex(6)}@learner.example"}
        return {"achievement": self.achievement, "recipient": recipient, **changed}

    def award(self) -> Json:
        return self.post("/v1/awards", self.body())

    def try_award(self, body: Json, key: str) -> Response:
        with open_client(self.running.issuer, token=self.token) as client:
            return client.post("/v1/awards", json=body, headers={"Idempotency-Key": key})

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.running.data_dir / "issuer.sqlite3", timeout=30, isolation_level=None)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of what an award touches, once the relay has nothing more to mark."""
        self.story.until(lambda: not self.rows("SELECT 1 FROM outbox WHERE published_at IS NULL"))
        self.story.until(lambda: not self.rows("SELECT 1 FROM status_list WHERE changed > signed"))
        delivery = (
            "delivery",
            "delivery_at",
            "updated_at",
        )  # what the backpack said of earlier awards meanwhile
        kept: dict[str, list[tuple[Any, ...]]] = {}
        for table in TABLES:
            names = [name for _, name, *_ in self.rows(f"PRAGMA table_info({table})") if name not in delivery]
            kept[table] = sorted(self.rows(f"SELECT {', '.join(names)} FROM {table}"), key=repr)
        return kept

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def refusing(self, where: str, when: str) -> Iterator[None]:
        with closing(self.connect()) as connection:
            connection.execute(
                f"CREATE TRIGGER refused BEFORE {where} WHEN {when} BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            try:
                yield
            finally:
                connection.execute("DROP TRIGGER refused")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with platform(tmp_path_factory.mktemp("half-done")) as running:
        yield Issuer(running)


@pytest.mark.parametrize("point", POINTS)
def test_what_fails_leaves_nothing_and_can_be_repeated(point: str, issuer: Issuer) -> None:
    body, key = issuer.body(external_id=DOOMED), secrets.token_hex(16)
    before = issuer.tables()
    with issuer.refusing(*POINTS[point]):
        answer = issuer.try_award(body, key)
    assert answer.status_code in {409, 500, 503}, answer.text
    assert Refusals(issuer.running.issuer).check(answer, answer.status_code)["request_id"]
    assert issuer.tables() == before
    made = issuer.try_award(body, key)
    assert made.status_code == 201, made.text
    after = issuer.tables()
    for table in ("award", "credential", "outbox", "idempotency"):
        assert len(after[table]) == len(before[table]) + 1, table
    again = issuer.try_award(body, key)
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])
    assert again.headers["idempotent-replayed"] == "true"
    assert issuer.tables() == after
    # The next point starts from an award that is there no more.
    issuer.post(f"/v1/awards/{made.json()['id']}/revoke", {})
    with closing(issuer.connect()) as connection:
        connection.execute("UPDATE award SET external_id = NULL WHERE external_id = ?", [DOOMED])


def test_no_status_index_is_taken_by_what_fails(issuer: Issuer) -> None:
    """Where the places come from in the same transaction: a list that cannot count on takes nothing else along."""
    profile = issuer.post("/v1/profiles", {"profile": {"name": "Fresh"}})["id"]
    achievement = {"name": "B", "description": "B", "criteria": {"narrative": "Do it."}}
    made = issuer.post("/v1/achievements", {"profile": profile, "achievement": achievement})
    issuer.story.ask("issuer", "POST", f"/v1/achievements/{made['id']}/publish", issuer.token)
    body, key = issuer.body(achievement=made["id"]), secrets.token_hex(16)
    before = issuer.tables()
    with issuer.refusing("UPDATE ON status_list", "NEW.taken > OLD.taken"):
        assert issuer.try_award(body, key).status_code in {409, 500, 503}
    assert issuer.tables() == before
    assert issuer.try_award(body, key).status_code == 201


@pytest.mark.parametrize("point", ["the award", "the credential", "the outbox row"])
def test_one_bad_row_of_a_job_takes_no_other_down(point: str, issuer: Issuer) -> None:
    rows = [issuer.body(external_id=DOOMED if number == 3 else f"row-{number}") for number in range(7)]
    with issuer.refusing(*POINTS[point]):
        job = issuer.post("/v1/awards/bulk", rows)["id"]
        done = issuer.story._wait("issuer", job, issuer.token)
    assert (done["succeeded"], done["failed"]) == (6, 1), done
    found = issuer.story.json("issuer", "GET", f"/v1/jobs/{job}/rows", issuer.token)["items"]
    failed = [row for row in found if row["state"] == "failed"]
    assert [row["external_id"] for row in failed] == [DOOMED]
    assert failed[0]["problem"]["code"] == "internal-error"
    assert issuer.rows(f"SELECT count(*) FROM award WHERE external_id = '{DOOMED}'") == [(0,)]
    counts = (
        "SELECT count(*) FROM award a {} JOIN credential c ON c.award_id = a.id WHERE a.job_id = '"
        + job
        + "'"
    )
    assert issuer.rows(counts.format("LEFT")) == issuer.rows(counts.format("")) == [(6,)]
    issuer.post(f"/v1/jobs/{job}/repair", {})
    done = issuer.story._wait("issuer", job, issuer.token)
    assert (done["succeeded"], done["failed"]) == (7, 0), done
    told = f"SELECT count(*) FROM outbox o JOIN award a ON a.id = o.reference WHERE a.job_id = '{job}'"
    assert issuer.rows(told) == [(7,)]
    with closing(issuer.connect()) as connection:
        connection.execute("UPDATE award SET external_id = NULL WHERE external_id = ?", [DOOMED])
