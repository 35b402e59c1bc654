"""The checks of a report as problem details, with the types that the specifications define."""

from collections.abc import Mapping

from services.verifier.vc_api.schemas import CheckName, ProblemDetails
from shared.vc.report import Check

MODEL = "https://www.w3.org/TR/vc-data-model#"
"""VCDM 2.0, 7.2."""
SECURITY = "https://w3id.org/security#"
"""Data Integrity 1.0, 4.7, and Controlled Identifiers 1.0, 3.6."""
STATUS = "https://www.w3.org/ns/credentials/status-list#"
"""Bitstring Status List 1.0, 3.5."""
UNKNOWN_OPTION = "https://www.w3.org/TR/vcalm#UNKNOWN_OPTION_PROVIDED"
PARSING = f"{MODEL}PARSING_ERROR"
MALFORMED = f"{MODEL}MALFORMED_VALUE_ERROR"

_TYPES: Mapping[str, str] = {
    "context.term_undefined": f"{SECURITY}DATA_LOSS_DETECTION_ERROR",
    "proof.invalid": f"{MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "proof.wrong_challenge": f"{SECURITY}INVALID_CHALLENGE_ERROR",
    "proof.wrong_domain": f"{SECURITY}INVALID_DOMAIN_ERROR",
    "key.not_authorised": f"{SECURITY}INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD",
    "key.malformed_url": f"{SECURITY}INVALID_VERIFICATION_METHOD_URL",
    "key.wrong_document": f"{SECURITY}INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID",
    "key.unreachable": f"{SECURITY}INVALID_CONTROLLED_IDENTIFIER_DOCUMENT",
    "key.malformed": f"{SECURITY}INVALID_CONTROLLED_IDENTIFIER_DOCUMENT",
    "status.malformed": MALFORMED,
    "status.unreachable": f"{STATUS}STATUS_RETRIEVAL_ERROR",
    "status.list_too_short": f"{STATUS}STATUS_LIST_LENGTH_ERROR",
    "status.out_of_range": f"{MODEL}RANGE_ERROR",
}
_OF_KIND: Mapping[str, str] = {
    "format": PARSING,
    "proof": f"{SECURITY}PROOF_VERIFICATION_ERROR",
    "key": f"{SECURITY}INVALID_VERIFICATION_METHOD",
    "status": f"{STATUS}STATUS_VERIFICATION_ERROR",
    "validity": f"{MODEL}RANGE_ERROR",
}
_BINDING = frozenset({"key.wrong_controller", "key.unbound", "key.not_published"})
_DECIDED_BY: Mapping[str, CheckName] = {
    "proof": "proof",
    "key": "proof",
    "status": "credentialStatus",
    "validity": "validityPeriod",
}
_ALWAYS = frozenset({"format", "context", "model", "subject"})
# That it is no badge is nothing to hold against a credential here.
_NO_PROBLEM = frozenset({"model.not_a_known_credential"})
# Whom a credential is about, and who vouches for its issuer, is for the caller to judge (VCALM, Verify Presentation).
_NOT_ASKED = frozenset({"recipient", "recognition"})


def problem_of(check: Check) -> ProblemDetails | None:
    """What is wrong, if anything is: failed, or it could not be told; a proof of a set that did not hold."""
    # Every proof of a set has to hold (Data Integrity 1.0, 4.5), whereas for a badge one suffices.
    wrong = check.outcome in {"failed", "inconclusive"} or check.code == "proof.not_needed"
    if not wrong or check.code in _NO_PROBLEM or check.kind in _NOT_ASKED:
        return None
    kind = _TYPES.get(check.code) or _OF_KIND.get(check.kind, MALFORMED)
    return problem(kind, check.reason, check.code, check.pointer)


def problem(kind: str, detail: str, code: str, pointer: str | None = None) -> ProblemDetails:
    """`kind` is one of the types above; its fragment is the title."""
    return ProblemDetails(type=kind, title=kind.partition("#")[2], detail=detail, code=code, pointer=pointer)


def decides(check: Check, deciding: frozenset[CheckName]) -> bool:
    """Whether what is wrong keeps the credential from being verified, or is a warning."""
    if check.kind in _ALWAYS:
        return True
    if check.code in _BINDING:
        return "issuer" in deciding
    name = _DECIDED_BY.get(check.kind)
    return name is not None and name in deciding
