"""What a learner does with her badges."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.backpack.context import Context
from services.backpack.credentials import disclosing, keeping, store
from services.backpack.credentials.disclosing import Claim
from services.backpack.credentials.files import Download, download, picture_type_of
from services.backpack.credentials.files import picture as picture_file
from services.backpack.credentials.schemas import CredentialDetail, CredentialOut
from services.backpack.credentials.showing import shown, shown_with
from services.backpack.credentials.store import ACCEPTED, DECLINED, DELIVERED, Credential
from services.backpack.deliveries import store as deliveries
from services.backpack.deliveries.answers import Answer, say
from services.backpack.errors import WrongState
from services.backpack.shares.ending import end_shares_without
from shared.db import ReadSession, WriteSession
from shared.http.etag import Precondition
from shared.http.problems import NotFound


@dataclass(frozen=True)
class Filter:
    """Which of the learner's badges to list; None asks for any."""

    state: str | None = None
    status: str | None = None
    origin: str | None = None
    hidden: bool | None = None
    issuer: str | None = None


async def list_of(
    context: Context, learner_id: str, wanted: Filter, *, before: tuple[datetime, str] | None, limit: int
) -> tuple[Sequence[CredentialOut], bool]:
    """The learner's badges, newest first, and whether there are more."""
    async with context.db.read() as session:
        rows = await store.page(
            session,
            learner_id,
            state=wanted.state,
            status=wanted.status,
            origin=wanted.origin,
            hidden=wanted.hidden,
            issuer=wanted.issuer,
            before=before,
            limit=limit,
        )
    now = context.clock()
    return [shown(context.vault, row, now) for row in rows[:limit]], len(rows) > limit


async def _held(session: ReadSession, learner_id: str, row_id: str) -> Credential:
    credential = await store.held(session, learner_id, row_id)
    if credential is None:
        raise NotFound("There is no such badge in this backpack.")
    return credential


async def _held_for_update(session: WriteSession, learner_id: str, row_id: str) -> Credential:
    credential = await store.held_for_update(session, learner_id, row_id)
    if credential is None:
        raise NotFound("There is no such badge in this backpack.")
    return credential


async def read(context: Context, learner_id: str, row_id: str) -> CredentialDetail:
    """One badge, what it says, and its newest report. Raises NotFound, also for another learner's."""
    async with context.db.read() as session:
        credential = await _held(session, learner_id, row_id)
        report = await store.document(session, row_id, store.REPORT)
        text = await store.document(session, row_id, store.CREDENTIAL)
        picture_type = await picture_type_of(session, credential)
    assert report is not None, "every kept credential has a report"
    assert text is not None, "every kept credential has its text"
    content = keeping.content_of(context.vault, text)
    return shown_with(
        context.vault,
        credential,
        context.clock(),
        picture=picture_type,
        claims=disclosing.claims_of(content.decode()) if credential.selective else (),
        says=_parsed(content),
        report=json.loads(keeping.content_of(context.vault, report)),
    )


def _parsed(content: bytes) -> dict[str, Any] | None:
    """The badge as JSON; a JWT's claims are in the report's projection."""
    return json.loads(content) if content.lstrip().startswith(b"{") else None


async def claims(context: Context, learner_id: str, row_ids: Sequence[str]) -> dict[str, list[Claim]]:
    """What the learner may show or keep back of those of these badges that are selective."""
    async with context.db.read() as session:
        rows = await store.by_ids(session, learner_id, row_ids)
        texts = {
            row.id: await store.document(session, row.id, store.CREDENTIAL) for row in rows if row.selective
        }
    return {
        row_id: disclosing.claims_of(keeping.content_of(context.vault, text).decode())
        for row_id, text in texts.items()
        if text is not None
    }


async def answer(context: Context, learner_id: str, row_id: str, state: str) -> CredentialOut:
    """Accept or decline a badge; doing it twice changes nothing. A declined one can be accepted later.

    Raises NotFound, and WrongState for accepting a revoked badge.
    """
    async with context.db.write() as session:
        credential = await _held_for_update(session, learner_id, row_id)
        if credential.state != state:
            _check_answer(credential, state)
            credential.state = state
            credential.answered_at = context.clock()
            credential.version += 1
            if state == DECLINED:
                await end_shares_without(context, session, credential.id)
            await _tell(context, session, credential, "accepted" if state == ACCEPTED else "declined")
        return shown(context.vault, credential, context.clock())


def _check_answer(credential: Credential, state: str) -> None:
    if state == ACCEPTED and credential.status == "revoked":
        raise WrongState("Its issuer has revoked the badge; it can only be declined.", state=credential.state)


async def _tell(context: Context, session: WriteSession, credential: Credential, word: Answer) -> None:
    if credential.origin == DELIVERED and credential.credential_id is not None:
        await say(context, session, credential.credential_id, word)


async def set_hidden(
    context: Context, learner_id: str, row_id: str, *, hidden: bool, seen: Precondition | None = None
) -> CredentialOut:
    """Hide a badge from the learner's own list, or show it again. What was shared stays shared."""
    async with context.db.write() as session:
        credential = await _held_for_update(session, learner_id, row_id)
        if seen is not None:
            seen.check(credential.version)
        if credential.hidden != hidden:
            credential.hidden = hidden
            credential.version += 1
        return shown(context.vault, credential, context.clock())


async def remove(context: Context, learner_id: str, row_id: str) -> None:
    """Erase a badge from the backpack: its bytes, its report, and its place in shares.

    A share that held nothing else is closed, its consent withdrawn. Raises NotFound.
    """
    async with context.db.write() as session:
        credential = await _held_for_update(session, learner_id, row_id)
        await end_shares_without(context, session, credential.id)
        await _tell(context, session, credential, "removed")
        if credential.origin == DELIVERED:
            await deliveries.forget(session, [credential.credential_key])
        await store.remove(session, credential.id)


async def file(
    context: Context, learner_id: str, row_id: str, *, accept: str | None, form: str | None
) -> Download:
    """The badge as a file: its exact text, or baked into its picture. Raises NotFound, NotAcceptable, NoImage."""
    async with context.db.read() as session:
        credential = await _held(session, learner_id, row_id)
    return await download(context, credential, accept=accept, form=form)


async def given_file(context: Context, learner_id: str, row_id: str) -> Download:
    """The file a badge was imported from, exactly as given. Raises NotFound for a delivered one."""
    async with context.db.read() as session:
        credential = await _held(session, learner_id, row_id)
        document = await store.document(session, credential.id, store.FILE)
    if document is None:
        raise NotFound("The badge was not imported from a file.")
    return Download(document.media_type, keeping.content_of(context.vault, document), credential.container)


async def picture(context: Context, learner_id: str, row_id: str) -> Download:
    """The badge's picture, from here. Raises NotFound."""
    async with context.db.read() as session:
        credential = await _held(session, learner_id, row_id)
    found = await picture_file(context, credential)
    if found is None:
        raise NotFound("The badge has no picture.")
    return found
