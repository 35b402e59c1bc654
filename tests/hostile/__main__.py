"""`python -m tests.hostile`: what every attack of the corpus costs, and what it does to the requests of others.

Processor time is that of engine and fence in this process (least of a few runs); requests are those of one honest caller to
a verifier of its own, with and without one attacker beside it who sends the attack again and again, by turns.
"""

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

from shared.http.fetch import Fetcher
from shared.vc import strict_json
from tests.bench.output import machine, table
from tests.harness.platform import platform
from tests.harness.story import Story
from tests.hostile.conftest import running
from tests.hostile.corpus import ATTACKS, Attack, Link, Stage
from tests.hostile.corpus.attack import as_bytes, fetched, judged, of_response
from tests.hostile.corpus.table import README, written

RESULTS = Path("var") / "hostile.json"
LIMIT_MS, LIMIT_RATIO = 100.0, 2.0
_AT_ONCE = 16
"""Connections of an attack that costs waiting and not computing."""


@dataclass(frozen=True)
class Request:
    """A body and how it is sent."""

    body: bytes
    media_type: str

    @classmethod
    def of(cls, attack: Attack, stage: Stage) -> "Request":
        given = attack.make(stage)
        if isinstance(given, Link):
            return cls(json.dumps({"url": given.url}).encode(), "application/json")
        return cls(as_bytes(given), "application/octet-stream")


class Pages:
    """Answers by path with what the stages put there."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path)
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(page or b"")))
                self.end_headers()
                self.wfile.write(page or b"")

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, stage: Stage) -> None:
        self.pages.update({urlsplit(url).path: page for url, page in stage.network.pages.items()})


def cost(attack: Attack, server: str) -> float:
    """Milliseconds of processor time: of the engine, or of fetching what is given by its address."""
    stage = Stage("http://localhost:9999", server)
    given = attack.make(stage)
    times = []
    for _ in range(3):
        begun = time.process_time()
        asyncio.run(_fetched(given) if isinstance(given, Link) else judged(as_bytes(given), stage))
        times.append(time.process_time() - begun)
        if attack.slow or times[-1] < 0.02:
            break
    return 1e3 * min(times)


async def _fetched(given: Link) -> None:
    fetcher = Fetcher(allow_loopback=True)
    try:
        await fetched(given, fetcher)
    finally:
        await fetcher.close()


def sent(url: str, token: str, request: Request, seconds: float, at_once: int = 1) -> tuple[int, list[float]]:
    """Send a request again and again, over so many connections; how often, and how long each answer took."""
    times: list[float] = []

    def caller() -> None:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": request.media_type}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.perf_counter()
            connection.request("POST", "/v1/verifications", request.body, headers)
            connection.getresponse().read()
            times.append(time.perf_counter() - begun)
        connection.close()

    threads = [threading.Thread(target=caller) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times), times


def answered(url: str, token: str, request: Request) -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": request.media_type}
    connection.request("POST", "/v1/verifications", request.body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def p95(times: Sequence[float]) -> float:
    return 1e3 * quantiles(times, n=20)[18] if len(times) > 1 else 0.0


class Barrage:
    """One verifier, an honest caller, and an attacker in a process of its own."""

    def __init__(self, url: str, token: str, seconds: float) -> None:
        self._url, self._token, self._seconds = url, token, seconds
        self._attacker = ProcessPoolExecutor(1)
        self._pages = Pages()
        stage = Stage(self._pages.url, "http://127.0.0.1:9")
        self._honest = Request(strict_json.dumps({"credential": stage.honest.award()}), "application/json")
        self._pages.serve(stage)

    def row(self, number: int, attack: Attack, server: str) -> dict[str, object]:
        """The attack's refusal and cost, and the honest caller's p95 without and with it."""
        stage = Stage(f"{self._pages.url}/{number}", server)
        request = Request.of(attack, stage)
        self._pages.serve(stage)
        status, text = answered(self._url, self._token, request)
        refusal = of_response(status, json.loads(text))
        quiet = self._p95()
        at_once = _AT_ONCE if attack.slow else 1
        beside = self._attacker.submit(sent, self._url, self._token, request, self._seconds, at_once)
        attacked = self._p95()
        times, _ = beside.result()
        return {
            "attack": attack.name,
            "refused_as": attack.code if refusal.fits(attack) else f"!! {status} {refusal.reasons}"[:200],
            "cpu_ms": round(cost(attack, server), 1),
            "sent": times,
            "p95_quiet_ms": round(quiet, 2),
            "p95_attacked_ms": round(attacked, 2),
            "ratio": round(attacked / quiet, 2),
        }

    def _p95(self) -> float:
        return p95(sent(self._url, self._token, self._honest, self._seconds)[1])

    def warm(self) -> None:
        sent(self._url, self._token, self._honest, self._seconds)
        self._attacker.submit(time.time).result()

    def close(self) -> None:
        self._attacker.shutdown()
        self._pages.server.shutdown()
        self._pages.server.server_close()


def measured(names: Sequence[str], seconds: float) -> list[dict[str, object]]:
    attacks = [ATTACKS[name] for name in names]
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as up, running() as port:
        token = Story(up).owner_token("verifier")
        barrage = Barrage(up.verifier, token, seconds)
        try:
            barrage.warm()
            server = f"http://127.0.0.1:{port}"
            rows = []
            for number, attack in enumerate(attacks):
                rows.append(barrage.row(number, attack, server))
                print(*rows[-1].values(), sep="  ", flush=True)
            return rows
        finally:
            barrage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help="names; all when left out")
    parser.add_argument("--seconds", type=float, default=1.5, help="of requests without and with each attack")
    parser.add_argument("--table", action="store_true", help="write the corpus's README.md instead")
    given = parser.parse_args()
    if given.table:
        README.write_text(written(), encoding="utf-8")
        return
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores; load average {about['load_average']}")
    names = given.attacks or [name for name, attack in ATTACKS.items() if not attack.own_dns]
    rows = measured(names, given.seconds)
    columns = list(rows[0])
    table("The hostile corpus", columns, [[str(row[column]) for column in columns] for row in rows])
    dear = [row["attack"] for row in rows if float(str(row["cpu_ms"])) > LIMIT_MS]
    felt = [row["attack"] for row in rows if float(str(row["ratio"])) > LIMIT_RATIO]
    missed = [row["attack"] for row in rows if str(row["refused_as"]).startswith("!!")]
    ratios = [float(str(row["ratio"])) for row in rows]
    print(f"\n{len(rows)} attacks; over {LIMIT_MS:.0f} ms of processor time: {dear or 'none'}")
    print(
        f"others' p95 more than {LIMIT_RATIO:g} times as long: {felt or 'none'}; median ratio {median(ratios):.2f}"
    )
    print(f"not refused by their own name: {missed or 'none'}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
