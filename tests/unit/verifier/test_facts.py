"""How long facts are fresh, and that nothing older than announced is given out."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from services.verifier.facts.service import DEAF_AGE, Announcement, Facts, hear
from shared.http.fetch import FetchError
from shared.messaging import Event
from shared.vc.fetching import Fetched

pytestmark = pytest.mark.anyio
START = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
LIST = "https://school.example/status/1"
VC = "application/vc"


class Web:
    """A web of one document, and a clock."""

    def __init__(self) -> None:
        self.now = START
        self.body = b"{}"
        self.asked: list[str] = []

    def clock(self) -> datetime:
        return self.now

    async def get(self, url: str, *, accept: str, max_bytes: int, timeout: float) -> Fetched:  # noqa: ARG002  (a Fetcher's)
        self.asked.append(url)
        return Fetched(
            url, url, 200, "application/json", self.body, self.now, hashlib.sha256(self.body).hexdigest()
        )


def facts_of(web: Web) -> Facts:
    return Facts(web, web.clock, fact_seconds=300, status_seconds=60, max_entries=10)


async def ask(facts: Facts, url: str = LIST, accept: str = VC) -> Fetched:
    return await facts(url, accept=accept, max_bytes=10_000)


async def test_little_is_trusted_until_announcements_are_heard():
    web = Web()
    facts = facts_of(web)
    await ask(facts)
    await ask(facts)
    assert len(web.asked) == 1
    web.now += DEAF_AGE
    await ask(facts)
    assert len(web.asked) == 2
    facts.hearing()  # what changed before was not heard
    await ask(facts)
    assert len(web.asked) == 3
    web.now += timedelta(seconds=59)
    await ask(facts)
    assert len(web.asked) == 3
    web.now += timedelta(seconds=1)
    await ask(facts)
    assert len(web.asked) == 4


async def test_documents_with_keys_are_fresh_for_longer():
    web = Web()
    facts = facts_of(web)
    facts.hearing()
    for seconds, times in ((0, 1), (299, 1), (1, 2)):
        web.now += timedelta(seconds=seconds)
        await ask(facts, "https://school.example/did.json", "application/did+json, application/json")
        assert len(web.asked) == times


def listed(moment: datetime) -> bytes:
    return json.dumps({"validFrom": moment.isoformat()}).encode()


def as_jwt(payload: bytes) -> bytes:
    return b"e30." + base64.urlsafe_b64encode(payload).rstrip(b"=") + b".c2ln"


@pytest.mark.parametrize("wrap", [bytes, as_jwt])
async def test_nothing_older_than_announced(wrap):
    web = Web()
    facts = facts_of(web)
    facts.hearing()
    web.body = wrap(listed(START))
    announced = wrap(listed(START + timedelta(seconds=5)))
    await ask(facts)
    facts.status_list_changed(
        LIST, Announcement(START + timedelta(seconds=5), hashlib.sha256(announced).hexdigest())
    )
    with pytest.raises(FetchError) as refused:
        await ask(facts)
    assert refused.value.code == "older_than_announced"
    web.body = announced
    assert (await ask(facts)).body == announced
    web.body = wrap(listed(START + timedelta(seconds=9)))  # newer than anything heard of
    web.now += timedelta(minutes=5)
    assert (await ask(facts)).body == web.body
    # An announcement that comes late or twice takes nothing back.
    facts.status_list_changed(LIST, Announcement(START, "00"))
    assert (await ask(facts)).body == web.body


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"validFrom": 5}', b'{"validFrom": "2027-01-01"}', b"a.b.c", b"a"]
)
async def test_a_list_that_does_not_say_how_old_it_is_counts_as_older(body: bytes):
    web = Web()
    web.body = body
    facts = facts_of(web)
    facts.status_list_changed(LIST, Announcement(START, "00"))
    with pytest.raises(FetchError):
        await ask(facts)


@pytest.mark.parametrize("kind", ["key.retired", "key.compromised", "profile.changed", "profile.closed"])
async def test_news_of_an_issuer_drops_its_document(kind: str):
    web = Web()
    facts = facts_of(web)
    facts.hearing()
    did, url = "did:web:school.example:issuers:1", "https://school.example/issuers/1/did.json"
    await ask(facts, url)
    await hear(news(kind, did, {"profile": did}), facts, str)
    await ask(facts, url)
    assert web.asked == [url, url]


async def test_news_that_concerns_nothing_here_is_passed_over():
    web = Web()
    facts = facts_of(web)
    for kind, data in (
        ("status-list.changed", {"url": 5}),
        ("recognition.given", {}),
        ("profile.changed", {}),
        ("thing.happened", {}),
    ):
        await hear(news(kind, "did:example:1", data), facts, str)
    assert web.asked == []


def news(kind: str, subject: str, data: dict) -> Event:
    return Event(f"org.confer.{kind}.v1", "https://x.example", subject, "o", 1, START, data, "1")
