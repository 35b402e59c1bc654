"""Libraries of others, installed by the project's own files, that issue what we verify and judge what we issue."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.harness.needs import without

HERE = Path(__file__).parent / "node"
INSTALLED = Path("var") / "peers"
INSTALL_SECONDS = 180
RUN_SECONDS = 120

Document = dict[str, Any]


@cache
def installed(here: Path = HERE) -> Path:
    """The folder with what `package-lock.json` in `here` pins, installed once for each state of that file."""
    if shutil.which("npm") is None:
        without("node", "npm is not installed: the peers on Node.js were not asked")
    wanted = (here / "package-lock.json").read_bytes()
    folder = (INSTALLED / f"node-{hashlib.sha256(wanted).hexdigest()[:16]}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes may want it at once
        done = folder / ".installed"
        if not done.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(here / name, folder / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            made = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if made.returncode:
                without("node", f"the peers on Node.js could not be installed: {made.stderr.strip()[-300:]}")
            done.touch()
        # An ES module finds its packages from where it lies, so the runners have to lie beside them.
        for runner in here.glob("*.mjs"):
            shutil.copy(runner, folder / runner.name)
    return folder


def ask_node(
    requests: Sequence[Mapping[str, Any]],
    documents: Mapping[str, Document] | None = None,
    *,
    runner: str = "peer.mjs",
) -> list[Document]:
    """Put `requests` to a runner (node/peer.mjs: Digital Bazaar's `vc`; node/core.mjs: `verifier-core`); `documents` is
    all that it can reach, by URL.
    """
    sent = json.dumps({"documents": dict(documents or {}), "requests": list(requests)})
    ran = subprocess.run(
        ["node", runner],
        cwd=installed(),
        input=sent,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    results: list[Document] = json.loads(ran.stdout)["results"]
    return results
