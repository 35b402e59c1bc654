"""People, their membership of organisations, and invitations: tables and every query."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.organisations.store import Organisation
from services.directory.scopes import Role
from services.directory.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession

PASSWORD = "password"  # noqa: S105  (the name of a way to sign in)


class Person(Base):
    """Somebody who can sign in: a way to sign in (`login`) and who they are there (`subject`), never an e-mail (decision 5).

    The contact address is optional, sealed, and never used to find anybody.
    """

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("login", "subject"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    login: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(Text)
    contact_email: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    password_changed_at: Mapped[datetime] = mapped_column(Instant)


class Member(Base):
    """A person in an organisation. `person_id` is empty until the invitation is accepted."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("organisation_id", "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    login: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(64))
    removed_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, default=1)

    @property
    def role_names(self) -> list[Role]:
        return cast("list[Role]", self.roles)


class Invitation(Base):
    """A one-time link; only the digest of its token is kept."""

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


async def person_by_subject(session: ReadSession, login: str, subject: str) -> Person | None:
    query = select(Person).where(Person.login == login, Person.subject == subject)
    return (await session.execute(query)).scalar_one_or_none()


async def person(session: ReadSession, person_id: str) -> Person | None:
    return await session.get(Person, person_id)


async def memberships(session: ReadSession, person_id: str) -> Sequence[tuple[Member, Organisation]]:
    """Where a person is an active member of an open organisation, oldest first."""
    query = (
        select(Member, Organisation)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.person_id == person_id, Member.state == "active", Organisation.closed_at.is_(None))
        .order_by(Member.created_at, Member.id)
    )
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def active_member(session: ReadSession, member_id: str) -> tuple[Member, Organisation] | None:
    """The member with its organisation, unless the member is removed or the organisation is closed."""
    query = (
        select(Member, Organisation)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == member_id, Member.state == "active", Organisation.closed_at.is_(None))
    )
    row = (await session.execute(query)).first()
    return None if row is None else (row[0], row[1])


async def find(session: ReadSession, organisation_id: str, member_id: str) -> Member | None:
    query = select(Member).where(
        Member.id == member_id, Member.organisation_id == organisation_id, Member.state != "removed"
    )
    return (await session.execute(query)).scalar_one_or_none()


async def find_any(session: ReadSession, member_id: str) -> Member | None:
    """A member of whatever organisation: only for a caller who proved by a token that it is theirs."""
    return await session.get(Member, member_id)


async def replace_password(
    session: WriteSession, person_id: str, old_hash: str, new_hash: str, now: datetime
) -> bool:
    """False if the password is not the one that was checked any more."""
    statement = (
        update(Person)
        .where(Person.id == person_id, Person.password_hash == old_hash)
        .values(password_hash=new_hash, password_changed_at=now)
        .returning(Person.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def of_organisation(
    session: ReadSession, organisation_id: str, *, after: str | None, limit: int
) -> Sequence[Member]:
    query = select(Member).where(Member.organisation_id == organisation_id, Member.state != "removed")
    if after is not None:
        query = query.where(Member.id > after)
    return (await session.execute(query.order_by(Member.id).limit(limit))).scalars().all()


async def active_of_organisation(session: ReadSession, organisation_id: str) -> Sequence[Member]:
    query = select(Member).where(Member.organisation_id == organisation_id, Member.state == "active")
    return (await session.execute(query)).scalars().all()


async def login_is_used(session: ReadSession, organisation_id: str, login: str) -> bool:
    query = select(Member.id).where(
        Member.organisation_id == organisation_id, Member.login == login, Member.state != "removed"
    )
    return (await session.execute(query.limit(1))).first() is not None


async def member_of_person(session: ReadSession, organisation_id: str, person_id: str) -> Member | None:
    query = select(Member).where(Member.organisation_id == organisation_id, Member.person_id == person_id)
    return (await session.execute(query)).scalar_one_or_none()


async def open_invitation(session: ReadSession, token_hash: str, now: datetime) -> Invitation | None:
    query = select(Invitation).where(
        Invitation.token_hash == token_hash, Invitation.used_at.is_(None), Invitation.expires_at > now
    )
    return (await session.execute(query)).scalar_one_or_none()


async def consume_invitation(session: WriteSession, token_hash: str, now: datetime) -> str | None:
    """Use an invitation up; of any number of simultaneous calls with one token, one gets the member's id, the others None."""
    statement = (
        update(Invitation)
        .where(Invitation.token_hash == token_hash, Invitation.used_at.is_(None), Invitation.expires_at > now)
        .values(used_at=now)
        .returning(Invitation.member_id)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def withdraw_invitations(session: WriteSession, member_id: str, now: datetime) -> None:
    """Make every open invitation of this member useless."""
    await session.execute(
        update(Invitation)
        .where(Invitation.member_id == member_id, Invitation.used_at.is_(None))
        .values(used_at=now)
    )
