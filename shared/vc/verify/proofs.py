"""Step 5: the proof, and the key behind it."""

from shared.vc import strict_json
from shared.vc.dids import KeyProblem, retrieve
from shared.vc.errors import ProofInvalid, UnsupportedProof, VcError
from shared.vc.proofs import data_integrity
from shared.vc.report import Check, failed, inconclusive, passed, skipped
from shared.vc.strict_json import JsonObject

from .case import Case, Surroundings
from .keys import owner_check, problem_check, require_controller
from .tokens import check_token
from .validity import SKEW

_NOT_CHECKED = "The signature could not be checked, because the issuer's key could not be established."
_INVALID = {
    "malformed_proof": "proof.malformed",
    "malformed_proof_value": "proof.malformed",
    "wrong_purpose": "proof.wrong_purpose",
    "proof_expired": "proof.expired",
    "base_proof": "proof.base",
    "challenge_mismatch": "proof.wrong_challenge",
    "domain_mismatch": "proof.wrong_domain",
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
    attempts = _Attempts(case, proofs[: around.limits.proofs], around)
    return _settle([await attempts.at(index) for index in range(len(attempts.proofs))])


class _Attempts:
    """The proofs of one credential, each checked once, however many others are made on top of it."""

    def __init__(self, case: Case, proofs: list[JsonObject], around: Surroundings) -> None:
        self.proofs = proofs
        self._case = case
        self._around = around
        self._made: dict[int, list[Check]] = {}

    async def at(self, index: int) -> list[Check]:
        if index not in self._made:
            pointer = f"/proof/{index}" if isinstance(self._case.document["proof"], list) else "/proof"
            self._made[index] = await self._check(self.proofs[index], pointer)
        return self._made[index]

    async def _check(self, proof: JsonObject, pointer: str) -> list[Check]:
        checks, previous = await _check_one(self._case, proof, pointer, self._around)
        for name in previous:
            earlier = await self._previous(name)
            if earlier is not None:
                return [earlier]
        return checks

    async def _previous(self, name: str) -> Check | None:
        """What is wrong with a proof that another was made on top of; `None` if it holds as well."""
        for index, proof in enumerate(self.proofs):
            if proof.get("id") == name:
                return next((one for one in await self.at(index) if one.outcome != "passed"), None)
        return failed("proof.malformed", "A proof that this one builds on is missing.", "/proof")


def covers_terms(checks: list[Check]) -> bool:
    """Whether a proof among them holds that was made over RDF in safe mode: then every term is defined."""
    suites = [(one.details or {}).get("cryptosuite", "") for one in checks if one.code == "proof.valid"]
    return any(
        "-rdfc-" in suite or suite in {"Ed25519Signature2020", "eddsa-2022", "ecdsa-sd-2023"}
        for suite in suites
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


async def _check_one(
    case: Case, proof: JsonObject, pointer: str, around: Surroundings
) -> tuple[list[Check], tuple[str, ...]]:
    """The checks of one proof, and the ids of the proofs that it builds on."""
    method = proof.get("verificationMethod")
    try:
        suite = data_integrity.suite_of(proof)
    except UnsupportedProof as error:
        return [inconclusive("proof.unsupported", error.reason, pointer)], ()
    except ProofInvalid as error:
        return [failed("proof.malformed", error.reason, pointer)], ()
    if not isinstance(method, str):
        return [failed("proof.malformed", "The proof does not say which key it was made with.", pointer)], ()
    where = f"{pointer}/verificationMethod"
    try:
        key = await retrieve(method, around.sources, now=around.now)
        if not case.expected.any_controller:
            require_controller(key, case.issuer)
    except KeyProblem as problem:
        return [problem_check(problem, where), inconclusive("proof.not_checked", _NOT_CHECKED, pointer)], ()
    try:
        if "-jcs-" in suite:  # whose work is that of writing the document once more
            around.budget.spend(len(strict_json.dumps(case.document)) // 40)
        verified = data_integrity.verify(
            case.document,
            proof,
            key.key,
            around.contexts,
            now=around.now - SKEW,
            budget=around.budget,
            as_holder=around.as_holder,
            challenge=case.expected.challenge,
            domain=case.expected.domain,
        )
    except VcError as error:
        return [owner_check(key, case.issuer, where), _refusal(error, pointer)], ()
    return [owner_check(key, case.issuer, where), _valid(verified, pointer)], verified.previous


def _refusal(error: VcError, pointer: str) -> Check:
    if isinstance(error, ProofInvalid):
        return failed(_INVALID.get(error.code, "proof.invalid"), error.reason, pointer)
    if not error.conclusive:
        return inconclusive(
            "proof.not_checked", f"The signature could not be checked: {error.reason}", pointer
        )
    return failed("proof.invalid", f"The signature does not hold: {error.reason}", pointer)


def _valid(verified: data_integrity.Verified, pointer: str) -> Check:
    details = {"cryptosuite": verified.cryptosuite}
    if verified.alternative is not None:
        details["context"] = verified.alternative
        details["context_sha256"] = verified.contexts[verified.alternative]
    return passed(
        "proof.valid", "The signature is the issuer's, and the content is unchanged.", pointer, **details
    )
