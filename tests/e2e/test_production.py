"""The production profile as `deploy/compose.yaml` lays it out: every role a process, two of some, and some of them killed."""

import json
import re
import secrets
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.http.client import open_client
from shared.process import with_lifespan
from shared.process.lifespan import lifespan
from shared.settings import read_settings
from tests.harness import kafka
from tests.harness.platform import SERVICES
from tests.harness.postgres import PostgreSQL
from tests.harness.production import NAMES, Production, production
from tests.harness.services import classes_of
from tests.harness.story import Story

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

Json = dict[str, Any]
PUBLIC = {service: f"https://{NAMES[f'{service.upper()}_HOST']}" for service in SERVICES}
MANY = 200
GROUPS = {"issuer-deliveries": 2, "backpack": 2, "directory-catalogue": 1}
"""Consumer groups, and how many processes the compose file and its replicas put into each."""


class ProductionStory(Story):
    """Asks inside, where the proxy would; what it names is public. Mail comes over SMTP."""

    def __init__(self, running: Production) -> None:
        super().__init__(running)
        self.running = running
        self.address = f"ada{secrets.token_hex(4)}@learner.example"

    def resource(self, service: str) -> str:
        return PUBLIC[service]

    def mailed(self, address: str, pattern: str) -> str | None:
        for text in self.running.letters.to(address).values():
            if found := re.search(pattern, text):
                return found[1]
        return None

    @cached_property
    def profile(self) -> Json:
        given = {"profile": {"name": "Riverside College", "url": "https://riverside.example"}}
        return self.json("issuer", "POST", "/v1/profiles", self.owner_token("issuer"), json=given)

    @cached_property
    def achievement(self) -> str:
        token = self.owner_token("issuer")
        achievement = {"name": "Tides", "description": "Reads tides.", "criteria": {"narrative": "A report."}}
        given = {"profile": self.profile["id"], "achievement": achievement, "suspendable": True}
        draft = self.json("issuer", "POST", "/v1/achievements", token, json=given)
        self.ask("issuer", "POST", f"/v1/achievements/{draft['id']}/publish", token)
        return str(draft["id"])

    @cached_property
    def award(self) -> Json:
        recipient = {"type": "emailAddress", "identity": self.address, "name": "Ada Learner"}
        given = {"achievement": self.achievement, "recipient": recipient}
        return self.json("issuer", "POST", "/v1/awards", self.owner_token("issuer"), json=given)

    @cached_property
    def document(self) -> bytes:
        """The credential, as its issuer keeps it."""
        path = str(self.award["credential"]).removeprefix(PUBLIC["issuer"])
        accept = {"Accept": "application/vc"}
        return self.ask("issuer", "GET", path, self.owner_token("issuer"), headers=accept).content

    @cached_property
    def learner(self) -> str:
        """The session of the learner, after she was invited, signed up and confirmed her address."""
        assert self.award
        self.until(lambda: self.mailed(self.address, f"({PUBLIC['backpack']}/sign-up)"))
        password = secrets.token_urlsafe(16)
        given = {"login": f"ada-{secrets.token_hex(4)}", "password": password, "email": self.address}
        signed = self.json("backpack", "POST", "/v1/learners", json=given)
        link = f"{PUBLIC['backpack']}/[^?]+\\?token=([\\w-]+)"
        token = self.until(lambda: self.mailed(self.address, link))
        self.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": token})
        return str(signed["token"])

    @cached_property
    def held(self) -> str:
        """The badge in her backpack, accepted."""
        (found,) = self.until(lambda: self.json("backpack", "GET", "/v1/credentials", self.learner)["items"])
        self.ask("backpack", "POST", f"/v1/credentials/{found['id']}/accept", self.learner)
        return str(found["id"])

    @cached_property
    def share(self) -> str:
        given = {"credentials": [self.held], "title": "For my application"}
        return str(self.json("backpack", "POST", "/v1/shares", self.learner, json=given)["url"])

    def verify(self, verifier: str, **request: Any) -> Json:
        """A report from that verifier's process."""
        with open_client(self.running.inside[verifier], token=self.owner_token("verifier")) as client:
            answer = client.post("/v1/verifications", **request)
        assert answer.is_success, answer.text
        report: Json = answer.json()
        return report

    def verdict(self, verifier: str) -> str:
        """What that verifier's process says of the badge."""
        media_type = {"Content-Type": "application/vc"}
        return str(self.verify(verifier, content=self.document, headers=media_type)["verdict"])


