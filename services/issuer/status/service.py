"""Giving out places on status lists, changing bits, and signing lists anew (decision 9)."""

import asyncio
import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.issuer.context import Context
from services.issuer.keys import signing as keys
from services.issuer.profiles import store as profiles
from services.issuer.profiles.store import Profile
from services.issuer.status import store
from services.issuer.status.permutation import index_of
from services.issuer.status.publishing import publish
from shared.db import WriteSession, new_id, on_commit
from shared.vc.status import MINIMUM_BITS, StatusBits, status_entry, status_list_credential

BITS = MINIMUM_BITS
"""Length of every published list, however few of its places are given out."""
REVOCATION, SUSPENSION = PURPOSES = ("revocation", "suspension")
_BLOCK = 64


@dataclass(frozen=True)
class Place:
    """One bit on one list."""

    list_id: str
    uri: str
    purpose: str
    index: int

    def entry(self) -> dict[str, Any]:
        """The BitstringStatusListEntry of a credential (§2.1); the plain OB 3.0 schema wants an `id`."""
        return status_entry(self.uri, self.index, purpose=self.purpose)


async def open_lists(context: Context, session: WriteSession, profile: Profile) -> None:
    """A new profile's first lists, signed at once: a credential never points at a list that is not there."""
    signer = await keys.signer(context, session, profile)
    for purpose in PURPOSES:
        await _create(context, session, profile, purpose, signer)


async def take(
    context: Context, session: WriteSession, profile: Profile, purpose: str, count: int
) -> list[Place]:
    """The next `count` places for a profile, on as many lists as it needs. A full list gets its successor at once,
    under its own lock, so that there is always exactly one that is open.
    """
    # The key before the lists, here as everywhere: two transactions never wait for each other.
    signer = await keys.signer(context, session, profile)
    places: list[Place] = []
    while len(places) < count:
        # On PostgreSQL the first look may have waited for a list that was full by then; the second sees the next.
        current = await store.open_list(session, profile.id, purpose)
        current = current or await store.open_list(session, profile.id, purpose)
        assert current is not None  # made with the profile, succeeded when full
        first = current.taken
        current.taken = min(current.capacity, first + count - len(places))
        places += [
            Place(current.id, current.uri, purpose, index_of(number, BITS, current.seed))
            for number in range(first, current.taken)
        ]
        if current.taken == current.capacity:
            current.state = "full"
            await session.flush()
            await _create(context, session, profile, purpose, signer)
    await session.flush()
    return places


class IndexBlocks:
    """Places taken ahead in blocks, so that single awards of one profile do not queue for one row.

    A process that ends loses the rest of its blocks: unused bits, which nobody can tell from used ones.
    """

    def __init__(self) -> None:
        self._free: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
        self._turn = asyncio.Lock()

    async def one(self, context: Context, profile_id: str, purpose: str) -> Place:
        """A place for one award. Takes its own transaction when the block is used up: never call it inside one."""
        free = self._free[profile_id, purpose]
        async with self._turn:
            if not free:
                async with context.db.write() as session:
                    profile = await profiles.get(session, profile_id)
                    assert profile is not None  # the caller has just read it
                    free += await take(context, session, profile, purpose, _BLOCK)
            return free.pop()


async def set_bits(
    context: Context, session: WriteSession, places: Iterable[tuple[str, int]], *, value: bool
) -> None:
    """Set or clear bits (list id, index) and mark their lists for signing."""
    by_list: defaultdict[str, list[int]] = defaultdict(list)
    for list_id, index in places:
        by_list[list_id].append(index)
    for list_id in sorted(by_list):  # one order for everyone, so that two writers never wait for each other
        current = await store.lock(session, list_id)
        bits = StatusBits(data=current.bits)
        for index in by_list[list_id]:
            bits.set(index, value)
        current.bits = bits.to_bytes()
        current.changed += 1
    on_commit(session, context.lists_changed.set)


async def sign_all_again(context: Context, session: WriteSession, profile_id: str) -> None:
    """Mark every list of a profile for signing with its present key."""
    for current in await store.of_profile(session, profile_id):
        current.changed += 1
    on_commit(session, context.lists_changed.set)


async def sign_due(context: Context) -> int:
    """Sign every list that changed, each in its own transaction with its event. Returns how many were signed."""
    async with context.db.read() as session:
        due = await store.due(session)
    for list_id in due:
        async with context.db.write() as session:
            found = await store.get(session, list_id)
            assert found is not None  # lists are never deleted
            profile = await profiles.get(session, found.profile_id)
            assert profile is not None
            # The key before the list: the same order as everywhere else.
            signer = await keys.signer(context, session, profile)
            current = await store.lock(session, list_id)
            if current.changed > current.signed:
                await _sign(context, session, current, profile, signer)
    return len(due)


async def _create(
    context: Context, session: WriteSession, profile: Profile, purpose: str, signer: keys.Signer
) -> None:
    list_id = new_id()
    created = store.StatusList(
        id=list_id,
        organisation=profile.organisation,
        profile_id=profile.id,
        purpose=purpose,
        uri=f"{context.public_url}/status/{list_id}",
        state="open",
        capacity=context.settings.status_list_capacity,
        taken=0,
        seed=secrets.token_bytes(16),
        bits=bytes(BITS // 8),
        changed=1,
        signed=0,
        event_sequence=0,
    )
    session.add(created)
    await session.flush()
    await _sign(context, session, created, profile, signer)


async def _sign(
    context: Context, session: WriteSession, current: store.StatusList, profile: Profile, signer: keys.Signer
) -> None:
    now = context.clock()
    # Two versions within a second would look alike to whoever compares validFrom with what was announced.
    valid_from = now if current.valid_from is None else max(now, current.valid_from)
    document = status_list_credential(
        url=current.uri,
        issuer=profile.did,
        bits=current.bits,
        valid_from=valid_from,
        purpose=current.purpose,
        ttl_milliseconds=context.settings.status_list_ttl * 1000,
    )
    body = await keys.sign_and_check(context, signer, document, now)
    current.body, current.sha256 = body, hashlib.sha256(body).hexdigest()
    current.valid_from, current.signed = valid_from, current.changed
    await publish(context, session, current, current.sha256, valid_from)


async def keep_signing(context: Context) -> None:
    """Worker: sign lists as soon as they change; changes made while one signature is written share the next.

    Woken by this process's own commits; looks every half second for those of others.
    """
    while True:
        context.lists_changed.clear()
        if await sign_due(context):
            continue
        try:
            async with asyncio.timeout(0.5):
                await context.lists_changed.wait()
        except TimeoutError:
            continue
