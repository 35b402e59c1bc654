"""The tests that `docs/conformance.md` names for the standards' traps exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_trap_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = [line for line in text.partition("## Traps")[2].splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 20
    for row in rows:
        named = _NAMED.findall(row)
        assert named, row
        for path, test in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{path} has no {test}"
