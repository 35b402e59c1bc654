"""Credentials as JWTs, in three forms that contradict one another and are told apart by what they carry.

`ob30-jwt`: Open Badges 3.0 (`typ` JWT; iss, sub, jti and nbf repeat the credential). `vc-jose`: VC-JOSE-COSE (`typ`
vc+jwt; iat and exp speak of the signature). `vc11-jwt`: VCDM 1.1 (the credential stands in the claim `vc`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from shared.vc import dates, strict_json
from shared.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2, ContextStore
from shared.vc.errors import ProofInvalid
from shared.vc.jsonld import refuse_undefined
from shared.vc.keys import PublicKey, SigningKey
from shared.vc.proofs import jws

Profile = Literal["ob30-jwt", "vc-jose", "vc-sd-jwt", "vc-cose", "vc11-jwt"]

# Claims about the JWT rather than about the credential: they stand beside its members and are no JSON-LD.
REGISTERED: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"})
_OB_HEADERS: Final = frozenset({"alg", "typ", "kid", "jwk"})
_JOSE_TYPES: Final = frozenset({"vc+jwt", "vc+ld+jwt", "vc+ld+json+jwt"})

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a standard frowns upon and does not forbid, or that only a standard's other reading forbids."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class CredentialJwt:
    """A credential taken out of a JWT; nothing about it is verified.

    Attributes:
        profile: which of the forms it is; `vc-sd-jwt`: see `sd_jwt`; `vc-cose`: see `cose`.
        credential: the credential alone, without the registered claims; for `vc11-jwt` completed from them.
        claims: the whole payload.
        kid: address of the key, as the header names it.
        embedded_key: the header's `jwk`: proves nothing about the issuer until its own documents list it.
        notes: what is irregular about header and claims without making the JWT invalid.
    """

    profile: Profile
    credential: _Object
    claims: Mapping[str, Any]
    kid: str | None
    embedded_key: PublicKey | None
    notes: tuple[Note, ...]
    jws: jws.Jws


def parse(token: str) -> CredentialJwt:
    """Take a credential out of a compact JWT.

    Raises:
        ProofInvalid: malformed_jws, algorithm_refused, critical_header, wrong_type, claims_differ, malformed_claims.
        UnsupportedProof: an algorithm not known here.
        JsonRefused: the payload is not strict JSON.
    """
    taken = jws.parse(token.strip())
    claims = strict_json.loads_object(taken.payload)
    kind = _kind(taken.header)
    if kind in _JOSE_TYPES:
        if "vc" in claims or "vp" in claims:
            raise ProofInvalid(
                "claims_differ", "In a vc+jwt the claims vc and vp must not be present.", "/vc"
            )
        return _taken("vc-jose", taken, claims, _without_claims(claims), ())
    notes = list(_header_notes(taken))
    if "vc" not in claims:
        if _first_context(claims) == CREDENTIALS_V1:
            raise ProofInvalid("claims_differ", "A VCDM 1.1 credential has to stand in the claim vc.", "/vc")
        return _taken("ob30-jwt", taken, claims, _without_claims(claims), notes)
    credential = claims["vc"]
    if not isinstance(credential, dict):
        raise ProofInvalid("malformed_claims", "The claim vc is not an object.", "/vc")
    if _first_context(credential) == CREDENTIALS_V2:
        raise ProofInvalid("claims_differ", "A VCDM 2.0 credential must not stand in the claim vc.", "/vc")
    return _taken("vc11-jwt", taken, claims, _completed(credential, claims), notes)


def verify(
    jwt: CredentialJwt,
    key: PublicKey,
    *,
    now: datetime | None = None,
    skew: timedelta = timedelta(seconds=60),
) -> tuple[Note, ...]:
    """Check signature and claims of a parsed JWT.

    Whose key it is, and whether its owner may sign credentials, is for the caller to have established. The
    credential's own period of validity is not looked at here.

    Args:
        jwt: as `parse` returned it.
        key: the key that kid stands for, or an embedded one that was found among the issuer's.
        now: aware; for `vc-jose`, exp and nbf of the signature are checked against it when given.
        skew: how far clocks may differ.

    Returns:
        Notes, those of `parse` included.

    Raises:
        ProofInvalid: wrong_key_type, signature_mismatch, claims_differ, malformed_claims, proof_expired,
            proof_not_yet_valid.
    """
    jws.verify(jwt.jws, key)
    if jwt.profile in {"vc-jose", "vc-sd-jwt", "vc-cose"}:
        _check_signature_times(jwt, now, skew)
        if "iss" in jwt.claims:
            _same("iss", jwt.claims["iss"], _identifier(jwt.credential.get("issuer")))
        return jwt.notes
    return (*jwt.notes, *_check_claims(jwt))


def sign(
    credential: _Object,
    *,
    key: SigningKey,
    kid: str | None = None,
    profile: Literal["ob30-jwt", "vc-jose"] = "ob30-jwt",
    issued_at: datetime | None = None,
    store: ContextStore | None = None,
    with_key: bool = False,
) -> str:
    """A VCDM 2.0 credential as a compact JWT.

    Args:
        credential: without registered claims; embedded proofs may stand in it.
        key: RS256, ES256, ES384 or EdDSA follow from its kind.
        kid: URL of the key; without one (`ob30-jwt` only) the public key itself goes into the header as `jwk`.
        profile: the form to write.
        issued_at: aware; `iat`, written for `vc-jose` only.
        store: contexts of the credential; the built-in ones when left out.
        with_key: whether the public key goes into the header of an `ob30-jwt` beside the kid as well.

    Raises:
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext: the credential says what its contexts do not define.
        ValueError: it is not a VCDM 2.0 credential with an issuer and validFrom, or there is no kid where one is due.
    """
    if _first_context(credential) != CREDENTIALS_V2 or REGISTERED & credential.keys():
        raise ValueError("only VCDM 2.0 credentials are signed as JWT, without claims of their own")
    refuse_undefined(credential, store or ContextStore.builtin())
    issuer = _identifier(credential.get("issuer"))
    if issuer is None:
        raise ValueError("the credential has no issuer")
    if profile == "vc-jose":
        if kid is None:
            raise ValueError("VC-JOSE-COSE needs a kid")
        claims = {**credential, "iss": issuer}
        if issued_at is not None:
            claims["iat"] = int(issued_at.timestamp())
        return jws.sign({"typ": "vc+jwt", "cty": "vc", "kid": kid}, strict_json.dumps(claims), key)
    claims = {**credential, "iss": issuer, "jti": credential["id"]}
    subject = _subject(credential)
    if subject is not None:
        claims["sub"] = subject
    claims["nbf"] = _seconds(credential, "validFrom")
    if "validUntil" in credential:
        claims["exp"] = _seconds(credential, "validUntil")
    binding: _Object = {} if kid is None else {"kid": kid}
    if kid is None or with_key:
        binding["jwk"] = key.public.jwk()
    return jws.sign({"typ": "JWT", **binding}, strict_json.dumps(claims), key)


def _seconds(credential: _Object, name: str) -> int:
    moment = dates.parse_date_time(credential.get(name))
    if moment is None:
        raise ValueError(f"{name} of the credential is not a time with a zone")
    return int(moment.timestamp())


# --- reading ------------------------------------------------------------------------------------


def _taken(
    profile: Profile, taken: jws.Jws, claims: _Object, credential: _Object, notes: Any
) -> CredentialJwt:
    return CredentialJwt(profile, credential, claims, taken.kid, taken.embedded_key, tuple(notes), taken)


def _kind(header: Mapping[str, Any]) -> str:
    """`typ` in lower case and without "application/" (RFC 7515, 4.1.9)."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str):
        raise ProofInvalid("malformed_jws", "The typ of the JWT is not a text.")
    kind = kind.lower().removeprefix("application/")
    if kind != "jwt" and kind not in _JOSE_TYPES:
        raise ProofInvalid("wrong_type", f"A JWT of type {kind[:40]} is not a credential.")
    return kind


