"""The one path by which credentials come into being, for one award and for a chunk of many (decision 8).

Order: ids and status indexes → build → lint → persist the intent → sign → verify what was signed → persist the bytes
and the outbox rows; all of it in the caller's transaction. Whatever fails leaves nothing behind but unused bits.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.issuer.achievements import store as achievements
from services.issuer.awards import changing, events, store
from services.issuer.awards.building import Plan, Prepared, build, cannot_be_signed, plan, prepare
from services.issuer.awards.evidence import named
from services.issuer.awards.schemas import AwardIn, Origin
from services.issuer.awards.store import Award
from services.issuer.context import Context
from services.issuer.errors import (
    AchievementArchived,
    AchievementNotPublished,
    DuplicateAward,
    ProfileClosed,
)
from services.issuer.evidence import store as evidence_store
from services.issuer.keys import service as keys
from services.issuer.keys import signing
from services.issuer.keys.formats import FORMATS, format_named
from services.issuer.profiles import store as profiles
from services.issuer.status import service as status
from services.issuer.status.service import REVOCATION, SUSPENSION, Place
from shared.db import WriteSession, new_id
from shared.http.problems import NotFound, Problem
from shared.vc.errors import VcError


@dataclass(frozen=True)
class Issuing:
    """On whose authority, and how, awards are made."""

    organisation: str
    actor: str
    origin: Origin
    job_id: str | None = None
    replacing: Award | None = None
    """The (locked) award that the single request replaces, whatever the achievement's policy."""
    reason: str | None = None
    """Why it is replaced."""


Outcome = Award | Problem
"""What became of one request: the award, or why it was refused."""


@dataclass
class _Places:
    """Places on status lists taken beforehand, by (profile, purpose)."""

    free: defaultdict[tuple[str, str], list[Place]] = field(default_factory=lambda: defaultdict(list))

    def of(self, shared: Plan) -> list[Place]:
        purposes = (REVOCATION, SUSPENSION) if shared.achievement.suspendable else (REVOCATION,)
        return [self.free[shared.profile.id, purpose].pop() for purpose in purposes]


async def places_for_one(
    context: Context, organisation: str, achievement_id: str
) -> dict[tuple[str, str], list[Place]]:
    """Places for a single award, taken from this process's blocks before its transaction begins.

    Empty when the achievement cannot be awarded: the transaction will say why.
    """
    async with context.db.read() as session:
        achievement = await achievements.get_owned(session, achievement_id, organisation)
    if achievement is None or achievement.state != "published":
        return {}
    purposes = (REVOCATION, SUSPENSION) if achievement.suspendable else (REVOCATION,)
    return {
        (achievement.profile_id, purpose): [
            await context.indexes.one(context, achievement.profile_id, purpose)
        ]
        for purpose in purposes
    }


async def issue(
    context: Context,
    session: WriteSession,
    requests: Sequence[AwardIn],
    how: Issuing,
    *,
    places: Mapping[tuple[str, str], list[Place]] | None = None,
) -> list[Outcome]:
    """Make the awards that can be made; one outcome per request, in order.

    `places` were taken beforehand; what is missing is taken in this transaction.

    Raises IntegrityError if another transaction made the same award at this moment: roll back and try again.
    """
    now = context.clock()
    outcomes: dict[int, Outcome] = {}
    waiting = await _prepare_all(context, session, requests, how, outcomes)
    taken = _Places()
    for key, given in (places or {}).items():
        taken.free[key] += given
    while waiting:
        # A recipient who stands in the list twice is looked at again after the first award is there.
        wave, waiting = _first_of_each(waiting)
        await _issue_wave(context, session, wave, how, taken, now, outcomes)
    return [outcomes[number] for number in range(len(requests))]


async def _prepare_all(
    context: Context,
    session: WriteSession,
    requests: Sequence[AwardIn],
    how: Issuing,
    outcomes: dict[int, Outcome],
) -> list[tuple[int, Prepared]]:
    """Check every request against its achievement, evidence and rubric; refusals go into `outcomes`."""
    await _make_missing_keys(context, session, requests, how)
    plans: dict[tuple[str, str | None], Plan | Problem] = {}
    wanted = set[str]().union(*(named(request.evidence) for request in requests))
    uploaded = await evidence_store.of_ids(session, how.organisation, sorted(wanted))
    ready: list[tuple[int, Prepared]] = []
    for number, request in enumerate(requests):
        kind = (request.achievement, request.proof_format)
        shared = plans.get(kind)
        if shared is None:
            shared = plans[kind] = await _plan_or_refusal(context, session, request, how)
        if isinstance(shared, Problem):
            outcomes[number] = shared
            continue
        try:
            ready.append((number, prepare(context, request, shared, uploaded)))
        except Problem as refusal:
            outcomes[number] = refusal
    return ready


