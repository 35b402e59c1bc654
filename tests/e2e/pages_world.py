"""What there is to look at in the tests of the pages: made over HTTP, as partners and learners make it."""

import base64
import hashlib
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from shared.clock import to_rfc3339, utc_now
from shared.vc import strict_json
from shared.vc.keys import SigningKey
from shared.vc.multikey import encode
from tests.harness.credentials import Issuer, Network
from tests.harness.platform import Platform
from tests.harness.processes import free_port
from tests.harness.story import Json, Story

RICH = {
    "name": "Data Analysis I",
    "description": "Reads, cleans and explains a data set.",
    "achievementType": "Competency",
    "criteria": {
        "narrative": "Bring a **data set** of your own:\n\n1. clean it\n2. explain what it says\n\n> Numbers first.\n\n    mean(x)",
        "id": "https://riverside.example/criteria/data-analysis-for-beginners-and-everybody-else",
    },
    "tag": ["data", "statistics"],
    "alignment": [
        {
            "type": ["Alignment"],
            "targetName": "Data literacy",
            "targetUrl": "https://frameworks.example/data-literacy",
            "targetFramework": "A framework of skills",
        }
    ],
    "resultDescription": [
        {
            "id": "#analysis",
            "type": ["ResultDescription"],
            "name": "Analysis",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [
                {"id": "#meets", "type": ["RubricCriterionLevel"], "name": "Meets", "level": "2"},
                {"id": "#exceeds", "type": ["RubricCriterionLevel"], "name": "Exceeds", "level": "3"},
            ],
        },
        {
            "id": "#marks",
            "type": ["ResultDescription"],
            "name": "Marks",
            "resultType": "Percent",
            "valueMin": "0",
            "valueMax": "100",
        },
    ],
}
RESULTS = {"result": [{"type": ["Result"], "resultDescription": "#analysis", "achievedLevel": "#exceeds"}]}


