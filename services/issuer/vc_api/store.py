"""The tables of instances, their status lists and the entries given out, and every query on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from services.issuer.tables import Base
from shared.db import Instant, Json, ReadSession, WriteSession


class Instance(Base):
    """One way of securing credentials with one key. The secret half is sealed, bound to this table and row."""

    __tablename__ = "vc_api_instance"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64), index=True)
    securing: Mapped[str] = mapped_column(String(24))
    """A cryptosuite, `vc+jwt` or `vc+sd-jwt`."""
    algorithm: Mapped[str] = mapped_column(String(16))
    did: Mapped[str] = mapped_column(Text, unique=True)
    """Made of the public key; never reused."""
    verification_method: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    purposes: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """The status entries of its credentials: `purpose` and, of more than one bit, `messages`."""
    state: Mapped[str] = mapped_column(String(8))
    """open | closed (signs nothing more)"""
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(Text)


class VcStatusList(Base):
    """One list of one instance and purpose."""

    __tablename__ = "vc_api_status_list"
    __table_args__ = (
        Index(
            "uq_vc_api_status_list_open",
            "instance_id",
            "purpose",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64))
    instance_id: Mapped[str] = mapped_column(ForeignKey("vc_api_instance.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]
    """Bits of an entry."""
    uri: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(String(8))
    """open (gives further entries) | full"""
    taken: Mapped[int]
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    """Key of the permutation that turns the counter into indexes."""
    bits: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The signed list exactly as it is served."""
    sha256: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    event_sequence: Mapped[int]


class VcStatusEntry(Base):
    """An entry given out, and by what its credential is found again."""

    __tablename__ = "vc_api_status_entry"
    __table_args__ = (UniqueConstraint("organisation", "credential_sha256", "purpose"),)

    list_id: Mapped[str] = mapped_column(ForeignKey("vc_api_status_list.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(32))
    credential_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the credentialId; a credential without one cannot be found again (VCALM, issue options)."""


async def get(session: ReadSession, instance_id: str, organisation: str) -> Instance | None:
    return await session.scalar(
        select(Instance).where(Instance.id == instance_id, Instance.organisation == organisation)
    )


async def get_for_update(session: WriteSession, instance_id: str, organisation: str) -> Instance | None:
    query = select(Instance).where(Instance.id == instance_id, Instance.organisation == organisation)
    return await session.scalar(query.with_for_update(key_share=True))


async def of_did(session: ReadSession, did: str, organisation: str) -> Instance | None:
    """The open instance with that DID."""
    return await session.scalar(
        select(Instance).where(
            Instance.did == did, Instance.organisation == organisation, Instance.state == "open"
        )
    )


async def page(session: ReadSession, organisation: str, after: str | None, limit: int) -> list[Instance]:
    query = select(Instance).where(Instance.organisation == organisation).order_by(Instance.id).limit(limit)
    if after is not None:
        query = query.where(Instance.id > after)
    return list(await session.scalars(query))


async def list_of(session: ReadSession, list_id: str) -> VcStatusList | None:
    return await session.get(VcStatusList, list_id)


async def open_list(session: WriteSession, instance_id: str, purpose: str) -> VcStatusList | None:
    """The list that gives further entries, locked."""
    return await session.scalar(
        select(VcStatusList)
        .where(
            VcStatusList.instance_id == instance_id,
            VcStatusList.purpose == purpose,
            VcStatusList.state == "open",
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def lock_list(session: WriteSession, list_id: str) -> VcStatusList:
    found = await session.scalar(
        select(VcStatusList)
        .where(VcStatusList.id == list_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assert found is not None  # lists are never deleted
    return found


async def entry_of(
    session: ReadSession, organisation: str, credential_sha256: str, purpose: str
) -> VcStatusEntry | None:
    return await session.scalar(
        select(VcStatusEntry).where(
            VcStatusEntry.organisation == organisation,
            VcStatusEntry.credential_sha256 == credential_sha256,
            VcStatusEntry.purpose == purpose,
        )
    )
