"""One organisation with everything it needs to award, and the learners who receive it: over HTTP."""

import secrets
from collections.abc import Callable
from typing import Any

from shared.clock import to_rfc3339, utc_now
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.keys import SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import data_integrity
from tests.harness.calls import Json
from tests.harness.platform import Platform
from tests.harness.story import Story


class School:
    """An organisation with a published achievement, which awards."""

    def __init__(self, running: Platform) -> None:
        self.running = running
        self.story = Story(running)
        self.token = self.story.owner_token("issuer")
        self.profile = self.post("/v1/profiles", {"profile": {"name": "College"}})
        described = {"name": "A", "description": "A", "criteria": {"narrative": "Do it."}}
        self.achievement = self.post(
            "/v1/achievements", {"profile": self.profile["id"], "achievement": described}
        )["id"]
        self.story.ask("issuer", "POST", f"/v1/achievements/{self.achievement}/publish", self.token)

    def post(self, path: str, body: Any) -> Json:
        return self.story.json("issuer", "POST", path, self.token, json=body)

    def award(self, address: str) -> Json:
        recipient = {"type": "emailAddress", "identity": address}
        return self.post("/v1/awards", {"achievement": self.achievement, "recipient": recipient})

    def badge(self, award: Json) -> Json:
        """The signed credential."""
        path = award["credential"].removeprefix(self.running.issuer)
        return self.story.json("issuer", "GET", path, self.token, headers={"Accept": "application/vc"})

    def learner(self, address: str, token_in_mail: Callable[[], str | None] | None = None) -> str:
        """Somebody who has signed up and proven her address; her session."""
        body = {"login": f"l-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(16), "email": address}
        session = self.story.json("backpack", "POST", "/v1/learners", json=body)["token"]
        find = token_in_mail or (lambda: self.story.mailed(address, r"token=([\w-]+)"))
        found = self.story.until(find)
        self.story.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": found})
        return str(session)

    def held(self, session: str) -> list[Json]:
        found: list[Json] = self.story.json("backpack", "GET", "/v1/credentials", session)["items"]
        return found


def someone() -> str:
    return f"{secrets.token_hex(6)}@learner.example"


def self_issued() -> Json:
    """A badge whose issuer is its own key: nothing has to be fetched for it."""
    key = SigningKey.generate()
    name = encode(key.public)
    did = f"did:key:{name}"
    achievement = {"id": "urn:uuid:a", "type": ["Achievement"], "name": "A", "description": "A", "criteria": {"narrative": "A"}}  # fmt: skip
    document: Json = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "A",
        "issuer": {"id": did, "type": ["Profile"], "name": "Nobody"},
        "validFrom": to_rfc3339(utc_now()),
        "credentialSubject": {
            "id": "did:example:b",
            "type": ["AchievementSubject"],
            "achievement": achievement,
        },
    }
    signed: Json = data_integrity.sign(
        document, key=key, verification_method=f"{did}#{name}", created=utc_now()
    )
    return signed
