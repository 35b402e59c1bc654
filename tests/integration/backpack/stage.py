"""The real backpack in this process, beside a real web server of an issuer that it knows nothing of."""

import email
import email.policy
import io
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx
import jsonschema_rs
from PIL import Image

from services.backpack.app import Backpack
from services.backpack.settings import BackpackSettings
from shared import contracts
from shared.db import new_id
from shared.messaging import Event, parse
from shared.messaging.log import Record
from shared.messaging.log.local import LocalLog
from shared.messaging.topics import CREDENTIALS, HOLDINGS
from shared.process import with_lifespan
from shared.vc import strict_json
from shared.vc.identity import identity_object
from tests.harness.credentials import NOW, Issuer, Network

PASSWORD = "a long sentence is best"
ORGANISATION = "0a" * 16


def _png() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    return picture.getvalue()


PNG = _png()


@dataclass
class Time:
    """A clock that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@contextmanager
def web_server(network: Network) -> Iterator[str]:
    """Serves the pages of `network` on a loopback port; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://localhost:{self.server.server_address[1]}{self.path}"  # type: ignore[index]  # an IPv4 address is a pair
            network.asked.append(url)
            body = network.pages.get(url)
            self.send_response(200 if body is not None else 404)
            if body is not None:
                self.send_header("Content-Type", _type_of(body))
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output stays readable."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _type_of(body: bytes) -> str:
    if body.startswith(b"\x89PNG"):
        return "image/png"
    return "image/svg+xml" if body.lstrip().startswith(b"<") else "application/json"


