"""What the directory keeps of issuers, for its digest, and how the catalogue is thrown away to be made again."""

from collections.abc import AsyncIterator

from sqlalchemy import delete, func, select

from services.directory.catalogue.store import AchievementEntry, IssuerEntry, IssuerKey
from shared.db import Database, WriteSession
from shared.messaging.digest import hashed
from shared.process.facts import Fact

_BATCH = 1_000


async def facts(db: Database) -> AsyncIterator[Fact]:
    """One per issuer and one per achievement of the catalogue, in batches."""
    async for fact in _issuers(db):
        yield fact
    async for fact in _achievements(db):
        yield fact


async def _issuers(db: Database) -> AsyncIterator[Fact]:
    after = ""
    while True:
        query = select(IssuerEntry.did, IssuerEntry.closed_at).where(IssuerEntry.did > after)
        async with db.read() as session:
            found = (await session.execute(query.order_by(IssuerEntry.did).limit(_BATCH))).all()
        for row in found:
            yield Fact(False, "profile", hashed(row.did), "active" if row.closed_at is None else "closed")
        if len(found) < _BATCH:
            return
        after = found[-1].did


async def _achievements(db: Database) -> AsyncIterator[Fact]:
    after = ""
    entry = AchievementEntry
    while True:
        query = select(entry.achievement, entry.version_id, entry.archived_at).where(
            entry.achievement > after
        )
        async with db.read() as session:
            found = (await session.execute(query.order_by(entry.achievement).limit(_BATCH))).all()
        for row in found:
            state = "published" if row.archived_at is None else "archived"
            yield Fact(False, "achievement", hashed(row.achievement), state, hashed(row.version_id))
        if len(found) < _BATCH:
            return
        after = found[-1].achievement


async def discard(session: WriteSession) -> int:
    """Empty the catalogue; issuers' public events fill it again. Returns how many entries it had."""
    count = 0
    for table in (IssuerKey, AchievementEntry, IssuerEntry):
        count += await session.scalar(select(func.count()).select_from(table)) or 0
        await session.execute(delete(table))
    return count
