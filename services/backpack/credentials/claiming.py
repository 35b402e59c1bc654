"""What waits for a person reaches her once she has proven to be it."""

from services.backpack.context import Context
from services.backpack.credentials import keeping, store
from services.backpack.credentials.fuller import take_over
from services.backpack.credentials.store import ACCEPTED, DELIVERED, OFFERED, Credential
from services.backpack.deliveries.answers import say
from services.backpack.tables import lock
from shared.db import WriteSession


async def claim_waiting(context: Context, session: WriteSession, learner_id: str, lookup: str) -> int:
    """Offer the learner every unclaimed credential for the identifier with this keyed hash: one index hit.

    Returns how many there were. A credential she has imported meanwhile is hers already; the two become one.
    """
    await lock_recipient(session, lookup)
    waiting = await store.unclaimed_for(session, lookup)
    for credential in waiting:
        copy = await store.held_by_key(session, learner_id, credential.credential_key)
        if copy is None:
            offer(credential, learner_id)
        else:
            await _merge(context, session, credential, copy)
    await store.remove_invitation(session, lookup)
    await session.flush()
    return len(waiting)


async def lock_recipient(session: WriteSession, lookup: str) -> None:
    """Serialise keeping something for an identifier with proving it: neither misses the other."""
    await lock(session, f"recipient {lookup}")


def offer(credential: Credential, learner_id: str) -> None:
    """Put the credential into the learner's list; to whom it was addressed is not needed any more."""
    credential.learner_id = learner_id
    credential.state = OFFERED
    credential.recipient_type = credential.recipient_lookup = credential.recipient = None
    credential.claim_until = credential.noticed_at = None
    credential.version += 1


async def _merge(context: Context, session: WriteSession, waiting: Credential, copy: Credential) -> None:
    texts = {
        each.kind: keeping.content_of(context.vault, each)
        for each in await store.documents(session, waiting.id)
    }
    await take_over(context, session, copy, waiting, texts[store.CREDENTIAL], texts[store.REPORT])
    await store.remove(session, waiting.id)
    copy.origin = DELIVERED
    copy.proven = True
    copy.version += 1
    if copy.state == ACCEPTED and copy.credential_id is not None:
        await say(context, session, copy.credential_id, "accepted")
