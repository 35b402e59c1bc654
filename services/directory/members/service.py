"""What happens to members: invitation, acceptance, roles, removal, passwords. Each function is one transaction."""

from dataclasses import dataclass
from datetime import datetime

from services.directory.context import Context
from services.directory.errors import (
    AlreadyMember,
    InvitationInvalid,
    LastOwner,
    MoreThanHeld,
    NotInvited,
    WrongPassword,
)
from services.directory.members import people, store
from services.directory.members.schemas import (
    InvitationAccept,
    InvitationOut,
    MemberChange,
    MemberCreate,
    MemberInvited,
    MemberOut,
    PasswordChange,
)
from services.directory.oauth import store as grants
from services.directory.organisations import store as organisations
from services.directory.organisations.service import locked, own
from services.directory.scopes import Role, scopes_of_roles
from services.directory.sessions import store as sessions
from services.directory.tokens import digest, new_token
from shared.db import WriteSession, new_id
from shared.http import passwords
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.paging import PageRequest
from shared.http.problems import NotFound
from shared.mail import Message


async def browse(
    context: Context, access: Access, organisation_id: str, asked: PageRequest
) -> tuple[list[MemberOut], tuple[str] | None]:
    """A page of the organisation's members, and where the next one begins. Raises NotFound."""
    position = asked.after(str)
    async with context.db.read() as session:
        rows = await store.of_organisation(
            session,
            own(access, organisation_id),
            after=position[0] if position else None,
            limit=asked.limit + 1,
        )
        shown = [MemberOut.of(row) for row in rows[: asked.limit]]
    return shown, ((shown[-1].id,) if len(rows) > asked.limit else None)


async def read(
    context: Context, access: Access, organisation_id: str, member_id: str
) -> tuple[MemberOut, int]:
    """One member and its version. Raises NotFound."""
    async with context.db.read() as session:
        member = await store.find(session, own(access, organisation_id), member_id)
        if member is None:
            raise _not_here()
        return MemberOut.of(member), member.version


async def invite(
    context: Context, access: Access, organisation_id: str, given: MemberCreate
) -> MemberInvited:
    """Invite somebody: the link goes to the caller, and to the contact address if one is given.

    Whether the login exists elsewhere in the directory is not revealed. Raises NotFound, AlreadyMember, MoreThanHeld.
    """
    own(access, organisation_id)
    _no_more_than_held(access, given.roles)
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        if await store.login_is_used(session, organisation.id, given.login):
            raise AlreadyMember("Change the roles of the member who has this login instead.")
        now = context.clock()
        member = store.Member(
            id=new_id(),
            organisation_id=organisation.id,
            person_id=None,
            login=given.login,
            name=given.name,
            roles=given.roles,
            state="invited",
            created_at=now,
            created_by=access.actor,
            version=1,
        )
        session.add(member)
        await session.flush()
        invitation = _new_invitation(context, session, member, access.actor, now)
        _record(session, access, member, "member.invited", now)
        if given.contact_email is not None:
            message = _invitation_mail(given.contact_email, organisation.name, invitation)
            await context.mail.add(session, message, about=member.id)
        return MemberInvited.with_invitation(member, invitation)


async def invite_again(
    context: Context, access: Access, organisation_id: str, member_id: str
) -> MemberInvited:
    """A new link for somebody who has not accepted; the old one stops working. Raises NotFound, NotInvited."""
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        member = await store.find(session, organisation.id, member_id)
        if member is None:
            raise _not_here()
        if member.state != "invited":
            raise NotInvited("The member has accepted already.")
        _no_more_than_held(access, member.role_names)
        now = context.clock()
        await store.withdraw_invitations(session, member.id, now)
        invitation = _new_invitation(context, session, member, access.actor, now)
        _record(session, access, member, "member.invited", now)
        return MemberInvited.with_invitation(member, invitation)


@dataclass(frozen=True)
class Invited:
    """Who a one-time link invites, and where to."""

    login: str
    organisation: str


async def invited(context: Context, token: str) -> Invited:
    """What to show to who holds the link. Raises InvitationInvalid."""
    async with context.db.read() as session:
        invitation = await store.open_invitation(session, digest(token), context.clock())
        member = None if invitation is None else await store.find_any(session, invitation.member_id)
        organisation = None if member is None else await organisations.find(session, member.organisation_id)
        if member is None or organisation is None or organisation.closed_at is not None:
            raise InvitationInvalid("Ask whoever invited you for a new link.")
        return Invited(member.login, organisation.name)


async def organisation_name(context: Context, organisation_id: str) -> str:
    """The name of an organisation that somebody has just joined."""
    async with context.db.read() as session:
        found = await organisations.find(session, organisation_id)
        assert found is not None, "organisations are never deleted"
        return found.name


async def accept(context: Context, given: InvitationAccept) -> MemberOut:
    """Become a member by a one-time link, as a new person or as one the directory knows (by their password).

    Raises InvitationInvalid, LoginTaken, AlreadyMember.
    """
    token_hash = digest(given.token)
    async with context.db.read() as session:
        invitation = await store.open_invitation(session, token_hash, context.clock())
        expected = None if invitation is None else await store.find_any(session, invitation.member_id)
        if expected is None:
            raise InvitationInvalid("Ask whoever invited you for a new link.")
        login = given.login or expected.login
        found = await people.known(session, login)
    proven = await people.prove(found, given.password)
    async with context.db.write() as session:
        now = context.clock()
        member_id = await store.consume_invitation(session, token_hash, now)
        member = None if member_id is None else await store.find_any(session, member_id)
        if member is None or member.state != "invited":
            raise InvitationInvalid("Ask whoever invited you for a new link.")
        organisation = await organisations.lock(session, member.organisation_id)
        if organisation is None or organisation.closed_at is not None:
            raise InvitationInvalid("The organisation has closed.")
        person = await people.settle(session, proven, login, vault=context.vault, contact_email=None, now=now)
        if await store.member_of_person(session, organisation.id, person.id) is not None:
            raise AlreadyMember("You are a member of this organisation already: sign in.")
        member.person_id, member.login, member.state = person.id, login, "active"
        member.name = given.name or member.name
        member.version += 1
        organisations.record(
            session,
            organisation=organisation.id,
            at=now,
            actor=f"member:{member.id}",
            action="member.accepted",
            subject=member.id,
        )
        return MemberOut.of(member)


