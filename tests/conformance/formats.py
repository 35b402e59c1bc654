"""One badge in every format that we issue, and beside each the same with a change that no verifier may miss."""

import copy
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from shared.vc import strict_json
from shared.vc.baking import bake_png, bake_svg
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multibase import base64url_decode, base64url_encode
from shared.vc.proofs import data_integrity, ecdsa_sd, jwt, presentation_jwt, sd_jwt
from shared.vc.status import StatusBits, status_entry, status_list_credential
from tests.bench.documents import full
from tests.conformance.badges import CONTEXTS, CREATED, LIST_URL, key_method, unsigned
from tests.conformance.badges import did_key as key_did

Json = dict[str, Any]
Secured = Json | str | bytes
HOLDER = SigningKey.generate(Algorithm.P256)
CHALLENGE, DOMAIN = "3182bdea", "https://verifier.example"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle cx="5" cy="5" r="4"/></svg>'
SHOWN = ["/evidence", "/credentialSubject/achievement/alignment", "/credentialSubject/achievement/tag/1"]


@dataclass(frozen=True)
class Sample:
    """A badge in a format, the same tampered with, and what has to be reachable to verify it."""

    name: str
    kind: str
    secured: Secured
    tampered: Secured
    key: SigningKey
    documents: Mapping[str, Any] = field(default_factory=dict)
    tampered_documents: Mapping[str, Any] | None = None


def did(key: SigningKey) -> str:
    """The issuer: did:key, or did:jwk for RSA, which has no Multikey."""
    if key.algorithm is Algorithm.RSA:
        return f"did:jwk:{base64url_encode(strict_json.dumps(key.public.jwk()))}"
    return key_did(key)


def method(key: SigningKey) -> str:
    return f"{did(key)}#0" if key.algorithm is Algorithm.RSA else key_method(did(key), key)


def badge(key: SigningKey, **more: Any) -> Json:
    return unsigned(did(key), subject="did:example:mira") | more


def renamed(document: Json) -> Json:
    """The document with another name in it."""
    changed = copy.deepcopy(document)
    changed["name"] = "Brain surgery"
    return changed


def rewritten(token: str) -> str:
    """The token with another name in its payload, under the same signature."""
    head, _, rest = token.partition("~")
    header, payload, signature = head.split(".")
    claims = json.loads(base64url_decode(payload))
    body = base64url_encode(json.dumps(renamed(claims)).encode())
    return f"{header}.{body}.{signature}" + (f"~{rest}" if rest or "~" in token else "")


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return out.getvalue()


def _embedded(suite: str, algorithm: Algorithm) -> Callable[[str], Sample]:
    def make(name: str) -> Sample:
        key = SigningKey.generate(algorithm)
        secured = _signed(badge(key), key, suite)
        return Sample(name, suite, secured, renamed(secured), key)

    return make


def _signed(document: Json, key: SigningKey, suite: str = "eddsa-rdfc-2022", **options: Any) -> Json:
    how: Json = {"key": key, "verification_method": method(key), "created": CREATED}
    return data_integrity.sign(document, cryptosuite=suite, **how, **options)


def _selective(name: str) -> Sample:
    key = SigningKey.generate(Algorithm.P256)
    document = badge(key, credentialStatus=status_entry(LIST_URL, 94_567))
    how: Json = {"key": key, "verification_method": method(key), "created": CREATED}
    base = ecdsa_sd.sign(document, mandatory=mandatory_pointers(document), **how)
    secured = base if name.endswith("base") else derive_badge(base, SHOWN)
    return Sample(
        name,
        "ecdsa-sd-2023",
        secured,
        renamed(secured),
        key,
        {LIST_URL: _signed(_list(key), key, "ecdsa-rdfc-2019")},
    )


def _list(key: SigningKey, *revoked: int) -> Json:
    bits = StatusBits()
    for index in revoked:
        bits.set(index)
    return status_list_credential(url=LIST_URL, issuer=did(key), bits=bits, valid_from=CREATED)


