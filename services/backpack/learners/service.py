"""Becoming a learner, and the password."""

import unicodedata
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from services.backpack.context import Context
from services.backpack.errors import LinkUsedUp, LoginTaken, WeakPassword, WrongLogin
from services.backpack.identifiers import service as identifiers
from services.backpack.identifiers import store as identifier_store
from services.backpack.identifiers.addresses import EMAIL
from services.backpack.learners import store
from services.backpack.learners.names import NAME, SUBJECT, login_lookup, normalise_login
from services.backpack.learners.schemas import LearnerOut, SignUp
from services.backpack.learners.store import PASSWORD, Learner, Login
from services.backpack.notices import Notice
from services.backpack.sessions import service as sessions
from services.backpack.sessions import store as session_store
from services.backpack.sessions.service import Begun, Signed
from services.backpack.vault import Vault, token_hash
from shared.db import ReadSession, WriteSession, new_id
from shared.http.passwords import hash_password, verify_password
from shared.http.problems import NotFound

SHORTEST_PASSWORD = 10


def check_password(password: str, login: str) -> None:
    """Raises WeakPassword. Length is what counts (NIST SP 800-63B); kinds of characters are not asked for."""
    if len(unicodedata.normalize("NFC", password)) < SHORTEST_PASSWORD:
        raise WeakPassword(f"Take at least {SHORTEST_PASSWORD} characters.")
    if normalise_login(password) == normalise_login(login):
        raise WeakPassword("Take a password that is not the login.")


async def sign_up(context: Context, given: SignUp, *, client: str) -> tuple[LearnerOut, Begun]:
    """Make a learner and begin her first session; an address, if given, gets its confirmation mail.

    Raises LoginTaken, WeakPassword, InvalidIdentifier, TooManyRequests (mails).
    """
    password = given.password.get_secret_value()
    check_password(password, given.login)
    address = None if given.email is None else identifiers.checked_address(given.email)
    if address is not None:
        await identifiers.check_mail_limits(context, context.vault.lookup(EMAIL, address))
    encoded = await hash_password(password)
    try:
        async with context.db.write() as session:
            learner = _new_learner(context, session, given.name)
            await session.flush()
            login = _new_login(context, session, learner.id, given.login, encoded)
            await session.flush()
            if address is not None:
                await identifiers.insert(context, session, learner.id, EMAIL, address)
            begun = sessions.begin(context, session, learner.id, client=client)
            return shown(context.vault, learner, login), begun
    except IntegrityError as error:
        raise LoginTaken("Choose another login.") from error


def _new_learner(context: Context, session: WriteSession, name: str | None) -> Learner:
    learner = Learner(id=(row := new_id()), name=None, created_at=context.clock())
    if name is not None:
        learner.name = context.vault.seal_text(name, column=NAME, row=row)
    session.add(learner)
    return learner


def _new_login(context: Context, session: WriteSession, learner_id: str, login: str, encoded: str) -> Login:
    row = new_id()
    made = Login(
        id=row,
        learner_id=learner_id,
        provider=PASSWORD,
        subject_lookup=login_lookup(context.vault, login),
        subject=context.vault.seal_text(login.strip(), column=SUBJECT, row=row),
        password_hash=encoded,
        changed_at=context.clock(),
    )
    session.add(made)
    return made


def shown(vault: Vault, learner: Learner, login: Login) -> LearnerOut:
    return LearnerOut(
        id=learner.id,
        login=vault.open_text(login.subject, column=SUBJECT, row=login.id),
        name=None if learner.name is None else vault.open_text(learner.name, column=NAME, row=learner.id),
        created_at=learner.created_at,
    )


async def load(session: ReadSession, learner_id: str) -> tuple[Learner, Login]:
    """The learner and her login. Raises NotFound if she was erased a moment ago."""
    learner = await store.learner_by_id(session, learner_id)
    login = await store.password_login_of(session, learner_id)
    if learner is None or login is None:
        raise NotFound("There is no such learner any more.")
    return learner, login


async def read(context: Context, learner_id: str) -> LearnerOut:
    async with context.db.read() as session:
        return shown(context.vault, *await load(session, learner_id))


async def rename(context: Context, learner_id: str, name: str | None) -> LearnerOut:
    async with context.db.write() as session:
        learner, login = await load(session, learner_id)
        learner.name = None if name is None else context.vault.seal_text(name, column=NAME, row=learner.id)
        return shown(context.vault, learner, login)


async def check_own_password(context: Context, learner_id: str, password: str) -> LearnerOut:
    """Ask for the password again before something grave. Raises WrongLogin."""
    async with context.db.read() as session:
        learner, login = await load(session, learner_id)
    if not await verify_password(login.password_hash, password):
        raise WrongLogin("The password is not the one of this account.")
    return shown(context.vault, learner, login)


async def change_password(context: Context, signed: Signed, current: str, new: str) -> None:
    """Set a new password; every other session ends. Raises WrongLogin, WeakPassword."""
    learner = await check_own_password(context, signed.learner_id, current)
    check_password(new, learner.login)
    encoded = await hash_password(new)
    async with context.db.write() as session:
        _, login = await load(session, signed.learner_id)
        login.password_hash, login.changed_at = encoded, context.clock()
        await session_store.remove_sessions(session, signed.learner_id, keep=signed.session_id)


async def request_reset(context: Context, email: str) -> None:
    """Mail a reset link if the address is somebody's proven one. Whether it is is told to nobody.

    Raises InvalidIdentifier, TooManyRequests (per mailbox, whoever's it is).
    """
    address = identifiers.checked_address(email)
    lookup = context.vault.lookup(EMAIL, address)
    await identifiers.check_mail_limits(context, lookup)
    minutes = context.settings.reset_token_minutes
    async with context.db.write() as session:
        identifier = await identifier_store.verified_by_lookup(session, lookup)
        if identifier is None:
            return
        learner, login = await load(session, identifier.learner_id)
        link = await identifiers.mail_link(
            context,
            session,
            identifier,
            purpose=identifier_store.RESET_PASSWORD,
            page="reset",
            lifetime=timedelta(minutes=minutes),
        )
        name = shown(context.vault, learner, login).login
        await context.post.send(
            session,
            Notice.RESET_PASSWORD,
            to=address,
            about=learner.id,
            link=link,
            minutes=minutes,
            login=name,
        )


async def reset_password(context: Context, token: str, password: str) -> None:
    """Set a password with the token from a mail; every session ends, and every other reset link too.

    Raises LinkUsedUp, WeakPassword (the link can be used again then).
    """
    hashed, now = token_hash(token), context.clock()
    async with context.db.read() as session:
        found = await identifier_store.token_by_hash(session, identifier_store.RESET_PASSWORD, hashed, now)
        if found is None:
            raise LinkUsedUp("Ask for a new mail to reset the password.")
        learner, login = await load(session, found.learner_id)
    check_password(password, shown(context.vault, learner, login).login)
    encoded = await hash_password(password)
    async with context.db.write() as session:
        used = await identifier_store.consume_token(session, identifier_store.RESET_PASSWORD, hashed, now)
        if used is None:
            raise LinkUsedUp("Ask for a new mail to reset the password.")
        _, login = await load(session, used[0])
        login.password_hash, login.changed_at = encoded, now
        await identifier_store.remove_tokens(session, identifier_store.RESET_PASSWORD, used[0])
        await session_store.remove_sessions(session, used[0])
