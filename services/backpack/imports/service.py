"""Importing a badge from elsewhere: read, verified, and only then kept, byte for byte as given.

What is decided here: a badge that is expired, suspended, or whose status list cannot be reached is kept and shown as
such; one that is revoked, wrong, or cannot be verified now is not. One that names somebody the learner has not proven to be
is refused; one that does not say enough to tell is kept, marked as unproven.
"""

import base64
import binascii
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from services.backpack.context import Context
from services.backpack.credentials import claiming, keeping, store
from services.backpack.credentials.keeping import Given
from services.backpack.credentials.ownership import Ownership, ownership
from services.backpack.credentials.pictures import Picture
from services.backpack.credentials.showing import CALLER, seal_caller, shown
from services.backpack.credentials.store import ACCEPTED, DELIVERED, IMPORTED, UNCLAIMED, Credential
from services.backpack.deliveries.answers import say
from services.backpack.errors import (
    AlreadyHeld,
    BackpackFull,
    ImportRefused,
    ImportUndetermined,
    NotABadge,
    NotFetched,
    NotYours,
)
from services.backpack.identifiers.reach import proven_of
from services.backpack.imports.schemas import ImportIn, ImportOut
from services.backpack.verification import Judgement, judge
from shared.db import WriteSession
from shared.http.problems import TooLarge
from shared.vc.baking import ImageRefused, Unrecognised, extract
from shared.vc.fetching import FetchRefused
from shared.vc.report import Report

ACCEPT = (
    "application/vc+ld+json, application/vc, application/ld+json, application/json, application/vc+jwt, "
    "application/vc+sd-jwt, application/jwt, image/png, image/svg+xml, text/plain;q=0.9, */*;q=0.1"
)
"""What is asked for at an address: a credential in any form, before a page about it."""

_TYPES = {"json": "application/json", "jwt": "application/jwt", "png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Source:
    """What to import: the bytes, with what their caller wants to find again."""

    content: bytes
    external_id: str | None = None
    metadata: dict[str, str] | None = None


async def source_of(context: Context, given: ImportIn) -> Source:
    """The bytes that an import names. Raises NotFetched, NotABadge (no base64), TooLarge."""
    if given.url is not None:
        content = await _fetched(context, given.url)
    elif given.credential is not None:
        content = given.credential.encode()
    else:
        content = _decoded(given.file or "")
    if len(content) > context.settings.import_bytes:
        limit = context.settings.import_bytes
        raise TooLarge(f"A file to import has at most {limit} bytes.", limit=limit)
    return Source(content, given.external_id, given.metadata)


async def _fetched(context: Context, url: str) -> bytes:
    try:
        answer = await context.fetch(url, accept=ACCEPT, max_bytes=context.settings.import_bytes)
    except FetchRefused as refusal:
        raise NotFetched(
            f"{refusal.reason} Download the file and import it instead.", reason=refusal.code
        ) from refusal
    return answer.body


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotABadge("`file` is not base64; or send the file itself as the body.") from error


async def take(context: Context, learner_id: str, source: Source) -> ImportOut:
    """Verify a badge and keep it for the learner.

    Raises NotABadge, ImportRefused, ImportUndetermined, NotYours, AlreadyHeld, BackpackFull.
    """
    _check_form(source.content)
    report = await context.checker.check(source.content, fresh=True)
    judgement = judge(report)
    _check(report, judgement)
    picture = None if report.container in {"png", "svg"} else await context.checker.picture(report)
    try:
        async with context.db.write() as session:
            credential = await _keep(context, session, learner_id, source, report, judgement, picture)
            return ImportOut(
                credential=shown(context.vault, credential, context.clock()), report=report.to_json()
            )
    except IntegrityError as error:
        raise AlreadyHeld("The badge is being imported by another request; look in the list.") from error


def _check_form(content: bytes) -> None:
    """Raise NotABadge for what no verifier could say anything about."""
    try:
        extract(content)
    except Unrecognised as error:
        raise NotABadge(error.reason) from error
    except ImageRefused as error:
        raise NotABadge(error.reason, reason=error.code) from error


def _check(report: Report, judgement: Judgement) -> None:
    body = report.to_json()
    if judgement.genuine and judgement.status != "revoked":
        return
    if judgement.genuine:
        raise ImportRefused("Its issuer has revoked the badge.", report=body)
    reason = report.summary if judgement.cause is None else judgement.cause.reason
    if judgement.later:
        raise ImportUndetermined(f"{reason} Nothing was kept; try again later.", report=body)
    raise ImportRefused(reason, report=body)


async def _keep(
    context: Context,
    session: WriteSession,
    learner_id: str,
    source: Source,
    report: Report,
    judgement: Judgement,
    picture: Picture | None,
) -> Credential:
    owner = ownership(report.document or {}, await proven_of(context.vault, session, learner_id))
    if owner == "not_matched":
        raise NotYours(
            "Confirm the e-mail address it was awarded to on the account page, then import it again.",
            report=report.to_json(),
        )
    credential = _new(context, learner_id, report, judgement, owner)
    existing = await store.held_by_key(session, learner_id, credential.credential_key)
    if existing is not None:
        raise AlreadyHeld("The badge is in the backpack already.", credential=existing.id)
    if await store.count_of(session, learner_id) >= context.settings.held_limit:
        limit = context.settings.held_limit
        raise BackpackFull(f"A backpack holds at most {limit} badges.", limit=limit)
    if owner == "matched" and (waiting := await _claim(context, session, learner_id, credential)) is not None:
        return waiting
    credential.caller = seal_caller(
        context.vault, source.external_id, source.metadata, column=CALLER, row=credential.id
    )
    session.add(credential)
    await session.flush()
    given = Given(source.content, _TYPES[report.container])
    keeping.add_documents(session, context.vault, credential, report, given=given, picture=picture)
    await session.flush()
    return credential


def _new(
    context: Context, learner_id: str, report: Report, judgement: Judgement, owner: Ownership
) -> Credential:
    now = context.clock()
    credential = keeping.new_credential(report, origin=IMPORTED, state=ACCEPTED, now=now)
    credential.learner_id = learner_id
    credential.proven = owner == "matched"
    credential.answered_at = now
    credential.status = "valid" if judgement.status is None else judgement.status
    credential.status_at = now if credential.status != "valid" else None
    return credential


async def _claim(
    context: Context, session: WriteSession, learner_id: str, imported: Credential
) -> Credential | None:
    """If the same badge was delivered and waits for somebody, who is now known to be her, that one becomes hers."""
    waiting = await store.delivered_by_key(session, imported.credential_key)
    if waiting is None or waiting.state != UNCLAIMED or waiting.sha256 != imported.sha256:
        return None
    claiming.offer(waiting, learner_id)
    waiting.state, waiting.answered_at = ACCEPTED, context.clock()
    if waiting.origin == DELIVERED and waiting.credential_id is not None:
        await say(context, session, waiting.credential_id, "accepted")
    return waiting