async def _make_missing_keys(
    context: Context, session: WriteSession, requests: Sequence[AwardIn], how: Issuing
) -> None:
    """Keys for formats that awards name for themselves; profiles and achievements got theirs when they named one."""
    wanted = {(each.achievement, each.proof_format) for each in requests if each.proof_format is not None}
    for achievement_id, name in sorted(wanted):
        achievement = await achievements.get_owned(session, achievement_id, how.organisation)
        if achievement is not None and achievement.state == "published":
            form, now = FORMATS[name], context.clock()
            await keys.ensure(context, session, achievement.profile_id, form, how.actor, now)


async def _plan_or_refusal(
    context: Context, session: WriteSession, request: AwardIn, how: Issuing
) -> Plan | Problem:
    achievement = await achievements.get_owned(session, request.achievement, how.organisation)
    if achievement is None:
        return NotFound("Your organisation has no such achievement.")
    if achievement.state == "archived":
        return AchievementArchived("An archived achievement is not awarded any more.")
    if achievement.state != "published":
        return AchievementNotPublished("Publish the achievement before you award it.")
    profile = await profiles.get(session, achievement.profile_id)
    version = await achievements.version(session, achievement.id, achievement.latest)
    assert profile is not None  # a foreign key
    assert version is not None  # `latest` counts published versions
    if profile.state == "closed":
        return ProfileClosed("The achievement's issuer profile is closed.")
    rubrics = await achievements.rubrics(session, achievement.id, achievement.latest)
    # The key first, status lists after it: the same order as everywhere else.
    form = format_named(request.proof_format or achievement.proof_format or profile.proof_format)
    signer = await signing.signer(context, session, profile, form)
    return plan(context, achievement, version, profile, rubrics, signer)


def _first_of_each(
    waiting: list[tuple[int, Prepared]],
) -> tuple[list[tuple[int, Prepared]], list[tuple[int, Prepared]]]:
    seen: set[str] = set()
    first: list[tuple[int, Prepared]] = []
    later: list[tuple[int, Prepared]] = []
    for number, prepared in waiting:
        (later if prepared.recipient_key in seen else first).append((number, prepared))
        seen.add(prepared.recipient_key)
    return first, later


@dataclass(frozen=True)
class _Ready:
    """An award whose credential is built and linted, not yet signed."""

    number: int
    prepared: Prepared
    award: Award
    document: dict[str, Any]
    replaces: Award | None


async def _issue_wave(
    context: Context,
    session: WriteSession,
    wave: list[tuple[int, Prepared]],
    how: Issuing,
    taken: _Places,
    now: datetime,
    outcomes: dict[int, Outcome],
) -> None:
    standing = await _standing(session, wave, how)
    allowed: list[tuple[int, Prepared]] = []
    for number, prepared in wave:
        held = standing.get(prepared.recipient_key)
        if held is not None and held is not how.replacing and prepared.plan.achievement.duplicates == "deny":
            outcomes[number] = DuplicateAward(
                "The recipient holds this achievement; revoke that award first, or replace it.", award=held.id
            )
        else:
            allowed.append((number, prepared))
    await _take_places(context, session, allowed, taken)
    ready: list[_Ready] = []
    for number, prepared in allowed:
        try:
            held = how.replacing or standing.get(prepared.recipient_key)
            ready.append(_ready(context, number, prepared, how, taken.of(prepared.plan), now, held))
        except Problem as refusal:
            outcomes[number] = refusal
    await _persist(context, session, ready, how, now, outcomes)


async def _standing(
    session: WriteSession, wave: Sequence[tuple[int, Prepared]], how: Issuing
) -> dict[str, Award]:
    """Awards that already stand for these recipients, where the achievement's policy minds."""
    minding = [p.recipient_key for _, p in wave if p.plan.achievement.duplicates != "allow"]
    standing = await store.standing(session, minding) if minding else {}
    replacing = how.replacing
    if replacing is not None and replacing.recipient_key in standing:
        standing[replacing.recipient_key] = replacing
    return standing


