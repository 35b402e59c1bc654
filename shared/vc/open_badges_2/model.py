"""The structure of Open Badges 2.0, as far as a verdict depends on it."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.vc.dates import parse_date_time
from shared.vc.model import Finding
from shared.vc.model.findings import at
from shared.vc.model.values import is_uri
from shared.vc.strict_json import JsonObject

from .upgrade import CONTEXT
from .verification import names_in

_CONTEXTS = {CONTEXT, "https://openbadgespec.org/v2/context.json", "https://w3id.org/openbadges/v2/"}
_ASSERTION = ("id", "recipient", "badge", "verification", "issuedOn")
_BADGE_CLASS = ("id", "name", "description", "criteria", "issuer")
_PROFILE = ("id", "name")
# Every class of the 2.0 vocabulary that a `type` may name without saying where it is defined.
_CLASSES = frozenset(
    (
        *("Assertion", "BadgeClass", "Issuer", "Profile", "AlignmentObject", "Criteria", "CryptographicKey"),
        *("Endorsement", "Evidence", "Extension", "IdentityObject", "Image", "RevocationList"),
        *("HostedBadge", "hosted", "SignedBadge", "signed", "VerificationObject"),
    )
)


def check_assertion(value: JsonObject) -> list[Finding]:
    """What breaks the rules of an Assertion (in the form of 2.0)."""
    return [*_context(value), *_common(value, _ASSERTION, {"Assertion"}), *_assertion(value)]


def check_badge_class(value: JsonObject) -> list[Finding]:
    """What breaks the rules of a BadgeClass; pointers are relative to it."""
    return _common(value, _BADGE_CLASS, {"BadgeClass"})


def check_profile(value: JsonObject) -> list[Finding]:
    """What breaks the rules of an issuer's Profile; pointers are relative to it."""
    return _common(value, _PROFILE, {"Issuer", "Profile"})


def unknown_types(value: Mapping[str, Any]) -> list[Finding]:
    """`type` has to name classes of the vocabulary, or others by an IRI ("extensions:ApplyLink" is one)."""
    types = names_in(value.get("type"))
    unknown = [name for name in types if name not in _CLASSES and ":" not in name]
    found = [
        Finding("/type", "model.missing_class", f"Nothing defines the type {name[:80]!r}.")
        for name in unknown
    ]
    return found if types else [Finding("/type", "model.missing", "`type` is missing.")]


def _context(value: Mapping[str, Any]) -> Iterator[Finding]:
    contexts = value.get("@context")
    if not _CONTEXTS & set(names_in(contexts)):
        yield Finding("/@context", "context.missing", f"The context has to be {CONTEXT}.")


def _common(value: Mapping[str, Any], required: tuple[str, ...], types: set[str]) -> list[Finding]:
    found = [
        Finding(at("", name), "model.missing", f"`{name}` is missing.")
        for name in required
        if name not in value
    ]
    if not types & set(names_in(value.get("type"))):
        found.append(
            Finding("/type", "model.missing_class", f"`type` has to name {' or '.join(sorted(types))}.")
        )
    elif unknown := unknown_types(value):
        found += unknown
    if "id" in value and not is_uri(value["id"]):
        found.append(Finding("/id", "model.malformed_uri", "`id` has to be an absolute URI."))
    return found


def _assertion(value: Mapping[str, Any]) -> Iterator[Finding]:
    for name in ("issuedOn", "expires"):
        if name in value and parse_date_time(value[name]) is None:
            yield Finding(at("", name), "model.malformed_date", f"`{name}` has to be a date and time.")
    issued, expires = parse_date_time(value.get("issuedOn")), parse_date_time(value.get("expires"))
    if issued is not None and expires is not None and expires < issued:
        yield Finding("/expires", "model.dates_reversed", "`expires` lies before `issuedOn`.")
    recipient = value.get("recipient")
    if recipient is not None and not isinstance(recipient, dict):
        yield Finding("/recipient", "model.wrong_type", "`recipient` has to be an object.")
    elif isinstance(recipient, dict):
        for name, kind in (("type", str), ("identity", str), ("hashed", bool)):
            if not isinstance(recipient.get(name), kind):
                yield Finding(at("/recipient", name), "model.missing", f"The recipient needs `{name}`.")
    image = value.get("image")
    if isinstance(image, str) and image.startswith("data:"):
        yield Finding("/image", "model.malformed_value", "The image of an assertion is an address, not data.")
