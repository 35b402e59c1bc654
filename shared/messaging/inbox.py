"""The inbox of a consumer: which events of each key were handled, how far the log was read, what was put aside.

Everything here happens in the handler's transaction, so that an effect and the note of it are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Table, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from shared.clock import Clock
from shared.db import ReadSession, WriteSession
from shared.messaging.envelope import Event
from shared.messaging.log import Entry, Partition
from shared.messaging.tables import MessagingTables

Key = tuple[str, str]  # topic, subject
State = Literal["failed", "waiting", "replay"]
_KEYS_AT_ONCE = 200


@dataclass
class Progress:
    """How far one key has come. `stalled`: it has events put aside, and new ones join them."""

    last: int = 0
    stalled: bool = False


class Inbox:
    """The tables of one consumer."""

    def __init__(self, tables: MessagingTables, consumer: str, dialect: str, clock: Clock) -> None:
        self._inbox = tables.inbox
        self._position = tables.position
        self._parked = tables.parked
        self._consumer = consumer
        self._dialect = dialect
        self._clock = clock

    async def positions(self, session: ReadSession, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The next offset of each partition that was read before."""
        table, wanted = self._position, set(partitions)
        rows = await session.execute(select(table).where(table.c.consumer == self._consumer))
        found = {(row.topic, row.partition): row.next_offset for row in rows}
        return {partition: found[partition] for partition in wanted & found.keys()}

    async def lock_positions(
        self, session: WriteSession, partitions: Iterable[Partition]
    ) -> dict[Partition, int]:
        """Lock the partitions until the transaction ends; returns the next offset of each (0 for a new one).

        A member of the group that was thought dead and comes back waits here and then sees that it is behind.
        """
        table = self._position
        found: dict[Partition, int] = {}
        for topic, partition in sorted(partitions):
            mine = (
                (table.c.consumer == self._consumer)
                & (table.c.topic == topic)
                & (table.c.partition == partition)
            )
            query = select(table.c.next_offset).where(mine).with_for_update()
            offset = await session.scalar(query)
            if offset is None:
                row = {"consumer": self._consumer, "topic": topic, "partition": partition, "next_offset": 0}
                await session.execute(self._insert(table).values(row).on_conflict_do_nothing())
                offset = await session.scalar(query)
            found[topic, partition] = int(offset or 0)
        return found

    async def save_positions(self, session: WriteSession, positions: Mapping[Partition, int]) -> None:
        """Note how far the log was read."""
        table = self._position
        for (topic, partition), offset in positions.items():
            await session.execute(
                update(table)
                .where(
                    table.c.consumer == self._consumer,
                    table.c.topic == topic,
                    table.c.partition == partition,
                )
                .values(next_offset=offset)
            )

    async def load(self, session: WriteSession, keys: Iterable[Key]) -> dict[Key, Progress]:
        """How far these keys have come, locked until the transaction ends; keys never seen are left out."""
        table, wanted = self._inbox, sorted(set(keys))
        found: dict[Key, Progress] = {}
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            rows = await session.execute(
                select(table.c.topic, table.c.subject, table.c.last_sequence, table.c.stalled)
                .where(
                    table.c.consumer == self._consumer,
                    tuple_(table.c.topic, table.c.subject).in_(wanted[start : start + _KEYS_AT_ONCE]),
                )
                .order_by(table.c.topic, table.c.subject)
                .with_for_update()
            )
            found |= {(row.topic, row.subject): Progress(row.last_sequence, row.stalled) for row in rows}
        return found

    async def save(self, session: WriteSession, progress: Mapping[Key, Progress]) -> None:
        """Note how far these keys have come."""
        if not progress:
            return
        statement = self._insert(self._inbox)
        changed = {
            "last_sequence": statement.excluded.last_sequence,
            "stalled": statement.excluded.stalled,
        }
        statement = statement.on_conflict_do_update(
            index_elements=["consumer", "topic", "subject"], set_=changed
        )
        rows = [
            {
                "consumer": self._consumer,
                "topic": topic,
                "subject": subject,
                "last_sequence": state.last,
                "stalled": state.stalled,
            }
            for (topic, subject), state in sorted(progress.items())
        ]
        await session.execute(statement, rows)

    async def park(
        self, session: WriteSession, entry: Entry, event: Event | None, state: State, reason: str
    ) -> None:
        """Put an event aside; one that is aside already stays as it is."""
        row = {
            "consumer": self._consumer,
            "topic": entry.topic,
            "subject": entry.key,
            "sequence": event.sequence if event else None,
            "type": event.type if event else None,
            "organisation": event.organisation if event else None,
            "state": state,
            "reason": reason[:1000],
            "event": entry.value,
            "parked_at": self._clock(),
        }
        await session.execute(self._insert(self._parked).values(row).on_conflict_do_nothing())

    async def parked(self, session: ReadSession, key: Key, limit: int = 200) -> Sequence[Any]:
        """The events of a key that were put aside, in their order; unreadable ones (no sequence) come last."""
        table = self._parked
        rows = await session.execute(
            select(table)
            .where(table.c.consumer == self._consumer, table.c.topic == key[0], table.c.subject == key[1])
            .order_by(func.coalesce(table.c.sequence, 1 << 62), table.c.position)
            .limit(limit)
        )
        return rows.all()

    async def keys_to_replay(self, session: ReadSession, limit: int = 50) -> list[Key]:
        """Keys whose events put aside may be tried again."""
        table = self._parked
        rows = await session.execute(
            select(table.c.topic, table.c.subject)
            .where(table.c.consumer == self._consumer, table.c.state == "replay")
            .distinct()
            .limit(limit)
        )
        return [(row.topic, row.subject) for row in rows]

    async def count_parked(self, session: ReadSession) -> dict[str, int]:
        """How many events are put aside, by state."""
        table = self._parked
        rows = await session.execute(
            select(table.c.state, func.count())
            .where(table.c.consumer == self._consumer)
            .group_by(table.c.state)
        )
        return {row.state: int(row[1]) for row in rows}

    async def mark_replay(self, session: WriteSession, key: Key) -> None:
        """Let the waiting events of a key be tried again, now that what they waited for is there."""
        await self._set_state(session, key, "waiting", "replay")

    async def _set_state(self, session: WriteSession, key: Key, before: State, after: State) -> None:
        table = self._parked
        await session.execute(
            update(table)
            .where(
                table.c.consumer == self._consumer,
                table.c.topic == key[0],
                table.c.subject == key[1],
                table.c.state == before,
            )
            .values(state=after)
        )

    async def unpark(self, session: WriteSession, positions: Sequence[int]) -> None:
        """Forget events put aside: they were handled."""
        table = self._parked
        await session.execute(delete(table).where(table.c.position.in_(positions)))

    async def fail(self, session: WriteSession, position: int, reason: str) -> None:
        """Note why an event that was tried again failed."""
        table = self._parked
        await session.execute(
            update(table).where(table.c.position == position).values(state="failed", reason=reason[:1000])
        )

    async def settle_waiting(self, session: WriteSession, key: Key) -> None:
        """Let events that still cannot go on wait again instead of being tried in vain."""
        await self._set_state(session, key, "replay", "waiting")

    def _insert(self, table: Table) -> Any:
        return postgresql.insert(table) if self._dialect == "postgresql" else sqlite.insert(table)
