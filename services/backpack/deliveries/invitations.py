"""Telling people of awards: learners of what is offered to them, others that something waits."""

from datetime import timedelta

from services.backpack.context import Context
from services.backpack.credentials import store
from services.backpack.credentials.store import Credential, Invitation
from services.backpack.identifiers.addresses import EMAIL, normalise
from services.backpack.identifiers.reach import address_of
from services.backpack.notices import Notice
from shared.db import WriteSession

DAY = "%d %B %Y"


async def tell_offered(
    context: Context, session: WriteSession, credential: Credential, kind: str, identity: str
) -> None:
    """Mail a learner that an award is in her backpack: to the address it was given to, or one she has proven."""
    assert credential.learner_id is not None, "offered to somebody"
    to: str | None = normalise(EMAIL, identity)
    if kind != EMAIL:
        to = await address_of(context.vault, session, credential.learner_id)
    if to is not None:
        await context.post.send(
            session, Notice.OFFERED, to=to, about=credential.learner_id, id=credential.id, **names(credential)
        )


async def invite(
    context: Context, session: WriteSession, credential: Credential, kind: str, identity: str
) -> None:
    """Mail an address without an account that an award waits, once in a while, however many arrive."""
    if kind != EMAIL:
        return
    lookup, now = credential.recipient_lookup, context.clock()
    assert lookup is not None, "unclaimed for somebody"
    assert credential.claim_until is not None, "unclaimed until some day"
    pause = timedelta(days=context.settings.invitation_pause_days)
    before = await store.invitation(session, lookup)
    if before is not None and before.sent_at + pause > now:
        return
    if before is None:
        session.add(Invitation(lookup=lookup, sent_at=now))
    else:
        before.sent_at = now
    await session.flush()
    await context.post.send(
        session,
        Notice.INVITED,
        to=normalise(EMAIL, identity),
        about=credential.id,
        until=credential.claim_until.strftime(DAY),
        pause=context.settings.invitation_pause_days,
        **names(credential),
    )


def names(credential: Credential) -> dict[str, str]:
    """How a mail calls the badge and who gave it."""
    return {"badge": credential.name, "issuer": credential.issuer_name or "Its issuer"}
