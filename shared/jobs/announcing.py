"""Telling an organisation that its job is done: the event `org.confer.job.completed.v1`, with counts and no row's content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from shared.contracts import schema_url
from shared.db import ReadSession, WriteSession
from shared.jobs.model import Job, Kind
from shared.jobs.tables import JobTables
from shared.messaging.outbox import Outbox, Outgoing
from shared.messaging.relay import OutboxRow
from shared.messaging.tables import MessagingTables
from shared.messaging.topics import Topic

COMPLETED = "org.confer.job.completed.v1"


class JobAnnouncer:
    """Puts the event into the transaction that completes a job, and reads what it says when it is published.

    A job whose failed rows were repaired completes again: the event's sequence counts how often. `topic` is the
    service's topic for jobs; it is private, so the outbox holds the job's id only.
    """

    def __init__(
        self, outbox: Outbox, messaging: MessagingTables, jobs: JobTables, *, topic: Topic, public_url: str
    ) -> None:
        self._outbox = outbox
        self._events = messaging.outbox
        self._job = jobs.job
        self._topic = topic.name
        self._public_url = public_url

    def announcing(self, kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """The same kinds of job, which tell when they are completed."""
        return {name: replace(kind, completed=self._after(kind)) for name, kind in kinds.items()}

    def _after(self, kind: Kind) -> Callable[[WriteSession, Job], Any]:
        async def completed(session: WriteSession, job: Job) -> None:
            if kind.completed is not None:
                await kind.completed(session, job)
            await self._announce(session, job)

        return completed

    async def _announce(self, session: WriteSession, job: Job) -> None:
        """The job's row is locked by whoever completes it, so no two count alike."""
        events = self._events
        told = select(func.max(events.c.sequence)).where(
            events.c.topic == self._topic, events.c.subject == job.id
        )
        await self._outbox.add(
            session,
            Outgoing(
                topic=self._topic,
                subject=job.id,
                type=COMPLETED,
                organisation=job.organisation,
                sequence=(await session.scalar(told) or 0) + 1,
                reference=job.id,
                dataschema=schema_url(self._public_url, COMPLETED),
            ),
        )

    async def expand(
        self, session: ReadSession, rows: Sequence[OutboxRow]
    ) -> Mapping[str, Mapping[str, Any] | None]:
        """What the events say: the job as it stands now; None for a job that is kept no longer."""
        job = self._job
        ids = {row.reference for row in rows}
        found = {each.id: each for each in await session.execute(select(job).where(job.c.id.in_(ids)))}
        return {row.id: _data(found.get(row.reference)) for row in rows}


def _data(job: Any) -> dict[str, Any] | None:
    if job is None:
        return None
    data = {
        "job": job.id,
        "kind": job.kind,
        "total": job.total,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "external_id": job.external_id,
        "metadata": job.metadata,
    }
    return {name: value for name, value in data.items() if value is not None}
