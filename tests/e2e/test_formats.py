"""A badge of each format from its award to its revocation, between real processes: issuer, backpack, share, verifier."""

import base64
import secrets
from typing import Any

import pytest

from tests.e2e.pages_world import RESULTS, RICH
from tests.harness.platform import Platform
from tests.harness.story import Json, Story

FORMATS = ("eddsa-rdfc-2022", "ecdsa-sd-2023", "jwt-rs256", "jwt-es256")
SELECTIVE = "ecdsa-sd-2023"
pytestmark = pytest.mark.parametrize("running", ["embedded"], indirect=True)


class Way:
    """One learner, one achievement, and a badge of it in each format."""

    def __init__(self, running: Platform) -> None:
        self.story = Story(running)
        self.issuer = self.story.owner_token("issuer")
        self.address = f"ada.{secrets.token_hex(5)}@learner.example"
        self.learner = self._signed_up()
        self.achievement = self._published()

    def _signed_up(self) -> str:
        body = {
            "login": f"ada-{secrets.token_hex(4)}",
            "password": secrets.token_urlsafe(16),
            "email": self.address,
        }
        token = str(self.story.json("backpack", "POST", "/v1/learners", json=body)["token"])
        link = self.story.until(lambda: self.story.mailed(self.address, r"token=([\w-]+)"))
        self.story.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": link})
        return token

    def _published(self) -> str:
        profile = self.issue("POST", "/v1/profiles", json={"profile": {"name": "Riverside College"}})
        body = {"profile": profile["id"], "achievement": RICH, "duplicates": "allow"}
        draft = self.issue("POST", "/v1/achievements", json=body)
        self.issue("POST", f"/v1/achievements/{draft['id']}/publish")
        return str(draft["id"])

    def issue(self, method: str, path: str, **request: Any) -> Json:
        return self.story.json("issuer", method, path, self.issuer, **request)

    def hold(self, method: str, path: str, **request: Any) -> Json:
        return self.story.json("backpack", method, path, self.learner, **request)

    def verify(self, **item: Any) -> Json:
        return self.story.json("verifier", "POST", "/v1/verifications", json=item)

    def award(self, form: str) -> Json:
        recipient = {"type": "emailAddress", "identity": self.address, "name": "Ada Learner"}
        evidence = [{"id": "https://files.example/report.pdf", "type": ["Evidence"], "name": "The report"}]
        body = {
            "achievement": self.achievement,
            "recipient": recipient,
            "subject": RESULTS,
            "evidence": evidence,
        }
        return self.issue("POST", "/v1/awards", json={**body, "public": True, "proof_format": form})

    def held(self, award: Json) -> Json:
        """The badge in her backpack, as soon as it is there."""

        def look() -> Json | None:
            items = self.hold("GET", "/v1/credentials")["items"]
            return next((one for one in items if one["credential"] == award["credential"]), None)

        return self.hold("GET", f"/v1/credentials/{self.story.until(look)['id']}")


def codes(report: Json) -> set[str]:
    return {check["code"] for check in report["checks"]}


def test_from_award_to_revocation(running: Platform) -> None:
    way = Way(running)
    awards = {form: way.award(form) for form in FORMATS}
    shares = {}
    for form, award in awards.items():
        badge = way.held(award)
        assert badge["verification"]["verdict"] == "accepted"
        assert (badge["format"], badge["selective"]) == (
            "ob3-jwt" if form.startswith("jwt") else "ob3-data-integrity",
            form == SELECTIVE,
        )
        way.hold("POST", f"/v1/credentials/{badge['id']}/accept")
        reveal = [claim["pointer"] for claim in badge["claims"] if claim["name"] == "Result 1"]
        given = {"credentials": [badge["id"]], **({"reveal": {badge["id"]: reveal}} if reveal else {})}
        shares[form] = way.hold("POST", "/v1/shares", json=given)["url"]

    for form, url in shares.items():
        report = way.verify(url=url, applicant={"email": way.address, "name": "Ada Learner"})
        assert report["verdict"] == "accepted", report
        assert (report["recipient"]["email"], report["recipient"]["name"]) == ("matched", "matched")
        assert [one["level"] for one in report["credential"]["results"]] == ["Exceeds"]
        # She chose to show the result, not the evidence; a badge in another format leaves no choice.
        assert bool(report["credential"]["evidence"]) == (form != SELECTIVE)
        public = way.verify(url=awards[form]["credential"])
        assert public["verdict"] == "accepted", public
        assert bool(public["credential"]["results"]) == (form != SELECTIVE)
        png = way.story.ask(
            "issuer", "GET", f"/credentials/{awards[form]['id']}", headers={"Accept": "image/png"}
        )
        assert way.verify(file=base64.b64encode(png.content).decode())["verdict"] == "accepted"

    row = way.held(awards[SELECTIVE])["id"]
    own = way.story.ask("backpack", "GET", f"/v1/credentials/{row}/file", way.learner).text
    refused = way.verify(credential=own)
    assert (refused["verdict"], "proof.base" in codes(refused)) == ("rejected", True)

    for form, award in awards.items():
        way.issue("POST", f"/v1/awards/{award['id']}/revoke", json={"code": "issued-in-error"})
        url = shares[form]
        way.story.until(lambda url=url: "status.revoked" in codes(way.verify(url=url)))
        assert way.verify(url=url)["verdict"] == "rejected"
        way.story.until(lambda award=award: way.held(award)["status"]["status"] == "revoked")
