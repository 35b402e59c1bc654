"""The subjects as processes, one each, all on the same core."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from tests.bench.subject import Form, Json
from tests.conformance import peers

HERE = Path(__file__).parent
NODE = "@digitalbazaar/vc"
RAW, OURS = "raw signature", "Confer"
PEERS = (NODE, "openbadgeslib", "openvc-core", "didkit")
NAMES = (RAW, OURS, "Confer's services", "Confer, unchecked", *PEERS)


class NotMeasured(Exception):
    """This subject has no figure here; the message says why."""


class Process:
    """A subject in a process of its own. It inherits the core of whoever starts it."""

    def __init__(self, name: str) -> None:
        self.name = name
        command, folder = self._command()
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.version = str(self._read()["version"])

    def _command(self) -> tuple[list[str], Path | None]:
        if self.name != NODE:
            return [sys.executable, "-m", "tests.bench.worker", self.name], None
        if shutil.which("npm") is None:
            raise NotMeasured("npm is not installed")
        folder = peers.installed()
        shutil.copy(HERE / "digitalbazaar.mjs", folder / "digitalbazaar.mjs")
        # The same bodies for everyone: packages carry older ones, which lack terms of the full credential.
        store = ContextStore.builtin()
        bodies = {url: store.get(url).document for url in (CREDENTIALS_V2, OPEN_BADGES_3)}
        (folder / "contexts.json").write_text(json.dumps(bodies))
        return ["node", "digitalbazaar.mjs", "contexts.json"], folder

    def prepare(self, form: Form, document: Json) -> int:
        """Have it secure a document; how many bytes that gives. Raises NotMeasured."""
        return int(self._ask({"prepare": {"form": form, "documents": [(0, document)]}})["bytes"])

    def measure(self, form: Form, task: str, documents: list[tuple[int, Json]]) -> list[float]:
        """What it takes to secure or verify each of these documents, once. Raises NotMeasured."""
        times: list[float] = self._ask({"measure": {"form": form, "task": task, "documents": documents}})[
            "times_us"
        ]
        return times

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        for reason in ("unsupported", "error"):
            if reason in answer:
                raise NotMeasured(str(answer[reason]))
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasured(f"its process ended ({self._process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def started(names: tuple[str, ...] = NAMES) -> Iterator[tuple[dict[str, Process], dict[str, str]]]:
    """The subjects that can be had here by name, and why the others cannot."""
    with ExitStack() as stack:
        running: dict[str, Process] = {}
        absent: dict[str, str] = {}
        for name in names:
            try:
                running[name] = stack.enter_context(Process(name))
            except NotMeasured as reason:
                absent[name] = str(reason)
        yield running, absent
