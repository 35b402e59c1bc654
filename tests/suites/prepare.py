"""The suites' own packages, from npm; and those that only lie on GitHub, from their checkouts."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.suites.catalogue import IMPLEMENTATIONS, Suite

_MARK = ".prepared"


class NotPrepared(Exception):
    """Something is missing; the message says what to fetch."""


def prepare(suites: Path, suite: Suite) -> Path:
    """The suite's folder, its dependencies installed once. Raises NotPrepared."""
    folder = suites / suite.folder
    if not (folder / "package.json").is_file():
        raise NotPrepared(f"{folder} holds no checkout of github.com/{suite.repository}")
    if (folder / _MARK).exists() or (folder / "node_modules" / "mocha").is_dir():
        return folder
    package: dict[str, Any] = json.loads((folder / "package.json").read_bytes())
    needed: dict[str, str] = package["dependencies"]
    for name, source in needed.items():
        if source.startswith("github:"):
            needed[name] = f"file:{_checkout(suites, source.removeprefix('github:'))}"
    needed.setdefault("mocha", "^10.7.3")
    # Linters, and scripts that would clone more: not needed to run the tests.
    package.pop("devDependencies", None)
    package["scripts"] = {}
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    (folder / "package-lock.json").unlink(missing_ok=True)
    command = [
        "npm",
        "install",
        "--install-links",
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise NotPrepared(f"npm install in {folder} failed:\n{done.stderr[-2000:]}")
    (folder / _MARK).touch()
    return folder


def _checkout(suites: Path, repository: str) -> Path:
    folder = suites / IMPLEMENTATIONS.get(repository, repository.rpartition("/")[2])
    if not (folder / "package.json").is_file():
        raise NotPrepared(f"{folder} holds no checkout of github.com/{repository}")
    return folder.resolve()