async def change(
    context: Context,
    access: Access,
    organisation_id: str,
    member_id: str,
    given: MemberChange,
    seen: Precondition,
) -> tuple[MemberOut, int]:
    """Change a member's name or roles. Raises NotFound, PreconditionFailed, MoreThanHeld, LastOwner."""
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        member = await store.find(session, organisation.id, member_id)
        if member is None:
            raise _not_here()
        seen.check(member.version)
        if given.roles is not None:
            # Taking away is bounded like giving: nobody decides about powers beyond their own.
            _no_more_than_held(access, [*given.roles, *member.role_names])
            if "owner" not in given.roles:
                await _keep_an_owner(session, member)
            member.roles = list(given.roles)
        if "name" in given.model_fields_set:
            member.name = given.name
        member.version += 1
        _record(session, access, member, "member.changed", context.clock())
        return MemberOut.of(member), member.version


async def remove(context: Context, access: Access, organisation_id: str, member_id: str) -> None:
    """End a membership with its sessions, invitations and grants. Raises NotFound, MoreThanHeld, LastOwner."""
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        member = await store.find(session, organisation.id, member_id)
        if member is None:
            raise _not_here()
        _no_more_than_held(access, member.role_names)
        await _keep_an_owner(session, member)
        now = context.clock()
        # The row stays for the journal, and says no longer who it was.
        member.state, member.removed_at = "removed", now
        member.person_id, member.name, member.login = None, None, ""
        member.version += 1
        await store.withdraw_invitations(session, member.id, now)
        await context.mail.erase(session, member.id)
        await sessions.end_of_members(session, [member.id], now)
        await grants.revoke_grants_of_members(session, [member.id], now)
        _record(session, access, member, "member.removed", now)


async def change_password(context: Context, access: Access, session_id: str, given: PasswordChange) -> None:
    """Change the password of the signed-in person; their other sessions end, everywhere. Raises WrongPassword."""
    member_id = access.actor.removeprefix("member:")
    async with context.db.read() as session:
        member = await store.find_any(session, member_id)
        person = (
            None
            if member is None or member.person_id is None
            else await store.person(session, member.person_id)
        )
        if person is None or person.password_hash is None:
            raise _not_here()
        old_hash = person.password_hash
    if not await passwords.verify_password(old_hash, given.current_password):
        raise WrongPassword("Give the password you sign in with now.")
    new_hash = await passwords.hash_password(given.new_password)
    async with context.db.write() as session:
        now = context.clock()
        if not await store.replace_password(session, person.id, old_hash, new_hash, now):
            raise WrongPassword("The password was changed just now from elsewhere; sign in again.")
        await sessions.end_of_person(session, person.id, now, keep=session_id)
        organisations.record(
            session,
            organisation=access.organisation,
            at=now,
            actor=access.actor,
            action="password.changed",
            subject=member_id,
        )


def _no_more_than_held(access: Access, roles: list[Role]) -> None:
    beyond = scopes_of_roles(roles) - access.scopes
    if beyond:
        raise MoreThanHeld("These roles allow more than you may do yourself.", scopes=sorted(beyond))


async def _keep_an_owner(session: WriteSession, leaving: store.Member) -> None:
    """Raises LastOwner. The organisation is locked, so that two owners cannot remove each other at once."""
    if leaving.state != "active" or "owner" not in leaving.roles:
        return
    staff = await store.active_of_organisation(session, leaving.organisation_id)
    if not any(other.id != leaving.id and "owner" in other.roles for other in staff):
        raise LastOwner("Make somebody else an owner first.")


def _new_invitation(
    context: Context, session: WriteSession, member: store.Member, actor: str, now: datetime
) -> InvitationOut:
    token = new_token("invitation")
    expires_at = now + context.settings.invitation_lifetime
    session.add(
        store.Invitation(
            id=new_id(),
            member_id=member.id,
            token_hash=digest(token),
            created_at=now,
            created_by=actor,
            expires_at=expires_at,
        )
    )
    url = f"{context.settings.public_url}/invitation?token={token}"
    return InvitationOut(url=url, token=token, expires_at=expires_at)


def _record(session: WriteSession, access: Access, member: store.Member, action: str, now: datetime) -> None:
    organisations.record(
        session,
        organisation=member.organisation_id,
        at=now,
        actor=access.actor,
        action=action,
        subject=member.id,
    )


def _invitation_mail(to: str, organisation: str, invitation: InvitationOut) -> Message:
    text = (
        f"{organisation} invites you to act for it in the Confer directory.\n\n"
        f"Open this link to accept; it works once, until {invitation.expires_at:%d %B %Y %H:%M} UTC:\n\n"
        f"{invitation.url}\n\n"
        "If you do not know what this is about, do nothing.\n"
    )
    return Message(to=to, subject=f"Invitation to {organisation}", text=text)


def _not_here() -> NotFound:
    return NotFound("There is no such member in your organisation.")
