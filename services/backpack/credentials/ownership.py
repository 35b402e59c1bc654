"""Whether a credential is about somebody, going by what she has proven to be."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from services.backpack.identifiers.addresses import DID, EMAIL
from shared.vc.identity import matches

Ownership = Literal["matched", "not_matched", "cannot_tell"]


def ownership(document: Mapping[str, Any], proven: Sequence[tuple[str, str]]) -> Ownership:
    """Compare whom the credential names with the (type, value) pairs that a person has proven.

    One match suffices. An e-mail address that is named and not among hers makes it somebody else's: an address is
    what she can always prove. Identifiers of a type she has none of, and hashes that cannot be computed, tell nothing.
    """
    answers = [
        answer for identity in _identities(document) if (answer := _compare(identity, proven)) is not None
    ]
    if "matched" in answers:
        return "matched"
    return "not_matched" if "not_matched" in answers else "cannot_tell"


def _compare(identity: Mapping[str, Any], proven: Sequence[tuple[str, str]]) -> Ownership | None:
    kind = identity.get("identityType")
    known = [matches(identity, each, value) for each, value in proven if each == kind]
    if any(known):
        return "matched"
    if any(answer is False for answer in known) or (kind == EMAIL and not known):
        return "not_matched"
    return "cannot_tell"


def _identities(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Everything by which the credential names its subject, as OB 3.0 IdentityObjects (§1.7 of its data model)."""
    subject = document.get("credentialSubject")
    subjects = subject if isinstance(subject, list) else [subject]
    found: list[Mapping[str, Any]] = []
    for each in subjects:
        if not isinstance(each, Mapping):
            continue
        named = each.get("identifier")
        found += [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, Mapping)]
        if isinstance(each.get("id"), str):
            found.append(_by_id(each["id"]))
    return found + _open_badges_2(document)


def _by_id(subject_id: str) -> Mapping[str, Any]:
    """A subject named by its id: a DID, or an address as `mailto:`."""
    if subject_id.lower().startswith("mailto:"):
        return _plain(EMAIL, subject_id[len("mailto:") :])
    return _plain(DID, subject_id)


def _plain(kind: str, value: str) -> Mapping[str, Any]:
    return {"type": "IdentityObject", "hashed": False, "identityType": kind, "identityHash": value}


def _open_badges_2(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The recipient of an Open Badges 2.0 assertion: the same hash, under other names."""
    recipient = document.get("recipient")
    if not isinstance(recipient, Mapping) or not isinstance(recipient.get("identity"), str):
        return []
    kind = EMAIL if recipient.get("type") in {"email", EMAIL} else str(recipient.get("type"))
    identity: dict[str, Any] = {
        "identityType": kind,
        "hashed": bool(recipient.get("hashed")),
        "identityHash": recipient["identity"],
    }
    if isinstance(recipient.get("salt"), str):
        identity["salt"] = recipient["salt"]
    return [identity]
