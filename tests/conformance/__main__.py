"""`python -m tests.conformance`: what others make of what we issue, and we of what they issue.

Exit status: 0 when every cell is an acceptance, a format that a peer does not know, or a refusal explained in `table`; else 1.
"""

import asyncio
import sys

from tests.conformance.table import ANYTHING, REFUSES, printed, run


def main() -> int:
    table = asyncio.run(run())
    print(printed(table))
    cells = [*table.ours.values(), *table.theirs.values()]
    return int(any(one.kind == ANYTHING or (one.kind == REFUSES and not one.why) for one in cells))


if __name__ == "__main__":
    sys.exit(main())
