"""Looking for what must not be, read-only: `fsck`."""

from collections.abc import Sequence

from sqlalchemy import func, select

from services.directory.context import Context
from services.directory.members.store import Member, Person
from services.directory.oauth import store as oauth
from services.directory.organisations.store import Organisation
from services.directory.recognitions.store import Recognition
from services.directory.tables import messaging
from shared.db import CannotOpen, ReadSession
from shared.messaging.topics import ORGANISATIONS, RECOGNITIONS, Topic


async def problems(context: Context) -> Sequence[str]:
    """One sentence per thing that is wrong; it names ids, never people."""
    async with context.db.read() as session:
        return [
            *await _without_owner(session),
            *await _unopenable(context, session),
            *await _misnumbered(session, ORGANISATIONS, Organisation),
            *await _misnumbered(session, RECOGNITIONS, Recognition),
        ]


async def _without_owner(session: ReadSession) -> list[str]:
    owned = {
        member.organisation_id
        for member in (await session.execute(select(Member).where(Member.state == "active"))).scalars()
        if "owner" in member.roles
    }
    open_ = (await session.execute(select(Organisation.id).where(Organisation.closed_at.is_(None)))).scalars()
    return [f"organisation {each}: open, without an active owner" for each in open_ if each not in owned]


async def _unopenable(context: Context, session: ReadSession) -> list[str]:
    """Values that the key-encryption key does not open: a wrong key file, or somebody wrote into the database."""
    sealed = [("signing_key", key.id, key.private_key) for key in await oauth.all_keys(session)]
    people = await session.execute(
        select(Person.id, Person.contact_email).where(Person.contact_email.is_not(None))
    )
    sealed += [("person", row.id, row.contact_email) for row in people.all()]
    wrong = []
    for table, row, value in sealed:
        try:
            context.vault.open(value, table=table, row=row)
        except CannotOpen as error:
            wrong.append(f"{table} {row}: {error}")
    return wrong


async def _misnumbered(
    session: ReadSession, topic: Topic, aggregate: type[Organisation] | type[Recognition]
) -> list[str]:
    """Aggregates whose count of events is not that of the outbox: a consumer would wait for ever."""
    outbox = messaging.outbox
    counted = (
        select(outbox.c.subject, func.count().label("events"), func.max(outbox.c.sequence).label("last"))
        .where(outbox.c.topic == topic.name)
        .group_by(outbox.c.subject)
        .subquery()
    )
    rows = await session.execute(
        select(aggregate.id, aggregate.event_sequence, counted.c.events, counted.c.last).outerjoin(
            counted, counted.c.subject == aggregate.id
        )
    )
    return [
        f"{aggregate.__tablename__} {row.id}: counts {row.event_sequence} events, the outbox has {row.events or 0}"
        for row in rows.all()
        if not row.event_sequence == row.events == row.last
    ]
