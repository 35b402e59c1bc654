"""A worker: `python -m services.verifier.workers.worker [CONTEXTS_DIR]`, its socket as standard input.

It ends when the service closes the socket, and is ended by the system when one step of one item takes many times what any
item may cost: the work budget of `shared.vc` is what bounds an item, this is the net beneath it.
"""

import asyncio
import functools
import gc
import itertools
import json
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from services.verifier.vc_api.requests import answered
from services.verifier.workers import frames
from shared.vc import strict_json
from shared.vc.baking import TooLong, Unrecognised
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetched, FetchRefused, RecognitionAnswer
from shared.vc.policy import Policy, policy_from_json
from shared.vc.verify import Applicant, ProvenLists, verify

STEP_SECONDS = 2.0
"""Processor time for one turn of items, or from an answer of the network on: five times what hostile ones may take."""
_TURN = 4
"""Items of many that are verified before the loop looks for others: each look costs two system calls."""
_PROVEN_BYTES = 32 * 1024 * 1024
_NUL = b"\\u0000"


class Worker:
    """Verifies what comes over the socket, and asks the service for every document."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, contexts: ContextStore
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._contexts = contexts
        self._proven = ProvenLists(most_bytes=_PROVEN_BYTES)
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[list[Any]]] = {}
        self._chunks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the service has gone."""
        while (message := await frames.read(self._reader)) is not None:
            kind, number, *rest = message
            if kind == "verify":
                chunk = asyncio.create_task(self._verify(number, rest[0]))
                self._chunks.add(chunk)
                chunk.add_done_callback(self._chunks.discard)
            else:
                _wind_up()
                waiting = self._asked.pop(number)
                if not waiting.done():
                    waiting.set_result([kind, *rest])

    async def _verify(self, number: int, tasks: Sequence[Sequence[Any]]) -> None:
        started, documents = [], _Documents(self.ask)
        for first in range(0, len(tasks), _TURN):
            _wind_up()
            turn = tasks[first : first + _TURN]
            started += [asyncio.create_task(self._answer(task, documents)) for task in turn]
            await asyncio.sleep(0)  # an item asked for by itself takes its turn between others
        frames.write(self._writer, "done", number, [await one for one in started])

    async def _answer(self, task: Sequence[Any], documents: "_Documents") -> list[Any]:
        """`[verdict, report]`, or `[None, why, reason]` for what has no report."""
        data, now, policy, applicant, external_id, metadata, vc_api = task
        try:
            if vc_api is not None:
                return [*await self._vc_api(data, datetime.fromisoformat(now), vc_api, documents)]
            report = await verify(
                data,
                fetcher=documents.fetch,
                contexts=self._contexts,
                now=datetime.fromisoformat(now),
                policy=_policy(policy),
                applicant=None if applicant is None else Applicant(**applicant),
                recognitions=documents.recognise,
                proven=self._proven,
            )
            return [report.verdict, written(report.to_json(external_id=external_id, metadata=metadata))]
        except TooLong as error:
            return [None, "too_long", error.reason]
        except Unrecognised as error:
            return [None, "unrecognised", error.reason]
        except Exception:  # noqa: BLE001  (a bug of ours: the service logs it and answers 500)
            return [None, "failed", traceback.format_exc()]

    async def _vc_api(
        self, data: bytes, now: datetime, asked: dict[str, Any], documents: "_Documents"
    ) -> tuple[str, bytes]:
        return await answered(
            data, asked, fetcher=documents.fetch, contexts=self._contexts, now=now, proven=self._proven
        )

    def ask(self, kind: str, *rest: Any) -> asyncio.Future[list[Any]]:
        """What the service answers to a question."""
        number = next(self._numbers)
        asked: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        frames.write(self._writer, kind, number, *rest)
        return asked


class _Documents:
    """What items that came together ask the service for, each once: their hop to it costs as much as verifying does."""

    def __init__(self, ask: Callable[..., asyncio.Future[list[Any]]]) -> None:
        self._ask = ask
        self._asked: dict[tuple[Any, ...], asyncio.Future[list[Any]]] = {}

    async def fetch(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        return frames.to_fetched(await self._once("fetch", url, accept, max_bytes))

    async def recognise(self, issuer: str) -> RecognitionAnswer:
        return frames.to_recognitions(await self._once("recognise", issuer))

    async def _once(self, *question: Any) -> Sequence[Any]:
        asked = self._asked.get(question)
        if asked is None:
            asked = self._asked[question] = self._ask(*question)
        return _document(await asked)


def _document(answer: Sequence[Any]) -> Sequence[Any]:
    """The parts of a document that the service got; raises FetchRefused as it did there."""
    kind, *rest = answer
    if kind == "refused":
        code, reason, status = rest
        raise FetchRefused(code, reason, status=status)
    if kind == "failed":
        raise RuntimeError("the service could not fetch, and logged why")
    return rest


def written(report: dict[str, Any]) -> bytes:
    """The report as JSON, without U+0000: a badge may say anything, but neither PostgreSQL nor other readers can hold that."""
    text = strict_json.dumps(report)
    if _NUL in text:
        text = strict_json.dumps({name: _without_nul(value) for name, value in report.items()})
    return text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value


@functools.lru_cache(maxsize=64)
def _policy(text: str) -> Policy:
    return policy_from_json(json.loads(text))


def _wind_up() -> None:
    """Give the next step its time; when it runs out, SIGPROF ends the process."""
    signal.setitimer(signal.ITIMER_PROF, STEP_SECONDS)


async def _run(contexts_dir: str) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=sys.stdin.fileno()))
    contexts = ContextStore.builtin(Path(contexts_dir) if contexts_dir else None)
    # What was loaded stays: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    await Worker(reader, writer, contexts).run()


def main() -> None:
    # Ctrl-C and whoever ends a service reach the whole group of processes; the service decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    asyncio.run(_run(sys.argv[1] if len(sys.argv) > 1 else ""))


if __name__ == "__main__":
    main()
