"""Badges of which their holder shows a part: those with a base proof (`ecdsa-sd-2023`) and SD-JWTs.

A share of such a badge never shows what is kept: it shows a badge derived from it, with what the standard and the issuer
make mandatory, and what the holder chose.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.vc import strict_json
from shared.vc.contexts import ContextStore
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.errors import ProofInvalid
from shared.vc.proofs import data_integrity, ecdsa_sd, sd_jwt
from shared.vc.proofs.ecdsa_sd_values import parse_base

MOST_CLAIMS: Final = 200
_LONGEST = 120
_SUBJECT = "/credentialSubject"
_ITEM_BY_ITEM = frozenset({"result", "evidence", "endorsement", "endorsementJwt"})
_NO_CLAIMS = frozenset({"@context", "id", "type", "proof", "credentialSubject", "achievement"})
_NAMES: Final[Mapping[str, str]] = {
    "achievement": "More about the achievement, such as its picture",
    "activityEndDate": "End of the activity",
    "activityStartDate": "Start of the activity",
    "awardedDate": "Date of the award",
    "creditsEarned": "Credits earned",
    "description": "Description",
    "endorsement": "Endorsement",
    "evidence": "Evidence",
    "identifier": "Whom it was awarded to",
    "image": "Picture",
    "licenseNumber": "Licence number",
    "narrative": "How it was earned",
    "result": "Result",
    "role": "Role",
    "source": "Who assessed it",
    "term": "Term",
}


@dataclass(frozen=True)
class Claim:
    """Something that the holder may show or keep back."""

    pointer: str
    """JSON pointer into the badge."""
    name: str
    """For people."""
    value: str | None
    """A few words of what it says, where it is a text, a number or a thing with a name."""


def is_selective(text: str) -> bool:
    """Whether the holder of this badge, verified before, can show parts of it."""
    if not text.lstrip().startswith("{"):
        return "~" in text and bool(sd_jwt.parse(text).disclosures)
    return _base_proof(strict_json.loads_object(text.encode())) is not None


def claims_of(text: str) -> list[Claim]:
    """What can be kept back, in the order of the badge; empty for a badge that is shown whole."""
    if not is_selective(text):
        return []
    badge, always, candidates = _parts(text)
    free = [pointer for pointer in candidates if _adds_something(badge, pointer, always)]
    return [_claim(badge, pointer) for pointer in free[:MOST_CLAIMS]]


def part_of(text: str, pointers: Sequence[str], contexts: ContextStore) -> str:
    """The badge to show: what is mandatory, and what these pointers name, with the descriptions of results among it.

    Args:
        text: of a badge for which `is_selective` holds.
        pointers: of its claims.
        contexts: of the badge.

    Raises:
        VcError: nothing that holds can be derived with these.
    """
    badge, always, _ = _parts(text)
    wanted = [*always, *pointers, *_descriptions(badge, pointers)]
    if not text.lstrip().startswith("{"):
        return sd_jwt.show(text, wanted)
    derived = derive_badge(badge, wanted, contexts=contexts)
    if isinstance(badge["proof"], list):
        derived["proof"] = [derived["proof"]]
    return strict_json.dumps(derived).decode()


def document_of(text: str) -> dict[str, Any]:
    """What such a badge says, as far as the text shows it."""
    if text.lstrip().startswith("{"):
        return strict_json.loads_object(text.encode())
    return sd_jwt.parse(text).credential.credential


def _parts(text: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """The badge, pointers to what is always shown, and pointers to what might be kept back."""
    if not text.lstrip().startswith("{"):
        token = sd_jwt.parse(text)
        badge = token.credential.credential
        return badge, mandatory_pointers(badge), list(token.places)
    badge = strict_json.loads_object(text.encode())
    proof = _base_proof(badge)
    assert proof is not None, "only selective badges come here"
    stated = parse_base(proof.get("proofValue")).mandatory
    return badge, [*stated, *mandatory_pointers(badge)], list(_candidates(badge))


def _base_proof(badge: dict[str, Any]) -> dict[str, Any] | None:
    try:
        proofs = data_integrity.proofs_of(badge)
    except ProofInvalid:
        return None
    suite = ecdsa_sd.CRYPTOSUITE
    return next((one for one in proofs if one.get("cryptosuite") == suite and ecdsa_sd.is_base(one)), None)


def _candidates(badge: Mapping[str, Any]) -> Iterator[str]:
    yield from _members(badge, "")
    subject = badge.get("credentialSubject")
    for place, one in _each(subject, _SUBJECT):
        yield from _members(one, place)
        for below, _ in _each(one.get("achievement"), f"{place}/achievement"):
            yield below


def _members(value: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, each in value.items():
        pointer = f"{place}/{_escaped(name)}"
        if name in _NO_CLAIMS:
            continue
        if name in _ITEM_BY_ITEM and isinstance(each, list):
            yield from (f"{pointer}/{number}" for number in range(len(each)))
        else:
            yield pointer


def _each(value: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield place, value
    elif isinstance(value, list):
        yield from (
            (f"{place}/{number}", one) for number, one in enumerate(value) if isinstance(one, Mapping)
        )


def _adds_something(badge: Mapping[str, Any], pointer: str, always: Sequence[str]) -> bool:
    value = _at(badge, pointer)
    if not pointer.endswith("/achievement") or not isinstance(value, Mapping):
        return not _covered(pointer, always)
    return not all(_covered(member, always) for member in _members(value, pointer))


def _covered(pointer: str, always: Iterable[str]) -> bool:
    return any(pointer == other or pointer.startswith(other + "/") for other in always)


def _claim(badge: Mapping[str, Any], pointer: str) -> Claim:
    steps = _steps(pointer)
    names = [step for step in steps if not step.isdigit()]
    name = names[-1] if names else pointer
    number = f" {int(steps[-1]) + 1}" if steps[-1].isdigit() and name in _ITEM_BY_ITEM else ""
    return Claim(pointer, _NAMES.get(name, name) + number, _in_words(badge, _at(badge, pointer)))


def _at(badge: Mapping[str, Any], pointer: str) -> Any:
    value: Any = badge
    for step in _steps(pointer):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _in_words(badge: Mapping[str, Any], value: Any) -> str | None:
    if isinstance(value, Mapping):
        described = _description_of(badge, value.get("resultDescription"))
        told = [described.get("name"), value.get("value"), value.get("name"), value.get("status")]
        value = ": ".join(text for text in told if isinstance(text, str)) or None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _descriptions(badge: Mapping[str, Any], pointers: Sequence[str]) -> list[str]:
    """Pointers to the descriptions of the results that are shown: a level without its rubric says nothing."""
    found = []
    for place, subject in _each(badge.get("credentialSubject"), _SUBJECT):
        shown = [
            result.get("resultDescription")
            for number, result in _each(subject.get("result"), f"{place}/result")
            if _covered(number, pointers)
        ]
        for below, achievement in _each(subject.get("achievement"), f"{place}/achievement"):
            described = _each(achievement.get("resultDescription"), f"{below}/resultDescription")
            found += [pointer for pointer, one in described if one.get("id") in shown]
    return found


def _description_of(badge: Mapping[str, Any], wanted: Any) -> Mapping[str, Any]:
    for _, subject in _each(badge.get("credentialSubject"), ""):
        for _, achievement in _each(subject.get("achievement"), ""):
            for _, one in _each(achievement.get("resultDescription"), ""):
                if wanted is not None and one.get("id") == wanted:
                    return one
    return {}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
