"""What the backpack answers about delivered credentials, and what follows from it (decision 13)."""

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import func, select, update

from services.issuer import tables
from services.issuer.awards import store
from services.issuer.awards.events import award_id_of, credential_url
from services.issuer.awards.store import Award
from services.issuer.context import Context
from shared.db import WriteSession
from shared.messaging.consumer import Handler, Subscription
from shared.messaging.envelope import Event
from shared.messaging.topics import CREDENTIALS, HOLDINGS

NAME = "issuer-deliveries"
TOPICS = (HOLDINGS,)
_BATCH = 500


class _Answer(BaseModel):
    """What is read of credential.stored, .accepted, .declined, .removed."""

    credential: str
    at: datetime


class _Erased(BaseModel):
    """What is read of holder.erased."""

    credentials: list[str]


def subscription(context: Context) -> Subscription:
    """Keeps awards' delivery state, and erases what concerns a holder who asked for it."""
    handlers: dict[str, Handler] = {
        f"org.confer.credential.{verb}.v1": _delivered(context, verb)
        for verb in ("stored", "accepted", "declined", "removed")
    }
    handlers["org.confer.holder.erased.v1"] = _erase(context)
    return Subscription(NAME, TOPICS, handlers)


def _delivered(context: Context, delivery: str) -> Handler:
    async def handle(session: WriteSession, event: Event) -> None:
        answer = _Answer.model_validate(event.data)
        award_id = award_id_of(context.public_url, answer.credential)
        if award_id is None:
            return  # an imported credential of another issuer
        for award in await store.lock_ids(session, [award_id]):
            award.delivery, award.delivery_at = delivery, answer.at

    return handle


def _erase(context: Context) -> Handler:
    async def handle(session: WriteSession, event: Event) -> None:
        named = _Erased.model_validate(event.data).credentials
        ids = [award_id for each in named if (award_id := award_id_of(context.public_url, each)) is not None]
        for first in range(0, len(ids), _BATCH):
            some = ids[first : first + _BATCH]
            await store.erase(session, some, context.clock())
            gone = update(Award).where(Award.id.in_(some)).values(delivery="removed", delivery_at=event.time)
            await session.execute(gone)

    return handle


async def forget_answers(session: WriteSession) -> int:
    """Forget what the backpack said of awards, except of erased ones, which nothing is to be asked about."""
    mine = (Award.delivery != "pending") & Award.erased_at.is_(None)
    count = await session.scalar(select(func.count()).select_from(Award).where(mine))
    await session.execute(update(Award).where(mine).values(delivery="pending", delivery_at=None))
    return count or 0


async def redeliver(context: Context, *, older_than: timedelta) -> int:
    """Put the events of awards that no backpack has acknowledged back into the outbox, to be published again.

    The same events with the same sequences: a backpack that has them drops them, one that missed them goes on from there.
    Returns how many awards it were.
    """
    before = context.clock() - older_than
    count, after = 0, ""
    while True:
        async with context.db.write() as session:
            ids = await store.unacknowledged(session, before, after, _BATCH)
            if not ids:
                return count
            outbox = tables.messaging.outbox
            await session.execute(
                update(outbox)
                .where(
                    outbox.c.topic == CREDENTIALS.name,
                    outbox.c.subject.in_([credential_url(context.public_url, each) for each in ids]),
                )
                .values(published_at=None, blocked_reason=None)
            )
        count, after = count + len(ids), ids[-1]
