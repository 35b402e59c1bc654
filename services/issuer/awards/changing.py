"""What happens to awards after they were made: revoked, suspended, reinstated, replaced."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from services.issuer.awards import events
from services.issuer.awards.schemas import Action, Code
from services.issuer.awards.store import Award, AwardChange
from services.issuer.context import Context
from services.issuer.errors import AwardRevoked, NotSuspendable, NotSuspended
from services.issuer.status import service as status
from shared.db import WriteSession, new_id
from shared.http.problems import Problem

T = TypeVar("T")
_VERBS = {"revoke": "revoked", "suspend": "suspended", "reinstate": "reinstated"}


def refusal(award: Award, action: Action) -> Problem | None:
    """Why this cannot happen to the award in its present state; None if it can."""
    if award.state in {"revoked", "replaced"}:
        return AwardRevoked("This award is revoked or replaced, for good.")
    if action == "reinstate":
        return None if award.state == "suspended" else NotSuspended("This award is not suspended.")
    if action == "suspend":
        if award.suspension_list is None:
            return NotSuspendable("Revoke it, or declare the achievement suspendable for awards to come.")
        if award.state == "suspended":
            return NotSuspendable("This award is suspended already.")
    return None


async def change(
    context: Context,
    session: WriteSession,
    awards: Sequence[Award],
    action: Action,
    *,
    code: Code,
    reason: str | None,
    actor: str,
) -> None:
    """Do it to locked awards that `refusal` lets through: state, bits, history and events, in one transaction."""
    now = context.clock()
    changes = [_record(award, _VERBS[action], now, actor, code, reason) for award in awards]
    for award in awards:
        award.state = {"revoke": "revoked", "suspend": "suspended", "reinstate": "issued"}[action]
        award.code, award.reason = (None, None) if action == "reinstate" else (code, reason)
        if action == "revoke":
            award.duplicate_key = None
    bits = [
        (award.revocation_list, award.revocation_index)
        if action == "revoke"
        else (_given(award.suspension_list), _given(award.suspension_index))
        for award in awards
    ]
    await status.set_bits(context, session, bits, value=action != "reinstate")
    await _keep(context, session, awards, changes)


async def replace(
    context: Context,
    session: WriteSession,
    pairs: Sequence[tuple[Award, Award]],
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Replace locked awards (first of each pair) by new ones: the old credentials are revoked as superseded."""
    if not pairs:
        return
    changes = []
    for old, new in pairs:
        made = _record(old, "replaced", now, actor, "superseded", reason)
        made.replaced_by = new.id
        changes.append(made)
        old.state, old.code, old.replaced_by, old.duplicate_key = "replaced", "superseded", new.id, None
    await status.set_bits(
        context, session, [(old.revocation_list, old.revocation_index) for old, _ in pairs], value=True
    )
    await _keep(context, session, [old for old, _ in pairs], changes)


def _record(
    award: Award, verb: str, now: datetime, actor: str, code: str | None, reason: str | None
) -> AwardChange:
    award.event_sequence += 1
    award.version += 1
    award.updated_at = now
    return AwardChange(
        id=new_id(),
        award_id=award.id,
        sequence=award.event_sequence,
        verb=verb,
        at=now,
        actor=actor,
        code=code,
        reason=reason,
    )


async def _keep(
    context: Context, session: WriteSession, awards: Sequence[Award], changes: Sequence[AwardChange]
) -> None:
    session.add_all(changes)
    # Also clears the duplicate keys of replaced awards before the new ones claim them.
    await session.flush()
    told = (
        events.changed(award, made, context.public_url) for award, made in zip(awards, changes, strict=True)
    )
    await context.outbox.add(session, *told)


def _given(value: T | None) -> T:
    assert value is not None  # `refusal` let it through: the award is suspendable
    return value
