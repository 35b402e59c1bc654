"""Issuer, verifier and directory as processes of their own, reached over https, with what the suites need of them."""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.http.client import ConnectionFailed, open_client
from shared.vc.contexts import CREDENTIALS_V2
from tests.harness import processes
from tests.harness.platform import free_ports
from tests.harness.story import Story
from tests.suites.front import fronts

NAMES = ("issuer", "verifier", "directory")
_SECONDS = 60.0
EXAMPLES = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
"""The context that the suites' documents are written in (VCDM 2.0, B.1): whatever is said, is defined by it.

Operators do not want it, so it is not among the built-in ones.
"""
_EXAMPLES_URL = "https://www.w3.org/ns/credentials/examples/v2"
EARLIER_V2 = Path("vc-data-model", "contexts", "credentials", "v2")
"""An earlier body of credentials/v2 (w3c/vc-data-model, commit 8d0ee107), whose digest the data model suite gives."""


@dataclass(frozen=True)
class Stack:
    """Running services. `issuer` and `verifier` are their public https URLs."""

    issuer: str
    verifier: str
    inside: Mapping[str, str]
    data_dir: Path

    def story(self) -> "_Story":
        return _Story(self)


class _Story(Story):
    """An organisation of ours, spoken to behind the front."""

    def __init__(self, stack: Stack) -> None:
        self._public = {**stack.inside, "issuer": stack.issuer, "verifier": stack.verifier}
        super().__init__(_Inside(stack))

    def resource(self, service: str) -> str:
        return self._public[service]


class _Inside:
    def __init__(self, stack: Stack) -> None:
        self.issuer, self.verifier, self.directory = (stack.inside[name] for name in NAMES)
        self.backpack = ""
        self.data_dir = stack.data_dir


@contextmanager
def stack(folder: Path, suites: Path) -> Iterator[Stack]:
    """Start the services in `folder` and wait until they are ready; end them afterwards."""
    first = free_ports(5)
    ports = {name: first + number for number, name in enumerate(NAMES)}
    fronted = {"issuer": first + 3, "verifier": first + 4}
    inside = {name: f"http://localhost:{port}" for name, port in ports.items()}
    public = {name: f"https://localhost:{port}" for name, port in fronted.items()}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONFER_")},
        "CONFER_DATA_DIR": str(folder / "data"),
        "CONFER_CONTEXTS_DIR": str(pinned_contexts(folder / "contexts", suites)),
        "CONFER_PEERS": json.dumps({url: f"http://127.0.0.1:{ports[name]}" for name, url in public.items()}),
        "CONFER_VERIFIER_ANONYMOUS_PER_MINUTE": "1000000",
        "CONFER_ISSUER_VC_API": "true",
        # The suites have verified what the specifications' own examples are: signed by did:keys for other issuers.
        "CONFER_VERIFIER_VC_API_CHECKS": '["proof", "credentialStatus", "validityPeriod"]',
        **{f"CONFER_{name.upper()}_PORT": str(port) for name, port in ports.items()},
        **{f"CONFER_{name.upper()}_URL": public.get(name, url) for name, url in inside.items()},
    }
    with ExitStack() as running:
        running.enter_context(fronts(folder, {fronted[name]: ports[name] for name in fronted}))
        for name in NAMES:
            running.enter_context(_service(name, folder / f"{name}.log", inside[name], environment))
        yield Stack(public["issuer"], public["verifier"], inside, folder / "data")


@contextmanager
def _service(name: str, log: Path, url: str, environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", f"services.{name}", "serve"]
    process = processes.start(command, log, environment=environment)
    try:
        processes.until(lambda: _is_ready(url), process, log, _SECONDS)
        yield
    finally:
        processes.stop(process, signal.SIGTERM)


def _is_ready(url: str) -> bool:
    try:
        with open_client(url) as client:
            return client.get("/readyz").status_code == 200
    except ConnectionFailed:
        return False


def pinned_contexts(folder: Path, suites: Path | None = None) -> Path:
    """The contexts that the suites need beside the built-in ones, as an operator would pin them, in a new folder."""
    folder.mkdir()
    bodies = {_EXAMPLES_URL: json.dumps(EXAMPLES).encode()}
    if suites is not None and (suites / EARLIER_V2).is_file():
        bodies[CREDENTIALS_V2] = (suites / EARLIER_V2).read_bytes()
    sources: list[dict[str, Any]] = []
    for number, (url, body) in enumerate(bodies.items()):
        name = f"context-{number}.json"
        (folder / name).write_bytes(body)
        sources.append({"file": name, "urls": [url], "sha256": hashlib.sha256(body).hexdigest()})
    (folder / "sources.json").write_text(json.dumps(sources))
    return folder
