"""Taking rows in: in chunks, so that memory stays flat, and undone if the call does not end well."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from shared.db import Database, WriteSession
from shared.http.access import Access
from shared.jobs.errors import NoRows, TooManyRows
from shared.jobs.store import JobStore

MAX_ROWS = 200_000
_CHUNK = 500


class JobReceiver:
    """A job that is receiving. `add` rows, then `seal` it in the transaction of the answer."""

    def __init__(self, db: Database, store: JobStore, job: str) -> None:
        self.id = job
        self.total = 0
        self.sealed = False
        self._db = db
        self._store = store
        self._chunk: list[Mapping[str, Any]] = []

    async def add(self, row: Mapping[str, Any]) -> None:
        """One more row; written with others, each chunk in a transaction of its own. Raises TooManyRows."""
        if self.total >= MAX_ROWS:
            raise TooManyRows(f"Send at most {MAX_ROWS} rows in one call.", limit=MAX_ROWS)
        self._chunk.append(row)
        self.total += 1
        if len(self._chunk) == _CHUNK:
            await self.flush()

    async def add_all(self, rows: AsyncIterator[Mapping[str, Any]] | Iterable[Mapping[str, Any]]) -> None:
        """Every row of a stream."""
        if isinstance(rows, AsyncIterator):
            async for row in rows:
                await self.add(row)
        else:
            for row in rows:
                await self.add(row)

    async def flush(self) -> None:
        """Write what has not been written yet; called by itself, and to be called before the sealing transaction."""
        if self._chunk:
            chunk, self._chunk = self._chunk, []
            async with self._db.write() as session:
                await self._store.add(session, self.id, self.total - len(chunk), chunk)

    async def seal(self, session: WriteSession) -> None:
        """All rows are there: queue the job, in the caller's transaction. Raises NoRows.

        Call `flush` before that transaction begins: two at once would wait for each other.
        """
        assert not self._chunk, "flush() before the transaction that seals"
        if not self.total:
            raise NoRows("Send at least one row.")
        await self._store.seal(session, self.id, self.total)
        self.sealed = True


@asynccontextmanager
async def open_job(
    db: Database,
    store: JobStore,
    *,
    access: Access,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    external_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> AsyncIterator[JobReceiver]:
    """A receiver for a new job; if the block ends without `seal` (or the sealing rolls back) nothing of it remains.

    ```
    async with open_job(db, store, access=access, kind="awards") as receiver:
        await receiver.add_all(read_rows(request, digest=seen.update))
        await receiver.flush()
        async with db.write() as session:
            answer = await once(session, …, act=functools.partial(_seal, session, receiver))
    ```
    """
    async with db.write() as session:
        job = await store.open(
            session,
            organisation=access.organisation,
            actor=access.actor,
            kind=kind,
            parameters=parameters or {},
            external_id=external_id,
            metadata=metadata,
        )
    receiver = JobReceiver(db, store, job)
    try:
        yield receiver
    except BaseException:
        await _remove(db, store, receiver)
        raise
    if not receiver.sealed:
        await _remove(db, store, receiver)


async def _remove(db: Database, store: JobStore, receiver: JobReceiver) -> None:
    """Undo the receiving. If even this fails, housekeeping removes the job later: it is never run."""
    async with db.write() as session:
        await store.remove(session, receiver.id)
