"""Step 9: whether the badge is the applicant's."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.vc.errors import BudgetExceeded
from shared.vc.identity import matches, normalise_email
from shared.vc.report import Check, Match, Recipient, failed, inconclusive, passed
from shared.vc.strict_json import JsonObject

from .case import Case, objects
from .projection import Things

_MOST = 100  # identifiers of one person; each costs a hash


@dataclass(frozen=True, slots=True)
class Applicant:
    """What is known of the person who showed the badge."""

    email: str | None = None
    name: str | None = None
    did: str | None = None


def check_recipient(case: Case, applicant: Applicant) -> tuple[Recipient, Check]:
    """Compares each thing known with the subject's id and identifiers, hashed or plain."""
    subjects = _subjects(case)
    recipient = Recipient(
        email=None if applicant.email is None else _overall(_email(subjects, applicant.email)),
        name=None if applicant.name is None else _overall(_name(subjects, applicant.name)),
        did=None if applicant.did is None else _overall(_did(subjects, applicant.did)),
    )
    return recipient, recipient_check(recipient)


def _subjects(case: Case) -> list[JsonObject]:
    """The subjects, with what is said of them wherever in the credential."""
    subjects, said = objects(case.shown.get("credentialSubject")), Things(case.shown)
    try:
        return [said.of(one) for one in subjects]
    except BudgetExceeded:
        return subjects


def recipient_check(recipient: Recipient) -> Check:
    """One check over all that was compared; an address or a DID counts for more than a name."""
    details = recipient.to_json()
    strong = {recipient.email, recipient.did} - {None}
    decisive = strong & {"matched", "not_matched"} or {recipient.name} & {"matched", "not_matched"}
    if decisive == {"matched"}:
        return passed("recipient.matched", "The badge was given to this applicant.", **details)
    if decisive == {"not_matched"}:
        return failed("recipient.not_matched", "The badge was given to somebody else.", **details)
    if decisive:
        reason = "The badge agrees with part of what is known of the applicant and contradicts another part."
        return inconclusive("recipient.cannot_tell", reason, **details)
    reason = "The badge does not say enough to tell whether it is this applicant's."
    return inconclusive("recipient.cannot_tell", reason, **details)


def _overall(found: Iterable[bool | None]) -> Match:
    results = set(found)
    if True in results:
        return "matched"
    return "not_matched" if False in results else "cannot_tell"


def _identifiers(subject: JsonObject) -> list[JsonObject]:
    return objects(subject.get("identifier"))[:_MOST]


def _email(subjects: list[JsonObject], email: str) -> Iterable[bool | None]:
    for subject in subjects:
        own = subject.get("id")
        if isinstance(own, str) and own.lower().startswith("mailto:"):
            yield normalise_email(own[len("mailto:") :]) == normalise_email(email)
        for one in _identifiers(subject):
            yield matches(one, "emailAddress", email)


def _did(subjects: list[JsonObject], did: str) -> Iterable[bool | None]:
    for subject in subjects:
        own = subject.get("id")
        if isinstance(own, str) and own.startswith("did:"):
            yield own.partition("#")[0] == did.strip().partition("#")[0]
        for one in _identifiers(subject):
            if matches(one, "identifier", did.strip()):
                yield True


def _name(subjects: list[JsonObject], name: str) -> Iterable[bool | None]:
    wanted = _folded(name)
    for subject in subjects:
        own = subject.get("name")
        if isinstance(own, str):
            yield _folded(own) == wanted
        for one in _identifiers(subject):
            plain = one.get("identityHash")
            if one.get("hashed") is False and one.get("identityType") == "name" and isinstance(plain, str):
                yield _folded(plain) == wanted
            else:
                yield matches(one, "name", " ".join(name.split()))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
