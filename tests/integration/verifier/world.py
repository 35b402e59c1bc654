"""The world outside of the verifier: a web server with issuers, status lists, shares and a directory on it."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from shared.clock import to_rfc3339, utc_now
from shared.vc.dids import DocumentKey, did_web, web_document
from shared.vc.identity import identity_object
from shared.vc.keys import SigningKey
from shared.vc.proofs import data_integrity
from shared.vc.status import StatusBits, status_entry, status_list_credential

CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
EMAIL = "mira@example.org"
Json = dict[str, Any]


@dataclass
class Answer:
    body: bytes
    media_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class World:
    """Answers by path (with the query, where one is given); `asked` counts. It can go away and come back."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.accepted: dict[str, str] = {}
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.come_back()
        self.key = ECKey.generate_key("P-256", {"kid": "directory-1", "use": "sig", "alg": "ES256"})
        self.put("/oauth/jwks.json", {"keys": [self.key.as_dict(private=False)]})

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def put(
        self, path: str, body: Json | bytes, media_type: str = "application/json", status: int = 200
    ) -> str:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path] = Answer(raw, media_type, status)
        return self.url + path

    def redirect(self, path: str, target: str) -> str:
        self.answers[path] = Answer(b"", status=302, headers={"Location": target})
        return self.url + path

    def recognise(self, issuer: str, *statements: Json) -> None:
        path = f"/v1/recognitions?issuer={quote(issuer, safe='')}&limit=200"
        self.put(path, {"items": list(statements), "next": None})

    def token(
        self, audience: str, organisation: str, *scopes: str, now: datetime | None = None, **claims: Any
    ) -> str:
        """An access token as the directory gives them."""
        moment = int((now or utc_now()).timestamp())
        payload = {
            "iss": self.url,
            "aud": audience,
            "sub": "client:tests",
            "client_id": "tests",
            "organisation": organisation,
            "scope": " ".join(scopes),
            "test": False,
            "iat": moment,
            "exp": moment + 900,
            "jti": "1",
            **claims,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "directory-1"}, payload, self.key)

    def go_away(self) -> None:
        """Take no connections any more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def come_back(self) -> None:
        """Answer at the same address as before."""
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                world.asked[self.path] += 1
                world.accepted[self.path] = self.headers.get("Accept", "")
                answer = world.answers.get(self.path, Answer(b"{}", status=404))
                self.send_response(answer.status)
                for name, value in {"Content-Type": answer.media_type, **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()


@contextmanager
def a_world() -> Iterator[World]:
    world = World()
    try:
        yield world
    finally:
        world.go_away()


class Issuer:
    """An issuer that no one here knows: did:web on the world's server, one Ed25519 key, one status list."""

    def __init__(self, world: World, name: str = "school") -> None:
        self.world = world
        self.name = name
        self.did = did_web(world.url, name)
        self.key = SigningKey.generate()
        self.bits = StatusBits()
        self.list_path = f"/{name}/status"
        self.list_moment = utc_now() - timedelta(hours=1)
        self.publish_document()
        self.publish_list()

    @property
    def list_url(self) -> str:
        return self.world.url + self.list_path

    @property
    def document_path(self) -> str:
        return f"/{self.name}/did.json"

    @property
    def method(self) -> str:
        return f"{self.did}#{DocumentKey(self.key.public).fragment}"

    def publish_document(self, *keys: DocumentKey) -> None:
        held = keys or (DocumentKey(self.key.public),)
        self.world.put(self.document_path, web_document(self.did, held), "application/did+json")

    def publish_list(self) -> Answer:
        """Sign the list as it is now and serve it."""
        unsigned = status_list_credential(
            url=self.list_url, issuer=self.did, bits=self.bits, valid_from=self.list_moment
        )
        self.world.put(self.list_path, self.sign(unsigned), "application/vc")
        return self.world.answers[self.list_path]

    def revoke(self, index: int) -> Answer:
        self.bits.set(index)
        self.list_moment += timedelta(seconds=1)
        return self.publish_list()

    def sign(self, unsigned: Json) -> Json:
        return data_integrity.sign(
            unsigned, key=self.key, verification_method=self.method, created=datetime(2026, 1, 1, tzinfo=UTC)
        )

    def badge(self, index: int | None = None, *, email: str = EMAIL, **changes: Any) -> Json:
        """A signed badge for Mira; with `index`, one that can be revoked."""
        unsigned: Json = {
            "@context": CONTEXTS,
            "id": f"urn:uuid:6f0f3d3c-5b7b-4f39-9a55-{index or 0:012d}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": "Bookbinding",
            "issuer": {"id": self.did, "type": ["Profile"], "name": "A school by the sea"},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [identity_object("emailAddress", email, salt="salt")],
                "achievement": {
                    "id": f"{self.world.url}/{self.name}/achievements/1",
                    "type": ["Achievement"],
                    "achievementType": "Course",
                    "name": "Bookbinding",
                    "description": "Can bind a book.",
                    "criteria": {"narrative": "Bind a book."},
                },
            },
        }
        if index is not None:
            unsigned["credentialStatus"] = status_entry(self.list_url, index)
        return self.sign(unsigned | changes)

    def recognition(self, **changes: Any) -> Json:
        """A statement about this issuer as the directory shows it."""
        return {
            "id": "c8e0f2b4d6a8c0e2f4a4c6e8f0b2d4a6",
            "recogniser": {
                "organisation": "d4a6c8e0f2b4d6a8c0e2f4a4c6e8f0b2",
                "name": "Guild of Workshops",
                "url": None,
            },
            "issuer": self.did,
            "scope": {},
            "valid_from": to_rfc3339(utc_now() - timedelta(days=1)),
            "valid_until": None,
            "reason": "Visited in October.",
            "state": "in_force",
            **changes,
        }


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def path_of(url: str) -> str:
    return urlsplit(url).path
