"""Making, using, rotating and giving up signing keys (decision 7)."""

import asyncio
from datetime import datetime

from services.issuer.context import Context
from services.issuer.errors import KeyNotUsable
from services.issuer.keys import store
from services.issuer.keys.formats import Format, KeyAlgorithm, format_named
from services.issuer.keys.schemas import CompromiseIn, KeyOut
from services.issuer.keys.signing import TABLE
from services.issuer.profiles import events
from services.issuer.profiles import store as profiles
from services.issuer.profiles.documents import jwt_key_id, verification_method
from services.issuer.profiles.store import Profile
from services.issuer.status import service as status
from shared.clock import to_rfc3339
from shared.db import ReadSession, WriteSession, new_id
from shared.http.access import Access
from shared.http.problems import NotFound
from shared.vc.dids import DocumentKey
from shared.vc.keys import Algorithm, SigningKey

_PURPOSE = "assertionMethod"


def shown(profile: Profile, key: store.SigningKey) -> KeyOut:
    return KeyOut(
        id=key.id,
        algorithm=key.algorithm,
        verification_method=verification_method(profile.did, key),
        kid=None if key.algorithm == Algorithm.ED25519 else jwt_key_id(profile.did, key),
        state=key.state,  # type: ignore[arg-type]  # only these three are ever written
        valid_from=key.valid_from,
        valid_until=key.valid_until,
        compromised_since=key.compromised_since,
        reason=key.reason,
        created_by=key.created_by,
    )


async def make(
    context: Context,
    session: WriteSession,
    profile: Profile,
    algorithm: Algorithm,
    actor: str,
    now: datetime,
) -> store.SigningKey:
    """Generate a locked profile's next active key of a kind; its secret half is never stored open."""
    # RSA takes half a second, during which others are answered.
    secret = await asyncio.to_thread(SigningKey.generate, algorithm)
    key_id = new_id()
    public = DocumentKey(secret.public)
    key = store.SigningKey(
        id=key_id,
        profile_id=profile.id,
        algorithm=algorithm.value,
        purpose=_PURPOSE,
        fragment=public.fragment,
        jwk=secret.public.jwk() if public.is_jwk else None,
        sealed=context.sealing.seal(secret.secret(), table=TABLE, row=key_id),
        state="active",
        valid_from=now,
        created_by=actor,
    )
    session.add(key)
    await session.flush()
    await context.outbox.add(session, events.key_added(profile, key, context.public_url))
    return key


async def ensure(
    context: Context, session: WriteSession, profile_id: str, form: Format, actor: str, now: datetime
) -> None:
    """Give the profile a key for a format if it has none. To be called before any key or status list is locked: the
    profile comes first, here as in `rotate`.
    """
    if await store.is_active(session, profile_id, form.algorithm):
        return
    profile = await profiles.lock(session, profile_id)
    if not await store.is_active(session, profile_id, form.algorithm):
        await make(context, session, profile, form.algorithm, actor, now)


async def listed(context: Context, access: Access, profile_id: str) -> list[KeyOut]:
    async with context.db.read() as session:
        profile = await _owned(session, profile_id, access)
        return [shown(profile, key) for key in await store.of_profile(session, profile_id)]


async def rotate(
    context: Context, access: Access, profile_id: str, algorithm: KeyAlgorithm | None, session: WriteSession
) -> KeyOut:
    """Retire the active key of a kind, if there is one, and make the next. What the retired one signed stays verifiable.

    Left out, `algorithm` is that of the profile's own format.
    """
    now = context.clock()
    await _owned(session, profile_id, access)
    profile = await profiles.lock(session, profile_id)
    kind = format_named(profile.proof_format).algorithm if algorithm is None else Algorithm(algorithm)
    old = await store.active_for_update(session, profile_id, kind)
    if old is not None:
        old.state, old.valid_until, old.ended_by = "retired", now, access.actor
        # Flushed first: the index allows one active key of a kind per profile at any moment.
        await session.flush()
        await context.outbox.add(session, events.key_retired(profile, old, context.public_url))
    return shown(profile, await make(context, session, profile, kind, access.actor, now))


async def compromise(
    context: Context, access: Access, profile_id: str, key_id: str, given: CompromiseIn, session: WriteSession
) -> KeyOut:
    """Declare a key compromised: it leaves the DID document's assertionMethod, and everything it signed with it.

    If it was an active one, the profile gets a new key of its kind at once. The profile's status lists are signed anew, because a
    list signed with a compromised key no longer counts. Raises KeyNotUsable if it was declared before.
    """
    now = context.clock()
    await _owned(session, profile_id, access)
    profile = await profiles.lock(session, profile_id)
    key = await store.get_for_update(session, profile_id, key_id)
    if key is None:
        raise NotFound("This profile has no such key.")
    if key.state == "compromised":
        raise KeyNotUsable("The key is declared compromised already.")
    was_active = key.state == "active"
    key.state, key.reason, key.ended_by = "compromised", given.reason, access.actor
    key.valid_until = key.valid_until or now
    key.compromised_since = min(given.since or now, now)
    await session.flush()
    await context.outbox.add(
        session, events.key_compromised(profile, key, to_rfc3339(now), context.public_url)
    )
    if was_active:
        await make(context, session, profile, Algorithm(key.algorithm), access.actor, now)
    await status.sign_all_again(context, session, profile_id)
    return shown(profile, key)


async def _owned(session: ReadSession, profile_id: str, access: Access) -> Profile:
    profile = await profiles.get_owned(session, profile_id, access.organisation)
    if profile is None:
        raise NotFound("Your organisation has no such profile.")
    return profile
