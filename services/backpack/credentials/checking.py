"""Verifying held badges again: their issuers may have revoked them without telling us."""

import structlog

from services.backpack.context import Context
from services.backpack.credentials import changes, keeping, store
from services.backpack.credentials.changes import Change
from services.backpack.credentials.store import Credential
from services.backpack.verification import Judgement, judge
from shared.db import WriteSession
from shared.http.problems import NotFound
from shared.vc.report import Report

BATCH = 20

_log = structlog.get_logger("confer.backpack")


async def check_due(context: Context) -> int:
    """Verify the held badges whose last check is oldest and too old. Returns how many were looked at."""
    moment = context.clock() - context.settings.recheck_after
    async with context.db.read() as session:
        due = await store.unchecked_since(session, moment, BATCH)
    for credential in due:
        # Marked first: one badge that cannot be verified for a fault of ours must not keep the others waiting.
        async with context.db.write() as session:
            await store.mark_checked(session, credential.id, context.clock())
        await _check(context, credential, fresh=False)
    return len(due)


async def check_held(context: Context, learner_id: str, row_id: str) -> None:
    """Verify one of the learner's badges now. Raises NotFound."""
    async with context.db.read() as session:
        credential = await store.held(session, learner_id, row_id)
    if credential is None:
        raise NotFound("There is no such badge in this backpack.")
    await _check(context, credential, fresh=True)


async def _check(context: Context, credential: Credential, *, fresh: bool) -> None:
    async with context.db.read() as session:
        text = await store.document(session, credential.id, store.CREDENTIAL)
    if text is None:
        return  # removed between the two reads
    report = await context.checker.check(keeping.content_of(context.vault, text), fresh=fresh)
    judgement = judge(report)
    async with context.db.write() as session:
        current = await session.get(Credential, credential.id, with_for_update=True)
        if current is not None:
            await _note(context, session, current, report, judgement)


async def _note(
    context: Context, session: WriteSession, credential: Credential, report: Report, judgement: Judgement
) -> None:
    """Keep the new report, and take over what the issuer's status list says. It says no more than that, so no reason."""
    now = context.clock()
    credential.checked_at = now
    credential.verdict = report.verdict
    old = await store.document(session, credential.id, store.REPORT)
    if old is not None:
        await session.delete(old)
        await session.flush()
    keeping.put(
        session, context.vault, credential.id, store.REPORT, "application/json", keeping.report_bytes(report)
    )
    verb = _verb(credential.status, judgement.status)
    if verb is not None:
        await changes.change_one(context, session, credential, Change(verb=verb, at=now))
        _log.info("credential.status_found", status=credential.status)


def _verb(known: str, found: str | None) -> str | None:
    """The event that would explain the difference between the status known and the one found."""
    if found is None or found == known:
        return None
    if found == "valid":
        return "reinstated" if known == "suspended" else None
    return found
