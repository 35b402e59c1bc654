"""Badges whose holders show a part of them (`ecdsa-sd-2023`): what is always shown, and deriving what is shown."""

from collections.abc import Iterable
from typing import Any

from .budget import Budget
from .contexts import ContextStore
from .errors import ProofInvalid
from .model import check
from .proofs import data_integrity, ecdsa_sd
from .strict_json import JsonObject

_CREDENTIAL = (
    "name",  # an endorsement has to have one
    "issuer",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "credentialSchema",
    "refreshService",
    "termsOfUse",
)
_ACHIEVEMENT = ("name", "description", "criteria", "creator", "achievementType")


def mandatory_pointers(badge: JsonObject) -> list[str]:
    """JSON pointers to what a derived badge has to disclose.

    That is what Open Badges 3.0 requires (ids and types are disclosed with whatever stands beside them), what says
    whether the badge counts (issuer, period, status, terms), and the subject's identifiers where it has no id: a badge
    about nobody would be anybody's.
    """
    found = [f"/{name}" for name in _CREDENTIAL if name in badge]
    subject = badge.get("credentialSubject")
    for pointer, one in _each(subject, "/credentialSubject"):
        found.append(f"{pointer}/type")
        if "id" not in one and "identifier" in one:
            found.append(f"{pointer}/identifier")
        if "endorsementComment" in one:
            found.append(f"{pointer}/endorsementComment")
        for place, achievement in _each(one.get("achievement"), f"{pointer}/achievement"):
            found += [f"{place}/{name}" for name in _ACHIEVEMENT if name in achievement]
    return found


def _each(value: Any, pointer: str) -> list[tuple[str, JsonObject]]:
    if isinstance(value, list):
        return [(f"{pointer}/{n}", one) for n, one in enumerate(value) if isinstance(one, dict)]
    return [(pointer, value)] if isinstance(value, dict) else []


def derive_badge(
    badge: JsonObject,
    pointers: Iterable[str],
    *,
    contexts: ContextStore | None = None,
    budget: Budget | None = None,
) -> JsonObject:
    """A badge that shows what is mandatory and what `pointers` name, under a derived proof.

    Args:
        badge: with a base proof; see `ecdsa_sd.sign`.
        pointers: JSON pointers to what else is shown.
        contexts: the built-in ones when left out.
        budget: work allowed; a fresh default one when left out.

    Raises:
        ProofInvalid: no_base_proof; incomplete_badge when what is left lacks what Open Badges 3.0 requires and all of it
            has; and as `ecdsa_sd.derive`, whose other errors come out as well.
    """
    proof = next(filter(_is_base, data_integrity.proofs_of(badge)), None)
    if proof is None:
        raise ProofInvalid("no_base_proof", "The badge has no base proof to derive another from.", "/proof")
    budget = budget or Budget()
    derived = ecdsa_sd.derive(badge, proof, pointers, contexts, budget=budget)
    before = {finding.code for finding in check(badge, budget=budget) if finding.severity == "error"}
    for finding in check(derived, budget=budget):
        if finding.severity == "error" and finding.code not in before:
            raise ProofInvalid(
                "incomplete_badge",
                f"What would be shown is no badge any more: {finding.reason}",
                finding.pointer or "",
            )
    return derived


def _is_base(proof: JsonObject) -> bool:
    return proof.get("cryptosuite") == ecdsa_sd.CRYPTOSUITE and ecdsa_sd.is_base(proof)
