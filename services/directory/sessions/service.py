"""Signing in and out."""

from services.directory.context import Context
from services.directory.errors import OrganisationNeeded, SignInFailed
from services.directory.members import people
from services.directory.members import store as members
from services.directory.members.schemas import MemberOut
from services.directory.organisations import store as organisations
from services.directory.sessions import store
from services.directory.sessions.schemas import SessionOpened, SessionOut, SignIn
from services.directory.tokens import digest, new_token
from shared.db import new_id
from shared.http import passwords
from shared.http.problems import NotFound

_DEVICE_LENGTH = 200


async def sign_in(context: Context, given: SignIn, *, device: str | None) -> SessionOpened:
    """Open a session. Raises SignInFailed, without saying why, and OrganisationNeeded to who proved their password."""
    async with context.db.read() as session:
        found = await people.known(session, given.login)
    # An unknown login costs the same time as a wrong password.
    matches = await passwords.verify_password(found[1] if found else None, given.password)
    if found is None or not matches:
        raise SignInFailed("Check login and password.")
    async with context.db.write() as session:
        person = await members.person_by_subject(session, members.PASSWORD, given.login)
        if person is None or person.password_hash != found[1]:
            raise SignInFailed("The password was changed just now; sign in again.")
        places = await members.memberships(session, person.id)
        if given.organisation is not None:
            places = [place for place in places if place[1].id == given.organisation]
        if not places:
            raise SignInFailed("Check login and password.")
        if len(places) > 1:
            known = [{"id": place[1].id, "name": place[1].name} for place in places]
            raise OrganisationNeeded("Name one of `organisations` in `organisation`.", organisations=known)
        member, organisation = places[0]
        token, now = new_token("session"), context.clock()
        opened = store.Session(
            id=new_id(),
            token_hash=digest(token),
            person_id=person.id,
            member_id=member.id,
            created_at=now,
            expires_at=now + context.settings.session_lifetime,
            device=device[:_DEVICE_LENGTH] if device else None,
        )
        session.add(opened)
        organisations.record(
            session,
            organisation=organisation.id,
            at=now,
            actor=f"member:{member.id}",
            action="session.opened",
            subject=opened.id,
        )
        return SessionOpened(
            id=opened.id,
            token=token,
            expires_at=opened.expires_at,
            organisation=organisation.id,
            member=MemberOut.of(member),
        )


async def browse(context: Context, current: store.SignedIn) -> list[SessionOut]:
    """The member's live sessions, newest first."""
    async with context.db.read() as session:
        rows = await store.of_member(session, current.member.id, context.clock())
        return [SessionOut.of(row, current.session.id) for row in rows]


async def end(context: Context, current: store.SignedIn, session_id: str) -> None:
    """Sign out here or elsewhere. Raises NotFound for a session that is not the member's."""
    async with context.db.write() as session:
        now = context.clock()
        if not await store.end(session, session_id, current.member.id, now):
            raise NotFound("You have no such session.")
        organisations.record(
            session,
            organisation=current.organisation.id,
            at=now,
            actor=f"member:{current.member.id}",
            action="session.ended",
            subject=session_id,
        )
