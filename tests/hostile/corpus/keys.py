"""Keys: fragments taken at their word, other people's documents, keys that no one may sign with."""

import copy
from typing import Any

from shared.vc import multibase
from shared.vc.dids import did_web_url
from shared.vc.keys import SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import data_integrity
from tests.harness.credentials import NOW
from tests.hostile.corpus.attack import Given, Json, Stage, attack

MINE = SigningKey.generate()


def signed_with(stage: Stage, verification_method: str, key: SigningKey = MINE, **changes: Any) -> Json:
    """A badge in the honest issuer's name, under a verification method and a key of the attacker's choice."""
    return data_integrity.sign(
        stage.honest.badge(**changes), key=key, verification_method=verification_method, created=NOW
    )


def document(stage: Stage, **changes: Any) -> Json:
    """The honest issuer's DID document with the attacker's key in it, changed."""
    did = stage.honest.did
    name = f"{did}#{encode(MINE.public)}"
    found = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": encode(MINE.public)}
        ],
        "assertionMethod": [name],
        **changes,
    }
    stage.network.put(did_web_url(did), found)
    return found


@attack("key.not_found", "does not contain the key")
def fragment_not_dereferenced(stage: Stage) -> Given:
    """The attacker's key as the fragment of the honest issuer's DID, which a trusting verifier never looks up"""
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.not_found", "does not contain the key")
def fragment_of_a_web_address(stage: Stage) -> Given:
    """The same with an https address in place of the DID"""
    page = stage.put(
        "/profile", {"id": f"{stage.site}/profile", "type": "Profile", "name": "Riverside School"}
    )
    badge = stage.honest.badge(issuer={"id": page, "type": ["Profile"], "name": "x"})
    return data_integrity.sign(
        badge, key=MINE, verification_method=f"{page}#{encode(MINE.public)}", created=NOW
    )


@attack("key.malformed_url", "not the address of a key")
def bare_fragment(stage: Stage) -> Given:
    """Nothing but a fragment as verification method"""
    badge: Json = copy.deepcopy(stage.honest.award())
    badge["proof"]["verificationMethod"] = f"#{encode(MINE.public)}"
    return badge


@attack("key.wrong_controller", "not to the issuer")
def controller_is_not_the_issuer(stage: Stage) -> Given:
    """A proof that holds, by a did:key of the attacker's, in the honest issuer's name"""
    did = f"did:key:{encode(MINE.public)}"
    return signed_with(stage, f"{did}#{encode(MINE.public)}")


@attack("key.wrong_controller", "not to the issuer")
def key_of_another_issuer(stage: Stage) -> Given:
    """A proof that holds, by another issuer's published key"""
    return signed_with(stage, stage.rogue.method, stage.rogue.key)


@attack("key.wrong_controller", "somebody else controls")
def method_of_another_controller(stage: Stage) -> Given:
    """A verification method in the issuer's document that says another controls it"""
    found = document(stage)
    found["verificationMethod"][0]["controller"] = stage.rogue.did
    document(stage, verificationMethod=found["verificationMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.wrong_document", "does not have that address as its id")
def document_of_somebody_else(stage: Stage) -> Given:
    """A document that says it is another's"""
    document(stage, id=stage.rogue.did)
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.not_authorised", "not listed under")
def key_for_another_purpose(stage: Stage) -> Given:
    """A key for signing in, used to sign a badge"""
    found = document(stage)
    document(stage, assertionMethod=[], authentication=found["assertionMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.not_authorised", "was revoked")
def revoked_key(stage: Stage) -> Given:
    """A key that its own document says was revoked"""
    found = document(stage)
    found["verificationMethod"][0]["revoked"] = "2026-01-01T00:00:00Z"
    document(stage, verificationMethod=found["verificationMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.not_authorised", "expired")
def expired_key(stage: Stage) -> Given:
    """A key that its own document says has expired"""
    found = document(stage)
    found["verificationMethod"][0]["expires"] = "2026-01-01T00:00:00Z"
    document(stage, verificationMethod=found["verificationMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.malformed", "two different keys")
def two_keys_of_one_name(stage: Stage) -> Given:
    """Two keys under one id, of which readers take the first or the last"""
    found = document(stage)
    other = {**found["verificationMethod"][0], "publicKeyMultibase": encode(SigningKey.generate().public)}
    document(stage, verificationMethod=[*found["verificationMethod"], other])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.malformed", "carries two keys")
def two_keys_in_one_method(stage: Stage) -> Given:
    """A verification method with a Multikey and a JWK that differ"""
    found = document(stage)
    found["verificationMethod"][0]["publicKeyJwk"] = SigningKey.generate().public.jwk()
    document(stage, verificationMethod=found["verificationMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.unreachable", "262144 bytes")
def document_of_a_megabyte(stage: Stage) -> Given:
    """A DID document of a megabyte"""
    document(stage, service=[{"id": f"#{n}", "type": "x" * 1000} for n in range(1000)])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.not_found", "does not contain the key")
def thousands_of_methods(stage: Stage) -> Given:
    """A DID document of 250 kB, full of verification methods that are not the one"""
    methods = [{"id": f"#{n}", "controller": "x", "publicKeyMultibase": "z6Mk"} for n in range(3700)]
    document(stage, verificationMethod=methods)
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.malformed", "too long")
def huge_base58(stage: Stage) -> Given:
    """A key of 200,000 letters of base 58, which costs the square of its length"""
    found = document(stage)
    found["verificationMethod"][0]["publicKeyMultibase"] = "z" + "2" * 200_000
    document(stage, verificationMethod=found["verificationMethod"])
    return signed_with(stage, f"{stage.honest.did}#{encode(MINE.public)}")


@attack("key.malformed", "too long")
def huge_did_key(stage: Stage) -> Given:
    """A did:key of a million letters"""
    did = "did:key:z" + "2" * 1_000_000
    return signed_with(stage, did, issuer={"id": did, "type": ["Profile"], "name": "x"})


@attack("key.malformed", "longer than 8192")
def huge_did_jwk(stage: Stage) -> Given:
    """A did:jwk that unpacks to 100 kB of JSON"""
    did = "did:jwk:" + multibase.base64url_encode(b"[" * 100_000)
    return signed_with(stage, f"{did}#0", issuer={"id": did, "type": ["Profile"], "name": "x"})


@attack("key.malformed_url", "not a did:web identifier")
def did_web_that_climbs(stage: Stage) -> Given:
    """A did:web whose path leaves its folder"""
    did = stage.honest.did + ":..:..:evil"
    return signed_with(stage, f"{did}#1", issuer={"id": did, "type": ["Profile"], "name": "x"})


@attack("key.malformed_url", "not a did:web identifier")
def did_web_with_a_password(stage: Stage) -> Given:
    """A did:web whose host is a user and a password in front of another host"""
    did = "did:web:localhost%40evil.example"
    return signed_with(stage, f"{did}#1", issuer={"id": did, "type": ["Profile"], "name": "x"})


@attack("key.malformed", "small order")
def key_of_small_order(stage: Stage) -> Given:
    """The neutral point as Ed25519 key, for which a signature of anything can be made up"""
    neutral = b"\xed\x01" + (1).to_bytes(32, "little")
    did = "did:key:" + multibase.encode(neutral)
    badge: Any = copy.deepcopy(
        signed_with(
            stage, f"{did}#{multibase.encode(neutral)}", issuer={"id": did, "type": ["Profile"], "name": "x"}
        )
    )
    badge["proof"]["proofValue"] = multibase.encode((1).to_bytes(32, "little") + bytes(32))
    return badge
