"""Checking everything that the issuer keeps, read-only: a sentence for each thing that is wrong."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence

from sqlalchemy import func, select

from services.issuer import tables
from services.issuer.awards import store as awards
from services.issuer.awards.events import credential_url
from services.issuer.awards.store import Award, Credential
from services.issuer.context import Context
from services.issuer.evidence import store as evidence_store
from services.issuer.evidence.files import digest_of
from services.issuer.evidence.service import path_of
from services.issuer.keys import proofs
from services.issuer.keys import store as keys
from services.issuer.keys.formats import format_named
from services.issuer.status import store as status
from shared.db import ReadSession
from shared.messaging.topics import CREDENTIALS
from shared.vc.errors import VcError
from shared.vc.keys import PublicKey
from shared.vc.status import StatusBits

_BATCH = 200


async def check_everything(context: Context) -> list[str]:
    """Every award has its credential, whose bytes, proof, id, status bits and events are as they should be; every piece of
    evidence has its file.
    """
    return await _check_awards(context) + await _check_evidence(context)


async def _check_evidence(context: Context) -> list[str]:
    wrong: list[str] = []
    after = ""
    while True:
        async with context.db.read() as session:
            found = await evidence_store.kept_after(session, after, _BATCH)
        if not found:
            return wrong
        for evidence in found:
            digest = await digest_of(path_of(context, evidence))
            if digest is None:
                wrong.append(f"evidence {evidence.id}: its file is missing")
            elif digest != evidence.sha256:
                wrong.append(f"evidence {evidence.id}: its file is not the one that was uploaded")
        after = found[-1].id


async def _check_awards(context: Context) -> list[str]:
    wrong: list[str] = []
    known: dict[str, PublicKey] = {}
    lists: dict[str, StatusBits] = {}
    after = ""
    while True:
        async with context.db.read() as session:
            found = await awards.after(session, after, _BATCH)
            if not found:
                return wrong
            told = await _events_told(context, session, [award for award, _ in found])
            for award, credential in found:
                if told.get(award.id, 0) != award.event_sequence:
                    wrong.append(f"award {award.id}: events of it are missing from the outbox")
                wrong += [
                    f"award {award.id}: {fault}"
                    for fault in await _faults(context, session, award, credential, known, lists)
                ]
        after = found[-1][0].id


async def _events_told(context: Context, session: ReadSession, found: Sequence[Award]) -> dict[str, int]:
    """How many events of each award the outbox has (it keeps them when they are published)."""
    outbox = tables.messaging.outbox
    query = (
        select(outbox.c.reference, func.count().label("told"))
        .where(
            outbox.c.topic == CREDENTIALS.name,
            outbox.c.subject.in_([credential_url(context.public_url, award.id) for award in found]),
        )
        .group_by(outbox.c.reference)
    )
    rows = await session.execute(query)
    return {row.reference: row.told for row in rows}


async def _faults(
    context: Context,
    session: ReadSession,
    award: Award,
    credential: Credential | None,
    known: dict[str, PublicKey],
    lists: dict[str, StatusBits],
) -> list[str]:
    faults = [fault async for fault in _bit_faults(session, award, lists)]
    if credential is None:
        return [*faults, "has no credential"]
    if credential.body is None:
        return faults if award.erased_at is not None else [*faults, "its credential's text is missing"]
    if hashlib.sha256(credential.body).hexdigest() != credential.sha256:
        return [*faults, "its credential's bytes are not those that were signed"]
    public = known.get(credential.key_id)
    if public is None:
        public = known[credential.key_id] = await _public_key(session, award, credential.key_id)
    return faults + list(_proof_faults(context, award, credential, credential.body, public))


def _proof_faults(
    context: Context, award: Award, credential: Credential, body: bytes, public: PublicKey
) -> Iterator[str]:
    form = format_named(award.proof_format)
    try:
        if proofs.document_of(body, form).get("id") != credential_url(context.public_url, award.id):
            yield "its credential has another id"
        if credential.media_type != form.media_type:
            yield "its credential's media type is not that of its format"
        proofs.check(body, form, public, context.contexts)
    except (VcError, ValueError) as error:
        yield f"its credential does not verify ({getattr(error, 'code', type(error).__name__)})"


async def _public_key(session: ReadSession, award: Award, key_id: str) -> PublicKey:
    key = await keys.get(session, award.profile_id, key_id)
    assert key is not None  # a foreign key
    return keys.public_key(key)


async def _bit_faults(session: ReadSession, award: Award, lists: dict[str, StatusBits]) -> AsyncIterator[str]:
    expected = {
        "revocation": award.state in {"revoked", "replaced"},
        "suspension": award.state == "suspended",
    }
    places = (
        ("revocation", award.revocation_list, award.revocation_index),
        ("suspension", award.suspension_list, award.suspension_index),
    )
    for purpose, list_id, index in places:
        if list_id is None or index is None:
            continue
        if list_id not in lists:
            found = await status.get(session, list_id)
            assert found is not None  # a foreign key
            lists[list_id] = StatusBits(data=found.bits)
        # A suspended award that was then revoked keeps its suspension bit: both are true of it.
        if purpose == "suspension" and award.state in {"revoked", "replaced"}:
            continue
        if bool(lists[list_id].get(index)) != expected[purpose]:
            yield f"its {purpose} bit does not say what its state says ({award.state})"
