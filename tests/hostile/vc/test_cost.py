"""Badges made to cost a verification time: each is done with in a tenth of a second of CPU, and honest ones are not hit."""

import time
from typing import Any

import pytest

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from tests.harness.credentials import Issuer, Network, report_on

pytestmark = pytest.mark.anyio

# The claim is a tenth of a second; a machine that is busy elsewhere may take this much.
LIMIT_SECONDS = 0.3


def profile(depth: int, **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": ["Profile"], "name": "x", **members}
    for _ in range(depth):
        found = {"type": ["Profile"], "name": "x" * 20, "parentOrg": found, **members}
    return found


def endorsement(number: int) -> dict[str, Any]:
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": f"https://a.example/{number}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": profile(0, id="https://a.example/"),
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "https://a.example/", "type": ["EndorsementSubject"]},
    }


COSTLY: dict[str, dict[str, Any]] = {
    "4000 profiles, 25 deep": {"evidence": [profile(25, id="https://a.example/") for _ in range(160)]},
    "4000 profiles without an id": {"evidence": [profile(25) for _ in range(160)]},
    "600 endorsements": {"endorsement": [endorsement(number) for number in range(600)]},
    "8000 terms": {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3, {f"t{n}": f"https://t.example/{n}" for n in range(8000)}]
    },
    "2 MB of quotation marks": {"evidence": [{"type": ["Evidence"], "name": '"' * 1000} for _ in range(900)]},
    "a megabyte of text": {"description": "x" * 1_000_000},
}


@pytest.mark.parametrize("name", COSTLY)
@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
async def test_a_costly_badge_is_done_with(name: str, suite: str) -> None:
    network = Network()
    badge = Issuer(network).award() | COSTLY[name]
    badge["proof"] = {**badge["proof"], "cryptosuite": suite}
    started = time.process_time()
    report = await report_on(badge, network)
    assert time.process_time() - started < LIMIT_SECONDS
    assert report.verdict != "accepted"


async def test_large_honest_badges_are_verified() -> None:
    network = Network()
    issuer = Issuer(network)
    badge = issuer.badge(image={"id": "data:image/png;base64," + "A" * 1_200_000, "type": "Image"})
    assert (await report_on(issuer.sign(badge), network)).verdict == "accepted"
    record = issuer.badge(
        type=["VerifiableCredential", "ClrCredential"],
        credentialSubject={
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "achievement": [achievement(number) for number in range(200)],
            "verifiableCredential": [issuer.award(id=f"https://issuer.example/{n}") for n in range(30)],
        },
    )
    record["@context"].insert(1, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json")
    report = await report_on(issuer.sign(record), network)
    assert report.verdict == "accepted"
    assert [check.code for check in report.checks if check.kind == "embedded"] == ["embedded.valid"] * 30


def achievement(number: int) -> dict[str, Any]:
    return {
        "id": f"https://issuer.example/achievements/{number}",
        "type": ["Achievement"],
        "creator": profile(0, id="https://issuer.example/"),
        "achievementType": "Course",
        "name": f"Course {number}",
        "description": "What it is about, in a sentence or two. " * 5,
        "criteria": {"narrative": "What has to be done for it. " * 10},
        "image": {"id": "https://issuer.example/course.png", "type": "Image"},
    }