async def _take_places(
    context: Context, session: WriteSession, allowed: Sequence[tuple[int, Prepared]], taken: _Places
) -> None:
    needed: defaultdict[tuple[str, str], int] = defaultdict(int)
    shared_by: dict[str, Plan] = {}
    for _, prepared in allowed:
        shared = prepared.plan
        shared_by[shared.profile.id] = shared
        for purpose in (REVOCATION, SUSPENSION) if shared.achievement.suspendable else (REVOCATION,):
            needed[shared.profile.id, purpose] += 1
    for profile_id, purpose in sorted(needed):
        free = taken.free[profile_id, purpose]
        missing = needed[profile_id, purpose] - len(free)
        if missing > 0:
            free += await status.take(context, session, shared_by[profile_id].profile, purpose, missing)


def _ready(
    context: Context,
    number: int,
    prepared: Prepared,
    how: Issuing,
    places: list[Place],
    now: datetime,
    held: Award | None,
) -> _Ready:
    """The award and its unsigned credential. Raises InvalidCredential."""
    award_id = new_id()
    document = build(
        prepared, events.credential_url(context.public_url, award_id), places, now, context.contexts
    )
    given, shared, recipient = prepared.given, prepared.plan, prepared.recipient
    achievement = shared.achievement
    award = Award(
        id=award_id,
        organisation=how.organisation,
        profile_id=shared.profile.id,
        achievement_id=achievement.id,
        number=shared.version.number,
        state="issued",
        origin=how.origin,
        job_id=how.job_id,
        recipient_type=recipient.type,
        recipient_identity=recipient.identity,
        recipient_name=recipient.name,
        recipient_hashed=recipient.hashed,
        recipient_key=prepared.recipient_key,
        duplicate_key=None if achievement.duplicates == "allow" else prepared.recipient_key,
        public=given.public,
        proof_format=shared.signer.format.name,
        valid_from=given.valid_from or now,
        valid_until=given.valid_until,
        awarded_date=given.awarded_date,
        claim_until=now + timedelta(days=achievement.claim_days) if achievement.claim_days else None,
        revocation_list=places[0].list_id,
        revocation_index=places[0].index,
        suspension_list=places[1].list_id if len(places) > 1 else None,
        suspension_index=places[1].index if len(places) > 1 else None,
        replaces=held.id if held is not None else None,
        delivery="pending",
        external_id=given.external_id,
        custom=given.metadata,
        event_sequence=1,
        version=1,
        created_at=now,
        created_by=how.actor,
        updated_at=now,
    )
    return _Ready(number, prepared, award, document, held)


async def _persist(
    context: Context,
    session: WriteSession,
    ready: Sequence[_Ready],
    how: Issuing,
    now: datetime,
    outcomes: dict[int, Outcome],
) -> None:
    """Intent, signature, check, bytes and events. An exception rolls everything back: a refusal of one in a chunk is found
    by the job's halving.
    """
    if not ready:
        return
    replaced = [(each.replaces, each.award) for each in ready if each.replaces is not None]
    await changing.replace(context, session, replaced, actor=how.actor, reason=how.reason, now=now)
    session.add_all(each.award for each in ready)
    await session.flush()
    bodies = await _sign(context, ready, now)
    session.add_all(
        store.Credential(
            award_id=each.award.id,
            key_id=each.prepared.plan.signer.key_id,
            media_type=each.prepared.plan.signer.format.media_type,
            body=bodies[each.number],
            sha256=hashlib.sha256(bodies[each.number]).hexdigest(),
        )
        for each in ready
    )
    await context.outbox.add(session, *(events.issued(each.award, context.public_url) for each in ready))
    await session.flush()
    for each in ready:
        outcomes[each.number] = each.award


async def _sign(context: Context, ready: Sequence[_Ready], now: datetime) -> dict[int, bytes]:
    """The signed bytes by request number; a chunk may be of several profiles and formats."""
    by_key: defaultdict[tuple[str, str], list[_Ready]] = defaultdict(list)
    for each in ready:
        by = each.prepared.plan.signer
        by_key[by.key_id, by.format.name].append(each)
    bodies: dict[int, bytes] = {}
    for group in by_key.values():
        signer = group[0].prepared.plan.signer
        try:
            signed = await signing.sign_all(context, signer, [each.document for each in group], now)
        except VcError as error:
            # What no single part of it showed: the whole is too much work for whoever has to verify it, for instance.
            raise cannot_be_signed(error) from error
        bodies |= {each.number: body for each, body in zip(group, signed, strict=True)}
    return bodies
