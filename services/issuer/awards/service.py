"""Awards one at a time: made, read, listed, changed, replaced."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from services.issuer.achievements.documents import version_url
from services.issuer.awards import changing, issuing, store
from services.issuer.awards.events import credential_url
from services.issuer.awards.issuing import Issuing, Outcome
from services.issuer.awards.schemas import (
    Action,
    AwardIn,
    AwardOut,
    ChangeIn,
    ChangeOut,
    RecipientIn,
    RecipientOut,
    ReplaceIn,
)
from services.issuer.awards.store import Award, AwardChange, AwardFilter
from services.issuer.context import Context
from services.issuer.errors import DuplicateAward, RecipientErased
from services.issuer.status.service import Place
from shared.db import WriteSession
from shared.http.access import Access
from shared.http.problems import NotFound, Problem

Places = dict[tuple[str, str], list[Place]]


async def award(
    context: Context, access: Access, given: AwardIn, places: Places, session: WriteSession
) -> AwardOut:
    """Award to one recipient. Raises what `issuing.issue` gives as the refusal, among it DuplicateAward."""
    how = Issuing(access.organisation, access.actor, "direct")
    return shown(context, await _one(context, session, given, how, places))


async def replace(
    context: Context, access: Access, award_id: str, given: ReplaceIn, session: WriteSession
) -> AwardOut:
    """A new credential instead of an award's present one, which is revoked as superseded.

    Raises NotFound, AwardRevoked, RecipientErased.
    """
    old = await _locked(session, award_id, access)
    refusal = changing.refusal(old, "revoke")
    if refusal is not None:
        raise refusal
    recipient = given.recipient or _recipient_of(old)
    terms = given.model_dump(exclude={"recipient", "reason"}, exclude_unset=True)
    # Whoever holds the old one has the software for it.
    terms["proof_format"] = given.proof_format or old.proof_format
    request = AwardIn(achievement=old.achievement_id, recipient=recipient, **terms)
    how = Issuing(access.organisation, access.actor, "direct", replacing=old, reason=given.reason)
    return shown(context, await _one(context, session, request, how, {}))


async def change(
    context: Context, access: Access, award_id: str, action: Action, given: ChangeIn, session: WriteSession
) -> AwardOut:
    """Revoke, suspend or reinstate. Raises NotFound, AwardRevoked, NotSuspendable, NotSuspended."""
    found = await _locked(session, award_id, access)
    refusal = changing.refusal(found, action)
    if refusal is not None:
        raise refusal
    await changing.change(
        context, session, [found], action, code=given.code, reason=given.reason, actor=access.actor
    )
    return shown(context, found)


async def read(context: Context, access: Access, award_id: str) -> AwardOut:
    """One award with its history."""
    async with context.db.read() as session:
        found = await store.get_owned(session, award_id, access.organisation)
        if found is None:
            raise NotFound("Your organisation has no such award.")
        return shown(context, found, await store.changes(session, award_id))


async def listed(
    context: Context, access: Access, after: tuple[datetime, str] | None, limit: int, only: AwardFilter
) -> list[AwardOut]:
    """Newest first; `after` is the moment and the id of the last one seen."""
    async with context.db.read() as session:
        return [
            shown(context, found)
            for found in await store.page(session, access.organisation, after, limit, only)
        ]


async def _one(
    context: Context, session: WriteSession, request: AwardIn, how: Issuing, places: Places
) -> Award:
    try:
        (outcome,) = await issuing.issue(context, session, [request], how, places=places)
    except IntegrityError as error:
        # The database's own bar: another transaction made the same award between our look and our insert.
        raise DuplicateAward(
            "The recipient was awarded this achievement at this very moment by another request."
        ) from error
    return _made(outcome)


def _made(outcome: Outcome) -> Award:
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


async def _locked(session: WriteSession, award_id: str, access: Access) -> Award:
    found = (await store.lock_owned(session, [award_id], access.organisation)).get(award_id)
    if found is None:
        raise NotFound("Your organisation has no such award.")
    return found


def _recipient_of(award: Award) -> RecipientIn:
    if award.recipient_identity is None:
        raise RecipientErased("The recipient's data are gone; award anew to whom it concerns.")
    return RecipientIn(
        type=award.recipient_type,
        identity=award.recipient_identity,
        hashed=award.recipient_hashed,
        name=award.recipient_name,
    )


def shown(context: Context, award: Award, changes: list[AwardChange] | None = None) -> AwardOut:
    """The award as the API shows it to its organisation."""
    return AwardOut(
        id=award.id,
        credential=credential_url(context.public_url, award.id),
        achievement=award.achievement_id,
        achievement_version=version_url(context.public_url, award.achievement_id, award.number),
        profile=award.profile_id,
        state=award.state,  # type: ignore[arg-type]  # closed lists, written by our own code only
        origin=award.origin,  # type: ignore[arg-type]  # stored words, the schema checks them
        job=award.job_id,
        recipient=RecipientOut(
            type=award.recipient_type,
            identity=award.recipient_identity,
            hashed=award.recipient_hashed,
            name=award.recipient_name,
        ),
        public=award.public,
        proof_format=award.proof_format,  # type: ignore[arg-type]  # stored words, the schema checks them
        valid_from=award.valid_from,
        valid_until=award.valid_until,
        awarded_date=award.awarded_date,
        claim_until=award.claim_until,
        code=award.code,  # type: ignore[arg-type]  # stored words, the schema checks them
        reason=award.reason,
        delivery=award.delivery,  # type: ignore[arg-type]  # stored words, the schema checks them
        delivery_at=award.delivery_at,
        replaces=award.replaces,
        replaced_by=award.replaced_by,
        erased_at=award.erased_at,
        external_id=award.external_id,
        metadata=award.custom,
        created_at=award.created_at,
        created_by=award.created_by,
        updated_at=award.updated_at,
        history=[
            ChangeOut(verb=c.verb, at=c.at, actor=c.actor, code=c.code, reason=c.reason)  # type: ignore[arg-type]  # stored words, the schema checks them
            for c in changes or ()
        ],
    )
