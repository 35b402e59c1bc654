"""Running a suite: its configuration written, mocha run, its results read."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Results:
    """Full titles of a suite's tests by how they ended; `reasons` of those that failed."""

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    pending: tuple[str, ...]
    reasons: Mapping[str, str]


def configure(folder: Path, *implementations: Mapping[str, Any]) -> None:
    """Write the `localConfig.cjs` that makes the suite test these implementations and no others."""
    config = {
        "settings": {"enableInteropTests": True, "testAllImplementations": False},
        "implementations": implementations,
    }
    (folder / "localConfig.cjs").write_text(f"module.exports = {json.dumps(config, indent=2)};\n")


def run(folder: Path, files: str, log: Path, environment: Mapping[str, str] | None = None) -> Results:
    """Run the suite with mocha; what it prints goes to `log`."""
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "results.json"
        command = [
            # One suite uses what Node 22 has and Node 20 calls experimental.
            "node", "--harmony-iterator-helpers", "node_modules/mocha/bin/mocha.js", files, "--timeout", "30000", "--exit",
            "--reporter", "json", "--reporter-option", f"output={output}",
        ]  # fmt: skip
        with log.open("wb") as printed:
            subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed,
                timeout=_SECONDS, check=False, env={**os.environ, "NODE_ENV": "test", **(environment or {})},
            )  # fmt: skip
        if not output.exists():
            raise RuntimeError(f"mocha left no results; see {log}")
        found = json.loads(output.read_bytes())
    return Results(
        _titles(found["passes"]),
        _titles(found["failures"]),
        _titles(found["pending"]),
        {one["fullTitle"]: str(one["err"].get("message", ""))[:300] for one in found["failures"]},
    )


def _titles(tests: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Full titles; where two tests share one, the later is numbered."""
    seen: dict[str, int] = {}
    titles = []
    for test in tests:
        title = test["fullTitle"]
        seen[title] = seen.get(title, 0) + 1
        titles.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return tuple(titles)