@pytest.fixture(scope="module")
def running(
    session_postgresql: PostgreSQL,
    session_kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Production]:
    kafka.clear(session_kafka_bootstrap)
    folder = tmp_path_factory.mktemp("production")
    with production(folder, session_postgresql, session_kafka_bootstrap) as up:
        yield up


@pytest.fixture(scope="module")
def story(running: Production) -> ProductionStory:
    return ProductionStory(running)


def test_each_is_ready_and_says_https_only(running: Production) -> None:
    for url in running.inside.values():
        with open_client(url) as client:
            answer = client.get("/readyz")
        assert {each["name"]: each["ok"] for each in answer.json()["checks"]} == {
            "database": True,
            "event log": True,
        }
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_the_processes_that_consume_are_those_that_were_started(running: Production) -> None:
    Story.until(lambda: {group: running.members(group) for group in GROUPS} == GROUPS)


@pytest.mark.anyio
@pytest.mark.parametrize("service", SERVICES)
async def test_serving_does_no_other_role(
    service: str, running: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, where its tasks can be seen."""
    import asyncio

    for name, value in running.environments[service].items():
        monkeypatch.setenv(name, value)
    service_class, settings_class = classes_of(service)
    made = service_class(read_settings(settings_class))
    async with lifespan(made)(with_lifespan(made)):
        roles = {worker.name: worker.role for worker in made.workers()}
        tasks = {task.get_name() for task in asyncio.all_tasks()} & roles.keys()
        assert {"relay", "consume", "work"} & set(roles.values()), "it has others"
        assert tasks == {name for name, role in roles.items() if role == "serve"}


def test_cookies_are_for_https_only(story: ProductionStory) -> None:
    owner = {"login": f"owner-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    body = {"name": "A school", "kind": "school", "owner": owner}
    story.ask("directory", "POST", "/v1/organisations", json=body)
    learner = {"login": f"bo-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    story.ask("backpack", "POST", "/v1/learners", json=learner)
    answers = [
        story.ask("directory", "POST", "/v1/sessions", json=owner),
        story.ask("backpack", "POST", "/v1/sessions", json=learner),
        story.ask("backpack", "GET", "/sign-in", headers={"Accept": "text/html"}),
    ]
    for answer in answers:
        cookies = answer.headers.get_list("set-cookie")
        assert cookies, f"one is set at {answer.url}"
        assert all("; secure" in cookie.lower() and "; httponly" in cookie.lower() for cookie in cookies)


def test_everything_named_is_public(story: ProductionStory) -> None:
    """No inside address is in anything that leaves the house, and no badge is called a demonstration."""
    host = NAMES["ISSUER_HOST"]
    assert story.profile["did"].startswith(f"did:web:{host}:")
    credential = json.loads(story.document)
    assert credential["id"].startswith(f"https://{host}/")
    lists = {each["statusListCredential"] for each in credential["credentialStatus"]}
    assert lists
    assert all(each.startswith(f"https://{host}/") for each in lists)
    text = story.document.decode()
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert "emonstration" not in text
    page = story.ask("issuer", "GET", f"/achievements/{story.achievement}", headers={"Accept": "text/html"})
    assert "emonstration" not in page.text
    assert "127.0.0.1" not in page.text


def test_evidence_is_served_from_its_own_name_only(story: ProductionStory) -> None:
    """Both names lead to the same process."""
    file = {"file": ("a.txt", b"The tides.\n", "text/plain")}
    given = {"name": "The report", "visibility": "link"}
    evidence = story.json(
        "issuer", "POST", "/v1/evidence", story.owner_token("issuer"), files=file, data=given
    )
    path = f"/evidence/{evidence['id']}"
    with open_client(story.running.issuer) as client:
        own = client.get(path, headers={"Host": NAMES["EVIDENCE_HOST"]})
        issuers = client.get(path, headers={"Host": NAMES["ISSUER_HOST"]})
    assert (own.status_code, own.content) == (200, b"The tides.\n")
    assert issuers.status_code == 404


def test_mail_leads_to_the_public_backpack(story: ProductionStory) -> None:
    assert story.learner
    sent = story.running.letters.to(story.address)
    assert len(sent) == 2, "an invitation and a confirmation"
    for text in sent.values():
        links = re.findall(r"https?://\S+", text)
        assert links
        assert {f"{urlsplit(link).scheme}://{urlsplit(link).netloc}" for link in links} == {
            PUBLIC["backpack"]
        }, text


def test_the_issuer_hears_that_she_accepted(story: ProductionStory) -> None:
    assert story.held
    path = f"/v1/awards/{story.award['id']}"
    token = story.owner_token("issuer")
    story.until(lambda: story.json("issuer", "GET", path, token)["delivery"] == "accepted")


@pytest.mark.parametrize("verifier", ["verifier", "verifier-2"])
def test_verified_over_https_names_that_only_peers_know(story: ProductionStory, verifier: str) -> None:
    """The document, whose key and status list are at the issuer; and the share, which is at the backpack."""
    assert story.verdict(verifier) == "accepted"
    report = story.verify(verifier, json={"url": story.share, "applicant": {"email": story.address}})
    assert report["verdict"] == "accepted", report
    outcomes = {check["check"]: check["outcome"] for check in report["checks"]}
    assert outcomes["key"] == outcomes["status"] == outcomes["proof"] == "passed"
    assert report["recipient"]["email"] == "matched"


def test_nothing_of_this_machine_is_fetched(story: ProductionStory) -> None:
    inside = story.running.issuer
    port = inside.rpartition(":")[2]
    for url in (f"{inside}/livez", f"http://localhost:{port}/livez", f"https://127.0.0.1:{port}/livez"):
        with open_client(story.running.verifier, token=story.owner_token("verifier")) as client:
            answer = client.post("/v1/verifications", json={"url": url})
        assert answer.json().get("verdict") != "accepted"
        assert re.search(r"not_https|not_public_address|Only https|not on the public", answer.text), (
            answer.text
        )


def test_callers_are_told_apart_behind_the_proxy(story: ProductionStory) -> None:
    """Anonymous limits count whom the proxy names, not the proxy."""
    left = []
    for address in ("203.0.113.7", "203.0.113.7", "203.0.113.8"):
        with open_client(story.running.verifier) as client:
            answer = client.post(
                "/v1/verifications", content=story.document,
                headers={"Content-Type": "application/vc", "X-Forwarded-For": address},
            )  # fmt: skip
        left.append(int(re.search(r";r=(\d+)", answer.headers["RateLimit"])[1]))  # type: ignore[index]  # it is there
    assert left[1] < left[0] == left[2]


def test_nothing_is_lost_or_doubled_when_processes_are_killed(story: ProductionStory) -> None:
    """In mid-bulk the relay in charge and a consumer die; the others take over."""
    running, token = story.running, story.owner_token("issuer")
    run = secrets.token_hex(4)
    addresses = [f"learner{number}.{run}@learner.example" for number in range(MANY)]
    rows = [{"recipient": {"type": "emailAddress", "identity": each}} for each in addresses]
    before = _count(running, "backpack", "credential")
    arrived = _count(running, "backpack", "delivery")
    awarded = _count(running, "issuer", "award")
    relay = running.relay_in_charge("issuer")
    assert relay is not None
    Story.until(lambda: running.members("backpack") == 2)
    job = story.json(
        "issuer", "POST", "/v1/awards/bulk", token, params={"achievement": story.achievement}, json=rows
    )
    Story.until(lambda: _count(running, "backpack", "delivery") > arrived)
    running.kill(relay)
    running.kill("backpack-consume")
    assert _count(running, "issuer", "award") < awarded + MANY, "they died in mid-bulk"

    def stored() -> bool:
        query = f"SELECT count(*) FROM award WHERE job_id = '{job['id']}' AND delivery = 'stored'"
        return bool(running.rows("issuer", query)[0][0] == MANY)

    Story.until(stored, seconds=90)
    done = story.json("issuer", "GET", f"/v1/jobs/{job['id']}", token)
    assert (done["state"], done["succeeded"], done["failed"]) == ("completed", MANY, 0)
    assert running.relay_in_charge("issuer") not in {relay, None}, "the other relay took over"
    kept = running.rows("backpack", "SELECT count(*), count(DISTINCT credential_key) FROM credential")[0]
    assert kept == (before + MANY, before + MANY)
    Story.until(lambda: all(running.letters.to(each) for each in addresses), seconds=60)
    assert [each for each in addresses if len(running.letters.to(each)) != 1] == []


def _count(running: Production, service: str, table: str) -> int:
    return int(running.rows(service, f"SELECT count(*) FROM {table}")[0][0])


def test_every_role_is_measured_where_it_runs(story: ProductionStory) -> None:
    assert story.held
    running = story.running
    assert running.measured("directory-relay", "confer_events_published_total") > 0
    assert running.measured("directory-consume", "confer_events_handled_total") > 0
    assert running.measured("backpack-work", "confer_mails_total") > 0
    for name in SERVICES:
        done = ("confer_events_published_total", "confer_events_handled_total", "confer_mails_total")
        assert [running.measured(name, each) for each in done] == [0, 0, 0], "a web process only answers"
        assert running.measured(name, "confer_http_requests_total") > 0


def test_a_revocation_reaches_every_verifier_and_the_backpack(story: ProductionStory) -> None:
    """Both have the status list in memory from before; the backpack shows the issuer's reason."""
    assert story.held
    assert [story.verdict(each) for each in ("verifier", "verifier-2")] == ["accepted", "accepted"]
    given = {"code": "issued-in-error", "reason": "Awarded to the wrong course."}
    path = f"/v1/awards/{story.award['id']}/revoke"
    story.ask("issuer", "POST", path, story.owner_token("issuer"), json=given)
    Story.until(lambda: {story.verdict(each) for each in ("verifier", "verifier-2")} == {"rejected"})

    def shown() -> Json:
        held = story.json("backpack", "GET", f"/v1/credentials/{story.held}", story.learner)
        return held["status"] if held["status"]["status"] == "revoked" else {}

    assert Story.until(shown)["reason"] == "Awarded to the wrong course."


def test_all_end_when_they_are_asked_to(running: Production) -> None:
    """Last: it ends them. Within the time that Docker gives, without complaint, and with everything in order."""
    ended = running.end()
    assert set(ended.values()) <= {0, 143, -15}, ended
    for name in ended:
        log = running.log(name)
        assert log, f"{name} logs something"
        assert "Traceback" not in log, f"{name}: {log[-3000:]}"
        assert "@learner.example" not in log
    assert [each.name for each in running.data_dir.iterdir()] in ([], ["evidence"])
    for service in SERVICES:
        running.commands[f"{service}-fsck"] = [f"services.{service}", "fsck"]
        running.environments[f"{service}-fsck"] = running.environments[service]
    running.run_to_the_end([f"{service}-fsck" for service in SERVICES])