def _token(profile: Any, algorithm: Algorithm) -> Callable[[str], Sample]:
    def make(name: str) -> Sample:
        key = SigningKey.generate(algorithm)
        token = jwt.sign(badge(key), key=key, kid=method(key), profile=profile)
        return Sample(name, "jwt", token, rewritten(token), key)

    return make


def _disclosing(name: str) -> Sample:
    key = SigningKey.generate(Algorithm.P256)
    token = sd_jwt.sign(badge(key), key=key, kid=method(key), selective=["/evidence"])
    return Sample(name, "sd-jwt", token, rewritten(token), key)


def _baked(bake: Callable[[str], bytes], *, as_token: bool) -> Callable[[str], Sample]:
    def make(name: str) -> Sample:
        key = SigningKey.generate(Algorithm.ED25519)
        if as_token:
            token = jwt.sign(badge(key), key=key, kid=method(key))
            return Sample(name, "image", bake(token), bake(rewritten(token)), key)
        secured = _signed(badge(key), key)
        return Sample(name, "image", bake(json.dumps(secured)), bake(json.dumps(renamed(secured))), key)

    return make


def _listed(name: str) -> Sample:
    """Not the badge is changed here, but its bit: what a verifier may not miss is the revocation."""
    key = SigningKey.generate(Algorithm.ED25519)
    secured = _signed(badge(key, credentialStatus=status_entry(LIST_URL, 94_567)), key)
    lists: list[Any] = [_list(key), _list(key, 94_567)]
    if name.endswith("JWT"):
        lists = [jwt.sign(one, key=key, kid=method(key), profile="vc-jose") for one in lists]
    else:
        lists = [_signed(one, key) for one in lists]
    return Sample(name, "status", secured, secured, key, {LIST_URL: lists[0]}, {LIST_URL: lists[1]})


def endorsement(key: SigningKey, about: str) -> Json:
    """An unsigned endorsement. Its own @context is required (Open Badges 3.0, EndorsementCredential)."""
    return {
        "@context": CONTEXTS,
        "id": "https://guild.example/endorsements/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Seen and found good",
        "issuer": {"id": did(key), "type": ["Profile"], "name": "The guild"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": about,
            "type": ["EndorsementSubject"],
            "endorsementComment": "Good work.",
        },
    }


def _endorsed(name: str) -> Sample:
    key, guild = SigningKey.generate(Algorithm.ED25519), SigningKey.generate(Algorithm.ED25519)
    document = badge(key)
    achievement = document["credentialSubject"]["achievement"]
    achievement["endorsement"] = [_signed(endorsement(guild, achievement["id"]), guild)]
    secured = _signed(document, key)
    tampered = copy.deepcopy(secured)
    inner = tampered["credentialSubject"]["achievement"]["endorsement"][0]
    inner["credentialSubject"]["endorsementComment"] = "Bad work."
    return Sample(name, "eddsa-rdfc-2022", secured, tampered, key)


def _endorsement(*, as_token: bool) -> Callable[[str], Sample]:
    def make(name: str) -> Sample:
        key = SigningKey.generate(Algorithm.ED25519)
        document = endorsement(key, "https://school.example/achievements/1/v1")
        if as_token:
            token = jwt.sign(document, key=key, kid=method(key))
            return Sample(name, "endorsement-jwt", token, rewritten(token), key)
        secured = _signed(document, key)
        return Sample(name, "endorsement", secured, renamed(secured), key)

    return make


def _complete(name: str) -> Sample:
    """Every property of every class of Open Badges 3.0, with a status list that is there."""
    key = SigningKey.generate(Algorithm.ED25519)
    document = full(did(key))
    if name.endswith("endorsementJwt"):
        document = _without(document, "endorsementJwt")
    secured = _signed(document, key)
    return Sample(name, "complete", secured, renamed(secured), key, {LIST_URL: _signed(_list(key), key)})


