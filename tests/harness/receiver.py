"""A partner's receiver of webhooks: a real HTTP server that believes nothing it cannot verify.

Signatures are judged by the `standardwebhooks` library of the specification's authors, not by code of ours.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True)
class Got:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]  # the tests look into it

    def verified(self, secret: str) -> dict[str, Any]:
        """The event, if the signature is by this secret. Raises the library's WebhookVerificationError."""
        return Webhook(secret).verify(self.body, dict(self.headers))  # type: ignore[no-any-return]  # JSON


@dataclass
class Receiver:
    """What came, and what is answered: a status, or a status with headers; `answer` may look at the request."""

    url: str
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, Mapping[str, str]]] = lambda _: (204, {})
    delay: float = 0.0
    together: int = 0
    """How many requests were being answered at once, at most."""
    _now: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def answers(self, status: int, **headers: str) -> None:
        """From now on, answer this to everything."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, given)

    def wait_for(self, count: int, seconds: float = 30) -> list[Got]:
        """What came, once that many did."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, seconds), (
                f"{len(self.got)} of {count} came within {seconds} s"
            )
        return list(self.got)

    def take(self, request: Got) -> tuple[int, Mapping[str, str]]:
        with self._changed:
            self._now += 1
            self.together = max(self.together, self._now)
        time.sleep(self.delay)  # what a receiver does with an event takes time
        with self._changed:
            self.got.append(request)
            self._now -= 1
            self._changed.notify_all()
        return self.answer(request)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra = made.take(Got(self.path, headers, body, time.time()))
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # the default of 5 turns connections away
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
