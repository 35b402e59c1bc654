"""A share of all changes of every format (the whole: `python -m tests.hostile.mutation`), and that the rest would tell."""

import json
from typing import Any

import pytest

from shared.vc.keys import PublicKey
from shared.vc.proofs import data_integrity
from shared.vc.verify import Applicant
from tests.harness.credentials import NOW

from .changes import of_document
from .judging import STORE, Sample, credential
from .samples import World, samples
from .trying import changes_of, share, tried

SHARE = 130
UNSIGNED = {"Open Badges 2.0 hosted", "page beside a badge"}
"""Of the first the copy at hand counts for nothing; the second is its host's own word."""
WORLD = World()
SAMPLES = samples(WORLD)
JUDGE = credential(WORLD.network)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: f"{one.form}: {one.name}")
def test_no_changed_credential_stands(sample: Sample) -> None:
    tally = tried(sample, share(list(changes_of(sample)), SHARE))
    assert tally.standing == []
    assert tally.tried > SHARE * 0.9
    if sample.form not in UNSIGNED:
        assert tally.refused.total() > tally.kept.total()


@pytest.mark.parametrize("form", sorted({one.form for one in SAMPLES} - UNSIGNED))
def test_a_verifier_that_believes_every_signature_is_found_out(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = next(one for one in SAMPLES if one.form == form)
    monkeypatch.setattr(PublicKey, "verify", lambda *_: True)
    assert tried(sample, share(list(changes_of(sample)), SHARE)).standing


def test_all_changes_together_are_tens_of_thousands() -> None:
    numbers = [sum(1 for _ in changes_of(one)) for one in SAMPLES]
    assert min(numbers) > 400
    assert sum(numbers) > 200_000


def test_of_members_every_kind_of_change_is_made() -> None:
    made = [json.loads(change.made()) for change in of_document({"a": {"b": ["x"]}, "proof": {"c": 1}})]
    for expected in (
        {"a": {"b": []}, "proof": {"c": 1}},  # one less
        {"a": {"b": ["x", "x"]}, "proof": {"c": 1}},  # one more
        {"a": {"bx": ["x"]}, "proof": {"c": 1}},  # renamed
        {"a": {}, "proof": {"c": 1}},  # removed
        {"a": {"b": ["xx"]}, "proof": {"c": 1}},  # another value
        {"a": {"b": ["x"]}, "proof": {"c": "1"}},  # of the proof
    ):
        assert expected in made
    texts = [change.made() for change in of_document({"a": "x"}) if change.kind.startswith("member twice")]
    assert b'{"a":"x","a":"x"}' in texts


# --- what was found so, and mended ------------------------------------------------------------------


def signed(document: dict[str, Any]) -> dict[str, Any]:
    issuer = WORLD.issuer
    how = {"key": issuer.key, "verification_method": issuer.method, "created": NOW, "store": STORE}
    return data_integrity.sign(document, **how)


def shown(document: dict[str, Any]) -> Any:
    judgement = JUDGE(json.dumps(document).encode())
    assert judgement.stands, judgement.reason
    return judgement.says["credential"]


def test_a_member_moved_to_another_mention_of_the_same_thing_is_shown_where_it_was() -> None:
    """To RDF both mentions are one: the signature still fits."""
    badge = WORLD.document("small")
    badge["credentialSubject"]["source"] = {"id": badge["issuer"]["id"], "type": ["Profile"]}
    badge = signed(badge)
    before = shown(badge)
    assert before["issuer"]["name"] == "A school by the sea"
    badge["credentialSubject"]["source"]["name"] = badge["issuer"].pop("name")
    assert shown(badge) == before


@pytest.mark.parametrize("member", ["validUntil", "credentialStatus"])
def test_what_makes_a_badge_count_cannot_be_moved_to_where_nobody_looks(member: str) -> None:
    """An endorsement of the badge mentions it by its id: to RDF that mention is the badge."""
    badge = WORLD.document() | {"validUntil": "2026-11-01T00:00:00Z"}
    badge["endorsement"] = [WORLD.endorsement(badge["id"])]
    badge = signed(badge)
    assert JUDGE(json.dumps(badge).encode()).reason == "validity.expired"
    mention = badge["endorsement"][0]["credentialSubject"]
    term = f"https://www.w3.org/2018/credentials#{member}"
    kind = "http://www.w3.org/2001/XMLSchema#dateTime" if member == "validUntil" else "@id"
    for context in (
        {},
        {"@context": {member: {"@id": term, "@type": kind}}},
        {"@context": badge["@context"][0]},
    ):
        mention |= {**context, member: badge.get(member, mention.get(member))}
        badge.pop(member, None)
        judgement = JUDGE(json.dumps(badge).encode())
        assert not judgement.stands
        assert judgement.reason.startswith("context.")
        mention.pop("@context", None)


def test_whose_a_badge_is_cannot_be_moved_to_where_nobody_looks() -> None:
    badge = WORLD.document()
    subject = badge["credentialSubject"]
    badge["evidence"] = [{"id": subject["id"], "type": ["Evidence"]}]
    badge = signed(badge)
    asked = {"applicant": Applicant(email="eve@example.org")}
    judge = credential(WORLD.network, **asked)

    def told() -> Any:
        judgement = judge(json.dumps(badge).encode())
        assert judgement.stands, judgement.reason
        return [one["code"] for one in judgement.says["checks"] if one["check"] == "recipient"]

    assert told() == ["recipient.not_matched"]
    term = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#identifier"
    badge["evidence"][0] |= {"@context": {"identifier": {"@id": term, "@type": "@id"}}}
    badge["evidence"][0]["identifier"] = badge["credentialSubject"].pop("identifier")
    assert told() == ["recipient.not_matched"]


def test_two_names_of_one_thing_swapped_change_nothing() -> None:
    badge = WORLD.document("small")
    creator = {**badge["issuer"], "name": "Department of crafts", "url": "https://school.example/crafts"}
    badge["credentialSubject"]["achievement"]["creator"] = creator
    badge = signed(badge)
    before = shown(badge)
    issuer = badge["issuer"]
    issuer["name"], creator["name"] = creator["name"], issuer["name"]
    badge["credentialSubject"]["achievement"]["creator"] = creator
    assert shown(badge) == before


def test_a_tag_that_stands_twice_is_shown_once() -> None:
    badge = signed(WORLD.document())
    before = shown(badge)
    badge["credentialSubject"]["achievement"]["tag"].append("paper")
    badge["type"].append("OpenBadgeCredential")
    assert shown(badge) == before


@pytest.mark.parametrize("context", [None, {"title": "https://schema.org/name"}])
def test_a_name_spelled_as_its_address_is_refused(context: Any) -> None:
    """The signature fits, and readers of JSON would find an issuer without a name."""
    badge = signed(WORLD.document("small"))
    if context is not None:
        badge["@context"] = [*badge["@context"], context]
    badge["issuer"]["title" if context else "https://schema.org/name"] = badge["issuer"].pop("name")
    judgement = JUDGE(json.dumps(badge).encode())
    assert (judgement.stands, judgement.reason) == (False, "context.malformed")


@pytest.mark.parametrize("kind", [{}, [{}], ["JsonSchema", None], None, 1])
def test_a_schema_of_any_type_is_no_error_of_ours(kind: Any) -> None:
    badge = WORLD.document("small") | {"credentialSchema": [{"id": "https://school.example/s", "type": kind}]}
    badge["proof"] = WORLD.badge["proof"]
    assert not JUDGE(json.dumps(badge).encode()).stands


def test_a_key_of_an_unknown_kind_is_no_error_of_ours() -> None:
    page = next(one for one in SAMPLES if one.name == "Open Badges 2.0, key")
    key = json.loads(page.data)
    other = key["publicKeyPem"].replace("BgkqhkiG9w0BAQEF", "BgkqhkjG9w0BAQEF")
    assert other != key["publicKeyPem"]
    assert page.judge(json.dumps({**key, "publicKeyPem": other}).encode()).reason == "key.method_unsupported"
    assert page.judge(json.dumps({**key, "owner": {}}).encode()).reason == "key.wrong_controller"


@pytest.mark.parametrize("identifier", [{}, [], [[]]])
def test_hosts_that_answer_nonsense_are_no_error_of_ours(identifier: Any) -> None:
    page = next(one for one in SAMPLES if one.name == "Open Badges 2.0, hosted assertion")
    hosted = {**json.loads(page.data), "id": identifier}
    assert page.judge(json.dumps(hosted).encode()).reason == "proof.hosted_elsewhere"
