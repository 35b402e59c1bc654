"""Production on this machine: every container of `deploy/compose.yaml` as a process, with the settings that it would get.

The compose file is read as it stands. Only where things lie is put differently: the addresses of PostgreSQL, Kafka and the
services, the key files, the data directory. Public URLs are https on names that lead nowhere: what a service gets from
another one, it can only get through `CONFER_PEERS`.
"""

import asyncio
import email
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # no types
import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from shared.http.client import ConnectionFailed, open_client
from tests.harness import processes
from tests.harness.platform import SERVICES, free_ports
from tests.harness.postgres import PostgreSQL

COMPOSE = processes.ROOT / "deploy" / "compose.yaml"
_START_SECONDS = 120.0
_END_SECONDS = 20.0
"""`stop_grace_period` of the compose file: whatever has not ended by then, Docker kills."""

NAMES = {
    "ISSUER_HOST": "issuer.confer.test",
    "EVIDENCE_HOST": "evidence.confer.test",
    "BACKPACK_HOST": "backpack.confer.test",
    "VERIFIER_HOST": "verifier.confer.test",
    "DIRECTORY_HOST": "directory.confer.test",
}
REPLICAS = ("issuer-relay", "issuer-consume", "backpack-relay", "backpack-consume", "verifier")
"""What runs twice."""


