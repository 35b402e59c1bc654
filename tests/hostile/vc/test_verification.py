"""Badges made to break the verifier: whatever comes in, a report or Unrecognised comes out, soon."""

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.vc.baking import Unrecognised
from shared.vc.report import Report
from shared.vc.verify import Applicant, Limits
from tests.harness.credentials import Issuer, Network, codes, report_on
from tests.hostile.corpus.attack import STEPS, Steps

pytestmark = pytest.mark.anyio

NETWORK = Network()
ISSUER = Issuer(NETWORK)
SIGNED = ISSUER.award(credentialStatus=ISSUER.entry(), endorsement=[])

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
    | st.sampled_from(["VerifiableCredential", "did:key:z6Mk", "https://issuer.example/1#a", "did:web:", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way] if way else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*way, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*way, index))
    return found


def changed(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(document)
    place = document
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    return document


async def judged(data: bytes) -> Report | None:
    try:
        report = await report_on(data, NETWORK)
    except Unrecognised:
        return None
    json.dumps(report.to_json(), allow_nan=False)
    return report


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_value_in_any_place(data):
    way = data.draw(st.sampled_from(places(SIGNED)))
    value = data.draw(VALUES)
    report = await judged(json.dumps(changed(SIGNED, way, value)).encode())
    if report is not None and report.verdict == "accepted":
        assert report.document == SIGNED or way[0] == "endorsement"  # null and [] say the same


@settings(max_examples=60, deadline=None)
@given(VALUES)
async def test_any_json(value):
    report = await judged(json.dumps(value).encode())
    assert report is None or report.verdict != "accepted"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
async def test_any_bytes(data):
    assert await judged(data) is None
    assert await judged(b"\x89PNG\r\n\x1a\n" + data) is None


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
async def test_any_jwt(header, payload):
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, payload)]
    report = await judged(b".".join([*parts, b"c2ln"]))
    assert report is not None
    assert report.verdict != "accepted"


@pytest.mark.parametrize(
    "text",
    [
        '{"@context": [], "type": "VerifiableCredential", "type": "OpenBadgeCredential"}',
        '{"type": "VerifiableCredential", "n": NaN}',
        '{"type": "VerifiableCredential", "n": 123456789012345678901234567890}',
        '{"type": "VerifiableCredential", "s": "\\ud800"}',
        '{"type": "VerifiableCredential", "a": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
async def test_json_that_readers_understand_differently(text):
    report = await report_on(text, NETWORK)
    assert report.verdict == "rejected"
    assert codes(report) == ["format.unsafe_json"]
    assert report.credential is None


async def test_json_cut_off_is_of_no_known_form():
    for text in ('{"type": "VerifiableCredential"', '{"hello": "world"}', "{}"):
        with pytest.raises(Unrecognised):
            await report_on(text, NETWORK)


async def test_a_badge_that_refers_to_many_documents():
    network = Network()
    issuer = Issuer(network)
    entries = [issuer.entry() | {"statusListCredential": f"https://victim.example/{n}"} for n in range(100)]
    report = await report_on(issuer.award(credentialStatus=entries), network, limits=Limits(fetches=5))
    assert len(network.asked) <= 5
    assert report.verdict == "undetermined"


async def test_a_badge_that_endorses_itself_without_end():
    inner: dict[str, Any] = {**SIGNED, "type": ["VerifiableCredential", "EndorsementCredential"]}
    for _ in range(12):
        inner = {**inner, "endorsement": [inner]}
    report = await report_on({**SIGNED, "endorsement": [inner] * 30}, NETWORK)
    assert report.verdict != "accepted"
    assert len([check for check in report.checks if check.kind == "endorsement"]) <= 11


async def test_nobody_is_named_in_a_reason():
    badge = ISSUER.badge()
    badge["credentialSubject"]["identifier"] = [
        {
            "type": "IdentityObject",
            "hashed": "maybe",
            "identityHash": "ada@example.org",
            "identityType": "mail",
        }
    ]
    report = await report_on(badge, NETWORK)
    assert "ada@example.org" not in json.dumps(report.to_json())


def crowded(**members: Any) -> dict[str, Any]:
    badge = ISSUER.badge()
    badge["credentialSubject"] |= {
        name: value for name, value in members.items() if name != "resultDescription"
    }
    badge["credentialSubject"]["achievement"]["resultDescription"] = members.get("resultDescription", [])
    return badge


LEVELS = [{"id": f"urn:x:{n}", "type": ["RubricCriterionLevel"], "name": "x"} for n in range(8000)]
DESCRIPTION = {
    "id": "urn:x:d",
    "type": ["ResultDescription"],
    "name": "x",
    "resultType": "RubricCriterionLevel",
    "rubricCriterionLevel": LEVELS,
    "allowedValue": [str(n) for n in range(8000)],
}


@pytest.mark.parametrize(
    "members",
    [
        {
            "resultDescription": [DESCRIPTION],
            "result": [{"type": ["Result"], "resultDescription": "urn:x:d", "value": "7999", "achievedLevel": "urn:x:7999"}] * 4000,
        },
        {"identifier": [{"type": "IdentityObject", "hashed": True, "identityHash": "sha256$0", "identityType": "emailAddress"}] * 12000},
        {"evidence": [{"type": ["Evidence"]}] * 40000},
    ],
)  # fmt: skip
async def test_a_badge_with_thousands_of_everything(members):
    data = json.dumps({**crowded(**members), "proof": SIGNED["proof"]}).encode()
    steps = Steps()
    with steps.counted():
        report = await report_on(data, NETWORK, applicant=Applicant(email="ada@example.org"))
    assert steps.taken < STEPS
    assert report.verdict != "accepted"
    assert len(json.dumps(report.to_json())) < 100_000


async def test_an_address_without_end():
    report = await report_on(
        {**SIGNED, "@context": [*SIGNED["@context"], "https://e.example/" + "x" * 100_000]}, NETWORK
    )
    assert all(len(check.reason) <= 600 for check in report.checks)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA", "jwk": {"kty": "oct", "k": "AAAA"}},
        {"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "!"}},
        {"alg": "EdDSA", "jwk": "key"},
        {"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"alg": "none"},
        {"alg": "HS256", "kid": "did:web:issuer.example"},
        {"alg": "ES512"},
        {"alg": "EdDSA", "crit": ["b64"], "b64": False},
        {"alg": "EdDSA", "kid": 5},
        {"alg": "EdDSA", "typ": "at+jwt"},
        {"alg": ["EdDSA"]},
        {},
    ],
)
@pytest.mark.parametrize("payload", [ISSUER.badge(), {"vc": []}, {"vc": {}}, {"recipient": {}, "badge": "x"}])
async def test_headers_that_a_jwt_should_not_have(header, payload):
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, payload)]
    report = await judged(b".".join([*parts, b"c2ln"]))
    assert report is not None
    assert report.verdict != "accepted"
