"""Signing in and out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.backpack.context import Context
from services.backpack.errors import WrongLogin
from services.backpack.learners import store as learners
from services.backpack.learners.names import login_lookup
from services.backpack.sessions import store
from services.backpack.sessions.store import Session
from services.backpack.vault import new_token, token_hash
from shared.db import WriteSession, new_id
from shared.http.passwords import hash_password, needs_rehash, verify_password
from shared.http.problems import NotFound

_TOUCH_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Begun:
    """A session just begun; its token is known to nobody afterwards but the one it is given to."""

    learner_id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Signed:
    """Who is asking, by which session."""

    learner_id: str
    session_id: str


async def sign_in(context: Context, login: str, password: str, *, client: str) -> Begun:
    """Begin a session. Raises WrongLogin, after the same time for a wrong login as for a wrong password."""
    lookup = login_lookup(context.vault, login)
    async with context.db.read() as session:
        found = await learners.login_by_subject(session, learners.PASSWORD, lookup)
    encoded = None if found is None else found.password_hash
    if not await verify_password(encoded, password) or found is None or encoded is None:
        raise WrongLogin("Check both; a forgotten password can be reset by mail.")
    rehashed = await hash_password(password) if needs_rehash(encoded) else None
    async with context.db.write() as session:
        if rehashed is not None and (login_row := await session.get(learners.Login, found.id)) is not None:
            login_row.password_hash = rehashed
        return begin(context, session, found.learner_id, client=client)


def begin(context: Context, session: WriteSession, learner_id: str, *, client: str) -> Begun:
    """Add a session for the learner, in the caller's transaction."""
    token, now = new_token(), context.clock()
    row = Session(
        id=new_id(),
        learner_id=learner_id,
        token_hash=token_hash(token),
        client=client,
        created_at=now,
        last_used_at=now,
        expires_at=now + context.settings.session_lifetime,
    )
    session.add(row)
    return Begun(learner_id, token, row.expires_at)


async def signed(context: Context, token: str) -> Signed | None:
    """Whose session this token is, or None if it is no session's or has ended."""
    now = context.clock()
    async with context.db.read() as session:
        found = await store.session_by_hash(session, token_hash(token), now)
    if found is None:
        return None
    if found.last_used_at + _TOUCH_AFTER <= now:
        async with context.db.write() as session:
            await store.touch(session, found.id, now)
    return Signed(found.learner_id, found.id)


async def list_of(context: Context, learner_id: str) -> Sequence[Session]:
    async with context.db.read() as session:
        return await store.sessions_of(session, learner_id, context.clock())


async def end(context: Context, learner_id: str, session_id: str) -> None:
    """End one of the learner's sessions. Raises NotFound."""
    async with context.db.write() as session:
        if not await store.remove_session(session, learner_id, session_id):
            raise NotFound("There is no such session; it may have ended already.")


async def end_others(context: Context, signed_in: Signed) -> None:
    """End every session of the learner but the one she is asking with."""
    async with context.db.write() as session:
        await store.remove_sessions(session, signed_in.learner_id, keep=signed_in.session_id)
