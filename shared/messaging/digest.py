"""What a service's event tables say in short, for comparing services with one another without their databases.

Subjects appear as SHA-256: the ids of credentials are addresses that only their holders know.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Table, case, func, select, tuple_

from shared.db import Database
from shared.messaging.tables import MessagingTables

_BATCH = 2_000

Line = dict[str, Any]
"""One fact; `is` says of what kind."""


def hashed(subject: str) -> str:
    """How a subject appears in a digest: the SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(subject.encode()).hexdigest()


async def event_lines(db: Database, tables: MessagingTables) -> AsyncIterator[Line]:
    """One line per key that this service tells of, and one per key and consumer that it has heard of.

    `told`: topic, subject, `last` (the highest sequence in the outbox), `count` (events), `waiting` (not published
    yet), `erased`. `heard`: consumer, topic, subject, `last` (the highest sequence handled), `aside` (whether
    events of it were put aside). Read in batches, each in a transaction of its own.
    """
    async for line in _told(db, tables.outbox):
        yield line
    async for line in _heard(db, tables.inbox):
        yield line


async def _told(db: Database, outbox: Table) -> AsyncIterator[Line]:
    after = ("", "")
    while True:
        query = (
            select(
                outbox.c.topic,
                outbox.c.subject,
                func.max(outbox.c.sequence).label("last"),
                func.count().label("events"),
                func.sum(case((outbox.c.published_at.is_(None), 1), else_=0)).label("waiting"),
                func.sum(case((outbox.c.erased, 1), else_=0)).label("erased"),
            )
            .where(tuple_(outbox.c.topic, outbox.c.subject) > after)
            .group_by(outbox.c.topic, outbox.c.subject)
            .order_by(outbox.c.topic, outbox.c.subject)
            .limit(_BATCH)
        )
        async with db.read() as session:
            rows = (await session.execute(query)).all()
        for row in rows:
            yield {
                "is": "told",
                "topic": row.topic,
                "subject": hashed(row.subject),
                "last": int(row.last),
                "count": int(row.events),
                "waiting": int(row.waiting),
                "erased": int(row.erased),
            }
        if len(rows) < _BATCH:
            return
        after = (rows[-1].topic, rows[-1].subject)


async def _heard(db: Database, inbox: Table) -> AsyncIterator[Line]:
    key = (inbox.c.consumer, inbox.c.topic, inbox.c.subject)
    after = ("", "", "")
    while True:
        query = select(inbox).where(tuple_(*key) > after).order_by(*key).limit(_BATCH)
        async with db.read() as session:
            rows = (await session.execute(query)).all()
        for row in rows:
            yield {
                "is": "heard",
                "consumer": row.consumer,
                "topic": row.topic,
                "subject": hashed(row.subject),
                "last": int(row.last_sequence),
                "aside": bool(row.stalled),
            }
        if len(rows) < _BATCH:
            return
        after = (rows[-1].consumer, rows[-1].topic, rows[-1].subject)
