"""The whole platform as real processes: `confer up` on free ports, with its own data directory."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("issuer", "backpack", "verifier", "directory")


@dataclass(frozen=True)
class Platform:
    """Four running services. URLs are public base URLs without a trailing slash."""

    issuer: str
    backpack: str
    verifier: str
    directory: str
    data_dir: Path
    environment: Mapping[str, str]
    supervisor: "subprocess.Popen[str]"
    ready_after: float

    def log(self, service: str) -> str:
        return (self.data_dir / "logs" / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def logs(self) -> str:
        return "\n".join(self.log(service) for service in SERVICES)

    def processes(self) -> dict[str, int]:
        """The process of each service that runs now."""
        listing = subprocess.run(
            ["ps", "-o", "pid=,stat=,args=", "--ppid", str(self.supervisor.pid)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = {}
        for line in listing.stdout.splitlines():
            pid, state, arguments = line.split(None, 2)
            for name in SERVICES:
                if f"services.{name} serve" in arguments and not state.startswith("Z"):
                    found[name] = int(pid)
        return found

    @contextmanager
    def frozen(self, *services: str) -> Iterator[None]:
        """These services are there and answer nothing (SIGSTOP) while the block lasts."""
        pids = [self.processes()[service] for service in services]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def gone(self, *services: str) -> Iterator[None]:
        """These services are killed, and nobody starts them again until the block ends: the supervisor sleeps meanwhile."""
        pids = [self.processes()[service] for service in services]
        self.supervisor.send_signal(signal.SIGSTOP)
        try:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            yield
        finally:
            self.supervisor.send_signal(signal.SIGCONT)


def free_ports(count: int) -> int:
    """The first of `count` consecutive ports that are free on this machine now.

    Below the ephemeral range: there, a client that asks whether anybody listens yet can end up connected to itself.
    """
    for _ in range(200):
        first = 20_000 + secrets.randbelow(12_000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError("no consecutive free ports found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def platform(
    data_dir: Path, settings: Mapping[str, str] | None = None, *, base_port: int | None = None
) -> Iterator[Platform]:
    """Start `confer up` and wait until it says that it is ready; end it, and all it started, afterwards."""
    base = base_port or free_ports(4)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONFER_")}
    # Switched on, so that the tests of every operation meet those of the VC-API as well.
    environment |= {"CONFER_DATA_DIR": str(data_dir), "CONFER_ISSUER_VC_API": "true", **(settings or {})}
    begun = time.monotonic()
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "services", "up", "--base-port", str(base)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _await_ready(supervisor, deadline=begun + 120)
        urls = {name: f"http://localhost:{base + number}" for number, name in enumerate(SERVICES)}
        for name, url in urls.items():
            environment[f"CONFER_{name.upper()}_URL"] = url
            environment[f"CONFER_{name.upper()}_PORT"] = url.rsplit(":", 1)[1]
        yield Platform(
            **urls,
            data_dir=data_dir,
            environment=environment,
            supervisor=supervisor,
            ready_after=time.monotonic() - begun,
        )
    finally:
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(timeout=30)
        finally:
            if supervisor.poll() is None:
                supervisor.kill()
                supervisor.wait()
            if supervisor.stdout:
                supervisor.stdout.close()


def _await_ready(supervisor: "subprocess.Popen[str]", deadline: float) -> None:
    """Read the supervisor's words until it is ready; keep draining them afterwards, so that it never blocks on the pipe."""
    assert supervisor.stdout is not None
    said: list[str] = []
    killer = threading.Timer(max(deadline - time.monotonic(), 1), supervisor.kill)
    killer.start()
    try:
        for line in supervisor.stdout:
            said.append(line)
            if line.startswith("Confer is ready"):
                threading.Thread(target=_drain, args=(supervisor.stdout,), daemon=True).start()
                return
        raise RuntimeError("confer up did not become ready:\n" + "".join(said))
    finally:
        killer.cancel()


def _drain(stream: object) -> None:
    try:
        for _ in stream:  # type: ignore[attr-defined]  # a text stream
            pass
    except ValueError:
        return  # closed at the end of the test
