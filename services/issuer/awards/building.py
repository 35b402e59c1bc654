"""Building the credential of an award from what is the same for all awards of an achievement and what is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.issuer.achievements.store import Achievement, AchievementVersion, Rubric
from services.issuer.awards import evidence as evidence_objects
from services.issuer.awards import results
from services.issuer.awards.recipients import Recipient
from services.issuer.awards.recipients import checked as checked_recipient
from services.issuer.awards.schemas import AwardIn
from services.issuer.context import Context
from services.issuer.errors import InvalidCredential
from services.issuer.evidence.store import Evidence
from services.issuer.keys.signing import Signer
from services.issuer.linting import refuse_keywords, without_nothing
from services.issuer.profiles.documents import issuer_object
from services.issuer.profiles.store import Profile
from services.issuer.status.service import Place
from shared.clock import to_rfc3339
from shared.http.problems import FieldError
from shared.vc import jsonld, strict_json
from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3, ContextStore
from shared.vc.errors import VcError
from shared.vc.model import lint

MAX_BYTES = 256 * 1024
_ACHIEVEMENT_CORE = frozenset({"id", "type", "name", "description", "criteria", "resultDescription"})
_ISSUER_CORE = frozenset({"id", "type", "name"})
_OURS = ("id", "type", "achievement", "identifier")
_LOCALHOST_NOTE = "Demonstration: issued by an installation on somebody's own machine; it proves nothing."
_TEST_NOTE = "Test: issued by an organisation that only tries things out; it proves nothing."


@dataclass
class Plan:
    """What all awards of one achievement share within a transaction."""

    achievement: Achievement
    version: AchievementVersion
    profile: Profile
    rubrics: Sequence[Rubric]
    signer: Signer
    contexts: list[str]
    issuer: dict[str, Any]
    note: str | None
    linted: bool = False
    """Whether a whole credential of this achievement passed the lint already."""


def plan(
    context: Context,
    achievement: Achievement,
    version: AchievementVersion,
    profile: Profile,
    rubrics: Sequence[Rubric],
    signer: Signer,
) -> Plan:
    note = _TEST_NOTE if profile.test else None
    return Plan(
        achievement=achievement,
        version=version,
        profile=profile,
        rubrics=rubrics,
        signer=signer,
        contexts=[CREDENTIALS_V2, OPEN_BADGES_3, *version.contexts],
        issuer=issuer_object(profile),
        note=_LOCALHOST_NOTE if context.settings.demonstration else note,
    )


@dataclass(frozen=True)
class Prepared:
    """An award that passed every check that needs no place on a status list."""

    given: AwardIn
    plan: Plan
    recipient: Recipient
    recipient_key: str
    subject: dict[str, Any]
    evidence: list[dict[str, Any]]


def prepare(context: Context, given: AwardIn, shared: Plan, uploaded: dict[str, Evidence]) -> Prepared:
    """Check one award against its achievement. Raises InvalidRecipient, InvalidResult, InvalidEvidence,
    InvalidCredential.
    """
    recipient = checked_recipient(given.recipient)
    ours = [name for name in _OURS if name in given.subject]
    if ours:
        raise InvalidCredential(
            "Leave these out: they follow from the award.",
            errors=[FieldError(f"/subject/{name}", "is given by the issuer") for name in ours],
        )
    refuse_keywords(given.subject, "/subject", InvalidCredential)
    refuse_keywords(given.evidence, "/evidence", InvalidCredential)
    subject: dict[str, Any] = without_nothing(given.subject)
    if "result" in subject:
        subject["result"] = results.checked(subject["result"], shared.rubrics, shared.version.uri)
    return Prepared(
        given=given,
        plan=shared,
        recipient=recipient,
        recipient_key=recipient.key(context.recipient_secret, shared.achievement.id),
        subject=subject,
        evidence=evidence_objects.checked(
            without_nothing(given.evidence), uploaded, context.settings.evidence_url
        ),
    )


def build(
    prepared: Prepared, credential_id: str, places: Sequence[Place], now: datetime, contexts: ContextStore
) -> dict[str, Any]:
    """The unsigned credential, linted. Raises InvalidCredential, naming each place that breaks the model."""
    given, shared = prepared.given, prepared.plan
    subject: dict[str, Any] = {"type": ["AchievementSubject"]}
    prepared.recipient.into(subject)
    subject["achievement"] = shared.version.document
    subject.update(prepared.subject)
    document: dict[str, Any] = {
        "@context": shared.contexts,
        "id": credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": given.name or shared.version.name,
        "issuer": shared.issuer,
        "validFrom": to_rfc3339(given.valid_from or now),
        "credentialSubject": subject,
        # Open Badges' schema has one object here, its validator takes a list too: one where one will do.
        "credentialStatus": places[0].entry() if len(places) == 1 else [place.entry() for place in places],
    }
    description = " ".join(text for text in (given.description, shared.note) if text)
    if description:
        document["description"] = description
    if given.valid_until is not None:
        document["validUntil"] = to_rfc3339(given.valid_until)
    if given.awarded_date is not None:
        document["awardedDate"] = to_rfc3339(given.awarded_date)
    if prepared.evidence:
        document["evidence"] = prepared.evidence
    # The first credential is linted whole; of those that follow only what is not the same for all.
    _lint(_without_common(document, shared) if shared.linted else document, contexts)
    shared.linted = True
    if len(strict_json.dumps(document)) > MAX_BYTES:
        raise InvalidCredential(f"The credential would be longer than {MAX_BYTES} bytes; shorten its texts.")
    return document


def _without_common(document: dict[str, Any], shared: Plan) -> dict[str, Any]:
    """The credential with no more of issuer and achievement than the model asks for and results refer to."""
    subject = document["credentialSubject"]
    achievement = {name: each for name, each in shared.version.document.items() if name in _ACHIEVEMENT_CORE}
    if "result" not in subject:
        achievement.pop("resultDescription", None)
    issuer = {name: each for name, each in shared.issuer.items() if name in _ISSUER_CORE}
    return {**document, "issuer": issuer, "credentialSubject": {**subject, "achievement": achievement}}


def _lint(document: dict[str, Any], contexts: ContextStore) -> None:
    found = lint(document)
    if found:
        raise InvalidCredential(
            "Correct what `errors` names; the credential would break the Open Badges 3.0 model there.",
            errors=[FieldError(_where(finding.pointer), finding.reason) for finding in found],
        )
    try:
        jsonld.to_quads(document, contexts)
    except VcError as error:
        raise cannot_be_signed(error) from error


def cannot_be_signed(error: VcError) -> InvalidCredential:
    """The refusal of what would not be signed whole."""
    return InvalidCredential(
        "Every term needs a context that defines it, or it would not be signed.",
        errors=[FieldError(_where(error.pointer), error.reason)],
    )


def _where(pointer: str) -> str:
    """Where in the request the fault comes from."""
    return (
        pointer.replace("/credentialSubject", "/subject", 1)
        if pointer.startswith("/credentialSubject")
        else pointer
    )
