"""A process that measures one Python subject: `python -m tests.bench.worker NAME`, a JSON line for each question.

`{"prepare": {form, name, document}}` secures the document, and makes sure that the subject accepts what it made and
refuses it tampered with; `{"measure": {form, name, task, seconds}}` calls it again and again and says what a call took.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import mean, median
from typing import Any

from tests.bench.ours import Confer, ConferServices, Raw
from tests.bench.python_peers import DidKit, OpenBadgesLib, OpenVc
from tests.bench.subject import Subject, Unsupported, tampered

SUBJECTS: dict[str, Callable[[], Subject]] = {
    "raw signature": Raw,
    "Confer": Confer,
    "Confer's services": ConferServices,
    "openbadgeslib": OpenBadgesLib,
    "openvc-core": OpenVc,
    "didkit": DidKit,
}
_FEWEST = 5


class Worker:
    """Answers the questions about one subject."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._calls: dict[tuple[str, str, str], Callable[[], object]] = {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if "prepare" in question:
            return self._prepare(**question["prepare"])
        return measured(self._call(**question["measure"]), question["measure"]["seconds"])

    def _prepare(self, form: Any, name: str, document: dict[str, Any]) -> dict[str, Any]:
        try:
            issue = self._subject.issue(form, document)
        except Unsupported as reason:
            return {"unsupported": str(reason)}
        secured = issue()
        verify = self._subject.verify(form, secured)
        if not verify() or accepts(self._subject.verify(form, tampered(secured))):
            raise AssertionError(f"{form}, {name}: it refuses what it issued, or accepts what was changed")
        self._calls |= {(form, name, "issue"): issue, (form, name, "verify"): verify}
        return {"bytes": len(secured)}

    def _call(self, form: str, name: str, task: str, seconds: float) -> Callable[[], object]:
        del seconds
        return self._calls[form, name, task]


def accepts(verify: Callable[[], bool]) -> bool:
    """Whether a verifier accepts; libraries refuse by exceptions of all kinds."""
    try:
        return verify()
    except Exception:  # noqa: BLE001  (told to the parent, whatever it is)
        return False


def measured(call: Callable[[], object], seconds: float) -> dict[str, Any]:
    """Processor time of this process in µs, of the mean and of the median call, and how many calls were made.

    Processor time and not time by the clock, so that what else runs on the machine is not counted.
    """
    gc.collect()
    times: list[int] = []
    clock = time.process_time_ns
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times) < _FEWEST:
        start = clock()
        call()
        times.append(clock() - start)
    return {"mean_us": mean(times) / 1e3, "median_us": median(times) / 1e3, "calls": len(times)}


def main() -> None:
    subject = SUBJECTS[sys.argv[1]]()
    worker = Worker(subject)
    print(json.dumps({"version": subject.version}), flush=True)
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001  (whatever a library raises is the answer)
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), flush=True)
    # didkit's threads abort the interpreter when it tidies up after itself.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
