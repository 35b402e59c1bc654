"""What a kind of job is, and what its handler gets and gives."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.db import WriteSession
from shared.http.problems import Problem


@dataclass(frozen=True)
class Job:
    """A job as its handler sees it."""

    id: str
    organisation: str
    actor: str
    kind: str
    parameters: Mapping[str, Any]
    """What was given for the job as a whole, by whoever opened it."""
    external_id: str | None
    metadata: Mapping[str, str] | None
    created_at: datetime
    total: int


@dataclass(frozen=True)
class JobRow:
    """One row to be done: its place in what was sent (from 0) and its input."""

    index: int
    input: Mapping[str, Any]
    external_id: str | None


@dataclass(frozen=True)
class RowResult:
    """How a row ended: with a small result (ids, no personal data), or with the problem that refused it."""

    index: int
    result: Mapping[str, Any] | None = None
    problem: Problem | None = None


Handler = Callable[[WriteSession, Job, Sequence[JobRow]], Awaitable[Sequence[RowResult]]]
"""Does the rows and says how each ended, in one transaction with the recording of it: never twice, never half.

A row that is refused gets a RowResult with its problem. What the handler raises instead undoes the whole chunk, which is
then halved until the culprit stands alone; that row gets the problem, the others are done.
"""

Prepare = Callable[[Job, Sequence[JobRow]], Awaitable[Sequence[JobRow]]]
"""Does what takes long or fetches, outside of any transaction, and puts what it found into the rows' inputs.

It may be repeated for the same rows, so it must have no effect of its own.
"""

Completed = Callable[[WriteSession, Job], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """A kind of job. `chunk` is how many rows a transaction takes; `completed` runs in the last one's."""

    handle: Handler
    chunk: int = 200
    completed: Completed | None = None
    prepare: Prepare | None = None
