"""Presentations as JWTs: VC-JOSE-COSE (`typ` vp+jwt, vp+sd-jwt; as COSE vp+cose), and VCDM 1.1 (in the claim `vp`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.vc import strict_json
from shared.vc.errors import ProofInvalid
from shared.vc.keys import PublicKey, SigningKey
from shared.vc.proofs import cose, jws, sd_jwt
from shared.vc.proofs.jwt import REGISTERED, moment_of

_Object = dict[str, Any]
_TYPES = {"vp+jwt", "vp+ld+jwt", "vp+ld+json+jwt"}


@dataclass(frozen=True, slots=True)
class PresentationJwt:
    """A presentation taken out of a JWT, and the JWT's claims; nothing about it is verified."""

    presentation: _Object
    claims: Mapping[str, Any]
    jws: jws.Jws


def parse(token: str) -> PresentationJwt:
    """Take a presentation out of a compact JWT.

    Raises:
        ProofInvalid: malformed_jws, algorithm_refused, critical_header, wrong_type, claims_differ, malformed_claims;
            malformed_sd_jwt.
        UnsupportedProof: an algorithm not known here. JsonRefused: the payload is not strict JSON.
    """
    token = token.strip()
    if "~" in token:
        shown = sd_jwt.parse(token, sd_jwt.PRESENTATION_TYPES).credential
        return _taken(_without_claims(shown.claims), shown.claims, shown.jws)
    taken = jws.parse(token)
    claims = strict_json.loads_object(taken.payload)
    kind = taken.header.get("typ", "JWT")
    kind = kind.lower().removeprefix("application/") if isinstance(kind, str) else ""
    if kind in _TYPES:
        if "vp" in claims or "vc" in claims:
            raise ProofInvalid(
                "claims_differ", "In a vp+jwt the claims vc and vp must not be present.", "/vp"
            )
        presentation = _without_claims(claims)
    elif kind == "jwt" and isinstance(claims.get("vp"), dict):
        presentation = dict(claims["vp"])
        presentation.setdefault("holder", claims.get("iss"))
    else:
        raise ProofInvalid("wrong_type", f"A JWT of type {kind[:40]} is not a presentation.")
    return _taken(presentation, claims, taken)


def parse_cose(data: bytes) -> PresentationJwt:
    """Take a presentation out of a COSE_Sign1. Raises as `cose.parse`."""
    presentation, taken = cose.parse(data, "vp")
    return _taken(presentation, {}, taken)


def _without_claims(claims: Mapping[str, Any]) -> _Object:
    return {name: value for name, value in claims.items() if name not in REGISTERED | {"nonce"}}


def _taken(presentation: _Object, claims: Mapping[str, Any], taken: jws.Jws) -> PresentationJwt:
    holder = presentation.get("holder")
    holder = holder.get("id") if isinstance(holder, dict) else holder
    if claims.get("iss", holder) != holder and holder is not None:
        raise ProofInvalid("claims_differ", "The claim iss contradicts the holder.", "/iss")
    if holder is None and isinstance(claims.get("iss"), str):
        presentation["holder"] = claims["iss"]
    return PresentationJwt(presentation, claims, taken)


def verify(
    token: PresentationJwt,
    key: PublicKey,
    *,
    now: datetime,
    skew: timedelta,
    challenge: str | None = None,
    domain: str | None = None,
) -> None:
    """Check signature, times, `nonce` and `aud` of a parsed presentation.

    Raises:
        ProofInvalid: wrong_key_type, signature_mismatch, proof_expired, proof_not_yet_valid, malformed_claims,
            challenge_mismatch, domain_mismatch.
    """
    jws.verify(token.jws, key)
    claims = token.claims
    if "exp" in claims and now > moment_of("exp", claims["exp"]) + skew:
        raise ProofInvalid("proof_expired", "The presentation has expired.", "/exp")
    if "nbf" in claims and now < moment_of("nbf", claims["nbf"]) - skew:
        raise ProofInvalid("proof_not_yet_valid", "The presentation is not valid yet.", "/nbf")
    if challenge is not None and claims.get("nonce") != challenge:
        raise ProofInvalid("challenge_mismatch", "The presentation answers another challenge.", "/nonce")
    audience = claims.get("aud")
    if domain is not None and domain not in (audience if isinstance(audience, list) else [audience]):
        raise ProofInvalid("domain_mismatch", "The presentation was made for somebody else.", "/aud")


def sign(
    presentation: _Object,
    *,
    key: SigningKey,
    kid: str,
    challenge: str | None = None,
    domain: str | None = None,
    issued_at: datetime | None = None,
) -> str:
    """A VCDM 2.0 presentation as a compact vp+jwt; the credentials in it stand in envelopes.

    Args:
        presentation: with its `holder`, without claims.
        key: the holder's.
        kid: URL of the key.
        challenge: written as `nonce`.
        domain: written as `aud`.
        issued_at: aware; written as `iat`.
    """
    claims: _Object = dict(presentation)
    given = {
        "nonce": challenge,
        "aud": domain,
        "iat": None if issued_at is None else int(issued_at.timestamp()),
    }
    claims |= {name: value for name, value in given.items() if value is not None}
    return jws.sign({"typ": "vp+jwt", "cty": "vp", "kid": kid}, strict_json.dumps(claims), key)
