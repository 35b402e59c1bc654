"""Verification over HTTP: a running platform's verifier on one core, its callers in this process on the other."""

import http.client
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from tests.bench.documents import numbered, usual
from tests.bench.ours import Confer
from tests.bench.output import table
from tests.bench.subject import ISSUER
from tests.harness.platform import platform
from tests.harness.story import Story

_DIFFERENT = 500
_CALLERS = 4
_BATCH = 100


def run(*, seconds: float) -> dict[str, Any]:
    """Single verifications, one caller and several; then batches. The badges name no status list: nothing is fetched."""
    engine, badge = Confer(), usual(ISSUER)
    del badge["credentialStatus"]
    secured = [engine.issue("eddsa-rdfc-2022", numbered(badge, number))() for number in range(_DIFFERENT)]
    items = [b'{"credential":' + one + b"}" for one in secured]
    batches = [
        b'{"items":[' + b",".join(islice(cycle(items), first, first + _BATCH)) + b"]}"
        for first in range(0, _DIFFERENT, _BATCH)
    ]
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as running:
        token = Story(running).owner_token("verifier")
        verifier = running.processes()["verifier"]
        _pin(verifier)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        single = _Calls(running.verifier, "/v1/verifications", token, verifier)
        many = _Calls(running.verifier, "/v1/verifications/batch", token, verifier)
        found = {
            "single, 1 caller": single.made(items, 1, 1, seconds),
            f"single, {_CALLERS} callers": single.made(items, _CALLERS, 1, seconds),
            f"batches of {_BATCH}, 1 caller": many.made(batches, 1, _BATCH, seconds),
            f"batches of {_BATCH}, {_CALLERS} callers": many.made(batches, _CALLERS, _BATCH, seconds),
        }
    columns = ["requests_per_s", "credentials_per_s", "p50_ms", "p95_ms", "cpu_ms_per_credential"]
    rows = [[name, *(f"{one[column]:,.2f}" for column in columns)] for name, one in found.items()]
    table("Over HTTP, verifier on one core", ["", *columns], rows)
    return found


def _pin(process: int) -> None:
    """Every thread of the process to the last core."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {max(os.sched_getaffinity(0))})


def _processor_seconds(process: int) -> float:
    """What the process has used so far, all threads, to a hundredth of a second."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class _Calls:
    """Requests to one address over connections that stay open."""

    def __init__(self, url: str, path: str, token: str, process: int) -> None:
        self._process = process
        self._host, self._path = urlsplit(url).netloc, path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def made(self, bodies: list[bytes], callers: int, size: int, seconds: float) -> dict[str, float]:
        """For so many seconds; the rates and the times until an answer was read."""
        self._caller(bodies[:3], 0.0)  # warms up
        start, spent = time.perf_counter(), _processor_seconds(self._process)
        with ThreadPoolExecutor(callers) as pool:
            offset = len(bodies) // callers
            shifted = [bodies[number * offset :] + bodies[: number * offset] for number in range(callers)]
            times = [
                one for caller in pool.map(lambda own: self._caller(own, seconds), shifted) for one in caller
            ]
        elapsed, spent = time.perf_counter() - start, _processor_seconds(self._process) - spent
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
            _require_accepted(answer.status, text)
            if time.perf_counter() > end and len(times) > 2:
                break
        connection.close()
        return times


def _require_accepted(status: int, text: bytes) -> None:
    answer = json.loads(text)
    reports = answer.get("reports", [answer])
    if status != 200 or any(one["verdict"] != "accepted" for one in reports):
        raise AssertionError(f"{status}: {text[:300]!r}")
