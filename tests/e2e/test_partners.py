"""Partners without Kafka, between real processes: the feed, the stream, webhooks; and two organisations that see nothing of one another."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from services.directory.scopes import SCOPES
from shared.http.client import Client, open_client
from shared.messaging.feed.streaming import PER_ORGANISATION
from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.receiver import Receiver, receiver
from tests.harness.story import Story

Json = dict[str, Any]
STREAM = {"Accept": "text/event-stream"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Partners:
    """Two organisations with a client each; A has done something at every service."""

    def __init__(self, running: Platform) -> None:
        self.running = running
        self.story = Story(running)
        self.ids = self.story.resources("A plain text")
        programs = {side: self.story.client(side, f"partner {side}", self._scopes()) for side in ("a", "b")}
        self.tokens = {
            (side, service): self.story.token(program, service, sorted(SCOPES[service]))  # type: ignore[index]  # a service's name
            for side, program in programs.items()
            for service in SERVICES
        }

    @staticmethod
    def _scopes() -> list[str]:
        return sorted({scope for scopes in SCOPES.values() for scope in scopes})

    def client(self, service: str, side: str = "a") -> Client:
        return open_client(getattr(self.running, service), token=self.tokens[side, service])

    def events(self, service: str, side: str = "a", **asked: Any) -> list[Json]:
        """Everything in the feed, page by page."""
        found: list[Json] = []
        with self.client(service, side) as client:
            page = client.get("/v1/events", params={"limit": 3, **asked}).json()
            found += page["items"]
            while page["more"]:
                page = client.get("/v1/events", params={"limit": 3, **asked, "cursor": page["next"]}).json()
                found += page["items"]
        return found

    def award(self, **headers: str) -> Json:
        body = {
            "achievement": self.ids["issuer"]["achievement_id"],
            "recipient": {"type": "emailAddress", "identity": f"x{secrets.token_hex(6)}@learner.example"},
        }
        with self.client("issuer") as client:
            answer = client.post("/v1/awards", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]  # JSON

    def organisation(self, side: str) -> str:
        return str(self.story.organisations[side]["id"])


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partners]:
    with platform(tmp_path_factory.mktemp("partners")) as up:
        yield Partners(up)


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


SAYS = {
    "issuer": {
        "profile.registered",
        "key.added",
        "achievement.published",
        "credential.issued",
        "job.completed",
    },
    "backpack": {"credential.stored", "credential.accepted"},
    "verifier": {"job.completed"},
    "directory": {"organisation.registered", "recognition.given"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_feed_shows_ones_own_and_nothing_of_the_other(service: str, partners: Partners) -> None:
    def told() -> set[str]:
        return {event["type"].removeprefix("org.confer.").removesuffix(".v1") for event in mine()}

    def mine() -> list[Json]:
        return partners.events(service)

    partners.story.until(lambda: told() >= SAYS[service])
    found = mine()
    assert len({event["id"] for event in found}) == len(found)
    assert {event["organisation"] for event in found} == {partners.organisation("a")}
    sequences: dict[str, list[int]] = {}
    for event in found:
        sequences.setdefault(event["subject"], []).append(int(event["sequence"]))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())
    theirs = partners.events(service, "b")
    assert {event["organisation"] for event in theirs} <= {partners.organisation("b")}
    assert not {event["id"] for event in found} & {event["id"] for event in theirs}
    one = found[0]["type"]
    assert partners.events(service, types=one) == [event for event in found if event["type"] == one]


@pytest.mark.parametrize("service", SERVICES)
def test_a_place_of_one_is_no_place_of_the_other(service: str, partners: Partners) -> None:
    with partners.client(service) as client:
        place = client.get("/v1/events", params={"start": "now"}).json()
        assert (place["items"], place["more"]) == ([], False)
    with partners.client(service, "b") as client:
        answer = client.get("/v1/events", params={"cursor": place["next"]})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


@pytest.mark.parametrize("service", SERVICES)
def test_a_webhook_and_its_log_are_ones_own(service: str, partners: Partners, partner: Receiver) -> None:
    with partners.client(service) as client, partners.client(service, "b") as other:
        made = client.post("/v1/webhooks", json={"url": partner.url}).json()
        place = f"/v1/webhooks/{made['id']}"
        ping = client.post(f"{place}/ping").json()
        [got] = partner.wait_for(1)
        assert got.verified(made["secret"])["data"] == {"webhook": made["id"]}
        log = f"{place}/deliveries"
        partners.story.until(lambda: client.get(f"{log}/{ping['id']}").json()["state"] == "delivered")
        assert [each["id"] for each in client.get(log).json()["items"]] == [ping["id"]]
        assert "secret" not in client.get(place).json()
        assert made["id"] not in other.get("/v1/webhooks").text
        for method, path in (
            ("GET", place), ("PATCH", place), ("DELETE", place), ("GET", log), ("GET", f"{log}/{ping['id']}"),
            ("POST", f"{place}/ping"), ("POST", f"{log}/{ping['id']}/replay"), ("POST", f"{place}/secret/rotate"),
        ):  # fmt: skip
            body = {"json": {"description": "mine now"}} if method == "PATCH" else {}
            answer = other.request(method, path, headers={"If-Match": "*"}, **body)
            assert answer.status_code == 404, f"{method} {path}: {answer.text}"
        hers = {"since": "2026-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
        assert other.post(f"{place}/replay", json=hers).status_code == 404
        assert client.get(place).json()["description"] is None
        assert client.delete(place, headers={"If-Match": "*"}).status_code == 204
    assert len(partner.got) == 1


def test_an_award_reaches_the_partners_receiver_signed_and_nobody_elses(
    partners: Partners, partner: Receiver
) -> None:
    wanted = ["org.confer.credential.issued.v1"]
    with partners.client("issuer") as client, partners.client("issuer", "b") as other:
        made = client.post("/v1/webhooks", json={"url": partner.url, "types": wanted}).json()
        foreign = other.post("/v1/webhooks", json={"url": partner.url + "/b"}).json()
        award = partners.award()
        [got] = partner.wait_for(1)
        event = got.verified(made["secret"])
        assert event["data"]["award"] == award["id"]
        assert event in partners.events("issuer"), "the same envelope as in the feed"
        other.post(f"/v1/webhooks/{foreign['id']}/ping")
        both = partner.wait_for(2)
        assert [each.path for each in both] == ["/hook", "/hook/b"]
        for each, who in ((made, client), (foreign, other)):
            assert who.delete(f"/v1/webhooks/{each['id']}", headers={"If-Match": "*"}).status_code == 204


def _read(lines: Iterator[str], count: int) -> list[tuple[str, Json]]:
    """So many events of a stream, each with its id; what is only a sign of life is passed over."""
    found: list[tuple[str, Json]] = []
    place = ""
    for line in lines:
        if line.startswith("id: "):
            place = line.removeprefix("id: ")
        if line.startswith("data: "):
            found.append((place, json.loads(line.removeprefix("data: "))))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {len(found)} of {count} events")


def test_a_stream_goes_on_where_it_broke_off(partners: Partners) -> None:
    asked = {"types": "org.confer.credential.issued.v1", "start": "now"}
    with partners.client("issuer") as client:
        with client.stream("GET", "/v1/events", params=asked, headers=STREAM) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            first = partners.award()
            [(place, event)] = _read(lines, 1)
            assert event["data"]["award"] == first["id"]
        missed = [partners.award()["id"] for _ in range(3)]
        again = {**STREAM, "Last-Event-ID": place}
        with client.stream("GET", "/v1/events", params=asked, headers=again) as answer:
            found = _read(answer.iter_lines(), 3)
            assert [event["data"]["award"] for _, event in found] == missed
        page = client.get("/v1/events", params={"types": asked["types"], "cursor": place}).json()
        assert [event["data"]["award"] for event in page["items"]] == missed
        assert page["next"] == found[-1][0]


def test_streams_of_an_organisation_are_bounded(partners: Partners) -> None:
    with partners.client("verifier", "b") as client, partners.client("verifier") as other:
        streams = []
        try:
            for _ in range(PER_ORGANISATION):
                answer = client.send(client.build_request("GET", "/v1/events", headers=STREAM), stream=True)
                assert answer.status_code == 200
                streams.append(answer)
            refused = client.get("/v1/events", headers=STREAM)
            assert refused.status_code == 429
            assert refused.headers["retry-after"]
            with other.stream("GET", "/v1/events", headers=STREAM) as answer:
                assert answer.status_code == 200
        finally:
            for answer in streams:
                answer.close()


def test_a_learner_has_no_feed_and_a_program_no_badges(partners: Partners) -> None:
    with open_client(partners.running.backpack, token=partners.story.learner_token("a")) as learner:
        assert learner.get("/v1/events").status_code == 403
        assert learner.get("/v1/webhooks").status_code == 403
    with partners.client("backpack") as program:
        for path in ("/v1/credentials", "/v1/shares", "/v1/learners/me", "/v1/sessions"):
            assert program.get(path).status_code == 401


def test_what_a_request_sets_going_carries_its_trace(partners: Partners) -> None:
    """Over HTTP to the issuer, from there with the event to whoever reads it, and into the logs on both sides."""
    award = partners.award(traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    event = partners.story.until(
        lambda: next((e for e in partners.events("issuer") if e["data"].get("award") == award["id"]), None)
    )
    _, trace, span, _ = event["traceparent"].split("-")
    assert trace == TRACE
    assert span != "b7ad6b7169203331", "a span of the issuer's own"
    assert f'"trace_id": "{TRACE}"' in partners.running.log("issuer")
