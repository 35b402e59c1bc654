"""Credentials as SD-JWT: our form against the reference implementation's, and everything that is none."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from shared.clock import utc_now
from shared.vc import multibase, strict_json
from shared.vc.disclosure import mandatory_pointers
from shared.vc.errors import JsonRefused, ProofInvalid, VcError
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import jws, jwt, sd_jwt
from tests.unit.vc.credentials import MOMENT, badge

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
KEY = KEYS[Algorithm.P384]
HOLDER = SigningKey.generate(Algorithm.P256)
KID = "did:web:school.example#key"
TAG = "/credentialSubject/achievement/tag"
RESULT = "/credentialSubject/result"
HIDDEN = [f"{TAG}/0", f"{TAG}/1", TAG, RESULT, "/credentialSubject/creditsEarned", "/description"]


def document() -> dict[str, Any]:
    return badge(description="A loaf, and how it rose.")


def sign(key: SigningKey = KEY, **options: Any) -> str:
    given = {"selective": HIDDEN, "mandatory": mandatory_pointers(document()), **options}
    return sd_jwt.sign(document(), key=key, kid=KID, **given)


def private(key: SigningKey) -> JWK:
    jwk: dict[str, Any] = dict(key.public.jwk())
    return JWK(**jwk, d=multibase.base64url_encode(key.secret()))


def public(key: SigningKey) -> JWK:
    return JWK(**key.public.jwk())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_is_shown_is_what_was_signed(algorithm: Algorithm) -> None:
    token = sign(KEYS[algorithm])
    whole = sd_jwt.parse(token)
    expected = document()
    assert {**whole.credential.credential} == expected
    assert jwt.verify(whole.credential, KEYS[algorithm].public) == ()
    assert sorted(whole.places) == sorted(HIDDEN)

    for pointers, tags, results in (
        ([], None, False),
        ([f"{TAG}/1"], ["bread"], False),
        ([TAG, RESULT], ["baking", "bread"], True),
    ):
        shown = sd_jwt.parse(sd_jwt.show(token, pointers))
        jwt.verify(shown.credential, KEYS[algorithm].public)
        subject = shown.credential.credential["credentialSubject"]
        assert subject["achievement"].get("tag") == tags
        assert ("result" in subject) is results
        assert "description" not in shown.credential.credential


def test_the_reference_implementation_reads_ours() -> None:
    token = sign(KEYS[Algorithm.P256])
    shown = sd_jwt.show(token, [TAG])
    payload = SDJWTVerifier(shown, lambda *_: public(KEYS[Algorithm.P256])).get_verified_payload()
    assert payload["credentialSubject"]["achievement"]["tag"] == ["baking", "bread"]
    assert "result" not in payload["credentialSubject"]
    assert payload == {**sd_jwt.parse(shown).credential.claims}


def test_the_reference_implementation_takes_our_key_binding() -> None:
    token = sign(KEYS[Algorithm.P256], holder=HOLDER.public)
    shown = sd_jwt.show(token, [TAG], key=HOLDER, challenge="n", domain="https://a.example", now=MOMENT)
    SDJWTVerifier(
        shown, lambda *_: public(KEYS[Algorithm.P256]), expected_aud="https://a.example", expected_nonce="n"
    ).get_verified_payload()


def test_we_read_the_reference_implementation_s() -> None:
    claims = {**document(), "iss": "did:web:school.example"}
    claims[SDObj("description")] = claims.pop("description")  # type: ignore[index]  # its own key type
    achievement = claims["credentialSubject"]["achievement"]
    achievement["tag"] = [SDObj("baking"), "bread"]
    issued = SDJWTIssuer(
        claims,
        private(KEYS[Algorithm.P256]),
        private(HOLDER),
        sign_alg="ES256",
        add_decoy_claims=True,
        extra_header_parameters={"typ": "vc+sd-jwt", "kid": KID},
    ).sd_jwt_issuance
    token = sd_jwt.parse(issued)
    assert token.credential.credential == document()
    jwt.verify(token.credential, KEYS[Algorithm.P256].public)

    holder = SDJWTHolder(issued)
    holder.create_presentation({"description": True}, "n", "https://a.example", private(HOLDER), "ES256")
    shown = sd_jwt.parse(holder.sd_jwt_presentation)
    assert shown.credential.credential["credentialSubject"]["achievement"]["tag"] == ["bread"]
    assert shown.credential.credential["description"] == document()["description"]
    sd_jwt.verify_binding(
        shown, now=utc_now(), skew=timedelta(minutes=1), challenge="n", domain="https://a.example"
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"challenge": "other"}, "challenge_mismatch"),
        ({"domain": "https://b.example"}, "domain_mismatch"),
        ({"now": MOMENT - timedelta(hours=1)}, "proof_not_yet_valid"),
    ],
)
def test_a_key_binding_for_something_else(change: dict[str, Any], code: str) -> None:
    token = sign(holder=HOLDER.public)
    shown = sd_jwt.show(token, [], key=HOLDER, challenge="n", domain="https://a.example", now=MOMENT)
    given = {"now": MOMENT, "skew": timedelta(0), "challenge": "n", "domain": "https://a.example"}
    sd_jwt.verify_binding(sd_jwt.parse(shown), **given)
    with pytest.raises(ProofInvalid) as refused:
        sd_jwt.verify_binding(sd_jwt.parse(shown), **{**given, **change})
    assert refused.value.code == code


def test_a_key_binding_is_for_just_these_disclosures() -> None:
    token = sign(holder=HOLDER.public)
    shown = sd_jwt.show(token, [RESULT], key=HOLDER, challenge="n", now=MOMENT)
    first, *parts, binding = shown.split("~")
    for tampered, code in (
        (f"{first}~{binding}", "claims_differ"),
        (sd_jwt.show(token, [RESULT], key=KEYS[Algorithm.P256], now=MOMENT), "signature_mismatch"),
        ("~".join([first, *parts, ""]), "no_key_binding"),
        (sd_jwt.show(sign(), [RESULT], key=HOLDER, now=MOMENT), "no_key_binding"),
    ):
        with pytest.raises(ProofInvalid) as refused:
            sd_jwt.verify_binding(sd_jwt.parse(tampered), now=MOMENT, skew=timedelta(0))
        assert refused.value.code == code


# --- what is none -------------------------------------------------------------------------------


def disclosure(*parts: Any) -> str:
    return multibase.base64url_encode(strict_json.dumps(list(parts)))


def digest(text: str) -> str:
    return multibase.base64url_encode(hashlib.sha256(text.encode()).digest())


def made(payload: dict[str, Any], *disclosures: str, typ: str = "vc+sd-jwt") -> str:
    claims = {**badge(), "iss": "did:web:school.example", **payload}
    return "~".join([jws.sign({"typ": typ, "kid": KID}, strict_json.dumps(claims), KEY), *disclosures, ""])


NAME, ITEM = disclosure("salt", "awardedDate", "2026-01-01T00:00:00Z"), disclosure("salt", "x")


@pytest.mark.parametrize(
    "token",
    [
        made({}, NAME),
        made({"_sd": [digest(NAME)]}, NAME, NAME),
        made({"_sd": [digest(NAME), digest(NAME)]}, NAME),
        made({"_sd": [digest(NAME)], "awardedDate": "2025-01-01T00:00:00Z"}, NAME),
        made({"_sd": [digest(ITEM)]}, ITEM),
        made({"_sd": digest(NAME)}, NAME),
        made({"_sd": [5]}),
        made({"tag": [{"...": digest(NAME)}]}, NAME),
        made({"...": digest(NAME)}),
        made({"name": {"...": "x"}}),
        made({"_sd_alg": "sha-512"}),
        made({"_sd": [digest(disclosure("s", "_sd", []))]}, disclosure("s", "_sd", [])),
        made({"_sd": [digest(disclosure("s", "...", []))]}, disclosure("s", "...", [])),
        made({"_sd": [digest(disclosure("s", "x", {"_sd_alg": "sha-256"}))]}, disclosure("s", "x", {"_sd_alg": "sha-256"})),
        made({"_sd": [digest(disclosure(5, "x", 1))]}, disclosure(5, "x", 1)),
        made({"_sd": [digest(disclosure("s"))]}, disclosure("s")),
        made({"_sd": [digest("AAAA")]}, "AAAA"),
        made({}, typ="JWT"),
        made({"vc": {}}),
        made({}).replace("~", "~~"),
        made({})[:-1],
        made({}) + "x",
        "a~b",
        made({}, *["AAAA"] * 501),
    ],
)  # fmt: skip
def test_what_is_no_sd_jwt(token: str) -> None:
    with pytest.raises((ProofInvalid, JsonRefused)):
        sd_jwt.parse(token)


def test_disclosures_within_disclosures_are_bounded() -> None:
    value: Any = 1
    chain: list[str] = []
    for _ in range(100):
        one = disclosure("s", "a", value)
        chain.append(one)
        value = {"_sd": [digest(one)]}
    with pytest.raises(ProofInvalid) as refused:
        sd_jwt.parse(made({"x": value}, *chain))
    assert refused.value.code == "malformed_sd_jwt"


def test_every_changed_character_is_noticed() -> None:
    token = sd_jwt.show(sign(), [TAG, RESULT])
    jwt.verify(sd_jwt.parse(token).credential, KEY.public)
    accepted = []
    for place in range(0, len(token), 3):
        other = "A" if token[place] != "A" else "B"
        try:
            shown = sd_jwt.parse(token[:place] + other + token[place + 1 :])
            jwt.verify(shown.credential, KEY.public)
        except VcError:
            continue
        accepted.append(place)
    assert accepted == []


@pytest.mark.parametrize(
    "pointer",
    ["", "/issuer", "/issuer/name", "/credentialStatus", "/validUntil", "/type", "/@context", "/credentialSubject",
     "/credentialSubject/type", "/credentialSubject/achievement", "/credentialSubject/achievement/name",
     "/credentialSubject/identifier/0", "/nothing", f"{TAG}/7", "x"],
)  # fmt: skip
def test_what_may_not_be_hidden(pointer: str) -> None:
    with pytest.raises(ProofInvalid) as refused:
        sign(selective=[pointer])
    assert refused.value.code == "malformed_pointer"


def test_what_cannot_be_signed() -> None:
    for changes in ({"@context": ["https://a.example/"]}, {"issuer": {"name": "x"}}, {"iss": "x"}):
        with pytest.raises(ValueError, match=r"VCDM 2\.0"):
            sd_jwt.sign(badge(**changes), key=KEY, kid=KID, selective=[])
    with pytest.raises(VcError):
        sd_jwt.sign(badge(grade="A"), key=KEY, kid=KID, selective=[])
