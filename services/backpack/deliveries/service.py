"""Hearing of issued credentials and of what becomes of them. Each handler runs in the consumer's transaction."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.backpack.context import Context
from services.backpack.credentials import changes
from services.backpack.deliveries import store
from services.backpack.deliveries.answers import say
from services.backpack.deliveries.store import ARRIVED, GONE, KEPT, Delivery, credential_key
from shared.db import WriteSession, on_commit
from shared.messaging import Event

CONTENT = "delivery.content"
STATUS_REASON = "delivery.status_reason"


_WITHOUT_NUL = r"^[^\x00]*$"
"""PostgreSQL's text cannot hold U+0000, and no id or code has one."""


class _Heard(BaseModel):
    """What the backpack reads of an event; fields it does not know are none of its business."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Recipient(_Heard):
    type: Annotated[str, Field(min_length=1, max_length=64, pattern=_WITHOUT_NUL)]
    identity: Annotated[str, Field(min_length=1, max_length=2000)]


class Issued(_Heard):
    credential: Annotated[str, Field(min_length=1, max_length=4000)]
    recipient: Recipient
    media_type: str
    body: str
    claim_until: datetime | None = None


class Changed(_Heard):
    credential: Annotated[str, Field(min_length=1, max_length=4000)]
    at: datetime | None = None
    code: Annotated[str, Field(max_length=64, pattern=_WITHOUT_NUL)] | None = None
    reason: Annotated[str, Field(max_length=4000)] | None = None
    by: Annotated[str, Field(max_length=4000, pattern=_WITHOUT_NUL)] | None = None


async def issued(context: Context, session: WriteSession, event: Event) -> None:
    """A credential was delivered: set it aside to be verified, or repeat the answer if it is known already.

    Raises pydantic's ValidationError for an event that is not as the contract says: the consumer parks it.
    """
    heard = Issued.model_validate(event.data)
    delivery = await store.delivery_for_update(session, heard.credential)
    if delivery is None:  # (an awaited one is taken like a new one)
        delivery = Delivery(key=credential_key(heard.credential), event_sequence=0)
        session.add(delivery)
    elif delivery.state == KEPT:
        # The issuer delivers again what it has no answer for.
        await say(context, session, heard.credential, "stored")
        return
    elif delivery.state == GONE:
        await say(context, session, heard.credential, "removed")
        return
    now = context.clock()
    delivery.state = ARRIVED
    delivery.organisation = event.organisation
    delivery.arrived_at = now
    delivery.content = context.vault.seal_text(heard.model_dump_json(), column=CONTENT, row=delivery.key)
    delivery.attempts = 0
    delivery.due_at = now
    delivery.taken_by = delivery.refusal = None
    on_commit(session, context.arrivals.set)


def content_of(context: Context, delivery: Delivery) -> Issued:
    """What was delivered, opened."""
    assert delivery.content is not None, "a delivery keeps its content until it is settled"
    return Issued.model_validate_json(
        context.vault.open_text(delivery.content, column=CONTENT, row=delivery.key)
    )


async def changed(context: Context, session: WriteSession, event: Event) -> None:
    """The issuer revoked, suspended, reinstated or replaced a credential: note it on whatever there is of it."""
    verb = event.type.split(".")[-2]
    heard = Changed.model_validate(event.data)
    delivery = await store.delivery_for_update(session, heard.credential)
    change = changes.Change(
        verb=verb, at=heard.at or event.time, code=heard.code, reason=heard.reason, by=heard.by
    )
    if delivery is not None and delivery.state == ARRIVED:
        changes.apply(context.vault, delivery, change, column=STATUS_REASON, row=delivery.key)
    await changes.change_held(context, session, credential_key(heard.credential), change)
