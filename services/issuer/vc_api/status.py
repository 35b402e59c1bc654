"""Status entries of the VC-API: giving them out, setting them, signing their lists."""

import hashlib
import secrets
from typing import Any

from services.issuer.context import Context
from services.issuer.status.permutation import index_of
from services.issuer.status.publishing import publish
from services.issuer.vc_api import store
from services.issuer.vc_api.securing import Securing, secure_list
from services.issuer.vc_api.store import Instance, VcStatusEntry, VcStatusList
from shared.db import WriteSession, new_id
from shared.vc.status import MINIMUM_BITS, StatusBits, status_entry, status_list_credential

ENTRIES = MINIMUM_BITS
"""Entries of every list, however many are given out and of however many bits."""


async def open_lists(context: Context, session: WriteSession, instance: Instance, by: Securing) -> None:
    """The first lists of a new instance: a credential never points at a list that is not there."""
    for purpose in instance.purposes:
        await _create(context, session, instance, purpose, by)


async def take(
    context: Context, session: WriteSession, instance: Instance, by: Securing, credential_sha256: str | None
) -> list[dict[str, Any]]:
    """One entry for each purpose of the instance, as the credential carries them."""
    entries = []
    for purpose in instance.purposes:
        name, messages = purpose["purpose"], purpose.get("messages") or ()
        # On PostgreSQL the first look may have waited for a list that was full by then; the second sees the next.
        current = await store.open_list(session, instance.id, name)
        current = current or await store.open_list(session, instance.id, name)
        assert current is not None  # made with the instance, succeeded when full
        place = index_of(current.taken, ENTRIES, current.seed)
        current.taken += 1
        session.add(
            VcStatusEntry(
                list_id=current.id,
                place=place,
                organisation=instance.organisation,
                purpose=name,
                credential_sha256=credential_sha256,
            )
        )
        if current.taken == ENTRIES:
            current.state = "full"
            await session.flush()
            await _create(context, session, instance, purpose, by)
        entries.append(status_entry(current.uri, place, purpose=name, messages=messages))
    await session.flush()
    return entries


def value_of(current: VcStatusList, place: int) -> int:
    return StatusBits(data=current.bits).get(place, size=current.size)


async def put(
    context: Context, session: WriteSession, current: VcStatusList, place: int, value: int, by: Securing
) -> None:
    """Write an entry of a locked list, and sign the list anew."""
    bits = StatusBits(data=current.bits)
    bits.put(place, value, size=current.size)
    current.bits = bits.to_bytes()
    await _sign(context, session, current, by)


async def _create(
    context: Context, session: WriteSession, instance: Instance, purpose: dict[str, Any], by: Securing
) -> None:
    list_id = new_id()
    size = max(1, len(purpose.get("messages") or ()).bit_length() - 1)
    created = VcStatusList(
        id=list_id,
        organisation=instance.organisation,
        instance_id=instance.id,
        purpose=purpose["purpose"],
        size=size,
        uri=f"{context.public_url}/status-lists/{list_id}",
        state="open",
        taken=0,
        seed=secrets.token_bytes(16),
        bits=bytes(ENTRIES * size // 8),
        valid_from=context.clock(),
        event_sequence=0,
    )
    await _sign(context, session, created, by)
    session.add(created)
    await session.flush()


async def _sign(context: Context, session: WriteSession, current: VcStatusList, by: Securing) -> None:
    now = context.clock()
    # Two versions within a second would look alike to whoever compares validFrom with what was announced.
    valid_from = max(now, current.valid_from)
    document = status_list_credential(
        url=current.uri,
        issuer=by.did,
        bits=current.bits,
        valid_from=valid_from,
        purpose=current.purpose,
        ttl_milliseconds=context.settings.status_list_ttl * 1000,
    )
    body = secure_list(document, by, now, context.contexts)
    current.body, current.sha256 = body, hashlib.sha256(body).hexdigest()
    current.valid_from = valid_from
    await publish(context, session, current, current.sha256, valid_from)
