import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.vc import multibase, strict_json
from shared.vc.contexts import CREDENTIALS_V1
from shared.vc.errors import JsonRefused, ProofInvalid, UndefinedTerm, UnsupportedProof, VcError
from shared.vc.keys import Algorithm, PublicKey, SigningKey
from shared.vc.proofs import jws, jwt
from tests.unit.vc.credentials import MOMENT, badge

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
FOREIGN: dict[Algorithm, Any] = {
    Algorithm.ED25519: OKPKey,
    Algorithm.P256: ECKey,
    Algorithm.P384: ECKey,
    Algorithm.P521: ECKey,
    Algorithm.RSA: RSAKey,
}
KEY = KEYS[Algorithm.P256]
KID = "https://school.example/keys/1"


def identified(**changes: Any) -> dict[str, Any]:
    """A badge whose subject has an id."""
    credential = badge(**changes)
    credential["credentialSubject"]["id"] = "did:example:learner"
    return credential


def tokens(header: dict[str, Any], claims: Any, key: SigningKey = KEY) -> str:
    return jws.sign(header, claims if isinstance(claims, bytes) else json.dumps(claims).encode(), key)


def claims_of(credential: dict[str, Any], **changes: Any) -> dict[str, Any]:
    claims = {
        **credential,
        "iss": "did:web:school.example",
        "sub": "did:example:learner",
        "jti": credential["id"],
        "nbf": 1767225600,
        "exp": 1893456000,
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_open_badges_profile_in_both_directions(algorithm: Algorithm) -> None:
    key, credential = KEYS[algorithm], identified()
    token = jwt.sign(credential, key=key, kid=KID)
    parsed = jwt.parse(token)
    assert (parsed.profile, parsed.credential, parsed.kid, parsed.embedded_key) == (
        "ob30-jwt",
        credential,
        KID,
        None,
    )
    assert parsed.notes == ()
    assert jwt.verify(parsed, key.public) == ()
    assert parsed.claims == claims_of(credential)
    with pytest.raises(ProofInvalid) as refused:
        jwt.verify(parsed, SigningKey.generate(algorithm).public)
    assert refused.value.code == "signature_mismatch"


@pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated"
)  # RFC 9864 renames it; verifiers in use know the old name
@pytest.mark.parametrize("algorithm", Algorithm)
def test_another_library_reads_ours_and_we_read_its(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    public = FOREIGN[algorithm].import_key(key.public.jwk())
    name = jws.ALGORITHMS[algorithm]
    registry = joserfc_jws.JWSRegistry(algorithms=["RS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])
    token = jwt.sign(identified(), key=key, kid=KID)
    read = joserfc_jws.deserialize_compact(token, public, registry=registry)
    assert read.headers() == {"alg": name, "typ": "JWT", "kid": KID}
    foreign = FOREIGN[algorithm].generate_key(2048 if algorithm is Algorithm.RSA else str(algorithm))
    written = joserfc_jws.serialize_compact(
        {"alg": name, "kid": KID}, json.dumps(claims_of(identified())), foreign, registry=registry
    )
    assert jwt.verify(jwt.parse(written), PublicKey.from_jwk(foreign.as_dict(private=False))) == ()


def test_vc_jose_profile_in_both_directions() -> None:
    credential = badge()
    parsed = jwt.parse(jwt.sign(credential, key=KEY, kid=KID, profile="vc-jose", issued_at=MOMENT))
    assert (parsed.profile, parsed.credential, parsed.notes) == ("vc-jose", credential, ())
    assert parsed.jws.header == {"alg": "ES256", "typ": "vc+jwt", "cty": "vc", "kid": KID}
    assert parsed.claims["iat"] == int(MOMENT.timestamp())
    assert "nbf" not in parsed.claims
    assert jwt.verify(parsed, KEY.public, now=MOMENT) == ()


def test_without_kid_the_key_stands_in_the_header_and_is_only_reported() -> None:
    parsed = jwt.parse(jwt.sign(badge(), key=KEY))
    assert parsed.kid is None
    assert parsed.embedded_key == KEY.public
    assert [note.code for note in jwt.verify(parsed, KEY.public)] == ["no_subject_claim"]


def test_a_credential_of_the_older_model_stands_in_vc_and_is_completed() -> None:
    inner = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": {"name": "School"},
        "credentialSubject": {"name": "x"},
    }
    parsed = jwt.parse(
        tokens({"typ": "JWT", "kid": KID}, claims_of({"id": "urn:uuid:1", "vc": inner}, id=None))
    )
    assert parsed.profile == "vc11-jwt"
    assert parsed.credential == {
        **inner,
        "id": "urn:uuid:1",
        "issuer": {"id": "did:web:school.example", "name": "School"},
        "credentialSubject": {"id": "did:example:learner", "name": "x"},
        "issuanceDate": "2026-01-01T00:00:00Z",
        "expirationDate": "2030-01-01T00:00:00Z",
    }
    assert jwt.verify(parsed, KEY.public) == ()


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"iss": "did:web:other.example"}, "claims_differ", "/iss"),
        ({"iss": None}, "claims_differ", "/iss"),
        ({"iss": ["did:web:school.example"]}, "claims_differ", "/iss"),
        ({"sub": "did:example:other"}, "claims_differ", "/sub"),
        ({"jti": "urn:uuid:2"}, "claims_differ", "/jti"),
        ({"jti": None}, "claims_differ", "/jti"),
        ({"nbf": None}, "claims_differ", "/nbf"),
        ({"nbf": 1767225601}, "claims_differ", "/nbf"),
        ({"nbf": "1767225600"}, "malformed_claims", "/nbf"),
        ({"nbf": True}, "malformed_claims", "/nbf"),
        ({"nbf": 1e300}, "malformed_claims", "/nbf"),
        ({"exp": None}, "claims_differ", "/exp"),
        ({"exp": 1893456001}, "claims_differ", "/exp"),
        ({"validUntil": None}, "claims_differ", "/validUntil"),
        ({"validFrom": "soon"}, "claims_differ", "/validFrom"),
    ],
)
def test_claims_have_to_repeat_the_credential(changes: dict[str, Any], code: str, pointer: str) -> None:
    parsed = jwt.parse(tokens({"typ": "JWT", "kid": KID}, claims_of(identified(), **changes)))
    with pytest.raises(ProofInvalid) as refused:
        jwt.verify(parsed, KEY.public)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_a_missing_sub_is_only_noted() -> None:
    parsed = jwt.parse(tokens({"typ": "JWT", "kid": KID}, claims_of(identified(), sub=None)))
    assert [note.code for note in jwt.verify(parsed, KEY.public)] == ["no_subject_claim"]


