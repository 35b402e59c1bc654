"""Step 5: the proof, and the key behind it."""

from shared.vc.dids import KeyProblem
from shared.vc.errors import ProofInvalid, UnsupportedProof, VcError
from shared.vc.keys import PublicKey
from shared.vc.proofs import data_integrity
from shared.vc.report import Check, failed, inconclusive, passed, skipped
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings
from .keys import key_of_issuer, problem_check, retrieved_check
from .tokens import check_token
from .validity import SKEW

_NOT_CHECKED = "The signature could not be checked, because the issuer's key could not be established."
_INVALID = {
    "malformed_proof": "proof.malformed",
    "malformed_proof_value": "proof.malformed",
    "wrong_purpose": "proof.wrong_purpose",
    "proof_expired": "proof.expired",
}


async def check_proofs(case: Case, around: Surroundings) -> list[Check]:
    """The checks of the proofs and their keys. One proof that holds suffices; the others are then only named."""
    if case.token is not None:
        return await check_token(case, around)
    try:
        proofs = data_integrity.proofs_of(case.document)
    except ProofInvalid as error:
        return [failed("proof.malformed", error.reason, error.pointer)]
    if not proofs:
        return [failed("proof.missing", "The badge carries no proof: anybody could have written it.")]
    listed = isinstance(case.document["proof"], list)
    attempts = [
        await _check_one(case, proof, f"/proof/{index}" if listed else "/proof", around)
        for index, proof in enumerate(proofs[: around.limits.proofs])
    ]
    return _settle(attempts)


def covers_terms(checks: list[Check]) -> bool:
    """Whether a proof among them holds that was made over RDF in safe mode: then every term is defined."""
    suites = [(one.details or {}).get("cryptosuite", "") for one in checks if one.code == "proof.valid"]
    return any(
        suite == "Ed25519Signature2020" or "-rdfc-" in suite or suite == "eddsa-2022" for suite in suites
    )


def _settle(attempts: list[list[Check]]) -> list[Check]:
    holding = next((one for one in attempts if all(check.outcome == "passed" for check in one)), None)
    if holding is None:
        return [check for attempt in attempts for check in attempt]
    others = [
        next(c for c in one if c.outcome != "passed") for one in attempts if one is not holding and _open(one)
    ]
    return holding + [
        skipped(
            "proof.not_needed",
            f"Another proof suffices. This one did not hold: {other.reason}",
            other.pointer,
        )
        for other in others
    ]


def _open(attempt: list[Check]) -> bool:
    return any(check.outcome != "passed" for check in attempt)


async def _check_one(case: Case, proof: JsonObject, pointer: str, around: Surroundings) -> list[Check]:
    method = proof.get("verificationMethod")
    try:
        data_integrity.suite_of(proof)
    except UnsupportedProof as error:
        return [inconclusive("proof.unsupported", error.reason, pointer)]
    except ProofInvalid as error:
        return [failed("proof.malformed", error.reason, pointer)]
    if not isinstance(method, str):
        return [failed("proof.malformed", "The proof does not say which key it was made with.", pointer)]
    try:
        key = await key_of_issuer(method, case.issuer, around)
    except KeyProblem as problem:
        return [
            problem_check(problem, f"{pointer}/verificationMethod"),
            inconclusive("proof.not_checked", _NOT_CHECKED, pointer),
        ]
    return [
        retrieved_check(key, f"{pointer}/verificationMethod"),
        await _check_signature(case, proof, pointer, key.key, around),
    ]


async def _check_signature(
    case: Case, proof: JsonObject, pointer: str, key: PublicKey, around: Surroundings
) -> Check:
    try:
        verified = data_integrity.verify(
            case.document, proof, key, around.contexts, now=around.now - SKEW, budget=around.budget
        )
    except ProofInvalid as error:
        return failed(_INVALID.get(error.code, "proof.invalid"), error.reason, pointer)
    except VcError as error:
        if not error.conclusive:
            return inconclusive(
                "proof.not_checked", f"The signature could not be checked: {error.reason}", pointer
            )
        return failed("proof.invalid", f"The signature does not hold: {error.reason}", pointer)
    for name in verified.previous:
        earlier = await _check_previous(case, name, around)
        if earlier is not None:
            return earlier
    details = {"cryptosuite": verified.cryptosuite}
    if verified.alternative is not None:
        details["context"] = verified.alternative
        details["context_sha256"] = verified.contexts[verified.alternative]
    return passed(
        "proof.valid", "The signature is the issuer's, and the content is unchanged.", pointer, **details
    )


async def _check_previous(case: Case, name: str, around: Surroundings) -> Check | None:
    """What is wrong with a proof that another was made on top of; `None` if it holds as well."""
    for index, proof in enumerate(data_integrity.proofs_of(case.document)):
        if proof.get("id") == name:
            checks = await _check_one(case, proof, f"/proof/{index}", around)
            return next((check for check in checks if check.outcome != "passed"), None)
    return failed("proof.malformed", "A proof that this one builds on is missing.", "/proof")
