"""Comprehensive learner records: each credential inside is verified by itself, and told."""

from typing import Any

import pytest

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.policy import STRICT
from shared.vc.proofs import jwt
from shared.vc.report import Report
from shared.vc.verify import Limits
from tests.harness.credentials import Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio

CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


@pytest.fixture
def university(network: Network) -> Issuer:
    return Issuer(network, "https://university.example")


def record(by: Issuer, *inside: Any, number: int = 1) -> dict[str, Any]:
    return by.sign(
        {
            "@context": [CREDENTIALS_V2, CLR, OPEN_BADGES_3],
            "id": f"{by.host}/records/{number}",
            "type": ["VerifiableCredential", "ClrCredential"],
            "issuer": {"id": by.did, "type": ["Profile"], "name": "University"},
            "validFrom": "2026-01-01T00:00:00Z",
            "name": "Transcript",
            "credentialSubject": {
                "id": "did:example:learner",
                "type": ["ClrSubject"],
                "verifiableCredential": list(inside),
            },
        }
    )


def told(report: Report) -> list[tuple[str, str]]:
    return [(check.code, check.pointer or "") for check in report.checks if check.kind == "embedded"]


async def test_each_credential_is_verified_by_itself(issuer, university, network):
    good = issuer.award(credentialStatus=issuer.entry())
    expired = issuer.award(id="https://issuer.example/credentials/2", validUntil="2026-02-01T00:00:00Z")
    forged = issuer.award(id="https://issuer.example/credentials/3")
    forged["name"] = "Surgery"
    report = await report_on(record(university, good, expired, forged), network)
    assert report.verdict == "accepted"
    place = "/credentialSubject/verifiableCredential"
    assert told(report) == [
        ("embedded.valid", f"{place}/0"),
        ("embedded.invalid", f"{place}/1"),
        ("embedded.invalid", f"{place}/2"),
    ]
    first, second, third = (check.details for check in report.checks if check.kind == "embedded")
    assert first["issuer"] == {"id": issuer.did, "name": "Riverside School"}
    assert "status.active" in [check["code"] for check in first["checks"]]
    assert "validity.expired" in [check["code"] for check in second["checks"]]
    assert "proof.invalid" in [check["code"] for check in third["checks"]]
    assert (await report_on(record(university, expired), network, policy=STRICT)).verdict == "rejected"

    issuer.bits["revocation"].set(5)
    issuer.publish()
    assert told(await report_on(record(university, good), network)) == [("embedded.invalid", f"{place}/0")]


async def test_without_a_proof_it_is_the_record_s_issuer_who_says_it(issuer, university, network):
    """Open Badges 3.0, implementation guide: badges of others, upgraded, stand in a record without a proof."""
    own = university.badge(id="https://university.example/credentials/1")
    report = await report_on(record(university, own, issuer.badge()), network)
    assert report.verdict == "accepted"
    assert [code for code, _ in told(report)] == ["embedded.valid", "embedded.undetermined"]


async def test_an_envelope_holds_a_jwt(issuer, university, network):
    token = jwt.sign(issuer.badge(), key=issuer.key, kid=issuer.method)
    envelope = {
        "@context": CREDENTIALS_V2,
        "id": f"data:application/vc+jwt,{token}",
        "type": "EnvelopedVerifiableCredential",
    }
    broken = {**envelope, "id": "data:application/vc+jwt,x"}
    report = await report_on(record(university, envelope, broken), network)
    assert [code for code, _ in told(report)] == ["embedded.valid", "embedded.invalid"]


async def test_records_within_records_are_bounded(issuer, university, network):
    inner = record(issuer, issuer.award())
    middle = record(university, inner, number=2)
    report = await report_on(record(university, middle, number=3), network)
    assert codes(report, "failed") == []
    assert "embedded.too_many" in str(report.to_json())
    many = [issuer.award(id=f"https://issuer.example/credentials/{n}") for n in range(3)]
    report = await report_on(record(university, *many), network, limits=Limits(embedded=2))
    assert [code for code, _ in told(report)] == ["embedded.valid", "embedded.valid", "embedded.too_many"]


async def test_what_is_no_credential_is_named(university, network):
    report = await report_on(record(university, {"id": "urn:uuid:1", "type": "https://a.example/T"}), network)
    assert [code for code, _ in told(report)] == ["embedded.invalid"]
