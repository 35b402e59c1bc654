"""Every query about webhooks and their deliveries. Whatever a caller asks for is looked for within the caller's organisation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, or_, select, update

from shared.clock import to_rfc3339
from shared.db import ReadSession, WriteSession, new_id
from shared.messaging.feed.reading import Place
from shared.messaging.tables import MessagingTables
from shared.webhooks.schedule import Try
from shared.webhooks.tables import WebhookTables

LEASE = timedelta(seconds=60)
MAX_WAITING = 200
"""Deliveries of one webhook that are not finished: beyond that its events stay in the feed until there is room."""
_TRIES_KEPT = 10


class LeaseLost(Exception):
    """Another process delivers to this webhook now, or it is gone."""


@dataclass(frozen=True)
class Lease:
    webhook: str
    epoch: int


class WebhookStore:
    """The tables of one service."""

    def __init__(self, tables: WebhookTables, messaging: MessagingTables) -> None:
        self._webhook = tables.webhook
        self._delivery = tables.delivery
        self._outbox = messaging.outbox

    # --- what organisations ask for ---

    async def count(self, session: ReadSession, organisation: str) -> int:
        mine = self._webhook.c.organisation == organisation
        return (await session.scalar(select(func.count()).select_from(self._webhook).where(mine))) or 0

    async def add(self, session: WriteSession, values: Mapping[str, Any]) -> None:
        await session.execute(insert(self._webhook).values(**values))

    async def list(
        self, session: ReadSession, organisation: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Oldest first."""
        table = self._webhook
        query = select(table).where(table.c.organisation == organisation)
        if after is not None:
            moment, webhook = after
            later = (table.c.created_at == moment) & (table.c.id > webhook)
            query = query.where(or_(table.c.created_at > moment, later))
        found = await session.execute(query.order_by(table.c.created_at, table.c.id).limit(limit))
        return found.all()

    async def find(
        self, session: ReadSession, organisation: str, webhook: str, *, lock: bool = False
    ) -> Row[Any] | None:
        table = self._webhook
        query = select(table).where(table.c.organisation == organisation, table.c.id == webhook)
        return (await session.execute(query.with_for_update() if lock else query)).first()

    async def change(self, session: WriteSession, webhook: str, values: Mapping[str, Any]) -> None:
        table = self._webhook
        changed = update(table).where(table.c.id == webhook)
        await session.execute(changed.values(**values, version=table.c.version + 1))

    async def remove(self, session: WriteSession, webhook: str) -> None:
        """With its log."""
        await session.execute(delete(self._delivery).where(self._delivery.c.webhook == webhook))
        await session.execute(delete(self._webhook).where(self._webhook.c.id == webhook))

    async def deliveries(
        self, session: ReadSession, webhook: str, *, state: str | None, before: int | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Newest first."""
        table = self._delivery
        query = select(table).where(table.c.webhook == webhook)
        if state is not None:
            query = query.where(table.c.state == state)
        if before is not None:
            query = query.where(table.c.position < before)
        return (await session.execute(query.order_by(table.c.position.desc()).limit(limit))).all()

    async def delivery(self, session: ReadSession, webhook: str, delivery: str) -> Row[Any] | None:
        table = self._delivery
        query = select(table).where(table.c.webhook == webhook, table.c.id == delivery)
        return (await session.execute(query)).first()

    # --- what is to be delivered ---

    async def waiting(self, session: ReadSession, webhook: str) -> int:
        return await session.scalar(self._waiting_of(webhook)) or 0

    async def enqueue(
        self, session: WriteSession, webhook: str, places: Sequence[Place], cause: str, now: datetime
    ) -> None:
        """A delivery for each of these events, due at once."""
        rows = [
            _fresh(webhook, cause, now)
            | {"event": place.id, "number": place.number, "type": place.type, "subject": place.subject}
            for place in places
        ]
        if rows:
            await session.execute(insert(self._delivery), rows)

    async def enqueue_one(
        self, session: WriteSession, webhook: str, cause: str, now: datetime, **event: Any
    ) -> Row[Any]:
        row = _fresh(webhook, cause, now) | event
        added = await session.execute(insert(self._delivery).values(**row).returning(self._delivery))
        made: Row[Any] = added.one()
        return made

    async def due(
        self, session: ReadSession, now: datetime, *, besides: Collection[str], limit: int
    ) -> Sequence[str]:
        """Webhooks that nobody is delivering to and that have something to be delivered."""
        hook, outbox = self._webhook, self._outbox
        due = exists(
            select(self._delivery.c.position)
            .where(self._delivery.c.webhook == hook.c.id, self._is_due(now))
            .where(or_(hook.c.state == "active", self._delivery.c.cause == "ping"))
        )
        news = exists(
            select(outbox.c.position).where(
                outbox.c.organisation == hook.c.organisation, outbox.c.feed_number > hook.c.cursor
            )
        )
        room = self._waiting_of(hook.c.id).scalar_subquery() < MAX_WAITING
        fresh = (hook.c.state == "active") & or_(news, hook.c.replay_cursor.is_not(None)) & room
        query = (
            select(hook.c.id)
            .where(or_(hook.c.lease_until.is_(None), hook.c.lease_until <= now))
            .where(hook.c.id.not_in(besides), or_(due, fresh))
            .order_by(hook.c.lease_until, hook.c.id)
            .limit(limit)
        )
        return (await session.scalars(query)).all()

    async def heads(
        self, session: ReadSession, hook: Row[Any], now: datetime, limit: int
    ) -> Sequence[Row[Any]]:
        """Deliveries that are due and that no earlier one of the same subject stands before; to a paused webhook pings only."""
        table = self._delivery
        query = select(table).where(table.c.webhook == hook.id, self._is_due(now))
        if hook.state != "active":
            query = query.where(table.c.cause == "ping")
        return (await session.execute(query.order_by(table.c.position).limit(limit))).all()

    def _is_due(self, now: datetime) -> ColumnElement[bool]:
        table, earlier = self._delivery, self._delivery.alias("earlier")
        behind = exists(
            select(earlier.c.position).where(
                earlier.c.webhook == table.c.webhook,
                earlier.c.subject == table.c.subject,
                earlier.c.finished_at.is_(None),
                earlier.c.position < table.c.position,
            )
        )
        return table.c.finished_at.is_(None) & (table.c.due_at <= now) & ~behind

    def _waiting_of(self, webhook: Any) -> Any:
        table = self._delivery
        return (
            select(func.count())
            .select_from(table)
            .where(table.c.webhook == webhook, table.c.finished_at.is_(None))
        )

    # --- who delivers ---

    async def lease(self, session: WriteSession, webhook: str, now: datetime) -> Lease | None:
        """The right to deliver to this webhook for a while; None if another process has it."""
        hook = self._webhook
        free = or_(hook.c.lease_until.is_(None), hook.c.lease_until <= now)
        taken = await session.execute(
            update(hook)
            .where(hook.c.id == webhook, free)
            .values(lease_epoch=hook.c.lease_epoch + 1, lease_until=now + LEASE)
            .returning(hook.c.lease_epoch)
        )
        epoch = taken.scalar()
        return None if epoch is None else Lease(webhook, epoch)

    async def hold(self, session: WriteSession, lease: Lease, now: datetime) -> Row[Any]:
        """Prolong the lease; the webhook, locked until the end of the transaction. Raises LeaseLost."""
        hook = self._webhook
        held = await session.execute(
            update(hook).where(self._mine(lease)).values(lease_until=now + LEASE).returning(hook)
        )
        found: Row[Any] | None = held.first()
        if found is None:
            raise LeaseLost
        return found

    async def release(self, session: WriteSession, lease: Lease) -> None:
        await session.execute(update(self._webhook).where(self._mine(lease)).values(lease_until=None))

    def _mine(self, lease: Lease) -> ColumnElement[bool]:
        return (self._webhook.c.id == lease.webhook) & (self._webhook.c.lease_epoch == lease.epoch)

    # --- how it went ---

    async def move(self, session: WriteSession, webhook: str, **cursors: Any) -> None:
        """Set what only the deliverer sets; the version that callers see stays."""
        await session.execute(update(self._webhook).where(self._webhook.c.id == webhook).values(**cursors))

    async def record(
        self,
        session: WriteSession,
        sent: Row[Any],
        tried: Try,
        *,
        state: str,
        due_at: datetime | None,
    ) -> None:
        """One more try of a delivery, and what became of it."""
        entry = {name: value for name, value in asdict(tried).items() if value is not None}
        entry.pop("retry_after", None)
        entry["at"] = to_rfc3339(tried.at)
        await session.execute(
            update(self._delivery)
            .where(self._delivery.c.position == sent.position)
            .values(
                state=state,
                attempts=sent.attempts + 1,
                tries=[*sent.tries, entry][-_TRIES_KEPT:],
                due_at=due_at,
                first_tried_at=sent.first_tried_at or tried.at,
                finished_at=None if state == "pending" else tried.at,
            )
        )

    async def forget(self, session: WriteSession, before: datetime) -> None:
        """Remove what was finished before that moment from the logs."""
        await session.execute(delete(self._delivery).where(self._delivery.c.finished_at < before))

    async def states(self, session: ReadSession) -> dict[str, int]:
        """How many webhooks are in which state."""
        hook = self._webhook
        found = await session.execute(select(hook.c.state, func.count()).group_by(hook.c.state))
        return {str(state): int(count) for state, count in found}

    async def longest_due(self, session: ReadSession, now: datetime) -> datetime | None:
        """Since when the delivery that waits longest has been due, of webhooks that are not paused."""
        table, hook = self._delivery, self._webhook
        query = (
            select(func.min(table.c.due_at))
            .join(hook, hook.c.id == table.c.webhook)
            .where(self._is_due(now), hook.c.state == "active")
        )
        moment: datetime | None = await session.scalar(query)
        return moment


def _fresh(webhook: str, cause: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "webhook": webhook,
        "cause": cause,
        "number": None,
        "state": "pending",
        "attempts": 0,
        "tries": [],
        "due_at": now,
        "created_at": now,
    }
