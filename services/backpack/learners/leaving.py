"""Leaving: everything the backpack knows of a learner, for her; and nothing of her left behind."""

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete

from services.backpack.consents import service as consents
from services.backpack.consents import store as consent_store
from services.backpack.context import Context
from services.backpack.credentials import keeping
from services.backpack.credentials import store as credentials
from services.backpack.credentials.showing import shown as credential_shown
from services.backpack.credentials.store import Credential
from services.backpack.deliveries import store as deliveries
from services.backpack.deliveries.answers import say_erased
from services.backpack.identifiers import service as identifiers
from services.backpack.identifiers import store as identifier_store
from services.backpack.identifiers.reach import address_of
from services.backpack.learners import service, store
from services.backpack.learners.schemas import ErasureReceipt, ExportOut
from services.backpack.notices import Notice
from services.backpack.sessions import store as session_store
from services.backpack.shares import service as shares
from services.backpack.shares import store as share_store
from services.backpack.shares.parts import part_at
from services.backpack.tables import messaging
from shared.clock import to_rfc3339
from shared.db import ReadSession, WriteSession, new_id


async def export(context: Context, learner_id: str) -> ExportOut:
    """Everything that is kept about the learner, read in one snapshot. Raises NotFound."""
    now = context.clock()
    async with context.db.read() as session:
        learner, login = await service.load(session, learner_id)
        held = await credentials.of_learner(session, learner_id)
        return ExportOut(
            exported_at=now,
            learner=service.shown(context.vault, learner, login),
            identifiers=[
                identifiers.shown(context, each).model_dump(mode="json")
                for each in await identifier_store.identifiers_of(session, learner_id)
            ],
            sessions=await _sessions(context, session, learner_id),
            credentials=[await _credential(context, session, each) for each in held],
            shares=await _shares(context, session, learner_id),
            consents=[
                consents.shown(context.vault, each).model_dump(mode="json")
                for each in await consent_store.consents_of(session, learner_id)
            ],
        )


async def _sessions(context: Context, session: ReadSession, learner_id: str) -> list[dict[str, Any]]:
    return [
        {
            "client": each.client,
            "created_at": to_rfc3339(each.created_at),
            "last_used_at": to_rfc3339(each.last_used_at),
            "expires_at": to_rfc3339(each.expires_at),
        }
        for each in await session_store.sessions_of(session, learner_id, context.clock())
    ]


async def _credential(context: Context, session: ReadSession, credential: Credential) -> dict[str, Any]:
    shown = credential_shown(context.vault, credential, context.clock()).model_dump(mode="json")
    shown["documents"] = [
        {
            "kind": document.kind,
            "media_type": document.media_type,
            "sha256": document.sha256,
            "content": base64.b64encode(keeping.content_of(context.vault, document)).decode(),
        }
        for document in await credentials.documents(session, credential.id)
    ]
    return shown


async def _shares(context: Context, session: ReadSession, learner_id: str) -> list[dict[str, Any]]:
    rows = await share_store.shares_of(session, learner_id)
    held = await share_store.places_in(session, [row.id for row in rows])
    exported = []
    for row in rows:
        shown = shares.shown(context, row, held[row.id], context.clock()).model_dump(mode="json")
        shown["parts"] = [
            {"position": at.position, "content": part.text}
            for at in held[row.id]
            if (part := part_at(context.vault, at)) is not None
        ]
        shown["views_by_hour"] = [
            {"hour": to_rfc3339(view.hour), "client": view.client, "format": view.format, "count": view.count}
            for view in await share_store.views_of(session, row.id)
        ]
        exported.append(shown)
    return exported


async def erase(context: Context, learner_id: str, password: str) -> ErasureReceipt:
    """Delete the learner and all that is hers; the issuers of delivered badges are told that the holder is gone.

    What stays: keys of deliveries, so that a repeated event brings nothing back, and the receipt's number; neither leads
    to her. Raises WrongLogin.
    """
    await service.check_own_password(context, learner_id, password)
    now, receipt = context.clock(), new_id()
    async with context.db.write() as session:
        held = await credentials.of_learner(session, learner_id)
        address = await address_of(context.vault, session, learner_id)
        delivered = [each for each in held if each.origin == credentials.DELIVERED and each.credential_id]
        await deliveries.forget(session, [each.credential_key for each in delivered])
        named = [each.credential_id for each in delivered if each.credential_id is not None]
        await _forget_parked(session, named)
        for about in (learner_id, *(each.id for each in held)):
            await context.post.forget(session, about)
        await say_erased(context, session, erasure_id=receipt, at=now, credentials=named)
        await store.remove_learner(session, learner_id)
        if address is not None:
            at = now.strftime("%d %B %Y")
            await context.post.send(session, Notice.ERASED, to=address, at=at, receipt=receipt)
    return ErasureReceipt(id=receipt, erased_at=now, credentials=len(held))


async def _forget_parked(session: WriteSession, credential_ids: Sequence[str]) -> None:
    """Events that were put aside hold what they tell in the clear."""
    await session.execute(delete(messaging.parked).where(messaging.parked.c.subject.in_(credential_ids)))
