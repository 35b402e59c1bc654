"""Credentials as SD-JWT (RFC 9901, with VC-JOSE-COSE's `vc+sd-jwt`): signed once, shown in part by the holder.

Members and array items that may be hidden stand in the signed payload as digests; what is shown travels beside it, as
disclosures. A key binding JWT at the end says that the holder shows it, to whom and for what.
"""

import hashlib
import re
import secrets
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.vc import multibase, strict_json
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.errors import JsonRefused, KeyRefused, ProofInvalid
from shared.vc.jsonld import to_quads, without_directions
from shared.vc.keys import PublicKey, SigningKey
from shared.vc.proofs import jws
from shared.vc.proofs.jwt import REGISTERED, CredentialJwt, moment_of
from shared.vc.proofs.selection import checked_pointers, steps_of

TYPES: Final = frozenset({"vc+sd-jwt", "vc+ld+json+sd-jwt"})
PRESENTATION_TYPES: Final = frozenset({"vp+sd-jwt", "vp+ld+json+sd-jwt"})
FORM: Final = re.compile(
    r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+~(?:[A-Za-z0-9_-]+~)*"
    r"(?:[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?"
)
"""Compact: the JWS, each disclosure, and perhaps a key binding JWT, with tildes after all but the last."""
_MAX_DISCLOSURES = 500
_MAX_DEPTH = 64
# What can be hidden by the holder must not change what the rest means or whether it counts.
_NEVER_HIDDEN: Final = frozenset(
    {
        "@context",
        "id",
        "type",
        "issuer",
        "validFrom",
        "validUntil",
        "credentialStatus",
        "credentialSchema",
        "termsOfUse",
    }
)
_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT taken apart; nothing about it is verified.

    Attributes:
        credential: with what is disclosed, as the JWT that `jwt.verify` checks.
        places: the JSON pointer of each disclosure, in their order.
        disclosures: each as it was given.
        binding: the key binding JWT, or None.
        bound: what its `sd_hash` has to be.
    """

    credential: CredentialJwt
    places: tuple[str, ...]
    disclosures: tuple[str, ...]
    binding: jws.Jws | None
    bound: str


def parse(text: str, types: Container[str] = TYPES) -> SdJwt:
    """Take an SD-JWT apart and put what is disclosed into its place (RFC 9901, 7.1).

    `types`: those that its `typ` may name.

    Raises:
        ProofInvalid: malformed_sd_jwt: a disclosure that belongs nowhere, twice, or over something else; another digest
            than SHA-256. wrong_type; and as `jws.parse`.
        UnsupportedProof: an algorithm not known here. JsonRefused: a part is not strict JSON.
    """
    if len(text) > jws.MAX_LENGTH or not FORM.fullmatch(text):
        raise _malformed("This is not a compact SD-JWT.")
    token, *disclosures, binding = text.split("~")
    if len(disclosures) > _MAX_DISCLOSURES:
        raise _malformed(f"More than {_MAX_DISCLOSURES} disclosures are not read.")
    taken = jws.parse(token)
    kind = taken.header.get("typ")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in types:
        raise ProofInvalid("wrong_type", "An SD-JWT says in its typ what it is (vc+sd-jwt, vp+sd-jwt).")
    payload = strict_json.loads_object(taken.payload)
    if payload.pop("_sd_alg", "sha-256") != "sha-256":
        raise _malformed("Digests other than SHA-256 are not read.")
    opened = _Opened(disclosures)
    claims = opened.put(payload, "", 0)
    places = opened.places()
    if "vc" in claims or "vp" in claims:
        raise ProofInvalid("claims_differ", "In a vc+sd-jwt the claims vc and vp must not be present.", "/vc")
    credential = {name: value for name, value in claims.items() if name not in REGISTERED}
    whole = CredentialJwt("vc-sd-jwt", credential, claims, taken.kid, taken.embedded_key, (), taken)
    bound = _digest(text[: len(text) - len(binding)])
    return SdJwt(whole, places, tuple(disclosures), jws.parse(binding) if binding else None, bound)


def verify_binding(
    token: SdJwt, *, now: datetime, skew: timedelta, challenge: str | None = None, domain: str | None = None
) -> None:
    """Check the key binding JWT (RFC 9901, 7.3): by the key that the issuer named, over just these disclosures.

    Raises:
        ProofInvalid: no_key_binding, wrong_key_type, signature_mismatch, claims_differ, malformed_claims,
            challenge_mismatch, domain_mismatch, proof_expired, proof_not_yet_valid, wrong_type.
    """
    binding = token.binding
    confirmed = token.credential.claims.get("cnf")
    if binding is None or not isinstance(confirmed, dict):
        raise ProofInvalid("no_key_binding", "Nothing says that it is the holder who shows this.")
    if binding.header.get("typ") != "kb+jwt":
        raise ProofInvalid("wrong_type", "The key binding is not of the type kb+jwt.")
    try:
        key = PublicKey.from_jwk(confirmed.get("jwk"))
    except KeyRefused as error:
        raise ProofInvalid("malformed_claims", f"The holder's key: {error.reason}", "/cnf") from error
    jws.verify(binding, key)
    claims = strict_json.loads_object(binding.payload)
    if claims.get("sd_hash") != token.bound:
        raise ProofInvalid("claims_differ", "The key binding is for other disclosures.", "/sd_hash")
    if moment_of("iat", claims.get("iat")) > now + skew:
        raise ProofInvalid("proof_not_yet_valid", "The key binding is not valid yet.", "/iat")
    if "exp" in claims and now > moment_of("exp", claims["exp"]) + skew:
        raise ProofInvalid("proof_expired", "The key binding has expired.", "/exp")
    if challenge is not None and claims.get("nonce") != challenge:
        raise ProofInvalid("challenge_mismatch", "The key binding answers another challenge.", "/nonce")
    if domain is not None and claims.get("aud") != domain:
        raise ProofInvalid("domain_mismatch", "The key binding was made for somebody else.", "/aud")


class _Opened:
    """Disclosures by digest, each to be used exactly once."""

    def __init__(self, disclosures: Sequence[str]) -> None:
        self._parts: dict[str, list[Any]] = {}
        self._order = [_digest(one) for one in disclosures]
        self._places: dict[str, str] = {}
        self._seen: set[str] = set()
        for digest, one in zip(self._order, disclosures, strict=True):
            try:
                part = strict_json.loads(multibase.base64url_decode(one))
            except (KeyRefused, JsonRefused) as error:
                raise _malformed(f"A disclosure cannot be read: {error.reason}") from error
            if not isinstance(part, list) or len(part) not in {2, 3} or not isinstance(part[0], str):
                raise _malformed("A disclosure is not made of a salt, a name and a value.")
            if digest in self._parts:
                raise _malformed("A disclosure is given twice.")
            self._parts[digest] = part

    def places(self) -> tuple[str, ...]:
        """Where each disclosure went. Raises ProofInvalid when one went nowhere."""
        if len(self._places) != len(self._order):
            raise _malformed("A disclosure belongs to nothing that was signed.")
        return tuple(self._places[digest] for digest in self._order)

    def put(self, value: Any, place: str, depth: int) -> Any:
        """A copy of a value with everything disclosed below it in place."""
        if depth > _MAX_DEPTH:
            raise _malformed("The disclosures are nested too deep.")
        if isinstance(value, dict):
            return self._object(value, place, depth)
        if isinstance(value, list):
            return self._list(value, place, depth)
        return value

    def _object(self, value: _Object, place: str, depth: int) -> _Object:
        if "..." in value or "_sd_alg" in value:
            raise _malformed("A member has a name that only the form itself uses.")
        found: _Object = {}
        for name, inner in value.items():
            if name != "_sd":
                found[name] = self.put(inner, f"{place}/{_escaped(name)}", depth + 1)
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise _malformed("_sd is not a list of digests.")
        for digest in digests:
            part = self._taken(digest, 3)
            if part is None:
                continue
            name = part[1]
            if not isinstance(name, str) or name in {"_sd", "..."} or name in found:
                raise _malformed("A disclosure names a member that cannot be, or is there already.")
            where = f"{place}/{_escaped(name)}"
            self._places[digest] = where
            found[name] = self.put(part[2], where, depth + 1)
        return found

    def _list(self, value: list[Any], place: str, depth: int) -> list[Any]:
        found: list[Any] = []
        for item in value:
            if isinstance(item, dict) and item.keys() == {"..."}:
                digest = item["..."]
                part = self._taken(digest, 2)
                if part is not None:
                    self._places[digest] = f"{place}/{len(found)}"
                    found.append(self.put(part[1], f"{place}/{len(found)}", depth + 1))
            else:
                found.append(self.put(item, f"{place}/{len(found)}", depth + 1))
        return found

    def _taken(self, digest: Any, size: int) -> list[Any] | None:
        """The disclosure with this digest; None when what it stands for is hidden."""
        if not isinstance(digest, str) or digest in self._seen:
            raise _malformed("A digest is none, or stands twice.")
        self._seen.add(digest)
        part = self._parts.get(digest)
        if part is not None and len(part) != size:
            raise _malformed("A disclosure is of a member where an item belongs, or the other way round.")
        return part


# --- issuing and showing ------------------------------------------------------------------------


def sign(
    credential: _Object,
    *,
    key: SigningKey,
    kid: str,
    selective: Iterable[str],
    mandatory: Iterable[str] = (),
    holder: PublicKey | None = None,
    issued_at: datetime | None = None,
    store: ContextStore | None = None,
) -> str:
    """A VCDM 2.0 credential as SD-JWT with all its disclosures, for its holder.

    Args:
        credential: without registered claims.
        key: ES256, ES384, EdDSA or RS256 follow from its kind.
        kid: URL of the key.
        selective: JSON pointers to the members and array items that the holder may hide.
        mandatory: pointers to what may not be hidden, besides what says whether the credential counts; for badges see
            `disclosure.mandatory_pointers`.
        holder: whose key a key binding has to be made with (`cnf`).
        issued_at: aware; written as `iat`.
        store: contexts of the credential; the built-in ones when left out.

    Raises:
        DataLoss, InvalidJsonLd, InvalidContext, UnknownContext: the credential says what its contexts do not define.
        ProofInvalid: `malformed_pointer`, also for one to what may not be hidden.
        ValueError: it is not a VCDM 2.0 credential with an issuer.
    """
    issuer = credential.get("issuer")
    issuer = issuer.get("id") if isinstance(issuer, dict) else issuer
    if (
        credential.get("@context", [None])[0] != CREDENTIALS_V2
        or REGISTERED & credential.keys()
        or not issuer
    ):
        raise ValueError("only VCDM 2.0 credentials are signed as SD-JWT, without claims of their own")
    to_quads(without_directions(credential), store or ContextStore.builtin())
    header = {"typ": "vc+sd-jwt", "cty": "vc", "kid": kid}
    always = [steps_of(pointer) for pointer in mandatory]
    chosen = [steps_of(pointer) for pointer in checked_pointers(selective)]
    for steps in chosen:
        _refuse_hiding(steps, always)
    claims: _Object = {"iss": issuer}
    if holder is not None:
        claims["cnf"] = {"jwk": holder.jwk()}
    if issued_at is not None:
        claims["iat"] = int(issued_at.timestamp())
    return _signed(credential, chosen, claims, header, key)


def sign_presentation(
    presentation: _Object,
    *,
    key: SigningKey,
    kid: str,
    selective: Iterable[str] = (),
    challenge: str | None = None,
    domain: str | None = None,
    issued_at: datetime | None = None,
) -> str:
    """A VCDM 2.0 presentation as SD-JWT (`vp+sd-jwt`) with all its disclosures.

    Args:
        presentation: with its `holder`, without claims; the credentials in it stand in envelopes.
        key: the holder's.
        kid: URL of the key.
        selective: JSON pointers to what may be hidden when it is passed on.
        challenge: written as `nonce`.
        domain: written as `aud`.
        issued_at: aware; written as `iat`.

    Raises:
        ProofInvalid: `malformed_pointer`.
    """
    chosen = [steps_of(pointer) for pointer in checked_pointers(selective)]
    given = {
        "nonce": challenge,
        "aud": domain,
        "iat": None if issued_at is None else int(issued_at.timestamp()),
    }
    claims = {name: value for name, value in given.items() if value is not None}
    return _signed(presentation, chosen, claims, {"typ": "vp+sd-jwt", "cty": "vp", "kid": kid}, key)


def _signed(
    document: _Object, chosen: Sequence[Sequence[str]], claims: _Object, header: _Object, key: SigningKey
) -> str:
    """The document with what was chosen hidden, its claims beside it, all disclosures behind it."""
    payload = strict_json.loads_object(strict_json.dumps(document))
    # What is hidden within something hidden comes first.
    disclosures = [_hide(payload, steps) for steps in sorted(chosen, key=len, reverse=True)]
    payload |= {**claims, "_sd_alg": "sha-256"}
    token = jws.sign(header, strict_json.dumps(payload), key)
    return "~".join([token, *disclosures, ""])


def show(
    text: str,
    pointers: Iterable[str],
    *,
    key: SigningKey | None = None,
    challenge: str = "",
    domain: str = "",
    now: datetime | None = None,
) -> str:
    """An SD-JWT with only the disclosures that `pointers` lead to or through, or that stand below them.

    Args:
        text: with its disclosures; a key binding in it is dropped.
        pointers: JSON pointers into the credential as all disclosures make it.
        key: the holder's, to bind what is shown to `challenge` and `domain`; without it nothing is bound.
        challenge: what the verifier asked for.
        domain: the verifier.
        now: aware; due with a key.

    Raises: as `parse`.
    """
    token = parse(text)
    wanted = [steps_of(pointer) for pointer in checked_pointers(pointers)]
    kept = [
        disclosure
        for place, disclosure in zip(token.places, token.disclosures, strict=True)
        if any(_one_above_other(steps_of(place), steps) for steps in wanted)
    ]
    shown = "~".join([text.split("~", 1)[0], *kept, ""])
    if key is None or now is None:
        return shown
    claims = {"iat": int(now.timestamp()), "nonce": challenge, "aud": domain, "sd_hash": _digest(shown)}
    return shown + jws.sign({"typ": "kb+jwt"}, strict_json.dumps(claims), key)


def _refuse_hiding(steps: Sequence[str], always: Sequence[Sequence[str]]) -> None:
    fixed = not steps or steps[-1] in {"@context", "id", "type"} or steps[0] in _NEVER_HIDDEN
    if fixed or steps == ["credentialSubject"] or any(_one_above_other(steps, other) for other in always):
        raise ProofInvalid(
            "malformed_pointer", "What this points to may not be hidden.", "/" + "/".join(steps)
        )


def _one_above_other(one: Sequence[str], other: Sequence[str]) -> bool:
    shorter = min(len(one), len(other))
    return list(one[:shorter]) == list(other[:shorter])


def _hide(payload: _Object, steps: Sequence[str]) -> str:
    """Replace one member or item by its digest; returns the disclosure."""
    place: Any = payload
    for step in steps[:-1]:
        place = _step(place, step)
    value = _step(place, steps[-1])
    salt = multibase.base64url_encode(secrets.token_bytes(16))
    if isinstance(place, list):
        disclosure = _encoded([salt, value])
        place[int(steps[-1])] = {"...": _digest(disclosure)}
    else:
        disclosure = _encoded([salt, steps[-1], value])
        del place[steps[-1]]
        place["_sd"] = sorted([*place.get("_sd", []), _digest(disclosure)])
    return disclosure


def _step(place: Any, step: str) -> Any:
    if isinstance(place, dict) and step in place:
        return place[step]
    if isinstance(place, list) and step.isascii() and step.isdigit() and int(step) < len(place):
        return place[int(step)]
    raise ProofInvalid("malformed_pointer", "A JSON pointer points to nothing in the document.")


def _encoded(part: Sequence[Any]) -> str:
    return multibase.base64url_encode(strict_json.dumps(list(part)))


def _digest(text: str) -> str:
    return multibase.base64url_encode(hashlib.sha256(text.encode()).digest())


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _malformed(reason: str) -> ProofInvalid:
    return ProofInvalid("malformed_sd_jwt", reason)


__all__ = [
    "FORM",
    "PRESENTATION_TYPES",
    "SdJwt",
    "parse",
    "show",
    "sign",
    "sign_presentation",
    "verify_binding",
]
