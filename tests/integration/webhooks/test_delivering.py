"""Deliveries: signed, in order, tried for days, never by two at once, and what becomes of them when nobody takes them."""

import asyncio
import base64
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import WebhookVerificationError

from shared.contracts.channels import ERASED, PING
from shared.http.etag import Precondition
from shared.http.problems import InvalidRequest
from shared.webhooks.schedule import PAUSES
from shared.webhooks.schemas import SecretRotation, Stretch, WebhookChange
from shared.webhooks.store import LEASE
from tests.harness.needs import MakeDatabase
from tests.harness.receiver import Got, Receiver
from tests.integration.webhooks.conftest import ALSO, HAPPENED, Stage, stage, tables

pytestmark = pytest.mark.anyio
ANY = Precondition(None)
ON_SQLITE = pytest.mark.parametrize("make_database", ["sqlite"], indirect=True)


def said(partner: Receiver) -> list[tuple[str, int]]:
    return [(got.event["subject"], int(got.event["sequence"])) for got in partner.got]


async def test_an_event_is_sent_as_it_is_on_the_topic_and_signed(on: Stage, partner: Receiver) -> None:
    await on.happen("before")
    hook = await on.hook(partner.url)
    assert len(base64.b64decode(hook.secret.removeprefix("whsec_"))) == 32
    await on.happen("a")
    await on.deliver()
    [got] = partner.got
    event = got.verified(hook.secret)
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (event["type"], event["subject"], event["data"]) == (HAPPENED, "a", {"text": "a/1"})
    assert got.id == event["id"]
    [entry] = await on.log_of(hook.id)
    assert (entry.state, entry.attempts, entry.event) == ("delivered", 1, event["id"])
    assert entry.tries[0].status == 204
    other = await on.hook(partner.url)
    with pytest.raises(WebhookVerificationError):
        got.verified(other.secret)


async def test_only_the_organisations_own_events_of_the_types_asked_for(on: Stage, partner: Receiver) -> None:
    await on.hook(partner.url, types=[ALSO])
    await on.happen("a", "b")
    await on.happen("a", type_=ALSO)
    await on.happen("c", organisation="org-2", type_=ALSO)
    await on.deliver()
    assert said(partner) == [("a", 2)]


async def test_from_the_beginning(on: Stage, partner: Receiver) -> None:
    await on.happen("a", "b")
    await on.hook(partner.url, start="beginning")
    await on.deliver()
    assert sorted(said(partner)) == [("a", 1), ("b", 1)]


