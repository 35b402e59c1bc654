"""Finding or making the person behind a login, by password, and keeping their contact address sealed."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from services.directory.errors import LoginTaken
from services.directory.members import store
from shared.db import KeyEncryption, ReadSession, WriteSession, new_id
from shared.http import passwords


async def known(session: ReadSession, login: str) -> tuple[str, str] | None:
    """Id and password hash of the person with this login; None if there is none."""
    person = await store.person_by_subject(session, store.PASSWORD, login)
    return None if person is None or person.password_hash is None else (person.id, person.password_hash)


async def prove(found: tuple[str, str] | None, password: str) -> tuple[str | None, str]:
    """Check the password of a known person, or hash that of a new one. Slow: outside of any transaction.

    Returns the person's id (None: new) and the hash. Raises LoginTaken if it is not theirs.
    """
    if found is None:
        return None, await passwords.hash_password(password)
    person_id, password_hash = found
    if not await passwords.verify_password(password_hash, password):
        raise LoginTaken("Choose another login name, or give the password that belongs to this one.")
    return person_id, password_hash


async def settle(
    session: WriteSession,
    proven: tuple[str | None, str],
    login: str,
    *,
    vault: KeyEncryption,
    contact_email: str | None,
    now: datetime,
) -> store.Person:
    """The person, made now if new. Raises LoginTaken if somebody took the login, or changed its password, meanwhile."""
    person_id, password_hash = proven
    person = await store.person_by_subject(session, store.PASSWORD, login)
    if (None if person is None else person.id) != person_id or (
        person and person.password_hash != password_hash
    ):
        raise LoginTaken("The login name was taken or changed just now; try again.")
    if person is None:
        person = store.Person(
            id=new_id(),
            login=store.PASSWORD,
            subject=login,
            password_hash=password_hash,
            contact_email=None,
            created_at=now,
            password_changed_at=now,
        )
        session.add(person)
    if contact_email is not None:
        person.contact_email = vault.seal(contact_email.encode(), table="person", row=person.id)
    try:
        await session.flush()
    except IntegrityError as error:  # two sign-ups with one new login at the same moment
        raise LoginTaken("The login name was taken just now; try again.") from error
    return person