def _header_notes(taken: jws.Jws) -> list[Note]:
    notes = []
    others = sorted(taken.header.keys() - _OB_HEADERS)
    if others:
        notes.append(
            Note(
                "header_not_allowed", f"Open Badges 3.0 does not allow the headers {', '.join(others)[:100]}."
            )
        )
    if taken.kid is None and taken.embedded_key is None:
        notes.append(Note("no_key_named", "The header names no key (neither kid nor jwk)."))
    return notes


def _without_claims(claims: _Object) -> _Object:
    return {name: value for name, value in claims.items() if name not in REGISTERED}


def _first_context(credential: Mapping[str, Any]) -> Any:
    contexts = credential.get("@context")
    return contexts[0] if isinstance(contexts, list) and contexts else contexts


def _identifier(entity: Any) -> str | None:
    identifier = entity.get("id") if isinstance(entity, dict) else entity
    return identifier if isinstance(identifier, str) else None


def _subject(credential: Mapping[str, Any]) -> str | None:
    subject = credential.get("credentialSubject")
    if isinstance(subject, list):
        subject = subject[0] if len(subject) == 1 else None
    return _identifier(subject) if isinstance(subject, dict) else None


def _completed(credential: _Object, claims: _Object) -> _Object:
    """A VCDM 1.1 credential with what stands only in the claims (VCDM 1.1, 6.3.1, JWT decoding)."""
    whole = dict(credential)
    if isinstance(claims.get("jti"), str):
        whole.setdefault("id", claims["jti"])
    if isinstance(claims.get("iss"), str):
        issuer = whole.setdefault("issuer", claims["iss"])
        if isinstance(issuer, dict) and "id" not in issuer:
            whole["issuer"] = {"id": claims["iss"], **issuer}
    subject = whole.get("credentialSubject")
    if isinstance(claims.get("sub"), str) and isinstance(subject, dict) and "id" not in subject:
        whole["credentialSubject"] = {"id": claims["sub"], **subject}
    for claim, name in (("nbf", "issuanceDate"), ("exp", "expirationDate")):
        if claim in claims and name not in whole:
            whole[name] = dates.write_date_time(moment_of(claim, claims[claim]))
    return whole


