"""What a credential costs against its size, up to where the work budget ends it: it has to stay in proportion."""

from itertools import count
from statistics import median
from typing import Any

from shared.vc.errors import BudgetExceeded
from tests.bench.documents import growing, issuer_of, numbered
from tests.bench.ours import Confer
from tests.bench.output import table
from tests.bench.subject import ISSUER
from tests.bench.worker import measured

_LARGEST_KB = 2048
_FEWEST = 5


def run(*, seconds: float) -> dict[str, Any]:
    """Issue and verify the usual credential with more and more evidence."""
    engine, found = Confer(), []
    kilobytes, ended = 2, f"not reached at {_LARGEST_KB} kB"
    while kilobytes <= _LARGEST_KB:
        try:
            found.append(_one(engine, kilobytes, seconds))
        except BudgetExceeded as limit:
            ended = f"between {kilobytes // 2} and {kilobytes} kB: {limit.reason}"
            break
        kilobytes *= 2
    table(
        "Cost against size, eddsa-rdfc-2022, microseconds of processor time",
        ["kB", "issue", "verify", "issue/kB", "verify/kB"],
        [
            [f"{one['bytes'] / 1000:.1f}", *(f"{one[task]:,.0f}" for task in ("issue_us", "verify_us"))]
            + [f"{1000 * one[task] / one['bytes']:.0f}" for task in ("issue_us", "verify_us")]
            for one in found
        ],
    )
    print(f"  The limit: {ended}")
    return {"sizes": found, "limit": ended}


def _one(engine: Confer, kilobytes: int, seconds: float) -> dict[str, float]:
    template, length = growing(ISSUER, kilobytes), 0
    times: dict[str, list[float]] = {"issue": [], "verify": []}
    for number in count():
        issuer = issuer_of(number)
        issue = engine.issue("eddsa-rdfc-2022", numbered(template, number), issuer)
        secured = issue()  # which also warms up
        length = len(secured)
        times["issue"] += measured([issue])
        times["verify"] += measured([engine.verify("eddsa-rdfc-2022", secured, issuer)])
        if number >= _FEWEST and sum(times["verify"]) >= seconds * 1e6:
            break
    return {
        "bytes": length,
        "issue_us": round(median(times["issue"]), 1),
        "verify_us": round(median(times["verify"]), 1),
    }