def test_times_of_a_vc_jose_signature() -> None:
    def parsed(**claims: Any) -> jwt.CredentialJwt:
        return jwt.parse(tokens({"typ": "vc+jwt", "kid": KID}, {**badge(), **claims}))

    now, moment = MOMENT, int(MOMENT.timestamp())
    assert jwt.verify(parsed(exp=moment - 30, nbf=moment + 30), KEY.public, now=now) == ()
    for claims, code in (
        ({"exp": moment - 61}, "proof_expired"),
        ({"nbf": moment + 61}, "proof_not_yet_valid"),
        ({"iss": "did:web:other.example"}, "claims_differ"),
        ({"exp": "soon"}, "malformed_claims"),
    ):
        with pytest.raises(ProofInvalid) as refused:
            jwt.verify(parsed(**claims), KEY.public, now=now)
        assert refused.value.code == code
    assert jwt.verify(parsed(exp=moment - 61), KEY.public, now=now, skew=timedelta(minutes=2)) == ()


@pytest.mark.parametrize(
    ("header", "claims", "error", "code"),
    [
        ({"typ": "at+jwt"}, badge(), ProofInvalid, "wrong_type"),
        ({"typ": 5}, badge(), ProofInvalid, "malformed_jws"),
        ({"typ": "vc+jwt"}, {"vc": {}}, ProofInvalid, "claims_differ"),
        ({"typ": "JWT"}, {"vc": badge()}, ProofInvalid, "claims_differ"),
        ({"typ": "JWT"}, {"vc": "x"}, ProofInvalid, "malformed_claims"),
        ({"typ": "JWT"}, {**badge(), "@context": [CREDENTIALS_V1]}, ProofInvalid, "claims_differ"),
        ({"crit": ["exp"], "exp": 1}, badge(), ProofInvalid, "critical_header"),
        ({"b64": False}, badge(), ProofInvalid, "critical_header"),
        ({"kid": 5}, badge(), ProofInvalid, "malformed_jws"),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, badge(), ProofInvalid, "malformed_jws"),
        ({"jwk": {**KEY.public.jwk(), "d": "AAAA"}}, badge(), ProofInvalid, "malformed_jws"),
        ({"alg": "none"}, badge(), ProofInvalid, "algorithm_refused"),
        ({"alg": "NONE"}, badge(), ProofInvalid, "algorithm_refused"),
        ({"alg": "HS256"}, badge(), ProofInvalid, "algorithm_refused"),
        ({"alg": "ES256K"}, badge(), UnsupportedProof, "unsupported_algorithm"),
        ({"alg": 5}, badge(), ProofInvalid, "malformed_jws"),
        ({}, b'{"a": 1, "a": 2}', JsonRefused, "duplicate_member"),
        ({}, b"[]", JsonRefused, "not_an_object"),
    ],
)
def test_what_is_no_credential_jwt_is_refused(
    header: dict[str, Any], claims: Any, error: type[VcError], code: str
) -> None:
    with pytest.raises(error) as refused:
        jwt.parse(tokens(header, claims))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c.d", "a.b.c=", "e30.e30.e30", "!.e30.AA", "e30..", "a" * 5_000_000]
)
def test_what_is_no_jws_is_refused(token: str) -> None:
    with pytest.raises(ProofInvalid) as refused:
        jwt.parse(token)
    assert refused.value.code == "malformed_jws"


