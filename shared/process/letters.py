"""Events that were put aside, for the command `dead-letters`: in lines, and what an operator does about them."""

from collections.abc import Sequence
from importlib import import_module

from sqlalchemy import select

from shared.db import ReadSession, WriteSession
from shared.messaging import dead_letters
from shared.messaging.tables import MessagingTables, tables_in
from shared.process.service import Service


class NothingThere(Exception):
    """There is no such event; the message says which."""


async def letters(
    service: Service, *, replay: int | None = None, drop: int | None = None, unblock: str | None = None
) -> Sequence[str]:
    """Do what is asked for, then list what is still put aside, a line each: ids, types and reasons, no data.

    Args:
        service: made and not started; nothing else needs to be stopped meanwhile.
        replay: number of an event put aside; it and the later ones of its key are tried again.
        drop: number of an event put aside that is given up; the later ones of its key go on.
        unblock: id of an event of the outbox that the log refused; it is tried again.

    Raises:
        NothingThere: there is no such event.
    """
    tables = _tables_of(service)
    if (replay, drop, unblock) != (None, None, None):
        async with service.db.write() as session:
            await _act(session, tables, replay, drop, unblock)
    async with service.db.read() as reading:
        return await _lines(reading, tables)


async def inspected(service: Service, number: int) -> bytes:
    """The event put aside under this number, as it was published. Raises NothingThere."""
    tables = _tables_of(service)
    async with service.db.read() as session:
        try:
            return await dead_letters.inspect(session, tables, number)
        except dead_letters.NoSuchDeadLetter as error:
            raise NothingThere(f"no event {number} is put aside") from error


def _tables_of(service: Service) -> MessagingTables:
    return tables_in(import_module(service.migrations).metadata)


async def _act(
    session: WriteSession, tables: MessagingTables, replay: int | None, drop: int | None, unblock: str | None
) -> None:
    if replay is not None:
        parked = tables.parked
        query = select(parked.c.consumer, parked.c.topic, parked.c.subject).where(parked.c.position == replay)
        found = (await session.execute(query)).one_or_none()
        if found is None:
            raise NothingThere(f"no event {replay} is put aside")
        await dead_letters.replay(session, tables, *found)
    if drop is not None:
        try:
            await dead_letters.drop(session, tables, drop)
        except dead_letters.NoSuchDeadLetter as error:
            raise NothingThere(f"no event {drop} is put aside") from error
    if unblock is not None:
        blocked = await dead_letters.blocked_events(session, tables)
        mine = next((event for event in blocked if event.id == unblock), None)
        if mine is None:
            raise NothingThere(f"no event {unblock} is blocked")
        await dead_letters.unblock(session, tables, mine.topic, mine.subject)


async def _lines(session: ReadSession, tables: MessagingTables) -> list[str]:
    parked = [
        f"{letter.id}  {letter.state}  {letter.consumer}  {letter.type or 'unreadable'}  "
        f"#{letter.sequence or '?'} of {letter.subject}  since {letter.parked_at:%Y-%m-%dT%H:%M:%SZ}: {letter.reason}"
        for letter in await dead_letters.dead_letters(session, tables)
    ]
    blocked = [
        f"{event.id}  blocked  {event.topic}  {event.type}  #{event.sequence} of {event.subject}: {event.reason}"
        for event in await dead_letters.blocked_events(session, tables)
    ]
    return parked + blocked
