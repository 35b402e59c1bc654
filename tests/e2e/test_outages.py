"""What is away is named, what can go on goes on, and everything recovers by itself: no process is started again for it."""

import email
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from shared.http.client import ConnectionFailed, Response, open_client
from tests.harness import kafka, postgres
from tests.harness.calls import Json
from tests.harness.kafka import Broker
from tests.harness.needs import without
from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.postgres import PostgreSQL
from tests.harness.processes import Missing, free_port
from tests.harness.school import School, self_issued, someone

MIB = 1024 * 1024


def get(url: str, path: str, token: str | None = None, **headers: str) -> Response:
    with open_client(url, token=token) as client:
        return client.get(path, headers=headers)


def readiness(running: Platform, service: str) -> tuple[int, dict[str, bool]]:
    answer = get(getattr(running, service), "/readyz")
    return answer.status_code, {each["name"]: each["ok"] for each in answer.json()["checks"]}


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres.postgresql())
        except Missing as missing:
            without("postgres", str(missing))
        yield server


@pytest.mark.postgres
def test_postgresql_goes_away_and_comes_back(own_postgresql: PostgreSQL, tmp_path: Any) -> None:
    urls = {f"CONFER_{name.upper()}_DATABASE_URL": own_postgresql.create() for name in SERVICES}
    lists = {
        "issuer": "/v1/awards",
        "backpack": "/v1/credentials",
        "verifier": "/v1/policies",
        "directory": "/v1/issuers",
    }
    with platform(tmp_path, urls) as running:
        school = School(running)
        session = school.learner(someone())
        tokens = {
            "issuer": school.token,
            "backpack": session,
            "verifier": school.story.owner_token("verifier"),
            "directory": None,
        }
        before = running.processes()
        own_postgresql.stop()
        for name in SERVICES:
            url = getattr(running, name)
            assert readiness(running, name) == (503, {"database": False, "event log": True})
            assert get(url, "/livez").status_code == 200
            refused = get(url, lists[name], tokens[name])
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
            assert int(refused.headers["retry-after"]) > 0
            assert int(get(url, "/readyz").headers["retry-after"]) > 0
        own_postgresql.start()
        for name in SERVICES:
            school.story.until(lambda name=name: readiness(running, name)[0] == 200)
            assert get(getattr(running, name), lists[name], tokens[name]).status_code == 200
        address = someone()
        school.award(address)
        session = school.learner(address)
        school.story.until(lambda: school.held(session))
        assert running.processes() == before, "none was started again"


# --- the event log, and the verifier alone ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(kafka.broker())
        except Missing as missing:
            without("kafka", str(missing))
        yield server


