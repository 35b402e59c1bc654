"""A process that measures one Python subject: `python -m tests.bench.worker NAME`, a JSON line for each question.

Both questions name a form and give documents, each with its number. `prepare` secures the first and makes sure that the
subject accepts what it made and refuses it tampered with; `measure` secures or verifies each of them once, and says what
each call took.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.bench.documents import issuer_of
from tests.bench.ours import Confer, ConferServices, Raw, Unchecked
from tests.bench.python_peers import DidKit, OpenBadgesLib, OpenVc
from tests.bench.subject import Json, Subject, Unsupported, tampered

SUBJECTS: dict[str, Callable[[], Subject]] = {
    "raw signature": Raw,
    "Confer": Confer,
    "Confer's services": ConferServices,
    "Confer, unchecked": Unchecked,
    "openbadgeslib": OpenBadgesLib,
    "openvc-core": OpenVc,
    "didkit": DidKit,
}


class Worker:
    """Answers the questions about one subject."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if "prepare" in question:
            return self._prepare(**question["prepare"])
        return self._measure(**question["measure"])

    def _prepare(self, form: Any, documents: list[tuple[int, Json]]) -> dict[str, Any]:
        number, document = documents[0]
        issuer = issuer_of(number)
        try:
            secured = self._subject.issue(form, document, issuer)()
        except Unsupported as reason:
            return {"unsupported": str(reason)}
        verify = self._subject.verify(form, secured, issuer)
        if not verify() or accepts(self._subject.verify(form, tampered(secured), issuer)):
            raise AssertionError(f"{form}: it refuses what it issued, or accepts what was changed")
        return {"bytes": len(secured)}

    def _measure(self, form: Any, task: str, documents: list[tuple[int, Json]]) -> dict[str, Any]:
        calls: list[Callable[[], object]] = []
        for number, document in documents:
            issuer = issuer_of(number)
            issue = self._subject.issue(form, document, issuer)
            calls.append(issue if task == "issue" else self._subject.verify(form, issue(), issuer))
        return {"times_us": measured(calls)}


def accepts(verify: Callable[[], bool]) -> bool:
    """Whether a verifier accepts; libraries refuse by exceptions of all kinds."""
    try:
        return verify()
    except Exception:  # noqa: BLE001  (told to the parent, whatever it is)
        return False


def measured(calls: Iterable[Callable[[], object]]) -> list[float]:
    """Processor time of this process in µs for each of the calls, made once.

    Processor time and not time by the clock, so that what else runs on the machine is not counted.
    """
    gc.collect()
    times: list[float] = []
    clock = time.process_time_ns
    for call in calls:
        start = clock()
        held = call()
        times.append((clock() - start) / 1e3)
        assert held
    return times


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
