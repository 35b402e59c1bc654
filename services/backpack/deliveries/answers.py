"""What the backpack answers about delivered credentials. About imported ones it says nothing to anybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.backpack.context import Context
from services.backpack.deliveries.store import delivery_for_update
from services.backpack.tables import ID, Base
from services.backpack.vault import Vault
from shared.clock import to_rfc3339
from shared.contracts import schema_url
from shared.db import Instant, ReadSession, WriteSession
from shared.messaging import Outgoing
from shared.messaging.relay import OutboxRow
from shared.messaging.topics import HOLDINGS

Answer = Literal["stored", "accepted", "declined", "removed"]

_CREDENTIAL = "credential"
_ERASED = "org.confer.holder.erased.v1"


class Erasure(Base):
    """A learner's erasure until everybody has heard of it: which credentials it concerns, sealed."""

    __tablename__ = "erasure"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(Instant, index=True)
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: the credentials' ids, one a line."""


async def say(context: Context, session: WriteSession, credential_id: str, answer: Answer) -> None:
    """Answer the issuer of a delivered credential, in the caller's transaction.

    The delivery's row is locked and counts the answers: 1, 2, 3 … per credential, also after it is gone and delivered anew.
    """
    delivery = await delivery_for_update(session, credential_id)
    if delivery is None:
        return
    delivery.event_sequence += 1
    kind = f"org.confer.credential.{answer}.v1"
    await context.outbox.add(
        session,
        Outgoing(
            topic=HOLDINGS.name,
            subject=credential_id,
            type=kind,
            organisation=delivery.organisation,
            sequence=delivery.event_sequence,
            reference=_CREDENTIAL,
            dataschema=schema_url(context.public_url, kind),
        ),
    )


async def say_erased(
    context: Context,
    session: WriteSession,
    *,
    erasure_id: str,
    at: datetime,
    credentials: Sequence[str],
) -> None:
    """Tell the issuers that a holder is gone. The event's subject is the erasure: nothing leads back to the learner."""
    text = "\n".join(credentials)
    sealed = context.vault.seal_text(text, column="erasure.credentials", row=erasure_id)
    session.add(Erasure(id=erasure_id, erased_at=at, credentials=sealed))
    await context.outbox.add(
        session,
        Outgoing(
            topic=HOLDINGS.name,
            subject=erasure_id,
            type=_ERASED,
            organisation="backpack",
            sequence=1,
            reference=erasure_id,
            dataschema=schema_url(context.public_url, _ERASED),
            time=at,
        ),
    )


async def expand(
    session: ReadSession, vault: Vault, rows: Sequence[OutboxRow]
) -> Mapping[str, dict[str, Any] | None]:
    """The data of answers that are about to be published, by the row's id."""
    data: dict[str, dict[str, Any] | None] = {}
    for row in rows:
        if row.type == _ERASED:
            data[row.id] = await _erasure(session, vault, row.subject)
        else:
            data[row.id] = {"credential": row.subject, "at": to_rfc3339(row.time)}
    return data


async def _erasure(session: ReadSession, vault: Vault, erasure_id: str) -> dict[str, Any] | None:
    erasure = (await session.execute(select(Erasure).where(Erasure.id == erasure_id))).scalar_one_or_none()
    if erasure is None:
        return None
    lines = vault.open_text(erasure.credentials, column="erasure.credentials", row=erasure_id)
    return {"credentials": lines.split("\n") if lines else [], "at": to_rfc3339(erasure.erased_at)}


async def remove_erasures_before(session: WriteSession, moment: datetime) -> None:
    """Forget erasures that everybody must have heard of."""
    await session.execute(delete(Erasure).where(Erasure.erased_at < moment))
