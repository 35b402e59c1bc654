"""What happens to organisations: sign-up, change, closing. Each function is one transaction."""

from datetime import UTC, datetime
from typing import Any

from services.directory import events
from services.directory.catalogue import store as catalogue
from services.directory.clients import store as clients
from services.directory.context import Context
from services.directory.members import people
from services.directory.members import store as members
from services.directory.members.schemas import MemberOut
from services.directory.oauth import store as grants
from services.directory.organisations import store
from services.directory.organisations.schemas import (
    ActivityOut,
    OrganisationChange,
    OrganisationCreate,
    OrganisationOut,
    OrganisationRegistered,
)
from services.directory.recognitions import store as recognitions
from services.directory.sessions import store as sessions
from shared.db import ReadSession, WriteSession, new_id
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.paging import PageRequest
from shared.http.problems import NotFound


async def register(context: Context, given: OrganisationCreate) -> OrganisationRegistered:
    """Sign an organisation up, with its first owner. Raises LoginTaken."""
    owner = given.owner
    async with context.db.read() as session:
        found = await people.known(session, owner.login)
    proven = await people.prove(found, owner.password)
    async with context.db.write() as session:
        now = context.clock()
        organisation = store.Organisation(
            id=new_id(),
            name=given.name,
            kind=given.kind,
            url=given.url,
            test=given.test,
            registered_at=now,
            changed_at=now,
            version=1,
            event_sequence=0,
        )
        session.add(organisation)
        await session.flush()
        person = await people.settle(
            session, proven, owner.login, vault=context.vault, contact_email=owner.contact_email, now=now
        )
        member = first_owner(session, organisation, person, owner.name)
        await session.flush()
        await context.outbox.add(
            session, events.organisation_event(organisation, "registered", context.settings.public_url)
        )
        return OrganisationRegistered.with_owner(organisation, MemberOut.of(member))


def first_owner(
    session: WriteSession, organisation: store.Organisation, person: members.Person, name: str | None
) -> members.Member:
    """Make a person the owner of a new organisation."""
    member_id = new_id()
    actor = f"member:{member_id}"
    member = members.Member(
        id=member_id,
        organisation_id=organisation.id,
        person_id=person.id,
        login=person.subject,
        name=name,
        roles=["owner"],
        state="active",
        created_at=organisation.registered_at,
        created_by=actor,
        version=1,
    )
    session.add(member)
    store.record(
        session,
        organisation=organisation.id,
        at=organisation.registered_at,
        actor=actor,
        action="organisation.registered",
        subject=organisation.id,
    )
    return member


async def read(context: Context, access: Access, organisation_id: str) -> tuple[OrganisationOut, int]:
    """The caller's own organisation and its version. Raises NotFound for any other."""
    async with context.db.read() as session:
        organisation = await store.find(session, own(access, organisation_id))
        if organisation is None:
            raise _not_here()
        return await _shown(session, organisation), organisation.version


async def change(
    context: Context, access: Access, organisation_id: str, given: OrganisationChange, seen: Precondition
) -> tuple[OrganisationOut, int]:
    """Change name, kind or website. Raises NotFound, PreconditionFailed."""
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        seen.check(organisation.version)
        for field in given.model_fields_set:
            value = getattr(given, field)
            if value is not None or field == "url":
                setattr(organisation, field, value)
        organisation.changed_at = context.clock()
        organisation.version += 1
        store.record(
            session,
            organisation=organisation.id,
            at=organisation.changed_at,
            actor=access.actor,
            action="organisation.changed",
            subject=organisation.id,
        )
        event = events.organisation_event(organisation, "changed", context.settings.public_url)
        await context.outbox.add(session, event)
        return await _shown(session, organisation), organisation.version


async def close(context: Context, access: Access, organisation_id: str) -> OrganisationOut:
    """Close an organisation for good: sessions, grants and clients end, and what it vouched for is withdrawn.

    Its issuer profiles are the issuer service's; badges already awarded stay verifiable. Raises NotFound.
    """
    async with context.db.write() as session:
        organisation = await locked(session, access, organisation_id)
        now = context.clock()
        organisation.closed_at = organisation.changed_at = now
        organisation.version += 1
        staff = [member.id for member in await members.active_of_organisation(session, organisation.id)]
        await sessions.end_of_members(session, staff, now)
        await grants.revoke_grants_of_members(session, staff, now)
        await clients.revoke_all(session, organisation.id, now, access.actor)
        url = context.settings.public_url
        said = [events.organisation_event(organisation, "closed", url)]
        for recognition in await recognitions.lock_standing(session, organisation.id):
            recognition.withdrawn_at, recognition.withdrawn_by = now, access.actor
            recognition.withdrawal_reason = "The recognising organisation closed."
            said.append(events.recognition_withdrawn(recognition, url))
        store.record(
            session,
            organisation=organisation.id,
            at=now,
            actor=access.actor,
            action="organisation.closed",
            subject=organisation.id,
        )
        await context.outbox.add(session, *said)
        return await _shown(session, organisation)


async def journal(
    context: Context, access: Access, organisation_id: str, asked: PageRequest
) -> tuple[list[ActivityOut], tuple[int, str] | None]:
    """What was done in the organisation's name, newest first, and where the next page begins. Raises NotFound."""
    position = asked.after(int, str)
    async with context.db.read() as session:
        rows = await store.activities(
            session, own(access, organisation_id), before=_moment(position), limit=asked.limit + 1
        )
        shown = [ActivityOut.of(row) for row in rows[: asked.limit]]
    if len(rows) <= asked.limit:
        return shown, None
    return shown, (int(shown[-1].at.timestamp()), shown[-1].id)


def own(access: Access, organisation_id: str) -> str:
    """The id, if it is the caller's organisation. Raises NotFound: another one's is as good as absent."""
    if access.organisation != organisation_id:
        raise _not_here()
    return organisation_id


async def locked(session: WriteSession, access: Access, organisation_id: str) -> store.Organisation:
    """The caller's organisation, locked and open. Raises NotFound."""
    organisation = await store.lock(session, own(access, organisation_id))
    if organisation is None or organisation.closed_at is not None:
        raise _not_here()
    return organisation


async def _shown(session: ReadSession, organisation: store.Organisation) -> OrganisationOut:
    return OrganisationOut.of(
        organisation, list(await catalogue.dids_of_organisation(session, organisation.id))
    )


def _moment(position: tuple[Any, ...] | None) -> tuple[datetime, str] | None:
    return None if position is None else (datetime.fromtimestamp(position[0], UTC), position[1])


def _not_here() -> NotFound:
    return NotFound("There is no such organisation that you may see.")
