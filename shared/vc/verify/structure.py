"""Steps 3 and 4: contexts and terms, structure, subject."""

from collections.abc import Iterator, Sequence

from shared.vc import jsonld
from shared.vc.errors import BudgetExceeded, DataLoss, UnknownContext, VcError
from shared.vc.model import Finding, check
from shared.vc.proofs import data_integrity
from shared.vc.related_resources import wrong_digests
from shared.vc.report import Check, failed, inconclusive, passed

from .case import Case, Surroundings, objects

_KNOWN_KINDS = {"ob3", "clr2"}
_VALID = {
    "ob3": "The badge has the structure that the standard demands.",
    "clr2": "The record has the envelope that the standard demands; the credentials in it are verified by themselves.",
}


def check_terms(case: Case, around: Surroundings) -> Iterator[Check]:
    """Whether every context is pinned here and defines every term (safe mode), signature or not."""
    unsigned = {name: value for name, value in case.document.items() if name != "proof"}
    look = jsonld.refuse_undefined if _signed_as_json(case) else jsonld.to_quads
    try:
        look(unsigned, around.contexts, budget=around.budget)
    except UnknownContext as error:
        reason = f"What the badge says cannot be told for certain: {error.reason}"
        yield inconclusive("context.unknown", reason, "/@context", url=error.url)
    except BudgetExceeded as error:
        yield inconclusive("context.too_complex", error.reason)
    except DataLoss as error:
        reason = f"Part of the badge is not covered by its signature: {error.reason}"
        yield failed("context.term_undefined", reason, error.pointer or None)
    except VcError as error:
        make = failed if error.conclusive else inconclusive
        yield make("context.malformed", error.reason, error.pointer or None)
    else:
        yield terms_covered()


def _signed_as_json(case: Case) -> bool:
    """Whether what signs it covers the JSON itself rather than the RDF that it stands for."""
    suites = [str(proof.get("cryptosuite")) for proof in objects(case.document.get("proof"))]
    by_proofs = bool(suites) and data_integrity.JSON_CRYPTOSUITES.issuperset(suites)
    return by_proofs or case.token is not None


def terms_covered() -> Check:
    return passed("context.known", "All contexts are known, and they define every term used.")


def check_structure(case: Case, around: Surroundings) -> Iterator[Check]:
    """The findings of the model, those that break a rule first; one passed check when there are none."""
    try:
        findings = check(case.document, budget=around.budget)
    except BudgetExceeded as error:
        yield inconclusive("context.too_complex", error.reason)
        return
    if case.family not in _KNOWN_KINDS:
        reason = "This is a verifiable credential, but neither an Open Badge nor an endorsement."
        yield failed("model.not_a_known_credential", reason, "/type")
    findings += wrong_digests(case.document, around.contexts)
    errors = [finding for finding in findings if finding.severity == "error"]
    for code_group in ("context", "subject", "model"):
        several_found = [one for one in findings if one.code.startswith(code_group)]
        yield from _as_checks(several_found, around.limits.findings)
    if not any(finding.code.startswith("model.") for finding in errors) and case.family in _KNOWN_KINDS:
        yield passed("model.valid", _VALID[case.family])
    if case.family == "ob3" and not any(one.code == "subject.unidentified" for one in errors):
        subject = case.document.get("credentialSubject")
        if isinstance(subject, dict) and (subject.get("id") or subject.get("identifier")):
            yield passed("subject.identified", "The badge says whom it is about.", "/credentialSubject")


def _as_checks(findings: Sequence[Finding], most: int) -> Iterator[Check]:
    for finding in findings[:most]:
        # Bad form that readers put up with is told, and does not count against the badge.
        make = failed if finding.severity == "error" else passed
        yield make(finding.code, finding.reason, finding.pointer)
    if len(findings) > most:
        make = failed if findings[most].severity == "error" else passed
        yield make("model.too_many", f"{len(findings) - most} more findings are not listed.")
