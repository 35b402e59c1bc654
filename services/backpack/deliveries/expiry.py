"""What nobody claims is not kept for ever: a notice before, a notice after, and it is gone."""

from services.backpack.context import Context
from services.backpack.credentials import store
from services.backpack.credentials.store import Credential
from services.backpack.deliveries import store as deliveries
from services.backpack.deliveries.answers import say
from services.backpack.deliveries.invitations import DAY, names
from services.backpack.identifiers.addresses import EMAIL
from services.backpack.notices import Notice
from shared.db import WriteSession

BATCH = 100


async def expire_due(context: Context) -> int:
    """One batch of notices and of expiries, each in one transaction. Returns how many there were of both."""
    return await _announce(context) + await _expire(context)


async def _announce(context: Context) -> int:
    now = context.clock()
    async with context.db.write() as session:
        due = await store.expiring(session, until=now + context.settings.claim_notice, count=BATCH)
        for credential in due:
            credential.noticed_at = now
            if credential.claim_until is not None and credential.claim_until > now:
                await _mail(context, session, credential, Notice.EXPIRING)
    return len(due)


async def _expire(context: Context) -> int:
    async with context.db.write() as session:
        due = await store.expired(session, now=context.clock(), count=BATCH)
        for credential in due:
            await _mail(context, session, credential, Notice.EXPIRED)
            if credential.credential_id is not None:
                await say(context, session, credential.credential_id, "removed")
            await deliveries.forget(session, [credential.credential_key])
            if credential.recipient_lookup is not None:
                await _forget_invitation(session, credential)
            await store.remove(session, credential.id)
    return len(due)


async def _forget_invitation(session: WriteSession, credential: Credential) -> None:
    """Once nothing waits for the address any more, nothing about it is kept."""
    assert credential.recipient_lookup is not None, "checked by the caller"
    waiting = await store.unclaimed_for(session, credential.recipient_lookup)
    if all(each.id == credential.id for each in waiting):
        await store.remove_invitation(session, credential.recipient_lookup)


async def _mail(context: Context, session: WriteSession, credential: Credential, notice: Notice) -> None:
    if credential.recipient_type != EMAIL or credential.recipient is None or credential.claim_until is None:
        return
    to = context.vault.open_text(credential.recipient, column="credential.recipient", row=credential.id)
    until = credential.claim_until.strftime(DAY)
    await context.post.send(session, notice, to=to, about=credential.id, until=until, **names(credential))
