"""Status lists verified once: the memory saves work and never changes a report."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.vc.contexts import ContextStore
from shared.vc.dids import DocumentKey
from shared.vc.keys import SigningKey
from shared.vc.report import Report
from shared.vc.status import StatusBits, read_entry, status_entry
from shared.vc.strict_json import dumps
from shared.vc.verify import Limits, ProvenLists, verify
from tests.harness.credentials import NOW, Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


def said(report: Report) -> Any:
    shown = report.to_json()
    shown.pop("id")
    return shown


async def test_the_report_is_the_same_and_costs_less(issuer, network):
    memory = ProvenLists()
    badge = issuer.award(credentialStatus=issuer.entry())
    plain = await report_on(badge, network)
    first = await report_on(badge, network, proven=memory)
    assert len(memory) == 1
    second = await report_on(badge, network, proven=memory)
    assert said(plain) == said(first) == said(second)
    # So little work that the list's own signature could not be checked with it.
    units = 0
    while not await _accepted(badge, network, units, memory):
        units += 20
    assert not await _accepted(badge, network, units, None)


async def _accepted(badge: Any, network: Network, units: int, memory: ProvenLists | None) -> bool:
    report = await report_on(badge, network, limits=Limits(work_units=units), proven=memory)
    return report.verdict == "accepted"


async def test_another_index_of_the_same_list(issuer, network):
    issuer.bits["revocation"].set(7)
    issuer.publish()
    memory = ProvenLists()
    for index, expected in ((5, []), (7, ["status.revoked"]), (5, [])):
        badge = issuer.award(credentialStatus=issuer.entry(index))
        assert codes(await report_on(badge, network, proven=memory), "failed") == expected


async def test_a_changed_list_is_verified_anew(issuer, network):
    memory = ProvenLists()
    badge = issuer.award(credentialStatus=issuer.entry())
    assert (await report_on(badge, network, proven=memory)).verdict == "accepted"
    issuer.bits["revocation"].set(5)
    forged = issuer.status_list("revocation")
    network.put(issuer.list_url(), {**forged, "proof": json.loads(network.pages[issuer.list_url()])["proof"]})
    report = await report_on(badge, network, proven=memory)
    assert codes(report, "inconclusive") == ["status.list_unproven"]
    issuer.publish()
    assert codes(await report_on(badge, network, proven=memory), "failed") == ["status.revoked"]


async def test_a_key_taken_back_takes_the_list_with_it(issuer, network):
    memory = ProvenLists()
    newer = SigningKey.generate()
    issuer.keys.append(DocumentKey(newer.public))
    issuer.publish()
    badge = issuer.sign(
        issuer.badge(credentialStatus=issuer.entry()),
        key=newer,
        verification_method=f"{issuer.did}#{DocumentKey(newer.public).fragment}",
    )
    assert (await report_on(badge, network, proven=memory)).verdict == "accepted"
    page = network.pages[issuer.list_url()]
    issuer.keys = [DocumentKey(newer.public)]
    issuer.publish()
    network.pages[issuer.list_url()] = page
    report = await report_on(badge, network, proven=memory)
    assert codes(report, "inconclusive") == ["status.list_unproven"]


async def test_a_list_runs_out_though_it_was_proven(issuer, network):
    memory = ProvenLists()
    until = (NOW + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    issuer.publish_list("revocation", validUntil=until)
    badge = issuer.award(credentialStatus=issuer.entry())
    assert (await report_on(badge, network, proven=memory)).verdict == "accepted"
    assert len(memory) == 1
    later = await verify(
        dumps(badge),
        fetcher=network,
        contexts=ContextStore.builtin(),
        now=NOW + timedelta(hours=1),
        proven=memory,
    )
    assert codes(later, "inconclusive") == ["status.list_out_of_date"]


async def test_the_list_of_somebody_else_stays_somebody_else_s(issuer, network):
    memory = ProvenLists()
    assert (
        await report_on(issuer.award(credentialStatus=issuer.entry()), network, proven=memory)
    ).verdict == "accepted"
    other = Issuer(network, "https://other.example")
    report = await report_on(other.award(credentialStatus=issuer.entry()), network, proven=memory)
    assert codes(report, "inconclusive") == ["status.list_foreign"]


async def test_the_memory_is_bounded(issuer, network):
    memory = ProvenLists()
    await report_on(issuer.award(credentialStatus=issuer.entry()), network, proven=memory)
    [known] = memory._lists.values()
    small = ProvenLists(most=3, most_bytes=10 * len(known.listing.text) + 10 * 16_384)
    for number in range(20):
        small.put(bytes([number]), replace(known))
        small.put(bytes([number]), known)
    assert len(small) == 3
    assert small.get(b"\x10") is None
    assert small.get(b"\x13") is known or small.get(b"\x13") == known
    tight = ProvenLists(most_bytes=20_000)
    for number in range(5):
        tight.put(bytes([number]), known)
    assert len(tight) == 1
    assert ProvenLists(most_bytes=10).put(b"", known) is None


@pytest.mark.parametrize("value", [0, 1, 2, 3])
async def test_entries_of_two_bits_say_what_their_values_mean(issuer, network, value):
    words = ["nothing new", "under review", "corrected", "withdrawn"]
    issuer.bits["message"] = StatusBits(2 * 131_072)
    issuer.bits["message"].put(9, value, size=2)
    issuer.publish()
    entry = status_entry(issuer.list_url("message"), 9, purpose="message", messages=words)
    assert read_entry(entry).messages == dict(enumerate(words))
    memory = ProvenLists()
    for _ in range(2):
        report = await report_on(issuer.award(credentialStatus=entry), network, proven=memory)
        assert report.verdict == "accepted"
        [check] = [check for check in report.checks if check.kind == "status"]
        assert (check.code, check.details["value"], check.details["message"]) == (
            "status.message",
            value,
            words[value],
        )


def test_as_many_messages_as_values() -> None:
    for messages in (["one"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match="messages"):
            status_entry("https://a.example/1", 1, messages=messages)


async def test_a_list_of_entries_of_two_bits_has_enough_of_them(issuer, network):
    entry = status_entry(issuer.list_url("message"), 9, purpose="message", messages=["a", "b", "c", "d"])
    report = await report_on(issuer.award(credentialStatus=entry), network)
    assert codes(report, "inconclusive") == ["status.list_too_short"]
