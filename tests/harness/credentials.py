"""A small world for verifying badges: an issuer with a key and a DID document, and a network made of a dictionary."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.vc import strict_json
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.dids import DocumentKey, did_web, did_web_url, web_document
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.keys import SigningKey
from shared.vc.multikey import encode
from shared.vc.policy import DEFAULT, Policy
from shared.vc.proofs import data_integrity
from shared.vc.report import Report
from shared.vc.status import StatusBits, status_entry, status_list_credential
from shared.vc.verify import Applicant, verify

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@dataclass
class Network:
    """What answers at which address. An address that is not in `pages` refuses, as if it were unreachable."""

    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    age: timedelta = timedelta(0)
    stale: bool = False
    status: dict[str, int] = field(default_factory=dict)

    def put(self, url: str, page: object) -> None:
        self.pages[url] = page if isinstance(page, bytes) else json.dumps(page).encode()

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:  # noqa: ARG002 - as `Fetch` has it
        self.asked.append(url)
        if url in self.status:
            status = self.status[url]
            raise FetchRefused("http_status", f"{url} answered with the status {status}.", status=status)
        if url not in self.pages:
            raise FetchRefused("unreachable", f"{url} did not answer.")
        body = self.pages[url]
        if len(body) > max_bytes:
            raise FetchRefused("too_large", f"{url} answered with more than {max_bytes} bytes.")
        digest = hashlib.sha256(body).hexdigest()
        return Fetched(url, url, 200, "application/json", body, NOW - self.age, digest, self.stale)


class Issuer:
    """An issuer with a did:web identifier, one Ed25519 key and one status list for each purpose."""

    def __init__(self, network: Network, host: str = "https://issuer.example", name: str = "7f") -> None:
        self.network = network
        self.did = did_web(host, "issuers", name)
        self.key = SigningKey.generate()
        self.keys = [DocumentKey(self.key.public)]
        self.bits = {purpose: StatusBits() for purpose in ("revocation", "suspension", "message")}
        self.host = host
        self.publish()

    @property
    def method(self) -> str:
        return f"{self.did}#{encode(self.key.public)}"

    def publish(self) -> None:
        self.network.put(did_web_url(self.did), web_document(self.did, self.keys))
        for purpose in self.bits:
            self.publish_list(purpose)

    def list_url(self, purpose: str = "revocation") -> str:
        return f"{self.host}/status/{purpose}"

    def status_list(self, purpose: str, **changes: Any) -> dict[str, Any]:
        document = status_list_credential(
            url=self.list_url(purpose),
            issuer=self.did,
            bits=self.bits[purpose],
            valid_from=NOW - timedelta(hours=1),
            purpose=purpose,
        )
        return {**document, **changes}

    def publish_list(self, purpose: str, **changes: Any) -> None:
        self.network.put(self.list_url(purpose), self.sign(self.status_list(purpose, **changes)))

    def entry(self, index: int = 5, purpose: str = "revocation") -> dict[str, Any]:
        return status_entry(self.list_url(purpose), index, purpose=purpose)

    def badge(self, **changes: Any) -> dict[str, Any]:
        """An unsigned achievement credential; a change to None leaves the member out."""
        document: dict[str, Any] = {
            "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
            "id": f"{self.host}/credentials/1",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "issuer": {"id": self.did, "type": ["Profile"], "name": "Riverside School"},
            "validFrom": "2026-01-01T00:00:00Z",
            "name": "First aid",
            "credentialSubject": {
                "id": "did:example:learner",
                "type": ["AchievementSubject"],
                "achievement": {
                    "id": f"{self.host}/achievements/1",
                    "type": ["Achievement"],
                    "name": "First aid",
                    "description": "Knows what to do until help comes.",
                    "criteria": {"narrative": "Took part in the course."},
                },
            },
        }
        document.update(changes)
        return {name: value for name, value in document.items() if value is not None}

    def sign(self, document: dict[str, Any], **how: Any) -> dict[str, Any]:
        how = {"key": self.key, "verification_method": self.method, "created": NOW, **how}
        return data_integrity.sign(document, **how)

    def award(self, **changes: Any) -> dict[str, Any]:
        return self.sign(self.badge(**changes))


async def report_on(
    badge: object,
    network: Network,
    *,
    policy: Policy = DEFAULT,
    applicant: Applicant | None = None,
    **more: Any,
) -> Report:
    """Verify a badge (bytes, text or object) at NOW over the network."""
    data = (
        badge
        if isinstance(badge, bytes)
        else badge.encode()
        if isinstance(badge, str)
        else strict_json.dumps(badge)
    )
    return await verify(
        data,
        fetcher=network,
        contexts=ContextStore.builtin(),
        now=NOW,
        policy=policy,
        applicant=applicant,
        **more,
    )


def codes(report: Report, *outcomes: str) -> list[str]:
    """The codes of the checks with one of these outcomes (all when none is given)."""
    return [check.code for check in report.checks if not outcomes or check.outcome in outcomes]
