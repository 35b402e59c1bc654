"""JWTs: algorithms confused, keys brought along, claims that contradict the credential, disclosures without end."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.vc import multibase, strict_json
from shared.vc.dids import DocumentKey, did_web_url, web_document
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import jws
from tests.hostile.corpus.attack import Given, Json, Stage, attack

P256 = SigningKey.generate(Algorithm.P256)
OTHER = SigningKey.generate(Algorithm.P256)
RSA = SigningKey.generate(Algorithm.RSA)


def publish(stage: Stage, *keys: SigningKey) -> None:
    """Let the honest issuer have these keys."""
    stage.network.put(
        did_web_url(stage.honest.did),
        web_document(stage.honest.did, [DocumentKey(key.public) for key in keys]),
    )


def method(stage: Stage, key: SigningKey = P256) -> str:
    return f"{stage.honest.did}#{encode(key.public)}"


def claims(stage: Stage, **changes: Any) -> Json:
    """The payload of a JWT as Open Badges 3.0 has it; a change to None leaves the claim out."""
    badge = stage.honest.badge()
    payload = {
        **badge,
        "iss": stage.honest.did,
        "jti": badge["id"],
        "sub": badge["credentialSubject"]["id"],
        "nbf": 1767225600,
        **changes,
    }
    return {name: value for name, value in payload.items() if value is not None}


def token(stage: Stage, header: Json | None = None, key: SigningKey = P256, **changes: Any) -> str:
    """A JWT signed by a key that the issuer has, unless another is given."""
    publish(stage, P256)
    full = {"typ": "JWT", "kid": method(stage), **(header or {})}
    kept = {name: value for name, value in full.items() if value is not None}
    return jws.sign(kept, strict_json.dumps(claims(stage, **changes)), key)


def forged(header: Json, payload: Json, signature: bytes = b"") -> str:
    parts = [strict_json.dumps(header), strict_json.dumps(payload), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@attack("proof.malformed", "signed with a private key")
def algorithm_none(stage: Stage) -> Given:
    """`alg: none`, without a signature"""
    return forged({"alg": "none", "typ": "JWT", "kid": method(stage)}, claims(stage))


@attack("proof.malformed", "signed with a private key")
def algorithm_none_in_other_letters(stage: Stage) -> Given:
    """`alg: nOnE`, with something for a signature"""
    return forged({"alg": "nOnE", "typ": "JWT", "kid": method(stage)}, claims(stage), b"x")


@attack("proof.malformed", "signed with a private key")
def algorithm_confusion(stage: Stage) -> Given:
    """HS256 with the issuer's public RSA key as the secret"""
    publish(stage, RSA)
    jwk = RSA.public.jwk()
    numbers = [int.from_bytes(multibase.base64url_decode(jwk[name])) for name in ("e", "n")]
    pem = (
        rsa.RSAPublicNumbers(*numbers)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": f"{stage.honest.did}#{RSA.public.thumbprint()}"}
    signed = forged(header, claims(stage)).rpartition(".")[0]
    mac = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{multibase.base64url_encode(mac)}"


@attack("proof.invalid", "does not belong to")
def key_of_another_kind(stage: Stage) -> Given:
    """ES256 in the header, the issuer's Ed25519 key behind the kid"""
    return jws.sign({"typ": "JWT", "kid": stage.honest.method}, strict_json.dumps(claims(stage)), OTHER)


@attack("proof.invalid", "does not belong to")
def other_curve(stage: Stage) -> Given:
    """ES384 in the header, a P-256 key behind the kid"""
    publish(stage, P256)
    other = SigningKey.generate(Algorithm.P384)
    return jws.sign({"typ": "JWT", "kid": method(stage)}, strict_json.dumps(claims(stage)), other)


@attack("proof.invalid", "does not fit")
def psychic_signature(stage: Stage) -> Given:
    """An ECDSA signature of zeros, valid for every message to some libraries"""
    publish(stage, P256)
    return forged({"alg": "ES256", "typ": "JWT", "kid": method(stage)}, claims(stage), bytes(64))


@attack("key.not_published", "came along with the badge")
def key_in_the_header(stage: Stage) -> Given:
    """`jwk`: the attacker's own key in the header, with which the token was signed"""
    return token(stage, {"kid": None, "jwk": OTHER.public.jwk()}, OTHER)


@attack("proof.invalid", "does not fit")
def key_in_the_header_beside_a_kid(stage: Stage) -> Given:
    """`jwk` with the attacker's key beside the kid of an honest one"""
    return token(stage, {"jwk": OTHER.public.jwk()}, OTHER)


@attack("proof.invalid", "does not fit")
def keys_at_an_address(stage: Stage) -> Given:
    """`jku`: an address of the attacker's, where the key that signed can be found"""
    address = stage.put("/evil/jwks.json", {"keys": [{**OTHER.public.jwk(), "kid": "1"}]})
    return token(stage, {"kid": None, "jku": address}, OTHER)


@attack("proof.invalid", "does not fit")
def certificate_at_an_address(stage: Stage) -> Given:
    """`x5u` and `x5c`: certificates of the attacker's"""
    return token(stage, {"kid": None, "x5u": f"{stage.site}/evil.pem", "x5c": ["MIIB"]}, OTHER)


@attack("proof.malformed", "extensions")
def critical_extension(stage: Stage) -> Given:
    """`crit` and `b64: false`: the payload would be read as something else"""
    return token(stage, {"crit": ["b64"], "b64": False})


@attack("key.wrong_controller", "belongs to")
def kid_of_somebody_else(stage: Stage) -> Given:
    """A kid of the attacker's own DID, with the honest issuer as `iss`"""
    did = f"did:key:{encode(OTHER.public)}"
    return token(stage, {"kid": f"{did}#{encode(OTHER.public)}"}, OTHER)


@attack("key.wrong_controller", "belongs to")
def kid_at_the_attackers_jwks(stage: Stage) -> Given:
    """A kid that is an address of the attacker's"""
    address = stage.site.replace("localhost", "127.0.0.1") + "/jwks.json"
    stage.network.put(address, {"keys": [{**OTHER.public.jwk(), "kid": "1"}]})
    return token(stage, {"kid": f"{address}#1"}, OTHER)


@attack("key.not_found", "does not contain the key")
def kid_that_climbs(stage: Stage) -> Given:
    """A kid that is a path and a query, for those that put it into one"""
    return token(stage, {"kid": "../../../../dev/null' OR '1'='1"}, OTHER)


@attack("proof.claims_differ", "claim iss contradicts")
def another_issuer_in_the_claims(stage: Stage) -> Given:
    """`iss` of the signer, `issuer` of the honest one"""
    return token(stage, iss="did:example:mallory")


@attack("proof.claims_differ", "claim sub contradicts")
def another_subject_in_the_claims(stage: Stage) -> Given:
    """`sub` and the credential's subject differ"""
    return token(stage, sub="did:example:mallory")


@attack("proof.claims_differ", "claim jti contradicts")
def another_id_in_the_claims(stage: Stage) -> Given:
    """`jti` and the credential's id differ"""
    return token(stage, jti="https://evil.example/1")


@attack("proof.claims_differ", "claim nbf contradicts")
def another_date_in_the_claims(stage: Stage) -> Given:
    """`nbf` and validFrom differ"""
    return token(stage, nbf=1)


@attack("proof.claims_differ", "claim exp contradicts")
def another_end_in_the_claims(stage: Stage) -> Given:
    """`exp` and validUntil differ"""
    return token(stage, exp=9_999_999_999, validUntil="2027-01-01T00:00:00Z")


@attack("proof.claims_differ", "must not stand in the claim vc")
def two_credentials_in_a_token(stage: Stage) -> Given:
    """One credential in the payload, another in the claim `vc`"""
    return token(stage, vc=stage.rogue.badge())


@attack("format.unsafe_json", "stands twice")
def claim_twice(stage: Stage) -> Given:
    """`iss` twice in the payload"""
    publish(stage, P256)
    payload = json.dumps(claims(stage))[:-1] + ', "iss": "did:example:mallory"}'
    return jws.sign({"typ": "JWT", "kid": method(stage)}, payload.encode(), P256)


@attack("format.malformed_jwt", "longer than 16384")
def header_of_a_megabyte(stage: Stage) -> Given:
    """A header of a megabyte"""
    return forged({"alg": "ES256", "typ": "JWT", "kid": "x" * 1_000_000}, claims(stage), bytes(64))


@attack("format.malformed_jwt", "canonical")
def another_spelling_of_the_signature(stage: Stage) -> Given:
    """The same signature with unused bits set: another text, another hash, the same bytes"""
    good = token(stage)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + letters[letters.index(good[-1]) ^ 1]


@attack("key.not_found", "do not tell which")
def five_thousand_keys(stage: Stage) -> Given:
    """A key set of 5,000 keys behind the kid, none named"""
    jwk = OTHER.public.jwk()
    address = stage.put("/jwks.json", {"keys": [{**jwk, "kid": str(n)} for n in range(1200)]})
    return token(stage, {"kid": address}, OTHER)


@attack("key.malformed", "2048 to 8192 bits")
def rsa_key_of_sixty_four_kilobits(stage: Stage) -> Given:
    """An RSA key of 65,536 bits, which takes seconds to verify with"""
    jwk = {
        "kty": "RSA",
        "n": multibase.base64url_encode(b"\xff" * 8192),
        "e": multibase.base64url_encode(b"\xff" * 8191),
    }
    address = stage.put("/rsa.json", jwk)
    payload = claims(stage)
    return forged({"alg": "RS256", "typ": "JWT", "kid": address}, payload, b"\x01" * 8192)


def disclosed(stage: Stage, parts: list[str], payload: Json) -> str:
    publish(stage, P256)
    header = {"typ": "vc+sd-jwt", "kid": method(stage)}
    return "~".join([jws.sign(header, strict_json.dumps(payload), P256), *parts, ""])


def disclosure(*parts: Any) -> tuple[str, str]:
    text = multibase.base64url_encode(json.dumps(["salt", *parts]).encode())
    return text, multibase.base64url_encode(hashlib.sha256(text.encode()).digest())


@attack("format.malformed_jwt", "disclosures are not read")
def twenty_thousand_disclosures(stage: Stage) -> Given:
    """An SD-JWT with 20,000 disclosures"""
    made = [disclosure(f"m{n}", n) for n in range(20_000)]
    return disclosed(
        stage, [text for text, _ in made], {**stage.honest.badge(), "_sd": [hash_ for _, hash_ in made]}
    )


@attack("format.malformed_jwt", "nested too deep")
def disclosures_within_disclosures(stage: Stage) -> Given:
    """400 disclosures, each within the next"""
    parts: list[str] = []
    value: Any = 1
    for n in range(400):
        text, hash_ = disclosure(f"m{n}", value)
        parts.append(text)
        value = {"_sd": [hash_]}
    return disclosed(stage, parts, {**stage.honest.badge(), **value})


@attack("format.malformed_jwt", "stands twice")
def one_disclosure_in_many_places(stage: Stage) -> Given:
    """One disclosure of 5 kB, its digest in 400 places"""
    text, hash_ = disclosure({"a": list(range(1000))})
    return disclosed(stage, [text], {**stage.honest.badge(), "evidence": [{"...": hash_}] * 400})


@attack("format.malformed_jwt", "belongs to nothing")
def disclosure_that_nobody_signed(stage: Stage) -> Given:
    """A disclosure whose digest the issuer did not sign"""
    text, _ = disclosure("name", "Doctor of Medicine")
    return disclosed(stage, [text], stage.honest.badge())


@attack("format.malformed_jwt", "Digests other than")
def weak_digests(stage: Stage) -> Given:
    """`_sd_alg: md5`"""
    return disclosed(stage, [], {**stage.honest.badge(), "_sd_alg": "md5"})