def moment_of(claim: str, value: Any) -> datetime:
    """The moment that a NumericDate means. Raises ProofInvalid `malformed_claims`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ProofInvalid("malformed_claims", f"The claim {claim} is not a number of seconds.", f"/{claim}")
    try:
        return _EPOCH + timedelta(seconds=value)
    except OverflowError as error:
        raise ProofInvalid(
            "malformed_claims", f"The claim {claim} is beyond all time.", f"/{claim}"
        ) from error


# --- claims against the credential --------------------------------------------------------------


def _check_claims(jwt: CredentialJwt) -> list[Note]:
    """Open Badges 3.0, Proof Formats, Verify: iss, sub, jti and nbf repeat the credential; exp does if it is there."""
    credential, claims, notes = jwt.credential, jwt.claims, []
    starts, ends = (
        ("validFrom", "validUntil") if jwt.profile == "ob30-jwt" else ("issuanceDate", "expirationDate")
    )
    _same("iss", claims.get("iss"), _identifier(credential.get("issuer")))
    _same("jti", claims.get("jti"), credential.get("id"))
    subject = _subject(credential)
    # The standard asks for sub, yet a subject known by an identifier only has no id to repeat, and 1EdTech's own
    # samples leave it out even where there is one: nothing is unsigned without it.
    if "sub" in claims:
        _same("sub", claims["sub"], subject)
    else:
        notes.append(Note("no_subject_claim", "The claim sub is missing."))
    _same_moment("nbf", claims.get("nbf"), starts, credential.get(starts))
    if "exp" in claims or ends in credential:
        _same_moment("exp", claims.get("exp"), ends, credential.get(ends))
    return notes


def _same(claim: str, stated: Any, expected: Any) -> None:
    if stated is None:
        raise ProofInvalid("claims_differ", f"The claim {claim} is missing.", f"/{claim}")
    if not isinstance(stated, str) or stated != expected:
        raise ProofInvalid("claims_differ", f"The claim {claim} contradicts the credential.", f"/{claim}")


def _same_moment(claim: str, stated: Any, name: str, expected: Any) -> None:
    if stated is None:
        raise ProofInvalid("claims_differ", f"The claim {claim} is missing.", f"/{claim}")
    moment, repeated = moment_of(claim, stated), dates.parse_date_time(expected)
    if repeated is None:
        raise ProofInvalid("claims_differ", f"{name} is no time that {claim} could repeat.", f"/{name}")
    # NumericDate may leave out fractions of a second.
    if abs(repeated - moment) >= timedelta(seconds=1):
        raise ProofInvalid("claims_differ", f"The claim {claim} contradicts {name}.", f"/{claim}")


def _check_signature_times(jwt: CredentialJwt, now: datetime | None, skew: timedelta) -> None:
    """VC-JOSE-COSE, 3.1.1: exp and nbf speak of the signature, not of the credential."""
    ends = moment_of("exp", jwt.claims["exp"]) if "exp" in jwt.claims else None
    starts = moment_of("nbf", jwt.claims["nbf"]) if "nbf" in jwt.claims else None
    if now is not None and ends is not None and now > ends + skew:
        raise ProofInvalid("proof_expired", "The signature itself has expired.", "/exp")
    if now is not None and starts is not None and now < starts - skew:
        raise ProofInvalid("proof_not_yet_valid", "The signature itself is not valid yet.", "/nbf")
