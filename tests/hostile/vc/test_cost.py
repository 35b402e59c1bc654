"""The work budget stops the hostile corpus (`../corpus`); large honest badges it lets pass."""

from typing import Any

import pytest

from tests.harness.credentials import Issuer, Network, report_on
from tests.hostile.corpus.records import profile

pytestmark = pytest.mark.anyio


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
