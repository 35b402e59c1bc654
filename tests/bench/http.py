"""Verification over HTTP: a running platform's verifier on one core and on two, its callers in this process."""

import http.client
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from tests.bench.documents import numbered, usual
from tests.bench.ours import Confer
from tests.bench.output import table
from tests.bench.subject import ISSUER
from tests.harness.platform import platform
from tests.harness.story import Story

_DIFFERENT = 1_000
_CALLERS = 4
_BATCH = 1_000
_ROUNDS = 5


def run(*, seconds: float) -> dict[str, Any]:
    """Single verifications, one caller and several; then batches. The badges name no status list: nothing is fetched."""
    engine, badge = Confer(), usual(ISSUER)
    del badge["credentialStatus"]
    secured = [engine.issue("eddsa-rdfc-2022", numbered(badge, number))() for number in range(_DIFFERENT)]
    items = [b'{"credential":' + one + b"}" for one in secured]
    batch = [b'{"items":[' + b",".join(islice(cycle(items), _BATCH)) + b"]}"]
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as running:
        token = Story(running).owner_token("verifier")
        verifier = running.processes()["verifier"]
        single = Calls(running.verifier, "/v1/verifications", token, verifier)
        many = Calls(running.verifier, "/v1/verifications/batch", token, verifier)
        found = {}
        with _verifier_on(verifier, 1):
            found["single, 1 caller, one core"] = single.made(items, 1, 1, seconds)
            found[f"single, {_CALLERS} callers, one core"] = single.made(items, _CALLERS, 1, seconds)
        found[f"single, {_CALLERS} callers, two cores"] = single.made(items, _CALLERS, 1, seconds)
        # By turns, so that what else runs on the machine weighs on both alike.
        turns: dict[int, list[dict[str, float]]] = {1: [], 2: []}
        for _ in range(_ROUNDS):
            for cores, rounds in turns.items():
                with _verifier_on(verifier, cores):
                    rounds.append(many.made(batch, 1, _BATCH, seconds / _ROUNDS))
        for cores, rounds in turns.items():
            name = f"batches of {_BATCH}, {'one core' if cores == 1 else 'two cores'}"
            found[name] = {column: median(one[column] for one in rounds) for column in rounds[0]}
    speedup = median(
        two["credentials_per_s"] / one["credentials_per_s"]
        for one, two in zip(turns[1], turns[2], strict=True)
    )
    columns = ["requests_per_s", "credentials_per_s", "p50_ms", "p95_ms", "cpu_ms_per_credential"]
    rows = [[name, *(f"{one[column]:,.2f}" for column in columns)] for name, one in found.items()]
    table("Over HTTP", ["", *columns], rows)
    print(f"  Batches, two cores over one: {speedup:.2f}")
    return {**found, "two_over_one": round(speedup, 2)}


@contextmanager
def _verifier_on(process: int, cores: int) -> Iterator[None]:
    """Every thread of the verifier and of its workers on so many cores; on one, this process has the other."""
    available = sorted(os.sched_getaffinity(0))
    pin([process, *children(process)], set(available[-cores:]))
    os.sched_setaffinity(0, {available[0]} if cores == 1 else set(available))
    try:
        yield
    finally:
        pin([process, *children(process)], set(available))
        os.sched_setaffinity(0, set(available))


def pin(processes: Sequence[int], cores: set[int]) -> None:
    """Every thread of these processes to these cores."""
    for process in processes:
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


def children(process: int) -> list[int]:
    """The processes that this one started."""
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], check=False, capture_output=True, text=True
    )
    return [int(line) for line in listing.stdout.split()]


def processor_seconds(processes: Sequence[int]) -> float:
    """What they have used so far, all threads, to a hundredth of a second."""
    ticks = 0
    for process in processes:
        user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


class Calls:
    """Requests to one address over connections that stay open."""

    def __init__(self, url: str, path: str, token: str, process: int) -> None:
        self._processes = [process, *children(process)]
        self._host, self._path = urlsplit(url).netloc, path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def made(self, bodies: list[bytes], callers: int, size: int, seconds: float) -> dict[str, float]:
        """For so many seconds; the rates and the times until an answer was read."""
        self._caller(bodies[:3], 0.0)  # warms up
        start, spent = time.perf_counter(), processor_seconds(self._processes)
        with ThreadPoolExecutor(callers) as pool:
            offset = len(bodies) // callers
            shifted = [bodies[number * offset :] + bodies[: number * offset] for number in range(callers)]
            times = [
                one for caller in pool.map(lambda own: self._caller(own, seconds), shifted) for one in caller
            ]
        elapsed, spent = time.perf_counter() - start, processor_seconds(self._processes) - spent
        cuts = quantiles(times, n=20)
        return {
            "requests": len(times),
            "requests_per_s": round(len(times) / elapsed, 1),
            "credentials_per_s": round(size * len(times) / elapsed, 1),
            "p50_ms": round(cuts[9] * 1e3, 2),
            "p95_ms": round(cuts[18] * 1e3, 2),
            "cpu_ms_per_credential": round(1e3 * spent / (size * len(times)), 3),
        }

    def _caller(self, bodies: Sequence[bytes], seconds: float) -> list[float]:
        connection, times = http.client.HTTPConnection(self._host, timeout=60), []
        end = time.perf_counter() + seconds
        for body in cycle(bodies):
            start = time.perf_counter()
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - start)
            _require_accepted(answer.status, text, len(times))
            if time.perf_counter() > end and len(times) > 2:
                break
        connection.close()
        return times


def _require_accepted(status: int, text: bytes, number: int) -> None:
    """The caller shares the machine, so of many answers it reads only some in full."""
    if status != 200 or text.count(b'"verdict":"accepted"') < 1:
        raise AssertionError(f"{status}: {text[:300]!r}")
    if number % 20 == 1:
        answer = json.loads(text)
        reports = answer.get("reports", [answer])
        assert all(one["verdict"] == "accepted" for one in reports), text[:300]