@pytest.fixture(scope="module")
def on_kafka(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """On Kafka; the verifier takes nothing for granted for longer than a second."""
    settings = {
        "CONFER_KAFKA_BOOTSTRAP": broker.bootstrap,
        "CONFER_VERIFIER_FACT_SECONDS": "1",
        "CONFER_VERIFIER_STATUS_SECONDS": "1",
    }
    with platform(tmp_path_factory.mktemp("kafka"), settings) as running:
        yield School(running)


@pytest.mark.kafka
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_awards_go_on_while_the_broker_is_away(how: str, broker: Broker, on_kafka: School) -> None:
    running = on_kafka.running
    address = someone()
    session = on_kafka.learner(address)
    before = running.processes()
    broker.kill() if how == "killed" else broker.freeze()
    try:
        for name in SERVICES:
            named = {"database": True, "event log": False}
            on_kafka.story.until(lambda name=name, named=named: readiness(running, name) == (503, named))
            assert get(getattr(running, name), "/livez").status_code == 200
        award = on_kafka.award(address)
        assert on_kafka.badge(award)["credentialSubject"]
        shown = on_kafka.story.json("issuer", "GET", f"/v1/awards/{award['id']}", on_kafka.token)
        assert shown["delivery"] == "pending"
        assert on_kafka.held(session) == []
    finally:
        broker.start() if how == "killed" else broker.thaw()
    held = on_kafka.story.until(lambda: on_kafka.held(session), seconds=60)
    assert len(held) == 1
    for name in SERVICES:
        on_kafka.story.until(lambda name=name: readiness(running, name)[0] == 200)
    assert running.processes() == before, "none was started again"


def verify(school: School, badge: Json, **item: Any) -> Json:
    return school.story.json("verifier", "POST", "/v1/verifications", json={"credential": badge, **item})


def outcomes(report: Json) -> dict[str, str]:
    return {check["code"]: check["outcome"] for check in report["checks"]}


@pytest.mark.kafka
def test_the_verifier_goes_on_alone(broker: Broker, on_kafka: School) -> None:
    running = on_kafka.running
    known = on_kafka.badge(on_kafka.award(someone()))
    assert verify(on_kafka, known)["verdict"] == "accepted"
    stranger = School(running)  # with keys and lists that the verifier has never seen
    unseen = stranger.badge(stranger.award(someone()))
    with running.gone("issuer", "directory"):
        broker.freeze()
        try:
            _alone(on_kafka, known, unseen)
        finally:
            broker.thaw()
    for name in SERVICES:
        on_kafka.story.until(lambda name=name: _is_ready(running, name), seconds=60)
    report = on_kafka.story.until(lambda: _accepted(on_kafka, unseen), seconds=60)
    assert not [each for each in report["fetched"] if each["stale"]]


def _is_ready(running: Platform, name: str) -> bool:
    try:
        return readiness(running, name)[0] == 200
    except ConnectionFailed:
        return False


def _accepted(school: School, badge: Json) -> Json | None:
    report = verify(school, badge)
    return report if report["verdict"] == "accepted" else None


def _alone(school: School, known: Json, unseen: Json) -> None:
    """Issuer and directory refuse connections, the broker answers nothing."""

    def old() -> Json | None:
        report = verify(school, known)
        assert report["verdict"] == "accepted", report
        return report if all(each["stale"] for each in report["fetched"]) else None

    report = school.story.until(old)
    assert len(report["fetched"]) == 2, "keys and status list"
    assert all(each["age_seconds"] >= 1 for each in report["fetched"]), report["fetched"]
    status = next(check for check in report["checks"] if check["check"] == "status")
    assert re.search(r"\d+ seconds? ", status["reason"]), status["reason"]
    report = verify(school, unseen)
    assert report["verdict"] == "undetermined"
    assert outcomes(report)["key.unreachable"] == "inconclusive"
    key = next(check for check in report["checks"] if check["code"] == "key.unreachable")
    assert school.running.issuer in key["reason"] or "issuer" in key["reason"], key
    report = verify(school, self_issued())
    assert report["verdict"] == "accepted", report
    assert outcomes(report)["recognition.unreachable"] == "inconclusive"
    assert readiness(school.running, "verifier") == (503, {"database": True, "event log": False})
    assert get(school.running.verifier, "/livez").status_code == 200


@pytest.mark.kafka
def test_peers_that_hang_cost_a_bounded_time(on_kafka: School) -> None:
    """They take the connection and never answer: a verdict comes all the same, from what is known."""
    badge = on_kafka.badge(on_kafka.award(someone()))
    assert verify(on_kafka, badge)["verdict"] == "accepted"
    with on_kafka.running.frozen("issuer", "directory"):
        report, seconds = on_kafka.story.until(lambda: _with_old_facts(on_kafka, badge))
    assert report["verdict"] == "accepted"
    assert seconds < 12, "two seconds for each of three documents, on a machine that is busy"


def _with_old_facts(school: School, badge: Json) -> tuple[Json, float] | None:
    begun = time.monotonic()
    report = verify(school, badge)
    taken = time.monotonic() - begun
    return (report, taken) if any(each["stale"] for each in report["fetched"]) else None


# --- mail ------------------------------------------------------------------------------------------------------------


class Inbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def token(self, address: str) -> str | None:
        for message in self.taken:
            found = re.search(r"token=([\w-]+)", message.get_body(("plain",)).get_content())
            if address in str(message["To"]) and found:
                return found[1]
        return None


def test_mail_waits_for_its_server(tmp_path: Any) -> None:
    port = free_port()
    inbox = Inbox()
    with platform(tmp_path, {"CONFER_SMTP_URL": f"smtp://127.0.0.1:{port}"}) as running:
        school = School(running)
        invited, signed_up = someone(), someone()
        body = {
            "login": f"l-{secrets.token_hex(6)}",
            "password": secrets.token_urlsafe(16),
            "email": signed_up,
        }
        session = school.story.json("backpack", "POST", "/v1/learners", json=body)["token"]
        school.award(invited)
        school.award(signed_up)
        school.story.until(lambda: running.log("backpack").count('"mail.postponed"') >= 2)
        assert readiness(running, "backpack")[0] == 200, "it can do without for a while"
        controller = Controller(inbox, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            token = school.story.until(lambda: inbox.token(signed_up), seconds=60)
            school.story.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": token})
            school.story.until(lambda: [m for m in inbox.taken if invited in str(m["To"])], seconds=60)
        finally:
            controller.stop()
        assert len(school.story.until(lambda: school.held(session))) == 1
        sent = [str(message["Message-ID"]) for message in inbox.taken]
        assert len(sent) == len(set(sent)), "each mail came once"
        assert not (tmp_path / "mail").exists(), "nothing is written to a folder beside"
