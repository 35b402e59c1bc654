"""A lease: a row that says who leads, until when, with an epoch that fences off those who led before.

A lock held by a connection survives when its process is stopped and continued; an epoch checked in the statement
that takes effect does not.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.clock import Clock
from shared.db import Database, WriteSession


class LeaseLost(Exception):
    """Another process leads now; whatever was being done must not be marked as done."""


class Lease:
    """The lease `name`, as one contender sees it. Times come from `clock`; correctness does not depend on it."""

    def __init__(self, db: Database, table: Table, name: str, length: timedelta, clock: Clock) -> None:
        self._db = db
        self._table = table
        self._name = name
        self._length = length
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._epoch = 0
        self._expires: datetime | None = None

    async def hold(self) -> bool:
        """Take the lease if it is free, or prolong it when a third of it has gone. False: another one has it."""
        now = self._clock()
        if self._expires is not None and self._expires - now > self._length * 2 / 3:
            return True
        try:
            async with self._db.write() as session:
                held = await self._take(session, now)
        except IntegrityError:  # another one inserted the first row at the same moment
            held = False
        if not held:
            self._expires = None
        return held

    async def confirm(self, session: WriteSession) -> None:
        """Prolong the lease in the caller's transaction and lock its row until the end of it.

        Raises `LeaseLost` if another one has led since `hold`.
        """
        expires = self._clock() + self._length
        renewed = await session.execute(
            update(self._table).where(self._mine()).values(expires_at=expires).returning(self._table.c.epoch)
        )
        if renewed.first() is None:
            self._expires = None
            raise LeaseLost(f"the lease {self._name} went to another process")
        self._expires = expires

    def still_mine(self) -> ColumnElement[bool]:
        """A condition for the statement that takes effect."""
        return exists(select(self._table.c.name).where(self._mine()))

    async def release(self) -> None:
        """Let the next contender in at once, if it is still held."""
        if self._expires is None:
            return
        self._expires = None
        async with self._db.write() as session:
            past = self._clock() - timedelta(seconds=1)
            await session.execute(update(self._table).where(self._mine()).values(expires_at=past))

    async def _take(self, session: WriteSession, now: datetime) -> bool:
        table = self._table
        row = (
            await session.execute(select(table).where(table.c.name == self._name).with_for_update())
        ).first()
        if row is None:
            self._epoch, expires = 1, now + self._length
            await session.execute(
                insert(table).values(name=self._name, epoch=1, holder=self._holder, expires_at=expires)
            )
        else:
            mine = row.holder == self._holder
            if not mine and row.expires_at > now:
                return False
            self._epoch, expires = row.epoch if mine else row.epoch + 1, now + self._length
            await session.execute(
                update(table)
                .where(table.c.name == self._name)
                .values(epoch=self._epoch, holder=self._holder, expires_at=expires)
            )
        self._expires = expires
        return True

    def _mine(self) -> ColumnElement[bool]:
        columns = self._table.c
        return (
            (columns.name == self._name) & (columns.epoch == self._epoch) & (columns.holder == self._holder)
        )
