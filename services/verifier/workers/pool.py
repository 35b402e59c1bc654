"""The service's side of the workers: who gets what, what they ask for, and what is done when one dies."""

import asyncio
import itertools
import signal
import socket
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from services.verifier.errors import Busy
from services.verifier.workers import frames
from shared.observability.logs import get_logger
from shared.vc.fetching import Fetch, FetchRefused, RecognitionLookup

_log = get_logger("verifier")
_LONGEST_PAUSE = 5.0

Why = Literal["too_long", "unrecognised", "failed", "overran"]


@dataclass(frozen=True, slots=True)
class Documents:
    """What the workers ask the service for."""

    fetch: Fetch
    recognise: RecognitionLookup


@dataclass(frozen=True, slots=True)
class Task:
    """One credential to verify. `policy` is the JSON of `Policy.to_json`; `applicant` the fields of an Applicant.

    `vc_api`: it is a request of the VC API (`vc_api.requests`), to be answered in that standard's shape.
    """

    data: bytes
    now: datetime
    policy: str
    applicant: dict[str, Any] | None = None
    external_id: str | None = None
    metadata: dict[str, Any] | None = None
    vc_api: dict[str, Any] | None = None

    def plain(self) -> list[Any]:
        return [
            self.data,
            self.now.isoformat(),
            self.policy,
            self.applicant,
            self.external_id,
            self.metadata,
            self.vc_api,
        ]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task: the verdict and the report as JSON, or why there is none.

    `why`: too_long and unrecognised, as the engine says; failed, an error of ours with its traceback as the reason;
    overran, the item ended the worker that verified it, twice.
    """

    verdict: str | None
    report: bytes = b""
    why: Why | None = None
    reason: str = ""


class Pool:
    """A fixed number of workers, each replaced when it ends. Used on one event loop."""

    def __init__(
        self, count: int, waiting: int, documents: Documents, *, contexts_dir: Path | None = None
    ) -> None:
        """`waiting`: how many tasks asked for one by one are taken on at a time."""
        self._waiting = waiting
        self._singles = 0
        self._workers = [_Worker(documents, contexts_dir) for _ in range(count)]
        self._suspects = asyncio.Lock()

    @property
    def count(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [worker.process.pid for worker in self._workers if worker.process is not None]

    def start(self) -> None:
        """Begin; called on the loop that the documents are to be fetched on. What is asked meanwhile waits."""
        for worker in self._workers:
            worker.start()

    async def stop(self) -> None:
        """End every worker; what is still being verified is cancelled."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def one(self, task: Task) -> Answer:
        """Raises Busy: as many as may wait are waiting."""
        if self._singles >= self._waiting:
            raise Busy
        self._singles += 1
        try:
            return (await self.many([task]))[0]
        finally:
            self._singles -= 1

    async def many(self, tasks: Sequence[Task]) -> list[Answer]:
        """The answers in the order of the tasks, which go to one worker together: the caller bounds their number."""
        try:
            return await self._least_loaded().ask(tasks)
        except _Died:
            return [await self._alone(task) for task in tasks]

    async def _alone(self, task: Task) -> Answer:
        """Once more, by itself, after a worker died with it and others: whichever ends a second one is the culprit."""
        async with self._suspects:
            try:
                return (await self._least_loaded().ask([task]))[0]
            except _Died:
                return Answer(None, why="overran")

    def _least_loaded(self) -> "_Worker":
        return min(self._workers, key=lambda worker: worker.load)


class _Died(Exception):
    """The worker ended before it answered."""


class _Worker:
    """One process after another, and what the present one has been asked."""

    def __init__(self, documents: Documents, contexts_dir: Path | None) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.load = 0
        self._documents = documents
        self._arguments = [] if contexts_dir is None else [str(contexts_dir)]
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[list[Any]]] = {}
        self._fetching: set[asyncio.Task[None]] = set()
        self._writer: asyncio.StreamWriter | None = None
        self._up = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._up.set()

    async def ask(self, tasks: Sequence[Task]) -> list[Answer]:
        """Raises _Died; Busy after the end."""
        self.load += len(tasks)
        number = next(self._numbers)
        answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        try:
            await self._up.wait()
            if self._writer is None:
                raise Busy
            self._asked[number] = answered
            frames.write(self._writer, "verify", number, [task.plain() for task in tasks])
            return [_answer(parts) for parts in await answered]
        finally:
            self.load -= len(tasks)
            self._asked.pop(number, None)

    async def _run(self) -> None:
        """Keep a process; one that ends before it answered anything is followed after a pause."""
        pause = 0.0
        while True:
            useful = await self._live()
            pause = 0.0 if useful else min(_LONGEST_PAUSE, 2 * pause + 0.1)
            await asyncio.sleep(pause)

    async def _live(self) -> bool:
        """One process from beginning to end; whether it was of any use."""
        process, ours = self._spawned()
        useful = False
        try:
            reader, self._writer = await asyncio.open_unix_connection(sock=ours)
            self._up.set()
            while (message := await frames.read(reader)) is not None:
                useful = self._hear(message) or useful
        finally:
            self._up.clear()
            await self._end(process)
        overran = process.returncode == -signal.SIGPROF
        _log.error("worker.died", status=process.returncode, overran=overran, items=self.load)
        return useful

    def _spawned(self) -> "tuple[subprocess.Popen[bytes], socket.socket]":
        """A new process and our end of its socket."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "services.verifier.workers.worker", *self._arguments]
        with theirs:
            # S603: our own interpreter and module; the folder is the operator's setting.
            self.process = subprocess.Popen(command, stdin=theirs.fileno())  # noqa: S603
        return self.process, ours

    async def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self.process = None, None
        for fetch in self._fetching:
            fetch.cancel()
        process.kill()  # there is nothing in it to be saved
        try:
            await asyncio.to_thread(process.wait)
        finally:
            for answered in self._asked.values():
                if not answered.done():
                    answered.set_exception(_Died())

    def _hear(self, message: Sequence[Any]) -> bool:
        """Whether it was an answer."""
        kind, number, *rest = message
        if kind == "done":
            answered = self._asked.get(number)
            if answered is not None and not answered.done():
                answered.set_result(rest[0])
            return True
        asked = self._fetched(*rest) if kind == "fetch" else self._recognised(*rest)
        task = asyncio.create_task(self._tell(number, asked))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)
        return False

    async def _tell(self, number: int, asked: Coroutine[Any, Any, list[Any]]) -> None:
        try:
            kind, *rest = await asked
        except FetchRefused as refused:
            kind, rest = "refused", [refused.code, refused.reason, refused.status]
        except Exception:  # noqa: BLE001  (a bug of ours: the worker says so to whoever waits for its answer)
            _log.exception("worker.document_failed")
            kind, rest = "failed", []
        if self._writer is not None:
            frames.write(self._writer, kind, number, *rest)

    async def _fetched(self, url: str, accept: str, max_bytes: int) -> list[Any]:
        fetched = await self._documents.fetch(url, accept=accept, max_bytes=max_bytes)
        return ["fetched", *frames.plain_fetched(fetched)]

    async def _recognised(self, issuer: str) -> list[Any]:
        return ["recognised", *frames.plain_recognitions(await self._documents.recognise(issuer))]


def _answer(parts: Sequence[Any]) -> Answer:
    if parts[0] is not None:
        verdict, report = parts
        return Answer(verdict, report)
    _, why, reason = parts
    return Answer(None, why=why, reason=reason)