@dataclass
class Learner:
    """A learner with her own session."""

    client: httpx.AsyncClient
    stage: "Stage"
    id: str
    login: str
    token: str

    async def request(self, method: str, path: str, expect: int, **options: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == expect, answer.text
        return answer

    async def get(self, path: str, expect: int = 200, **options: Any) -> Any:
        return (await self.request("GET", path, expect, **options)).json()

    async def post(self, path: str, body: Any = None, expect: int = 200, **options: Any) -> Any:
        answer = await self.request("POST", path, expect, json={} if body is None else body, **options)
        return answer.json() if answer.content else None

    async def badges(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get("/v1/credentials", params=filters))["items"]
        return found

    async def waits_for_badges(self, count: int, **filters: Any) -> list[dict[str, Any]]:
        async def look() -> list[dict[str, Any]] | None:
            found = await self.badges(**filters)
            return found if len(found) == count else None

        found: list[dict[str, Any]] = await until(look)
        return found

    async def confirm(self, address: str) -> dict[str, Any]:
        """Take the link of the newest confirmation mail that was not taken before."""

        async def look() -> str | None:
            mails = [
                m for m in self.stage.mails() if m["To"] == address and m["Subject"].startswith("Confirm")
            ]
            fresh = [token for mail in mails if (token := token_in(mail)) not in self.stage.taken]
            return fresh[-1] if fresh else None

        token: str = await until(look)
        self.stage.taken.add(token)
        confirmed: dict[str, Any] = await self.post("/v1/identifiers/confirm", {"token": token})
        return confirmed

    async def import_file(self, content: bytes, media_type: str, expect: int = 201) -> Any:
        headers = {"Content-Type": media_type}
        return (await self.request("POST", "/v1/imports", expect, content=content, headers=headers)).json()


@dataclass
class Stage:
    """A running backpack and the world around it."""

    service: Backpack
    transport: httpx.ASGITransport
    time: Time
    network: Network
    issuer: Issuer
    log: LocalLog
    mail_folder: Path
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.service.settings.public_url

    def client(self, **headers: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=self.transport, base_url=self.url, headers=headers)
        self.clients.append(client)
        return client

    async def learner(
        self, address: str | None = None, *, confirmed: bool = True, name: str | None = None
    ) -> Learner:
        """A learner who signed up; her address, if any, confirmed by the mail it got."""
        login = f"learner-{secrets.token_hex(4)}"
        given = {"login": login, "password": PASSWORD, "email": address, "name": name}
        async with httpx.AsyncClient(transport=self.transport, base_url=self.url) as anonymous:
            answer = await anonymous.post(
                "/v1/learners", json={key: each for key, each in given.items() if each}
            )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        client = self.client(Authorization=f"Bearer {made['token']}")
        learner = Learner(client, self, made["learner"]["id"], login, made["token"])
        if address is not None and confirmed:
            await learner.confirm(address)
        return learner

    # --- the issuer ---

    def award(self, address: str | None = "ada@school.example", **changes: Any) -> dict[str, Any]:
        """A signed badge for an address, hashed."""
        number = secrets.token_hex(8)
        subject = self.issuer.badge()["credentialSubject"]
        del subject["id"]
        if address is not None:
            subject["identifier"] = [identity_object("emailAddress", address)]
        given = {"id": f"{self.issuer.host}/credentials/{number}", "credentialSubject": subject, **changes}
        return self.issuer.award(**given)

    async def deliver(
        self, badge: dict[str, Any] | str, address: str, *, credential: str | None = None, **more: Any
    ) -> str:
        """Announce an award as an issuer does. Returns the credential's id."""
        text = badge if isinstance(badge, str) else strict_json.dumps(badge).decode()
        named = credential or (badge["id"] if isinstance(badge, dict) else "")
        data = {
            "credential": named,
            "award": new_id(),
            "achievement": f"{self.issuer.host}/achievements/1",
            "profile": self.issuer.did,
            "profile_name": "Riverside School",
            "achievement_name": "First aid",
            "recipient": {"type": "emailAddress", "identity": address},
            "media_type": "application/vc",
            "body": text,
            "public": False,
            **more,
        }
        await self.announce("credential.issued", named, data)
        return named

    async def announce(
        self, kind: str, credential: str, data: dict[str, Any], *, sequence: int | None = None
    ) -> None:
        number = sequence or self.sequences.get(credential, 0) + 1
        self.sequences[credential] = max(number, self.sequences.get(credential, 0))
        event = Event(
            type=f"org.confer.{kind}.v1",
            source=self.issuer.host,
            subject=credential,
            organisation=ORGANISATION,
            sequence=number,
            time=self.time(),
            data=data,
            id=new_id(),
        )
        assert await self.log.publish([Record(CREDENTIALS.name, credential, event.to_bytes())]) == [None]

    async def change(self, verb: str, credential: str, **more: Any) -> None:
        await self.announce(f"credential.{verb}", credential, {"credential": credential, **more})

    async def answers(self, count: int, credential: str | None = None) -> list[Event]:
        """What the backpack has said, once it is at least so much."""

        async def look() -> list[Event] | None:
            found = [each for each in await self._said() if credential in {None, each.subject}]
            return found if len(found) >= count else None

        found: list[Event] = await until(look)
        for each in found:
            contract = contracts.schema(contracts.current(each.type))
            jsonschema_rs.validator_for(contract).validate(dict(each.data))
        return found

    async def _said(self) -> list[Event]:
        events: list[Event] = []

        async def from_start(partitions: Any) -> dict[Any, int]:
            return dict.fromkeys(partitions, 0)

        async with self.log.consume(f"test-{secrets.token_hex(4)}", [HOLDINGS], from_start) as reader:
            while entries := await reader.read(500, 0.05):
                events += [parse(entry.value) for entry in entries]
        return events

    # --- mail ---

    def mails(self) -> list[email.message.EmailMessage]:
        """Every mail sent so far, oldest first."""
        files = sorted(self.mail_folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        parsed = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
        return [each for each in parsed if isinstance(each, email.message.EmailMessage)]

    async def mail_to(self, address: str, subject: str) -> email.message.EmailMessage:
        """The newest mail to an address whose subject begins so, as soon as there is one."""

        async def look() -> email.message.EmailMessage | None:
            fitting = [m for m in self.mails() if m["To"] == address and m["Subject"].startswith(subject)]
            return fitting[-1] if fitting else None

        found: email.message.EmailMessage = await until(look)
        return found


def token_in(mail: email.message.EmailMessage) -> str:
    found = re.search(r"\?token=([\w-]+)", mail.get_content())
    assert found is not None
    return found[1]


@asynccontextmanager
async def stage(database_url: str, data_dir: Path, **settings: Any) -> AsyncIterator[Stage]:
    """The backpack with its workers, on a migrated database, until the block ends."""
    network, clock = Network(), Time()
    with web_server(network) as host:
        issuer = Issuer(network, host=host)
        chosen = BackpackSettings(data_dir=data_dir, database_url=database_url, **settings)
        service = Backpack(chosen, clock)
        app = with_lifespan(service)
        log = LocalLog(chosen.local_log)
        await log.ensure_topics()
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            running = Stage(service, transport, clock, network, issuer, log, data_dir / "mail")
            try:
                yield running
            finally:
                for client in running.clients:
                    await client.aclose()
                await log.close()


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 15) -> Any:
    """What `look` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come about in time"
        await anyio.sleep(0.02)
