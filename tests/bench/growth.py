"""What a credential costs against its size, up to where the work budget ends it: it has to stay in proportion."""

from typing import Any

from shared.vc.errors import BudgetExceeded
from tests.bench.documents import growing
from tests.bench.ours import Confer
from tests.bench.output import table
from tests.bench.subject import ISSUER
from tests.bench.worker import measured

_LARGEST_KB = 2048


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
    issue = engine.issue("eddsa-rdfc-2022", growing(ISSUER, kilobytes))
    secured = issue()
    verify = engine.verify("eddsa-rdfc-2022", secured)
    assert verify()
    return {
        "bytes": len(secured),
        "issue_us": round(measured(issue, seconds)["median_us"], 1),
        "verify_us": round(measured(verify, seconds)["median_us"], 1),
    }
