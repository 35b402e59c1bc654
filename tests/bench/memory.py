"""Memory over many credentials, no two alike, by many issuers: what is remembered is bounded, so it has to stay flat."""

import gc
import os
from pathlib import Path
from typing import Any

from tests.bench.documents import numbered, usual
from tests.bench.ours import ConferServices
from tests.bench.output import table
from tests.bench.subject import ISSUER

_PER_ISSUER = 100
_STEPS = 10


def run(*, credentials: int) -> dict[str, Any]:
    """Issue and verify so many, with a full report for each, and look at the process's memory ten times."""
    services, seen = ConferServices(), []
    badge = usual(ISSUER)
    for number in range(credentials):
        secured = services.issue("eddsa-rdfc-2022", numbered(badge, number), number // _PER_ISSUER)()
        assert services.verify("eddsa-rdfc-2022", secured)()
        if number % (credentials // _STEPS) == credentials // _STEPS - 1:
            gc.collect()
            seen.append({"credentials": number + 1, "mib": round(_resident_mib(), 1)})
    growth = seen[-1]["mib"] - seen[0]["mib"]
    table(
        "Memory, MiB",
        ["credentials", "resident"],
        [[f"{one['credentials']:,}", f"{one['mib']}"] for one in seen],
    )
    print(f"  From the first tenth to the last: {growth:+.1f} MiB")
    return {"steps": seen, "growth_mib": round(growth, 1)}


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
