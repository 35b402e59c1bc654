"""What the backpack keeps of issuers' credentials, for its digest. Imported badges are nobody else's business."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row, func, select

from services.backpack.context import Context
from services.backpack.credentials.store import DELIVERED, Credential
from services.backpack.deliveries.store import GONE, KEPT, Delivery
from shared.process.facts import Fact

_BATCH = 1_000


async def facts(context: Context) -> AsyncIterator[Fact]:
    """One per credential that was delivered, in batches."""
    after = ""
    while True:
        query = (
            select(
                Delivery.key,
                Delivery.state,
                func.min(Credential.status).label("status"),
                func.min(Credential.sha256).label("sha256"),
                func.count(Credential.id).label("copies"),
            )
            .outerjoin(
                Credential, (Credential.credential_key == Delivery.key) & (Credential.origin == DELIVERED)
            )
            .where(Delivery.key > after)
            .group_by(Delivery.key, Delivery.state)
            .order_by(Delivery.key)
            .limit(_BATCH)
        )
        async with context.db.read() as session:
            found = (await session.execute(query)).all()
        for row in found:
            yield _fact(row)
        if len(found) < _BATCH:
            return
        after = found[-1].key


def _fact(row: Row[*tuple[Any, ...]]) -> Fact:
    if row.state == GONE:
        return Fact(False, "credential", row.key, "erased")
    # Anything but `kept` is the owner's word for nothing: it shows up as a difference.
    state = row.state if row.state != KEPT else row.status or "lost"
    return Fact(False, "credential", row.key, state, row.sha256, int(row.copies))