class Letters:
    """An SMTP server's handler: every mail that it took."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_DATA(self, _: Any, __: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(email.message_from_bytes(content, policy=default))
        return "250 OK"

    def to(self, address: str) -> dict[str, str]:
        """The texts of the mails to this address, by Message-ID: a mail may arrive twice, its id never changes."""
        return {
            str(mail["Message-ID"]): body.get_content()
            for mail in self.taken
            if str(mail["To"]) == address and (body := mail.get_body(("plain",))) is not None
        }


@dataclass
class Production:
    """The running processes by name: a compose service's, with `-2` behind the second of its kind."""

    folder: Path
    letters: Letters
    inside: dict[str, str]
    """Serving process -> the base URL that it answers at."""
    databases: dict[str, str]
    bootstrap: str
    environments: dict[str, dict[str, str]]
    """Compose service -> what is in its process's environment."""
    commands: dict[str, list[str]]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    metrics: dict[str, int] = field(default_factory=dict)
    """Process -> the port that it answers Prometheus at, if it serves nothing else."""

    # --- as tests.harness.story.Story wants it ---
    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def issuer(self) -> str:
        return self.inside["issuer"]

    @property
    def backpack(self) -> str:
        return self.inside["backpack"]

    @property
    def verifier(self) -> str:
        return self.inside["verifier"]

    @property
    def directory(self) -> str:
        return self.inside["directory"]

    # --- processes ---
    def start(self, unit: str, name: str | None = None) -> None:
        """Start a compose service as a process; a serving one listens where `inside` says."""
        name = name or unit
        environment = dict(self.environments[unit])
        if name in self.inside:
            environment["CONFER_PORT"] = self.inside[name].rpartition(":")[2]
        # Every container has an address of its own; here they would meet at one port.
        self.metrics[name] = processes.free_port()
        environment["CONFER_METRICS_PORT"] = str(self.metrics[name])
        command = [sys.executable, "-m", *self.commands[unit]]
        self.running[name] = processes.start(command, self.log_file(name), environment=environment)

    def run_to_the_end(self, units: Sequence[str]) -> None:
        """Run these compose services at once until they end by themselves, with success."""
        for unit in units:
            self.start(unit)
        for unit in units:
            status = self.running.pop(unit).wait(_START_SECONDS)
            assert status == 0, f"{unit} ended with {status}:\n{self.log(unit)}"

    def wait_until_ready(self) -> None:
        """Until every serving process says so, as the compose file's health checks ask."""
        for name, url in self.inside.items():
            ready = lambda url=url: _is_ready(url)  # noqa: E731  (binds the loop's variable)
            processes.until(ready, self.running[name], self.log_file(name), _START_SECONDS)

    def kill(self, name: str) -> None:
        """SIGKILL: it can do nothing more."""
        process = self.running.pop(name)
        process.kill()
        process.wait(10)

    def end(self) -> dict[str, int]:
        """Ask all of them to end, as Docker does, all at once; how each ended."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        ended = {
            name: process.wait(max(deadline - time.monotonic(), 0.1))
            for name, process in self.running.items()
        }
        self.running.clear()
        return ended

    def log_file(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def log(self, name: str) -> str:
        return self.log_file(name).read_text(encoding="utf-8", errors="replace")

    # --- looking inside ---
    def measured(self, name: str, metric: str) -> float:
        """What a process says of itself, added up over the labels."""
        url = self.inside.get(name) or f"http://127.0.0.1:{self.metrics[name]}"
        with open_client(url) as client:
            lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{metric}[{{ ]", line))

    def rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in a service's database."""

        async def ask() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.databases[service].replace("+asyncpg", ""), timeout=10)
            try:
                return [tuple(row) for row in await connection.fetch(query)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def relay_in_charge(self, service: str) -> str | None:
        """The process whose relay leads. Of two that take turns, the lease's epoch tells: the first one began, with 1."""
        found = self.rows(service, "SELECT epoch FROM messaging_lease")
        if not found:
            return None
        return f"{service}-relay" if found[0][0] % 2 else f"{service}-relay-2"

    def members(self, group: str) -> int:
        """How many processes share a consumer group's partitions; 0 while they are being shared out."""

        async def ask() -> int:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            await admin.start()
            try:
                (answer,) = await admin.describe_consumer_groups([group])
                _, _, state, _, _, members, *_ = answer.groups[0]
                return len(members) if state == "Stable" else 0
            finally:
                await admin.close()

        return asyncio.run(ask())


@contextmanager
def production(folder: Path, server: PostgreSQL, bootstrap: str) -> Iterator[Production]:
    """Everything that the compose file runs, in its order: keys, migrations, and then all of the rest at once."""
    for name in ("data", "logs", "secrets"):
        (folder / name).mkdir()
    letters = Letters()
    mail = Controller(letters, hostname="127.0.0.1", port=processes.free_port())
    databases = {name: server.create() for name in SERVICES}
    mail.start()
    made = _read(folder, databases, bootstrap, letters, mail.port)
    try:
        _make_keys(folder / "secrets")
        made.run_to_the_end([unit for unit in made.commands if unit.endswith("-migrate")])
        for unit, command in made.commands.items():
            if command[-1] != "migrate":
                made.start(unit)
        # The first relays lead before the second ones come: that is how `relay_in_charge` knows them.
        for service in ("issuer", "backpack"):
            first = f"{service}-relay"
            leading = lambda s=service: made.relay_in_charge(s) is not None  # noqa: E731  (binds the loop's variable)
            processes.until(leading, made.running[first], made.log_file(first), _START_SECONDS)
        for unit in REPLICAS:
            made.start(unit, f"{unit}-2")
        made.wait_until_ready()
        yield made
    finally:
        for process in made.running.values():
            process.kill()
            process.wait()
        mail.stop()
        for url in databases.values():
            server.drop(url)


def _read(
    folder: Path, databases: Mapping[str, str], bootstrap: str, letters: Letters, smtp_port: int
) -> Production:
    """The compose file's services of ours, put where things lie here."""
    serving = [*SERVICES, "verifier-2"]
    base = free_ports(len(serving))
    inside = {name: f"http://127.0.0.1:{base + number}" for number, name in enumerate(serving)}
    values = {
        **NAMES,
        "POSTGRES_PASSWORD": "of-no-use-here",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "MAIL_FROM": "Badges <badges@confer.test>",
    }
    elsewhere = {
        "kafka:9092": bootstrap,
        "10.0.0.0/8": "127.0.0.0/8",  # the network of this machine's proxy
        "/run/secrets/": f"{folder}/secrets/",
        **{f"http://{name}:{8001 + number}": inside[name] for number, name in enumerate(SERVICES)},
        **{
            f"postgresql+asyncpg://confer:of-no-use-here@postgres/confer_{name}": url
            for name, url in databases.items()
        },
    }
    # What the image sets; and a proxy that is not this machine's, so that the compose file has to name it.
    image = {
        "CONFER_HOST": "127.0.0.1",
        "CONFER_DATA_DIR": str(folder / "data"),
        "CONFER_TRUSTED_PROXIES": "192.0.2.1",
    }
    units = {
        name: unit
        for name, unit in yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"].items()
        if str(unit.get("image", "")).startswith("${CONFER_IMAGE")
    }
    environments = {
        name: image
        | {key: _put(_filled_in(str(value), values), elsewhere) for key, value in unit["environment"].items()}
        for name, unit in units.items()
    }
    # Not the default of 100: a bulk job of this test's size has several chunks.
    environments["issuer-work"]["CONFER_ISSUER_JOB_CHUNK"] = "5"
    commands = {name: list(unit["command"]) for name, unit in units.items()}
    return Production(folder, letters, inside, dict(databases), bootstrap, environments, commands)


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:?why}` as Compose fills them in."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: values[found[1]], text)


def _put(text: str, elsewhere: Mapping[str, str]) -> str:
    for there, here in elsewhere.items():
        text = text.replace(there, here)
    return text


def _make_keys(folder: Path) -> None:
    """As the compose file's head says: `confer keys new`, once for each service."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    for service in SERVICES:
        file = folder / f"{service}_kek"
        subprocess.run(
            [sys.executable, "-m", "services", "keys", "new", str(file)],
            env=inherited, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        assert file.stat().st_mode & 0o777 == 0o600


def _is_ready(url: str) -> bool:
    try:
        with open_client(url) as client:
            return client.get("/readyz").is_success
    except ConnectionFailed:
        return False
