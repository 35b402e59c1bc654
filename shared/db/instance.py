"""Facts that are fixed at the first start and never change afterwards: public base URL, DID method, host names."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from shared.db.database import Database


class InstanceMismatch(Exception):
    """The settings contradict a fact stored at the first start; the message names it and both values."""


def instance_table(metadata: MetaData) -> Table:
    """The table `instance`, to be part of every service's metadata."""
    return Table(
        "instance",
        metadata,
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
    )


async def claim(db: Database, table: Table, name: str, value: str) -> str:
    """Store `value` under `name` at the first start; later, return it or raise `InstanceMismatch`.

    Safe when several processes start at once: one of them stores, the others compare.
    """
    stored = await _stored(db, table, name)
    if stored is None:
        try:
            async with db.write() as session:
                await session.execute(insert(table).values(name=name, value=value))
        except IntegrityError:
            stored = await _stored(db, table, name)
        else:
            return value
    if stored != value:
        raise InstanceMismatch(
            f"{name} is {value!r} in the settings but was fixed as {stored!r} when this database was first used; "
            "identifiers already handed out contain it, so it cannot change"
        )
    return value


async def _stored(db: Database, table: Table, name: str) -> str | None:
    async with db.read() as session:
        found: str | None = await session.scalar(select(table.c.value).where(table.c.name == name))
    return found
