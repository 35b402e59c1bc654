"""Step 5 for a credential in a JWT: the key, the signature, and the claims beside the credential."""

from collections.abc import Sequence

from shared.vc.dids import KeyProblem, ResolvedKey
from shared.vc.errors import ProofInvalid, VcError
from shared.vc.proofs import jwt, sd_jwt
from shared.vc.report import Check, failed, inconclusive, passed

from .case import Case, Expected, Surroundings, several
from .keys import key_for_token, owner_check, problem_check
from .validity import SKEW

_CODES = {
    "claims_differ": "proof.claims_differ",
    "malformed_claims": "proof.malformed",
    "proof_expired": "proof.expired",
    "proof_not_yet_valid": "proof.not_yet_valid",
}


async def check_token(case: Case, around: Surroundings) -> list[Check]:
    """The checks of the key, and of signature and claims."""
    assert case.jwt is not None
    try:
        keys = await key_for_token(case.jwt, case.issuer, around, any_controller=case.expected.any_controller)
    except KeyProblem as problem:
        reason = "The signature could not be checked, because the issuer's key could not be established."
        return [problem_check(problem), inconclusive("proof.not_checked", reason)]
    checks = _verified(case, case.jwt, keys, around)
    if case.sd_jwt is not None and case.sd_jwt.binding is not None:
        checks += _binding(case.sd_jwt, around)
    return checks


def _binding(shown: sd_jwt.SdJwt, around: Surroundings) -> list[Check]:
    """A key binding that came along has to hold, whoever it was made for."""
    try:
        sd_jwt.verify_binding(shown, now=around.now, skew=SKEW)
    except VcError as error:
        make = failed if error.conclusive else inconclusive
        return [make(_CODES.get(error.code, "proof.invalid"), error.reason)]
    return []


def _verified(
    case: Case, token: jwt.CredentialJwt, keys: Sequence[ResolvedKey], around: Surroundings
) -> list[Check]:
    failure: ProofInvalid | None = None
    for key in keys:
        try:
            notes = jwt.verify(token, key.key, now=around.now, skew=SKEW)
        except ProofInvalid as error:
            failure = error
            if error.code in _CODES:
                return [owner_check(key, case.issuer), failed(_CODES[error.code], error.reason)]
        else:
            owned = owner_check(key, case.issuer)
            other = _unexpected(token, case.expected)
            if other is not None:
                return [owned, other]
            reason = "The signature is the issuer's, and the content is unchanged."
            details = {"cryptosuite": token.jws.algorithm, "profile": token.profile}
            if notes:
                return [owned, passed("proof.valid", reason, **details, notes=_told(notes))]
            return [owned, passed("proof.valid", reason, **details)]
    assert failure is not None  # `key_for_token` gives at least one key
    return [failed("proof.invalid", failure.reason)]


def _unexpected(token: jwt.CredentialJwt, expected: Expected) -> Check | None:
    """What a JWT says otherwise than it was asked for (`nonce`, and `aud` of RFC 7519, 4.1.3)."""
    audience = token.claims.get("aud")
    if expected.challenge is not None and token.claims.get("nonce") != expected.challenge:
        return failed("proof.wrong_challenge", "The JWT answers another challenge, or none.")
    if expected.domain is not None and expected.domain not in several(audience):
        return failed(
            "proof.wrong_domain", "The JWT was made for somebody else, or for nobody in particular."
        )
    return None


def _told(notes: Sequence[jwt.Note]) -> list[dict[str, str]]:
    return [{"code": note.code, "reason": note.reason} for note in notes]