def test_a_header_member_twice_is_refused() -> None:
    header = multibase.base64url_encode(b'{"alg":"ES256","alg":"none"}')
    with pytest.raises(ProofInvalid) as refused:
        jwt.parse(f"{header}.e30.AAAA")
    assert refused.value.code == "malformed_jws"


def test_a_public_key_is_no_shared_secret() -> None:
    """The classical confusion: a token signed with HMAC under the public key's bytes."""
    parsed = jwt.parse(jwt.sign(badge(), key=KEY, kid=KID))
    with pytest.raises(ProofInvalid) as refused:
        jwt.verify(parsed, KEYS[Algorithm.RSA].public)
    assert refused.value.code == "wrong_key_type"


def test_irregular_headers_are_noted() -> None:
    parsed = jwt.parse(tokens({"typ": "JWT", "x5u": "https://a.example"}, claims_of(identified())))
    assert [note.code for note in parsed.notes] == ["header_not_allowed", "no_key_named"]


def test_every_changed_character_is_noticed() -> None:
    token = jwt.sign(identified(), key=KEYS[Algorithm.ED25519], kid=KID)
    for position in range(0, len(token), 29):
        other = "A" if token[position] != "A" else "B"
        with pytest.raises(VcError):
            jwt.verify(
                jwt.parse(token[:position] + other + token[position + 1 :]), KEYS[Algorithm.ED25519].public
            )


@pytest.mark.parametrize(
    ("credential", "options", "error"),
    [
        (badge() | {"@context": [CREDENTIALS_V1]}, {"kid": KID}, ValueError),
        (badge(jti="x"), {"kid": KID}, ValueError),
        (badge(issuer={"type": "Profile"}), {"kid": KID}, ValueError),
        (badge(validFrom=None), {"kid": KID}, ValueError),
        (badge(), {"profile": "vc-jose"}, ValueError),
        (badge(skills="x"), {"kid": KID}, UndefinedTerm),
    ],
)
def test_mistakes_of_the_caller(
    credential: dict[str, Any], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        jwt.sign(credential, key=KEY, **options)


def test_the_payload_is_the_credential_in_its_own_order() -> None:
    payload = jws.parse(jwt.sign(badge(), key=KEY, kid=KID)).payload
    assert payload.startswith(strict_json.dumps(badge())[:-1])
