"""What issuers delivered: kept apart until verified, and remembered, without its content, for as long as there are events.

A delivery's key is the SHA-256 of the credential's id, so that a late event or a repeated one still meets its history
after the badge itself and everything about it has been erased.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.credentials.status import VALID, StatusColumns
from services.backpack.tables import HASH, ID, Base
from shared.db import Instant, ReadSession, WriteSession

ARRIVED = "arrived"
"""Not verified yet; shown to nobody."""
KEPT = "kept"
REFUSED = "refused"
"""It did not verify; its content is gone, the reason stands."""
AWAITED = "awaited"
"""Thrown away to be made again: what the issuer publishes next counts as its first delivery."""
GONE = "gone"
"""Removed by its learner, expired unclaimed, or erased with her account. It does not come back."""


def credential_key(credential_id: str) -> str:
    return hashlib.sha256(credential_id.encode()).hexdigest()


class Delivery(StatusColumns, Base):
    __tablename__ = "delivery"

    key: Mapped[str] = mapped_column(HASH, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    organisation: Mapped[str] = mapped_column(String(64))
    """Of the issuer, as its event says; the answer carries it back."""
    arrived_at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: the event's data, until it has been verified."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    """When to verify it (again); null once that is settled."""
    taken_by: Mapped[str | None] = mapped_column(ID)
    """The worker pass that is verifying it now; it holds until `due_at`."""
    refusal: Mapped[str | None] = mapped_column(Text)
    """Why it was refused: the code of the check."""
    event_sequence: Mapped[int] = mapped_column(default=0)
    """How many events this backpack has said about the credential."""


async def delivery_for_update(session: WriteSession, credential_id: str) -> Delivery | None:
    found = select(Delivery).where(Delivery.key == credential_key(credential_id)).with_for_update()
    return (await session.execute(found)).scalar_one_or_none()


async def take_due(
    session: WriteSession, *, now: datetime, until: datetime, pass_id: str, count: int
) -> Sequence[Delivery]:
    """Take deliveries to verify for one worker pass; nobody else gets them until `until`.

    A worker that dies holds them no longer than that; on PostgreSQL workers skip the rows of one another.
    """
    due = (
        select(Delivery)
        .where(Delivery.state == ARRIVED, Delivery.due_at <= now)
        .order_by(Delivery.due_at, Delivery.key)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    taken = (await session.execute(due)).scalars().all()
    for delivery in taken:
        delivery.taken_by = pass_id
        delivery.due_at = until
    return taken


async def still_taken(session: WriteSession, key: str, pass_id: str) -> Delivery | None:
    """The delivery, locked, if this pass still holds it."""
    found = select(Delivery).where(Delivery.key == key, Delivery.taken_by == pass_id).with_for_update()
    return (await session.execute(found)).scalar_one_or_none()


async def next_due(session: ReadSession) -> datetime | None:
    """When the next delivery is to be verified; None if none waits."""
    found = select(Delivery.due_at).where(Delivery.state == ARRIVED).order_by(Delivery.due_at).limit(1)
    return (await session.execute(found)).scalar_one_or_none()


async def await_again(session: WriteSession) -> int:
    """Await every delivery anew, but those that are gone by intent; what learners hold stays. Returns how many."""
    mine = Delivery.state != GONE
    count = await session.scalar(select(func.count()).select_from(Delivery).where(mine))
    await session.execute(
        update(Delivery)
        .where(mine)
        .values(
            state=AWAITED, content=None, due_at=None, taken_by=None, refusal=None, attempts=0,
            status=VALID, status_at=None, status_code=None, status_reason=None, replaced_by=None,
        )
    )  # fmt: skip
    return count or 0


async def forget(session: WriteSession, keys: Sequence[str]) -> None:
    """Keep of these deliveries nothing but that they were."""
    gone = update(Delivery).where(Delivery.key.in_(keys))
    await session.execute(
        gone.values(
            state=GONE, content=None, due_at=None, taken_by=None, status_reason=None, replaced_by=None
        )
    )
