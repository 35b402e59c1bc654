"""Taking in, describing, giving out and erasing evidence."""

import asyncio
from pathlib import Path
from typing import BinaryIO

from services.issuer.awards.evidence import digest_sri, evidence_url
from services.issuer.context import Context
from services.issuer.errors import EvidenceErased
from services.issuer.evidence import files, store
from services.issuer.evidence.schemas import EvidenceChange, EvidenceOut
from services.issuer.evidence.store import Evidence
from shared.db import WriteSession, new_id
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.problems import NotFound

_DESCRIBED = ("name", "description", "narrative", "genre", "audience", "retention_until", "external_id")
_BATCH = 100


async def upload(context: Context, access: Access, source: BinaryIO, given: EvidenceChange) -> EvidenceOut:
    """Take in a file. Raises TooLarge."""
    evidence_id = new_id()
    stored = await files.take_in(
        source,
        context.settings.evidence_directory,
        access.organisation,
        evidence_id,
        context.settings.evidence_max_bytes,
    )
    evidence = Evidence(
        id=evidence_id,
        organisation=access.organisation,
        sha256=stored.sha256,
        size=stored.size,
        media_type=stored.media_type,
        visibility=given.visibility or "link",
        custom=given.metadata,
        version=1,
        created_at=context.clock(),
        created_by=access.actor,
        **{name: getattr(given, name) for name in _DESCRIBED},
    )
    try:
        async with context.db.write() as session:
            session.add(evidence)
            await session.flush()
            return _shown(context, evidence)
    except BaseException:
        await files.remove(path_of(context, evidence))
        raise


async def change(
    context: Context,
    access: Access,
    evidence_id: str,
    given: EvidenceChange,
    precondition: Precondition,
    session: WriteSession,
) -> tuple[EvidenceOut, int]:
    """Describe it anew. Credentials that were issued keep what they say."""
    evidence = await _locked(session, evidence_id, access)
    precondition.check(evidence.version)
    for name in given.model_fields_set & {*_DESCRIBED, "visibility", "metadata"}:
        value = getattr(given, name)
        if name == "metadata":
            evidence.custom = value
        elif name != "visibility" or value is not None:
            setattr(evidence, name, value)
    evidence.version += 1
    return _shown(context, evidence), evidence.version


async def erase(context: Context, access: Access, evidence_id: str) -> None:
    """Remove the file. Its record remains, without description; what was issued keeps the digest."""
    async with context.db.write() as session:
        evidence = await _locked(session, evidence_id, access)
        await _erase(context, session, evidence)


async def erase_expired(context: Context) -> int:
    """Erase what has outlived its retention. Returns how much it was."""
    count = 0
    while True:
        async with context.db.write() as session:
            found = await store.expired(session, context.clock(), _BATCH)
            for evidence in found:
                await _erase(context, session, evidence)
        count += len(found)
        if len(found) < _BATCH:
            return count


async def read(context: Context, access: Access, evidence_id: str) -> tuple[EvidenceOut, int]:
    """It and its version."""
    async with context.db.read() as session:
        evidence = await store.get_owned(session, evidence_id, access.organisation)
    if evidence is None:
        raise NotFound("Your organisation has no such evidence.")
    return _shown(context, evidence), evidence.version


async def listed(context: Context, access: Access, after: str | None, limit: int) -> list[EvidenceOut]:
    async with context.db.read() as session:
        found = await store.page(session, access.organisation, after, limit)
    return [_shown(context, evidence) for evidence in found]


async def file_of(context: Context, evidence_id: str, organisation: str | None) -> tuple[Evidence, Path]:
    """The file, for its own organisation (if given), else only where its address is enough.

    Raises NotFound, EvidenceErased.
    """
    async with context.db.read() as session:
        evidence = await store.get(session, evidence_id)
    if evidence is None or not _may_read(evidence, organisation):
        raise NotFound("There is no such evidence.")
    path = path_of(context, evidence)
    if evidence.erased_at is not None or not await asyncio.to_thread(path.is_file):
        raise EvidenceErased("The file was erased.")
    return evidence, path


def path_of(context: Context, evidence: Evidence) -> Path:
    directory = context.settings.evidence_directory
    return files.path_of(directory, evidence.organisation, evidence.id, evidence.sha256)


def _may_read(evidence: Evidence, organisation: str | None) -> bool:
    if organisation is None:
        return evidence.visibility == "link"
    return evidence.organisation == organisation


async def _erase(context: Context, session: WriteSession, evidence: Evidence) -> None:
    for name in (*_DESCRIBED, "custom"):
        setattr(evidence, name, None)
    evidence.erased_at = context.clock()
    evidence.version += 1
    await session.flush()
    # Before the commit: should that fail, the bytes are gone all the same, and erasing can be asked for again.
    await files.remove(path_of(context, evidence))


async def _locked(session: WriteSession, evidence_id: str, access: Access) -> Evidence:
    evidence = await store.lock_owned(session, evidence_id, access.organisation)
    if evidence is None:
        raise NotFound("Your organisation has no such evidence.")
    if evidence.erased_at is not None:
        raise EvidenceErased("The file was erased.")
    return evidence


def _shown(context: Context, evidence: Evidence) -> EvidenceOut:
    return EvidenceOut(
        id=evidence.id,
        url=evidence_url(context.settings.evidence_url, evidence.id),
        digest_sri=digest_sri(evidence.sha256),
        size=evidence.size,
        media_type=evidence.media_type,
        name=evidence.name,
        description=evidence.description,
        narrative=evidence.narrative,
        genre=evidence.genre,
        audience=evidence.audience,
        visibility=evidence.visibility,  # type: ignore[arg-type]  # validated when it came in
        retention_until=evidence.retention_until,
        erased_at=evidence.erased_at,
        external_id=evidence.external_id,
        metadata=evidence.custom,
        created_at=evidence.created_at,
        created_by=evidence.created_by,
    )