class World:
    """A school with achievements and badges, somebody who vouches for it, and learners; each made when first asked for."""

    def __init__(self, running: Platform) -> None:
        self.running = running
        self.story = Story(running)
        self.until = self.story.until

    def post(self, path: str, **request: Any) -> Json:
        return self.story.json("issuer", "POST", path, self.story.owner_token("issuer"), **request)

    @staticmethod
    def address(name: str) -> str:
        return f"{name}.{secrets.token_hex(5)}@learner.example"

    # --- the school ------------------------------------------------------------------------------------------------
    @cached_property
    def profile(self) -> Json:
        """Listed by the directory, and vouched for by the other organisation."""
        made = self.post(
            "/v1/profiles",
            json={
                "profile": {
                    "name": "Riverside College",
                    "url": "https://riverside.example",
                    "email": "badges@riverside.example",
                    "description": "By the river since 1911.",
                }
            },
        )
        self.until(lambda: self._listed(f"/v1/issuers/{quote(made['did'], safe='')}"))
        token = self.story.token(
            self.story.client("b", "desk", ["recognitions:write"]), "directory", ["recognitions:write"]
        )
        self.story.json(
            "directory", "POST", "/v1/recognitions", token,
            json={"issuer": made["did"], "reason": "We visited and watched an assessment."},
        )  # fmt: skip
        return made

    def _listed(self, path: str) -> bool:
        from shared.http.client import open_client

        with open_client(self.running.directory) as client:
            return bool(client.get(path).is_success)

    def achievement(self, **content: Any) -> str:
        """A published achievement's id."""
        body = {"profile": self.profile["id"], "achievement": content, "duplicates": "allow"}
        draft = self.post("/v1/achievements", json=body)
        self.post(f"/v1/achievements/{draft['id']}/publish")
        return str(draft["id"])

    @cached_property
    def rich(self) -> str:
        """An achievement that says everything."""
        return self.achievement(**RICH)

    @cached_property
    def plain(self) -> str:
        """An achievement with a name that is hard to break, an uploaded image, and little else."""
        name = "Grundlagen der Rettungsschwimmerausbildungsnachweisführung"
        return self.achievement(
            name=name, description="Knows what to do.", criteria={"narrative": "Took part."}
        )

    def award(self, achievement: str, address: str, **terms: Any) -> Json:
        recipient = {"type": "emailAddress", "identity": address, "name": "Ada Learner"}
        return self.post("/v1/awards", json={"achievement": achievement, "recipient": recipient, **terms})

    def award_rich(self, address: str, **terms: Any) -> Json:
        """With evidence and a result."""
        report = {"file": ("report.txt", b"What the data say.\n", "text/plain")}
        evidence = self.post("/v1/evidence", files=report, data={"name": "The report", "visibility": "link"})
        named = [{"evidence": evidence["id"], "narrative": "The final report."}]
        return self.award(self.rich, address, subject=RESULTS, evidence=named, **terms)

    def revoke(self, award: Json) -> None:
        self.post(
            f"/v1/awards/{award['id']}/revoke",
            json={"code": "issued-in-error", "reason": "Wrong course."},
        )

    # --- learners --------------------------------------------------------------------------------------------------
    def mailed(self, address: str, pattern: str) -> str:
        """What a mail to this address holds, once it has come."""
        return str(self.until(lambda: self.story.mailed(address, pattern)))

    def learner(self, address: str) -> Json:
        """With that address confirmed: login, password, token."""
        given = {
            "login": f"learner-{secrets.token_hex(4)}",
            "password": secrets.token_urlsafe(16),
            "email": address,
        }
        signed = self.story.json("backpack", "POST", "/v1/learners", json=given)
        token = self.mailed(address, r"confirm\?token=([\w-]+)")
        self.story.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": token})
        return {**given, "token": signed["token"]}

    def held(self, learner: Json, count: int) -> list[Json]:
        """Her badges, once there are so many."""

        def look() -> list[Json]:
            items: list[Json] = self.story.json("backpack", "GET", "/v1/credentials", learner["token"])[
                "items"
            ]
            return items if len(items) >= count else []

        found: list[Json] = self.until(look)
        return found

    # --- a program that acts for a member --------------------------------------------------------------------------
    def authorization(self) -> tuple[str, str]:
        """Where a program sends a member of the school, and where it wants him back."""
        back = f"{self.running.backpack}/"
        organisation = self.story.organisations["a"]
        client = self.story.json(
            "directory", "POST", f"/v1/organisations/{organisation['id']}/clients", organisation["session"],
            json={"name": "Course platform", "scopes": ["awards:read", "awards:write"], "redirect_uris": [back]},
        )  # fmt: skip
        digest = hashlib.sha256(secrets.token_urlsafe(32).encode()).digest()
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": back,
            "scope": "awards:read awards:write",
            "resource": self.running.issuer,
            "state": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.running.directory}/oauth/authorize?{urlencode(query)}", back

    def invitation(self, side: str) -> str:
        """The link that invites somebody to the school (a) or to those who vouch for it (b)."""
        organisation = self.story.organisations[side]
        member = self.story.json(
            "directory", "POST", f"/v1/organisations/{organisation['id']}/members", organisation["session"],
            json={"login": f"reviewer-{secrets.token_hex(4)}", "roles": ["reviewer"]},
        )  # fmt: skip
        return str(member["invitation"]["url"])


def badge_from_elsewhere(folder: Path, recipient: str) -> Path:
    """A file with a badge that nobody here issued, under a did:key of its own."""
    key = SigningKey.generate()
    did = f"did:key:{encode(key.public)}"
    return _written(folder / "elsewhere.json", _badge(did, key, f"{did}#{encode(key.public)}", recipient))


def badge_out_of_reach(folder: Path) -> Path:
    """A file with a badge whose issuer's computer does not answer."""
    key = SigningKey.generate()
    did = f"did:web:localhost%3A{free_port()}:issuer"
    return _written(
        folder / "unreachable.json", _badge(did, key, f"{did}#{encode(key.public)}", "a@learner.example")
    )


def altered(badge: Path) -> Path:
    """The same file with another achievement in it."""
    copy = badge.with_name(f"altered-{badge.name}")
    copy.write_bytes(badge.read_bytes().replace(b"First aid", b"Brain surgery"))
    return copy


def _badge(did: str, key: SigningKey, method: str, recipient: str) -> Json:
    school = Issuer(Network())
    identity = {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": recipient,
        "identityType": "emailAddress",
    }
    badge = school.badge(
        issuer={"id": did, "type": ["Profile"], "name": "The rowing club next door"},
        id=f"urn:uuid:{secrets.token_hex(4)}-1111-4111-8111-{secrets.token_hex(6)}",
        validFrom=to_rfc3339(utc_now()),
    )
    badge["credentialSubject"] = {**badge["credentialSubject"], "id": None, "identifier": [identity]}
    del badge["credentialSubject"]["id"]
    return school.sign(badge, key=key, verification_method=method, created=utc_now())


def _written(path: Path, badge: Json) -> Path:
    path.write_bytes(strict_json.dumps(badge))
    return path
