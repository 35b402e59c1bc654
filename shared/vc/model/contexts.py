"""Which contexts a credential has to name, in which order."""

import re
from collections.abc import Iterator

from shared.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2, OPEN_BADGES_3
from shared.vc.strict_json import JsonObject

from .findings import Finding, at

_OPEN_BADGES = re.compile(
    r"https://purl\.imsglobal\.org/spec/ob/v3p0/context(-3\.\d\.\d+)*\.json"
    r"|https://purl\.imsglobal\.org/spec/ob/v3p0/context/ob_v3p0\.jsonld"
    r"|https://imsglobal\.github\.io/openbadges-specification/context\.json",
    re.ASCII,
)
_PLAIN = frozenset({"VerifiableCredential", "VerifiableCredential/1.1", "VerifiablePresentation", "Envelope"})


def contexts_of(document: JsonObject) -> list[object]:
    value = document.get("@context")
    return value if isinstance(value, list) else [value]


def is_version_1(document: JsonObject) -> bool:
    """Whether the credential follows version 1.1 of the W3C data model."""
    return contexts_of(document)[:1] == [CREDENTIALS_V1]


def context_findings(document: JsonObject, name: str, pointer: str) -> Iterator[Finding]:
    """Faults of the order: first the W3C's context, second that of Open Badges, then extensions."""
    if "@context" not in document:
        return  # said by the rule that requires it
    contexts = contexts_of(document)
    where = at(pointer, "@context")
    first = contexts[0] if contexts else None
    if first == CREDENTIALS_V1:
        reason = "The badge follows version 1.1 of the W3C data model, which version 2.0 has replaced."
        yield Finding(where, "context.older_version", reason, "warning")
    elif first != CREDENTIALS_V2:
        yield Finding(where, "context.missing", f"The first context has to be {CREDENTIALS_V2}.")
    if name in _PLAIN:
        if any(not isinstance(one, str | dict) for one in contexts):
            yield Finding(where, "context.malformed", "A context is either a URL or an object.")
        return
    # A transcript (CLR) puts its own context before that of Open Badges; elsewhere it is the second.
    second = contexts[1] if len(contexts) > 1 else None
    if not isinstance(second, str) or _OPEN_BADGES.fullmatch(second) is None:
        yield Finding(where, "context.missing", f"The second context has to be {OPEN_BADGES_3}.")
    elif second != OPEN_BADGES_3:
        reason = (
            f"{second} is an older address of the Open Badges context; the current one is {OPEN_BADGES_3}."
        )
        yield Finding(where, "context.older_version", reason, "warning")