def _without(value: Any, member: str) -> Any:
    if isinstance(value, list):
        return [_without(one, member) for one in value]
    if isinstance(value, dict):
        return {name: _without(one, member) for name, one in value.items() if name != member}
    return value


def presentation(credentials: list[Any], key: SigningKey = HOLDER) -> Json:
    return {
        "@context": [CONTEXTS[0]],
        "type": ["VerifiablePresentation"],
        "holder": did(key),
        "verifiableCredential": credentials,
    }


def _presented(name: str) -> Sample:
    key, holder = SigningKey.generate(Algorithm.ED25519), SigningKey.generate(Algorithm.ED25519)
    shown = presentation([_signed(badge(key), key)], holder)
    options: Json = {"purpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN}
    secured = _signed(shown, holder, **options)
    other = _signed(shown, holder, **{**options, "challenge": "another"})
    return Sample(name, "presentation", secured, other, holder)


def _presented_token(name: str) -> Sample:
    key = SigningKey.generate(Algorithm.ED25519)
    inner = jwt.sign(badge(key), key=key, kid=method(key), profile="vc-jose")
    envelope = {
        "@context": CONTEXTS[0],
        "id": f"data:application/vc+jwt,{inner}",
        "type": "EnvelopedVerifiableCredential",
    }
    shown = presentation([envelope])
    tokens = [
        presentation_jwt.sign(
            shown,
            key=HOLDER,
            kid=method(HOLDER),
            challenge=challenge,
            domain=DOMAIN,
            issued_at=datetime.now(UTC),
        )
        for challenge in (CHALLENGE, "another")
    ]
    return Sample(name, "presentation-jwt", tokens[0], tokens[1], HOLDER)


_JWTS = {"RS256": Algorithm.RSA, "ES256": Algorithm.P256, "ES384": Algorithm.P384, "EdDSA": Algorithm.ED25519}
FORMATS: Mapping[str, Callable[[str], Sample]] = {
    "eddsa-rdfc-2022": _embedded("eddsa-rdfc-2022", Algorithm.ED25519),
    "ecdsa-rdfc-2019 P-256": _embedded("ecdsa-rdfc-2019", Algorithm.P256),
    "ecdsa-rdfc-2019 P-384": _embedded("ecdsa-rdfc-2019", Algorithm.P384),
    "eddsa-jcs-2022": _embedded("eddsa-jcs-2022", Algorithm.ED25519),
    "ecdsa-jcs-2019 P-256": _embedded("ecdsa-jcs-2019", Algorithm.P256),
    "ecdsa-jcs-2019 P-384": _embedded("ecdsa-jcs-2019", Algorithm.P384),
    "ecdsa-sd-2023 base": _selective,
    "ecdsa-sd-2023 derived": _selective,
    **{f"JWT {name}": _token("ob30-jwt", algorithm) for name, algorithm in _JWTS.items()},
    **{f"vc+jwt {name}": _token("vc-jose", algorithm) for name, algorithm in _JWTS.items()},
    "vc+sd-jwt ES256": _disclosing,
    "PNG, JSON": _baked(lambda text: bake_png(png(), text), as_token=False),
    "PNG, JWT": _baked(lambda text: bake_png(png(), text), as_token=True),
    "SVG, JSON": _baked(lambda text: bake_svg(SVG, text), as_token=False),
    "SVG, JWT": _baked(lambda text: bake_svg(SVG, text), as_token=True),
    "status list": _listed,
    "status list, JWT": _listed,
    "endorsed badge": _endorsed,
    "every property": _complete,
    "all but endorsementJwt": _complete,
    "endorsement": _endorsement(as_token=False),
    "endorsement, JWT": _endorsement(as_token=True),
    "presentation": _presented,
    "presentation, JWT": _presented_token,
}


def samples() -> list[Sample]:
    """One of each, freshly made."""
    return [make(name) for name, make in FORMATS.items()]
