"""What the verdict rests on: fetched once, dropped when a change is announced, and what is said while servers are away."""

import asyncio
import hashlib
from datetime import datetime, timedelta

import pytest

from shared.clock import to_rfc3339
from shared.messaging.log import open_log
from shared.vc.dids import DocumentKey
from shared.vc.keys import SigningKey
from tests.integration.verifier.conftest import Running, running, until
from tests.integration.verifier.world import Answer, Issuer, World

LISTS = "confer.issuer.status-lists"
PROFILES = "confer.issuer.profiles"
RECOGNITIONS = "confer.directory.recognitions"


def verdict(verifier: Running, badge: dict, **item: object) -> str:
    return verifier.verify({"credential": badge, **item})["verdict"]


def announce_list(verifier: Running, issuer: Issuer, answer: Answer, moment: datetime | None = None) -> None:
    data = {
        "url": issuer.list_url,
        "valid_from": to_rfc3339(moment or issuer.list_moment),
        "sha256": hashlib.sha256(answer.body).hexdigest(),
    }
    verifier.announce(LISTS, "status-list.changed", issuer.list_url, data)


def test_facts_are_fetched_once(verifier: Running, issuer: Issuer, world: World):
    for index in range(5):
        assert verdict(verifier, issuer.badge(index)) == "accepted"
    assert world.asked[issuer.document_path] == 1
    assert world.asked[issuer.list_path] == 1


def test_a_revocation_within_the_cache_s_life_is_seen_once_announced(verifier: Running, issuer: Issuer):
    badge = issuer.badge(5)
    assert verdict(verifier, badge) == "accepted"
    answer = issuer.revoke(5)
    assert verdict(verifier, badge) == "accepted"  # nobody has told yet
    announce_list(verifier, issuer, answer)
    until(lambda: verdict(verifier, badge) == "rejected", seconds=5)
    issuer.bits.set(5, False)
    issuer.list_moment += timedelta(seconds=1)
    announce_list(verifier, issuer, issuer.publish_list())
    until(lambda: verdict(verifier, badge) == "accepted", seconds=5)


@pytest.mark.kafka
def test_announcements_come_over_kafka(make_settings, world: World, issuer: Issuer, kafka_bootstrap: str):
    settings = make_settings(kafka_bootstrap=kafka_bootstrap)

    async def prepare() -> None:
        log = open_log(settings)
        try:
            await log.ensure_topics()
        finally:
            await log.close()

    asyncio.run(prepare())
    with running(settings, world) as verifier:
        badge = issuer.badge(5)
        assert verdict(verifier, badge) == "accepted"
        announce_list(verifier, issuer, issuer.revoke(5))
        until(lambda: verdict(verifier, badge) == "rejected", seconds=5)


def test_a_list_older_than_the_announced_one_is_never_used(verifier: Running, issuer: Issuer, world: World):
    badge = issuer.badge(5)
    old = world.answers[issuer.list_path]
    new = issuer.revoke(5)
    world.answers[issuer.list_path] = old  # as if a cache on the way still had it
    assert verdict(verifier, badge) == "accepted"
    announce_list(verifier, issuer, new)
    until(lambda: verdict(verifier, badge) == "undetermined", seconds=5)
    report = verifier.verify({"credential": badge})
    status = next(check for check in report["checks"] if check["check"] == "status")
    assert (status["outcome"], status["code"]) == ("inconclusive", "status.unreachable")
    assert "only an older one" in status["reason"]
    world.answers[issuer.list_path] = new
    assert verdict(verifier, badge) == "rejected"


def test_a_compromised_key_leaves_with_its_announcement(verifier: Running, issuer: Issuer):
    badge = issuer.badge()
    assert verdict(verifier, badge) == "accepted"
    issuer.publish_document(
        DocumentKey(issuer.key.public, "compromised"), DocumentKey(SigningKey.generate().public)
    )
    assert verdict(verifier, badge) == "accepted"  # from the cache
    data = {
        "profile": issuer.did,
        "key": issuer.method,
        "at": "2026-11-21T20:15:00Z",
        "since": "2026-11-20T00:00:00Z",
    }
    verifier.announce(PROFILES, "key.compromised", issuer.did, data)
    until(lambda: verdict(verifier, badge) == "rejected", seconds=5)


def test_a_withdrawn_recognition_leaves_with_its_announcement(
    verifier: Running, issuer: Issuer, world: World
):
    badge = issuer.badge()
    world.recognise(issuer.did, issuer.recognition())
    assert verdict(verifier, badge, policy="strict") == "accepted"
    world.recognise(issuer.did, issuer.recognition(state="withdrawn"))
    assert verdict(verifier, badge, policy="strict") == "accepted"
    data = {"recognition": "c8" * 16, "issuer": issuer.did, "at": "2026-11-21T20:15:00Z"}
    verifier.announce(RECOGNITIONS, "recognition.withdrawn", "c8" * 16, data)
    until(lambda: verdict(verifier, badge, policy="strict") == "rejected", seconds=5)


@pytest.fixture
def forgetful(make_settings, world: World):
    """A verifier for which every fact is old at once."""
    with running(make_settings(fact_seconds=0, status_seconds=0), world) as one:
        yield one


def test_with_the_world_away_it_answers_with_the_age_of_what_it_knows(
    forgetful: Running, issuer: Issuer, world: World
):
    badge = issuer.badge(2)
    world.recognise(issuer.did, issuer.recognition())
    assert verdict(forgetful, badge, policy="strict") == "accepted"
    world.go_away()
    report = forgetful.verify({"credential": badge})
    assert report["verdict"] == "accepted"
    assert {(each["url"], each["stale"]) for each in report["fetched"]} == {
        (world.url + issuer.document_path, True),
        (issuer.list_url, True),
    }
    assert all(each["age_seconds"] >= 0 for each in report["fetched"])
    status = next(check for check in report["checks"] if check["check"] == "status")
    assert "nothing newer could be fetched" in status["reason"]
    assert report["recognitions"][0]["recogniser"]["name"] == "Guild of Workshops"


def test_with_the_world_away_it_names_what_is_undetermined(verifier: Running, issuer: Issuer, world: World):
    badge = issuer.badge(2)
    world.go_away()
    report = verifier.verify({"credential": badge})
    assert report["verdict"] == "undetermined"
    outcomes = {check["code"]: check["outcome"] for check in report["checks"]}
    assert outcomes["key.unreachable"] == "inconclusive"
    assert outcomes["recognition.unreachable"] == "inconclusive"
    world.come_back()
    until(lambda: verdict(verifier, badge) == "accepted")


def test_it_answers_while_the_log_and_the_directory_are_away(make_settings, world: World, issuer: Issuer):
    badge = issuer.badge(2)
    # A broker that is not there: nothing listens on this port.
    settings = make_settings(directory_url="http://localhost:9", kafka_bootstrap="127.0.0.1:9")
    with running(settings, world, hearing=False) as verifier:
        report = verifier.verify({"credential": badge})
        assert report["verdict"] == "accepted"
        assert "recognition.unreachable" in {check["code"] for check in report["checks"]}
        with verifier.client() as client:
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert {each["name"]: each["ok"] for each in ready.json()["checks"]} == {
                "database": True,
                "event log": False,
            }
            assert client.get("/livez").status_code == 200
