"""What this issuer makes, judged: by our verifier library over its public addresses, and by libraries of others."""

import hashlib
from typing import Any

import httpx
import pytest
from openbadgeslib.ob3 import OB3LdpVerifier, OB3VerificationError

from shared.clock import utc_now
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.report import Report
from shared.vc.verify import Applicant, verify
from tests.conformance.peers import ask_node
from tests.integration.issuer.stage import Organisation, until
from tests.integration.issuer.test_achievements import WHOLE

# What is shown here does not depend on the kind of database.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("issuer_database", ["sqlite"], indirect=True)]


async def judged(
    school: Organisation, badge: bytes, applicant: Applicant | None = None, *, as_holder: bool = False
) -> Report:
    """The report of a stranger who reads what the issuer shows to everyone."""
    stranger = school.stage.client()

    async def fetch(url: str, *, accept: str, max_bytes: int) -> Fetched:
        if not url.startswith(school.stage.url):
            raise FetchRefused("unreachable", "The server could not be reached.")
        answer = await stranger.get(url, headers={"Accept": accept})
        if answer.status_code != httpx.codes.OK:
            raise FetchRefused(
                "http_status", f"The status was {answer.status_code}.", status=answer.status_code
            )
        media_type = answer.headers["content-type"].partition(";")[0]
        digest = hashlib.sha256(answer.content).hexdigest()
        return Fetched(url, url, 200, media_type, answer.content, utc_now(), digest)

    return await verify(
        badge,
        fetcher=fetch,
        contexts=ContextStore.builtin(),
        now=utc_now(),
        applicant=applicant,
        as_holder=as_holder,
    )


async def whole(school: Organisation, **terms: Any) -> dict[str, Any]:
    """An award with most of what can be in one."""
    achievement = await school.achievement(achievement=WHOLE, suspendable=True)
    evidence = await school.client.post("/v1/evidence", files={"file": ("x.txt", b"A report.")})
    return await school.award(
        achievement["id"],
        recipient={"type": "emailAddress", "identity": "ada@learner.example", "name": "Ada Learner"},
        subject={
            "result": [
                {"resultDescription": "#analysis", "achievedLevel": "#exceeds"},
                {"resultDescription": "#score", "value": "87.5"},
            ],
            "narrative": "Well done.",
            "role": "Author",
            "creditsEarned": 2.5,
            "activityStartDate": "2026-09-01T00:00:00Z",
        },
        evidence=[{"evidence": evidence.json()["id"]}],
        valid_until="2031-01-01T00:00:00Z",
        awarded_date="2026-06-30T00:00:00Z",
        description="With distinction.",
        **terms,
    )


async def test_our_own_verifier(school: Organisation) -> None:
    award = await whole(school)
    known = Applicant(email="ada@learner.example", name="Ada Learner")
    for accept in ("application/vc", "image/png", "image/svg+xml"):
        report = await judged(school, (await school.credential(award, accept)).content, known)
        assert report.verdict == "accepted", report.to_json()
        assert report.recipient is not None
        assert (report.recipient.email, report.recipient.name) == ("matched", "matched")
    await school.post(f"/v1/awards/{award['id']}/suspend")

    async def rejected() -> bool:
        return (await judged(school, (await school.credential(award)).content)).verdict == "rejected"

    await until(rejected)


async def test_openbadgeslib(school: Organisation) -> None:
    award = await school.award(
        (await school.achievement(achievement=WHOLE))["id"], valid_from="2025-01-01T00:00:00Z"
    )
    badge = (await school.credential(award)).json()
    did = badge["issuer"]["id"]
    pages = {
        url: (await school.stage.client().get(url)).content
        for url in (
            f"{school.stage.url}/issuers/{did.rpartition(':')[2]}/did.json",
            badge["credentialStatus"]["statusListCredential"],
        )
    }
    how: dict[str, Any] = {
        # It takes did:web to mean https, also on this machine.
        "download": lambda url: pages[url.partition("#")[0].replace("https://localhost", "http://localhost")],
        "check_status": True,
        "verify_status_list": False,
    }
    assert OB3LdpVerifier.for_issuer_did(did).verify(badge, **how).issuer.id == did
    badge["name"] = "Something else"
    with pytest.raises(OB3VerificationError):
        OB3LdpVerifier.for_issuer_did(did).verify(badge, **how)


@pytest.mark.node
async def test_digital_bazaars_vc(school: Organisation) -> None:
    badge = (await school.credential(await whole(school))).json()
    did = badge["issuer"]["id"]
    path = f"/issuers/{did.rpartition(':')[2]}/did.json"
    documents = {did: (await school.stage.client().get(path)).json()}
    for entry in badge["credentialStatus"]:
        url = entry["statusListCredential"]
        documents[url] = (await school.stage.client().get(url)).json()
    [answer] = ask_node([{"op": "verify", "credential": badge, "check_status": True}], documents)
    assert (answer["verified"], answer["error"]) == (True, None)
    badge["name"] = "Something else"
    [answer] = ask_node([{"op": "verify", "credential": badge, "check_status": True}], documents)
    assert not answer["verified"]
