"""Batch verification over processes: what the second core adds."""

import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import Any

from tests.bench.documents import issuer_of, numbered, usual
from tests.bench.ours import Confer
from tests.bench.output import table
from tests.bench.subject import ISSUER

_SLICE = 100
_engine = Confer()


def run(*, credentials: int, rounds: int) -> dict[str, Any]:
    """Verify so many different credentials with one process and with two, by turns."""
    badge = usual(ISSUER)
    secured = [
        _engine.issue("eddsa-rdfc-2022", numbered(badge, number), issuer_of(number))()
        for number in range(credentials)
    ]
    slices = [secured[first : first + _SLICE] for first in range(0, credentials, _SLICE)]
    rates: dict[int, list[float]] = {1: [], 2: []}
    with ProcessPoolExecutor(1) as one, ProcessPoolExecutor(2) as two:
        for pool in (one, two):
            list(pool.map(_verified, slices[:8]))  # starts the processes and warms them up
        for _ in range(rounds):
            for count, pool in ((1, one), (2, two)):
                start = time.perf_counter()
                assert sum(pool.map(_verified, slices)) == credentials
                rates[count].append(credentials / (time.perf_counter() - start))
    per_second = {count: round(median(found)) for count, found in rates.items()}
    speedup = median(two / one for one, two in zip(rates[1], rates[2], strict=True))
    rows = [[f"{count}", f"{rate:,}"] for count, rate in per_second.items()]
    table("Batch verification, credentials per second", ["processes", "rate"], rows)
    print(f"  Two over one: {speedup:.2f}")
    return {"per_second": per_second, "two_over_one": round(speedup, 2)}


def _verified(batch: list[bytes]) -> int:
    return sum(_engine.verify("eddsa-rdfc-2022", secured)() for secured in batch)