async def test_one_subject_in_order_and_the_others_do_not_wait(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    partner.answer = lambda got: (500 if got.event["subject"] == "bad" else 204, {})
    for _ in range(3):
        await on.happen("bad", "good")
    await on.deliver()
    assert [each for each in said(partner) if each[0] == "good"] == [("good", n) for n in (1, 2, 3)]
    assert [each for each in said(partner) if each[0] == "bad"] == [("bad", 1)], "later ones wait"
    partner.answers(204)
    on.clock.forward(seconds=7)
    await on.deliver()
    assert [each for each in said(partner) if each[0] == "bad"] == [("bad", n) for n in (1, 1, 2, 3)]
    assert {entry.state for entry in await on.log_of(hook.id)} == {"delivered"}


@ON_SQLITE
async def test_tried_for_three_days_then_paused_with_notice_and_nothing_lost(
    on: Stage, partner: Receiver
) -> None:
    hook = await on.hook(partner.url, contact="ops@partner.example")
    partner.answers(503)
    await on.happen("a", "b")
    begun = on.clock()
    await on.deliver()
    for pause in PAUSES:
        tries = len(partner.got)
        on.clock.ahead += pause - timedelta(seconds=2)
        await on.deliver()
        assert len(partner.got) == tries, f"not before {pause}"
        on.clock.ahead += pause * 0.1 + timedelta(seconds=4)
        await on.deliver()
    assert len({got.id for got in partner.got}) == 2, "the id stays the same in every try"
    assert on.clock() - begun > timedelta(days=3)
    found, _ = await on.webhooks.read(on.me, hook.id)
    assert (found.state, found.paused_reason) == ("paused", "failing")
    assert found.failing_since is not None
    assert await on.mails() == 1, "one notice, however many deliveries fail"
    states = sorted((entry.state, entry.attempts) for entry in await on.log_of(hook.id))
    assert states == [("failed", 10), ("failed", 10)]
    assert len((await on.log_of(hook.id))[0].tries) == 10

    await on.happen("a")
    partner.answers(204)
    count = len(partner.got)
    await on.deliver()
    assert len(partner.got) == count, "paused"
    await on.webhooks.change(on.me, hook.id, WebhookChange(state="active"), ANY)
    for entry in await on.log_of(hook.id):
        if entry.state == "failed":
            await on.webhooks.replay_one(on.me, hook.id, entry.id)
    await on.deliver()
    assert sorted(said(partner)[count:]) == [("a", 1), ("a", 2), ("b", 1)]
    found, _ = await on.webhooks.read(on.me, hook.id)
    assert (found.state, found.failing_since) == ("active", None)


@ON_SQLITE
async def test_one_event_that_is_never_taken_does_not_pause_the_rest(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url, contact="ops@partner.example")
    partner.answer = lambda got: (422 if got.event["subject"] == "bad" else 204, {})
    await on.happen("bad")
    for pause in (timedelta(), *PAUSES):
        on.clock.ahead += pause * 1.1 + timedelta(seconds=2)
        await on.happen("good")
        await on.deliver()
    bad = [entry for entry in await on.log_of(hook.id) if entry.subject == "bad"]
    assert [entry.state for entry in bad] == ["failed"]
    assert (await on.webhooks.read(on.me, hook.id))[0].state == "active"
    assert await on.mails() == 0
    await on.happen("bad")
    await on.deliver()
    assert ("bad", 2) in said(partner), "what was given up no longer holds up what follows"


@ON_SQLITE
async def test_gone_means_gone(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url, contact="ops@partner.example")
    partner.answers(410)
    await on.happen("a")
    await on.deliver()
    found, _ = await on.webhooks.read(on.me, hook.id)
    assert (found.state, found.paused_reason) == ("paused", "gone")
    assert await on.mails() == 1
    partner.answers(200)
    await on.webhooks.change(on.me, hook.id, WebhookChange(state="active"), ANY)
    on.clock.forward(seconds=7)
    await on.deliver()
    assert said(partner) == [("a", 1), ("a", 1)]


@ON_SQLITE
async def test_what_receivers_ask_for_and_what_is_no_answer(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    partner.answers(429, Retry_After="3600")
    await on.happen("a")
    await on.deliver()
    on.clock.forward(minutes=30)
    await on.deliver()
    assert len(partner.got) == 1, "asked to come back in an hour"
    partner.answers(302, Location=partner.url + "/elsewhere")
    on.clock.forward(minutes=31)
    await on.deliver()
    assert [got.path for got in partner.got] == ["/hook", "/hook"], "redirects are not followed"
    partner.delay = 1.0
    on.clock.forward(minutes=10)
    await on.deliverer(timeout=0.2).deliver_due()
    [entry] = await on.log_of(hook.id)
    assert [each.failure for each in entry.tries] == ["http_status", "http_status", "too_slow"]
    assert [each.status for each in entry.tries] == [429, 302, None]


@ON_SQLITE
async def test_never_to_a_private_address(
    make_database: MakeDatabase, tmp_path: Path, partner: Receiver
) -> None:
    """As in production: no loopback. What only DNS tells is refused when it is sent, each time anew."""
    inside = {"localhost": ["127.0.0.1"], "rebound.example": ["93.184.216.34", "10.0.0.8"]}

    async def resolve(host: str, _: int) -> list[str]:
        return inside[host]

    async with stage(make_database(), tmp_path, allow_loopback=False, resolve=resolve) as on:
        for url in (
            partner.url, "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.8/x", "https://169.254.169.254/latest",
            "http://partner.example/x", "https://u:p@partner.example/x", "ftp://partner.example/x", "https://partner.example:22/x",
        ):  # fmt: skip
            with pytest.raises(InvalidRequest):
                await on.hook(url)
        hooks = [await on.hook(f"https://{name}:8443/hook") for name in inside]
        await on.happen("a")
        await on.deliver()
        for hook in hooks:
            [entry] = await on.log_of(hook.id)
            assert [each.failure for each in entry.tries] == ["not_public_address"]
        assert not partner.got


async def test_several_processes_never_send_the_same_at_once(on: Stage, partner: Receiver) -> None:
    await on.hook(partner.url)
    subjects = [f"s{n}" for n in range(24)]
    await on.happen(*subjects)
    partner.delay = 0.02
    deliverers = [on.deliverer() for _ in range(3)]
    tasks = [asyncio.create_task(each.run()) for each in deliverers]
    try:
        await asyncio.to_thread(partner.wait_for, len(subjects))
        await on.happen(*subjects)
        await asyncio.to_thread(partner.wait_for, 2 * len(subjects))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(said(partner)) == sorted((subject, n) for subject in subjects for n in (1, 2))
    for subject in subjects:
        assert [n for s, n in said(partner) if s == subject] == [1, 2]
    assert partner.together > 1, "different subjects do go out together"


async def test_what_a_dead_process_held_is_sent_by_another(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    await on.happen("a")
    async with on.db.write() as session:
        lease = await on.webhooks.store.lease(session, hook.id, on.clock())
    assert lease is not None
    await on.deliver()
    assert not partner.got, "somebody has it"
    on.clock.ahead += LEASE + timedelta(seconds=1)
    await on.deliver()
    assert said(partner) == [("a", 1)]


async def test_a_pause_loses_nothing_and_a_backlog_is_bounded(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    await on.webhooks.change(on.me, hook.id, WebhookChange(state="paused"), ANY)
    for start in range(0, 450, 150):
        await on.happen(*(f"s{n}" for n in range(start, start + 150)))
    await on.deliver()
    assert await on.log_of(hook.id) == [], "what is not sent yet waits in the feed"
    partner.answers(500)
    await on.webhooks.change(on.me, hook.id, WebhookChange(state="active"), ANY)
    await on.deliver()
    assert len(partner.got) == 200, "while nothing is taken, no more than this is tried"
    partner.answers(204)
    on.clock.forward(seconds=7)
    await on.deliver()
    assert len({got.id for got in partner.got}) == 450
    assert len(partner.got) == 650


async def test_ping_rotation_and_both_signatures_for_a_while(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    await on.webhooks.change(on.me, hook.id, WebhookChange(state="paused"), ANY)
    asked = await on.webhooks.ping(on.me, hook.id)
    rotated, _ = await on.webhooks.rotate(on.me, hook.id, SecretRotation(overlap_seconds=60))
    assert rotated.secret != hook.secret
    await on.deliver()
    [got] = partner.got
    event = got.verified(hook.secret)
    assert got.verified(rotated.secret) == event
    assert (event["type"], event["data"], got.id) == (PING, {"webhook": hook.id}, asked.event)
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    on.clock.forward(seconds=61)
    await on.webhooks.ping(on.me, hook.id)
    await on.deliver()
    assert len(partner.got[1].headers["webhook-signature"].split(" ")) == 1
    assert partner.got[1].verified(rotated.secret)
    with pytest.raises(WebhookVerificationError):
        partner.got[1].verified(hook.secret)
    partner.answers(500)
    await on.webhooks.ping(on.me, hook.id)
    await on.deliver()
    assert [entry.state for entry in await on.log_of(hook.id)] == ["delivered", "delivered", "failed"]
    assert (await on.webhooks.read(on.me, hook.id))[0].failing_since is None


async def test_a_stretch_of_time_again(on: Stage, partner: Receiver) -> None:
    on.clock.forward(days=-2)
    await on.happen("old")
    on.clock.forward(days=1)
    noon = on.clock()
    await on.happen(*(f"s{n}" for n in range(130)))
    on.clock.forward(days=1)
    hook = await on.hook(partner.url)
    await on.happen("new")
    asked, _ = await on.webhooks.replay(on.me, hook.id, Stretch(since=noon, until=noon + timedelta(hours=1)))
    assert asked.replaying
    await on.deliver()
    assert sorted(said(partner)) == sorted([("new", 1), *((f"s{n}", 1) for n in range(130))])
    causes = {entry.subject: entry.cause for entry in await on.log_of(hook.id)}
    assert (causes["new"], causes["s7"]) == ("event", "replay")
    assert not (await on.webhooks.read(on.me, hook.id))[0].replaying


async def test_what_was_erased_is_sent_as_erased(on: Stage, partner: Receiver) -> None:
    on.texts["r"] = "Ada"
    hook = await on.hook(partner.url, types=[HAPPENED])
    partner.answers(500)
    await on.happen("a", reference="r")
    await on.deliver()
    assert partner.got[0].event["data"] == {"text": "Ada"}
    del on.texts["r"]
    on.clock.forward(seconds=7)
    await on.deliver()
    again = partner.got[1]
    assert (again.event["type"], again.event["data"], again.id) == (ERASED, {}, partner.got[0].id)
    assert b"Ada" not in again.body
    async with on.db.read() as session:
        rows = [repr(row) for row in await session.execute(select(tables.delivery))]
    assert not [row for row in rows if "Ada" in row], "no event's data are kept with deliveries"
    assert hook.id


@ON_SQLITE
async def test_secrets_are_sealed_and_logs_are_forgotten(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url + "/token-in-path", contact="ops@partner.example")
    async with on.db.read() as session:
        stored = repr((await session.execute(select(tables.webhook))).all())
    for secret in (hook.secret, hook.secret.removeprefix("whsec_"), "token-in-path", "ops@partner"):
        assert secret not in stored
    await on.happen("a")
    await on.deliver()
    on.clock.forward(days=31)
    async with on.db.write() as session:
        await on.webhooks.store.forget(session, on.clock() - timedelta(days=30))
    assert await on.log_of(hook.id) == []


@ON_SQLITE
async def test_data_that_cannot_be_read_hold_up_nothing_else(on: Stage, partner: Receiver) -> None:
    hook = await on.hook(partner.url)
    on.texts["r"] = "readable"
    await on.happen("bad", reference="r")
    await on.happen("good")
    broken = on.webhooks.feed._expand  # the fault is put in where a bug of a service's expand would be

    async def expand(session: Any, rows: Any) -> Any:
        raise LookupError("a bug")

    on.webhooks.feed._expand = expand
    await on.deliver()
    assert said(partner) == [("good", 1)]
    bad = next(entry for entry in await on.log_of(hook.id) if entry.subject == "bad")
    assert [each.failure for each in bad.tries] == ["unreadable"]
    on.webhooks.feed._expand = broken
    on.clock.forward(seconds=7)
    await on.deliver()
    assert said(partner) == [("good", 1), ("bad", 1)]


async def test_a_lease_that_was_lost_records_nothing(on: Stage, partner: Receiver) -> None:
    """A process that was stopped while it sent, and goes on when another has taken over."""
    hook = await on.hook(partner.url)
    await on.happen("a")
    came, taken_over = threading.Event(), threading.Event()

    def answer(_: Got) -> tuple[int, Mapping[str, str]]:
        came.set()
        taken_over.wait(10)
        return 500, {}

    partner.answer = answer
    late = asyncio.create_task(on.deliverer(timeout=10).deliver_due())
    assert await asyncio.to_thread(came.wait, 10)
    async with on.db.write() as session:
        await session.execute(update(tables.webhook).values(lease_epoch=99))
    taken_over.set()
    await late
    [entry] = await on.log_of(hook.id)
    assert (entry.attempts, entry.state) == (0, "pending")
