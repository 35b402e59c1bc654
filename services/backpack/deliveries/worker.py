"""Verifying what was delivered, outside of any transaction, and keeping or refusing it in one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.backpack.context import Context
from services.backpack.credentials import changes, claiming, keeping
from services.backpack.credentials import store as credentials
from services.backpack.credentials.fuller import take_over
from services.backpack.credentials.ownership import ownership
from services.backpack.credentials.pictures import Picture
from services.backpack.credentials.store import DELIVERED, OFFERED, UNCLAIMED, Credential
from services.backpack.deliveries import store
from services.backpack.deliveries.answers import say
from services.backpack.deliveries.invitations import invite, tell_offered
from services.backpack.deliveries.service import STATUS_REASON, Issued, Recipient, content_of
from services.backpack.deliveries.store import KEPT, REFUSED, Delivery
from services.backpack.identifiers import store as identifiers
from services.backpack.identifiers.addresses import normalise
from services.backpack.verification import Judgement, judge
from shared.db import WriteSession, is_transient, new_id
from shared.vc.baking import Unrecognised
from shared.vc.report import Report

BATCH = 25
"""Deliveries verified per transaction pair."""
HOLD = timedelta(seconds=30)
"""How long a pass that died keeps its deliveries from others."""
IDLE_SECONDS = 1.0
"""How long to sleep when nothing waits and nobody of this process wakes us (production: consumers are other processes)."""

_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(hours=1)
_GIVE_UP = "not-verifiable"
_KEY_ATTEMPTS = 7

_log = structlog.get_logger("confer.backpack")


@dataclass(frozen=True)
class _Verified:
    issued: Issued
    report: Report
    judgement: Judgement
    picture: Picture | None


_Outcome = _Verified | Unrecognised | None
"""None: it could not be verified for a fault of ours."""


async def run(context: Context) -> None:
    """Verify deliveries as they arrive, until cancelled."""
    while True:
        if not await verify_due(context):
            await context.arrivals.wait(IDLE_SECONDS)


async def verify_due(context: Context) -> int:
    """Verify and settle one batch of deliveries. Returns how many were looked at."""
    now = context.clock()
    async with context.db.read() as session:
        due = await store.next_due(session)
    if due is None or due > now:
        return 0
    pass_id = new_id()
    async with context.db.write() as session:
        taken = await store.take_due(session, now=now, until=now + HOLD, pass_id=pass_id, count=BATCH)
    verified = await asyncio.gather(*(_verify_safely(context, delivery) for delivery in taken))
    # In one order of recipients, so that two workers on PostgreSQL never wait for one another.
    pairs = sorted(
        zip((delivery.key for delivery in taken), verified, strict=True),
        key=lambda pair: _order(context, pair[1]),
    )
    await _settle_all(context, pass_id, pairs)
    return len(taken)


def _order(context: Context, one: _Outcome) -> str:
    return _lookup(context, one.issued.recipient) if isinstance(one, _Verified) else ""


async def _settle_all(context: Context, pass_id: str, pairs: Sequence[tuple[str, _Outcome]]) -> None:
    """In one transaction; if that fails for a fault of ours, each in its own, so that one cannot hold up the others."""
    try:
        await _settle_in_one(context, pass_id, pairs)
    except Exception as error:
        if is_transient(error):
            raise
        _log.exception("delivery.settling_failed", deliveries=len(pairs))
        if len(pairs) > 1:
            for pair in pairs:
                await _settle_all(context, pass_id, [pair])
        else:
            await _settle_in_one(context, pass_id, [(pairs[0][0], None)])


async def _settle_in_one(context: Context, pass_id: str, pairs: Sequence[tuple[str, _Outcome]]) -> None:
    async with context.db.write() as session:
        for key, one in pairs:
            delivery = await store.still_taken(session, key, pass_id)
            if delivery is not None:
                await _settle(context, session, delivery, one)


async def _verify_safely(context: Context, delivery: Delivery) -> _Outcome:
    """None if it could not be verified for a fault of ours: it waits, and must not keep the others waiting."""
    try:
        return await _verify(context, delivery)
    except Unrecognised as error:
        return error
    except Exception:  # noqa: BLE001  reported, counted as put off, and tried again later
        _log.exception("delivery.verification_failed")
        return None


async def _verify(context: Context, delivery: Delivery) -> _Verified:
    issued = content_of(context, delivery)
    body = issued.body.encode()
    report = await context.checker.check(body)
    judgement = judge(report)
    if judgement.cause is not None and judgement.cause.kind == "key":
        # Perhaps the key is newer than what is remembered of its issuer.
        report = await context.checker.check(body, since=delivery.arrived_at)
        judgement = judge(report)
    picture = await context.checker.picture(report) if judgement.genuine else None
    return _Verified(issued, report, judgement, picture)


async def _settle(context: Context, session: WriteSession, delivery: Delivery, one: _Outcome) -> None:
    delivery.taken_by = None
    if isinstance(one, Unrecognised):
        _refuse(context, delivery, "format.unrecognised")
        return
    if one is None:
        _put_off(context, delivery, "internal-error")
        return
    refusal = _refusal(one)
    if refusal is None:
        await _keep(context, session, delivery, one)
    elif (
        _may_change(delivery, one.judgement)
        and delivery.arrived_at + context.settings.claim_time > context.clock()
    ):
        _put_off(context, delivery, refusal)
    else:
        _refuse(context, delivery, _GIVE_UP if one.judgement.later else refusal)


def _may_change(delivery: Delivery, judgement: Judgement) -> bool:
    """Whether to look again: something could not be reached, or a key is so new that we remember the time before it."""
    key = judgement.cause is not None and judgement.cause.kind == "key"
    return judgement.later or (key and delivery.attempts < _KEY_ATTEMPTS)


def _refusal(one: _Verified) -> str | None:
    """Why not to keep it: the code of a check. A revoked one is kept, marked as such: its holder is to know."""
    if not one.judgement.genuine:
        return "proof.missing" if one.judgement.cause is None else one.judgement.cause.code
    if (one.report.credential or {}).get("id") != one.issued.credential:
        return "delivery.another-credential"
    return _foreign(one)


def _foreign(one: _Verified) -> str | None:
    """The envelope must not send a badge to somebody whom the badge itself does not name."""
    to = one.issued.recipient
    named = ownership(one.report.document or {}, [(to.type, normalise(to.type, to.identity))])
    return "recipient.not_matched" if named == "not_matched" else None


def _put_off(context: Context, delivery: Delivery, reason: str) -> None:
    pause = min(_FIRST_PAUSE * 2 ** min(delivery.attempts, 20), _LONGEST_PAUSE)
    delivery.attempts += 1
    delivery.due_at = context.clock() + pause
    context.settled.labels("put off").inc()
    _log.info("delivery.put_off", reason=reason, seconds=int(pause.total_seconds()))


def _refuse(context: Context, delivery: Delivery, reason: str) -> None:
    delivery.state = REFUSED
    delivery.refusal = reason
    delivery.content = delivery.due_at = None
    context.settled.labels("refused").inc()
    _log.warning("delivery.refused", reason=reason, organisation=delivery.organisation)


async def _keep(context: Context, session: WriteSession, delivery: Delivery, one: _Verified) -> None:
    """Keep the exact text, and offer it to the learner it names or keep it for when she comes."""
    to = one.issued.recipient
    lookup = _lookup(context, to)
    await claiming.lock_recipient(session, lookup)
    holder = await identifiers.verified_by_lookup(session, lookup)
    delivery.state = KEPT
    delivery.content = delivery.due_at = None
    context.settled.labels("kept").inc()
    await say(context, session, one.issued.credential, "stored")
    if await _stands(context, session, delivery, one):
        return
    if holder is not None and await _is_there(context, session, holder.learner_id, one):
        return
    credential = _row(context, delivery, one, lookup, None if holder is None else holder.learner_id)
    session.add(credential)
    await session.flush()
    keeping.add_documents(session, context.vault, credential, one.report, picture=one.picture)
    if holder is not None:
        await tell_offered(context, session, credential, to.type, to.identity)
    else:
        await invite(context, session, credential, to.type, to.identity)


def _lookup(context: Context, to: Recipient) -> str:
    return context.vault.lookup(to.type, normalise(to.type, to.identity))


async def _stands(context: Context, session: WriteSession, delivery: Delivery, one: _Verified) -> bool:
    """Whether it was delivered before a rebuild: then it stays as its holder left it, and her answer is repeated."""
    before = await credentials.delivered_by_key(session, delivery.key)
    if before is None:
        return False
    if before.state == credentials.ACCEPTED:
        await say(context, session, one.issued.credential, "accepted")
    elif before.state == credentials.DECLINED:
        await say(context, session, one.issued.credential, "declined")
    return True


async def _is_there(context: Context, session: WriteSession, learner_id: str, one: _Verified) -> bool:
    """Whether she imported it before it was delivered: then that copy becomes the delivered one."""
    key = store.credential_key(one.issued.credential)
    copy = await credentials.held_by_key(session, learner_id, key)
    if copy is None:
        return False
    fuller = keeping.new_credential(one.report, origin=DELIVERED, state=copy.state, now=context.clock())
    text = keeping.text_of(one.report).encode()
    await take_over(context, session, copy, fuller, text, keeping.report_bytes(one.report))
    copy.origin = DELIVERED
    copy.proven = True
    copy.version += 1
    if copy.state == credentials.ACCEPTED:
        await say(context, session, one.issued.credential, "accepted")
    return True


def _row(
    context: Context, delivery: Delivery, one: _Verified, lookup: str, learner_id: str | None
) -> Credential:
    now = context.clock()
    state = UNCLAIMED if learner_id is None else OFFERED
    credential = keeping.new_credential(one.report, origin=DELIVERED, state=state, now=now)
    credential.learner_id = learner_id
    if learner_id is None:
        to = one.issued.recipient
        credential.recipient_type = to.type
        credential.recipient_lookup = lookup
        credential.recipient = context.vault.seal_text(
            normalise(to.type, to.identity), column="credential.recipient", row=credential.id
        )
        credential.claim_until = one.issued.claim_until or now + context.settings.claim_time
    _take_status(context, delivery, credential, one.judgement)
    return credential


def _take_status(context: Context, delivery: Delivery, credential: Credential, judgement: Judgement) -> None:
    """What the issuer said between delivering and now, or what its status list says."""
    credential.status = delivery.status
    credential.status_at = delivery.status_at
    credential.status_code = delivery.status_code
    credential.replaced_by = delivery.replaced_by
    if delivery.status_reason is not None:
        reason = context.vault.open_text(delivery.status_reason, column=STATUS_REASON, row=delivery.key)
        credential.status_reason = context.vault.seal_text(reason, column=changes.REASON, row=credential.id)
        delivery.status_reason = None
    if credential.status == "valid" and judgement.status in {"revoked", "suspended"}:
        credential.status = judgement.status
        credential.status_at = context.clock()
