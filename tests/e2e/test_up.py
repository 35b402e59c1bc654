"""`confer up`: four processes under a supervisor that keeps them alive and lets go of them in the end."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.http import children
from tests.harness.platform import SERVICES, Platform, free_ports, platform

MEMORY_LIMIT_KIB = 600 * 1024


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("up")) as up:
        yield up


def _children(supervisor: int) -> dict[str, int]:
    """The services' processes by name."""
    listing = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(supervisor)], capture_output=True, text=True, check=True
    )
    found = {}
    for line in listing.stdout.splitlines():
        pid, _, arguments = line.strip().partition(" ")
        for name in SERVICES:
            if f"services.{name} serve" in arguments:
                found[name] = int(pid)
    return found


def _pss(pid: int) -> int:
    """Proportional set size in KiB: what the process costs the machine, shared pages divided among their users."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_four_services_are_ready(running: Platform) -> None:
    assert set(_children(running.supervisor.pid)) == set(SERVICES)
    for name in SERVICES:
        assert _ready(getattr(running, name))


def test_memory_of_all_processes(running: Platform) -> None:
    services = _children(running.supervisor.pid)
    used = {name: _pss(pid) for name, pid in services.items()}
    workers = children(services["verifier"])
    assert len(workers) == 2
    used["workers"] = sum(map(_pss, workers))
    used["supervisor"] = _pss(running.supervisor.pid)
    print({name: f"{kib // 1024} MiB" for name, kib in used.items()})
    assert sum(used.values()) < MEMORY_LIMIT_KIB, used


def test_a_killed_service_comes_back(running: Platform) -> None:
    before = _children(running.supervisor.pid)["verifier"]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while _children(running.supervisor.pid).get("verifier", before) == before or not _ready(running.verifier):
        assert time.monotonic() < deadline, running.log("verifier")[-2000:]
        time.sleep(0.1)  # between two looks at another process, which cannot wake us


def test_everything_ends_with_the_supervisor(tmp_path: Path) -> None:
    with platform(tmp_path) as up:
        children = _children(up.supervisor.pid)
    assert up.supervisor.returncode == 0
    assert not [pid for pid in children.values() if Path(f"/proc/{pid}").exists()]


def test_a_public_url_is_never_recomputed(tmp_path: Path) -> None:
    """Decision 2: identifiers were made with the first one; starting with another is refused, by name."""
    base = free_ports(4)
    with platform(tmp_path, {"CONFER_ISSUER_URL": "http://localhost:8999"}, base_port=base):
        pass
    with (
        pytest.raises(RuntimeError, match="issuer cannot run") as refusal,
        platform(tmp_path, base_port=base),
    ):
        pass
    assert "8999" in str(refusal.value)
