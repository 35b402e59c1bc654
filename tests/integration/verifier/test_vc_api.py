"""VCALM's verifier endpoints: credentials that are no badges, presentations, envelopes, and how what is wrong is said."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.verifier.vc_api.schemas import CredentialVerified, PresentationOut
from shared.clock import to_rfc3339, utc_now
from shared.http.client import Response
from shared.vc.keys import SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import cose, data_integrity, jwt, presentation_jwt, sd_jwt
from shared.vc.status import status_entry
from tests.integration.verifier.conftest import ORGANISATION, MakeSettings, Running, running
from tests.integration.verifier.world import Issuer, World

V2 = "https://www.w3.org/ns/credentials/v2"
MODEL = "https://www.w3.org/TR/vc-data-model#"
SECURITY = "https://w3id.org/security#"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


@pytest.fixture
def verifier(shared_verifier: Running) -> Running:
    return shared_verifier


class Holder:
    """Somebody with a did:key."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.did = f"did:key:{encode(self.key.public)}"
        self.method = f"{self.did}#{encode(self.key.public)}"

    def sign(self, document: Json, **options: Any) -> Json:
        return data_integrity.sign(
            document, key=self.key, verification_method=self.method, created=NOW, **options
        )

    def shows(self, *credentials: Json, challenge: str = "asked-1", domain: str = "jobs.example") -> Json:
        presentation = {
            "@context": [V2],
            "type": ["VerifiablePresentation"],
            "holder": self.did,
            "verifiableCredential": list(credentials),
        }
        return self.sign(presentation, purpose="authentication", challenge=challenge, domain=domain)


@pytest.fixture
def holder() -> Holder:
    return Holder()


def plain(issuer: str, **changes: Any) -> Json:
    """A credential that is no badge."""
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:mira", "name": "Mira"},
        **changes,
    }


def post(verifier: Running, path: str, body: Any) -> Response:
    with verifier.client() as client:
        return client.post(path, json=body)


def credential(verifier: Running, document: Json, **options: Any) -> tuple[int, Json]:
    answer = post(verifier, "/credentials/verify", {"verifiableCredential": document, "options": options})
    CredentialVerified.model_validate(answer.json())
    return answer.status_code, answer.json()


def presentation(verifier: Running, document: Json, **options: Any) -> tuple[int, Json]:
    answer = post(verifier, "/presentations/verify", {"verifiablePresentation": document, "options": options})
    PresentationOut.model_validate(answer.json())
    return answer.status_code, answer.json()


def codes(answer: Json, kind: str = "errors") -> set[str]:
    return {each["code"] for each in answer[kind]}


def types(answer: Json) -> set[str]:
    return {each["type"] for each in answer["errors"]}


def test_any_credential_is_verified_badge_or_not(verifier: Running, issuer: Issuer):
    for document in (issuer.sign(plain(issuer.did)), issuer.badge(3)):
        assert credential(verifier, document) == (
            200,
            {"verified": True, "errors": [], "warnings": [], "problemDetails": []},
        )


def test_results_tell_property_by_property(verifier: Running, issuer: Issuer):
    entry = status_entry(issuer.list_url, 5)
    document = issuer.sign(plain(issuer.did, credentialStatus=entry, validUntil="2090-01-01T00:00:00Z"))
    status, answer = credential(
        verifier, document, returnResults=True, returnCredential=True, returnProblemDetails=False
    )
    assert status == 200
    assert answer == {
        "verified": True,
        "errors": [],
        "warnings": [],
        "credential": document,
        "results": {
            "validFrom": {"verified": True, "input": "2026-01-01T00:00:00Z"},
            "validUntil": {"verified": True, "input": "2090-01-01T00:00:00Z"},
            "credentialSchema": [],
            "credentialStatus": [{"verified": True, "input": entry, "value": 0}],
            "proof": [{"verified": True, "input": document["proof"]}],
        },
    }


def test_what_was_changed_is_not_verified(verifier: Running, issuer: Issuer):
    document = issuer.sign(plain(issuer.did))
    document["credentialSubject"]["name"] = "Mallory"
    status, answer = credential(verifier, document, returnResults=True)
    assert status == 400
    assert not answer["verified"]
    assert types(answer) == {f"{MODEL}CRYPTOGRAPHIC_SECURITY_ERROR"}
    assert answer["problemDetails"] == answer["errors"]
    assert answer["errors"][0]["title"] == "CRYPTOGRAPHIC_SECURITY_ERROR"
    assert answer["results"]["proof"] == [{"verified": False, "input": document["proof"]}]


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"credentialSubject": {}}, f"{MODEL}MALFORMED_VALUE_ERROR", "model.null_or_empty"),
        ({"credentialStatus": {"id": "https://a.example/1#1"}}, f"{MODEL}MALFORMED_VALUE_ERROR", "model.missing"),
        ({"validUntil": "2026-01-02T00:00:00Z"}, f"{MODEL}RANGE_ERROR", "validity.expired"),
        ({"relatedResource": {"id": "https://a.example/1"}}, f"{MODEL}MALFORMED_VALUE_ERROR", "model.missing"),
        (
            {"relatedResource": {"id": V2, "digestSRI": "sha384-" + "A" * 64}},
            f"{MODEL}MALFORMED_VALUE_ERROR",
            "model.malformed_value",
        ),
    ],
    ids=["subject", "status", "expired", "resource", "digest"],
)  # fmt: skip
def test_each_fault_has_its_type(verifier: Running, issuer: Issuer, changes: Json, kind: str, code: str):
    status, answer = credential(verifier, issuer.sign(plain(issuer.did, **changes)))
    assert status == 400
    assert (kind, code) in {(each["type"], each["code"]) for each in answer["errors"]}, answer


def test_a_term_that_no_context_defines(verifier: Running, issuer: Issuer):
    document = issuer.sign(plain(issuer.did))
    document["undefined"] = "added later"
    status, answer = credential(verifier, document)
    assert status == 400
    assert f"{SECURITY}DATA_LOSS_DETECTION_ERROR" in types(answer)


@pytest.mark.parametrize("name", ["type", "verificationMethod", "proofPurpose", "proofValue"])
def test_a_proof_without_what_it_needs(verifier: Running, issuer: Issuer, name: str):
    document = issuer.sign(plain(issuer.did))
    del document["proof"][name]
    status, answer = credential(verifier, document)
    assert status == 400
    assert f"{SECURITY}PROOF_VERIFICATION_ERROR" in types(answer)


def test_revoked_is_an_error_unless_the_caller_leaves_status_out(verifier: Running, issuer: Issuer):
    issuer.revoke(9)
    document = issuer.sign(plain(issuer.did, credentialStatus=status_entry(issuer.list_url, 9)))
    status, answer = credential(verifier, document)
    assert (status, codes(answer)) == (400, {"status.revoked"})
    status, answer = credential(verifier, document, checks=["proof", "issuer"])
    assert (status, answer["verified"], codes(answer), codes(answer, "warnings")) == (
        200,
        True,
        set(),
        {"status.revoked"},
    )


def test_somebody_elses_key_is_an_error_unless_the_caller_asks_for_the_proof_alone(
    verifier: Running, issuer: Issuer, holder: Holder
):
    document = holder.sign(plain(issuer.did))
    status, answer = credential(verifier, document)
    assert status == 400
    assert "key.wrong_controller" in codes(answer)
    status, answer = credential(verifier, document, checks=["proof"])
    assert (status, codes(answer, "warnings")) == (200, {"key.wrong_controller"})
    document["credentialSubject"]["name"] = "Mallory"
    status, answer = credential(verifier, document, checks=["proof"])
    assert (status, codes(answer)) == (400, {"proof.invalid"})
    # The proof decides whatever is asked for.
    status, answer = credential(verifier, document, checks=[])
    assert (status, codes(answer)) == (400, {"proof.invalid"})


def test_every_proof_of_a_set_has_to_hold(verifier: Running, issuer: Issuer):
    document = issuer.sign(issuer.sign(plain(issuer.did)))
    assert credential(verifier, document)[0] == 200
    document["proof"][1]["proofValue"] = document["proof"][1]["proofValue"][:-2] + "11"
    status, answer = credential(verifier, document, returnResults=True)
    assert status == 400
    assert [each["verified"] for each in answer["results"]["proof"]] == [True, False]


def test_a_proof_made_for_a_question(verifier: Running, holder: Holder):
    document = holder.sign(plain(holder.did), challenge="asked-1", domain="jobs.example")
    assert credential(verifier, document, challenge="asked-1", domain="jobs.example")[0] == 200
    status, answer = credential(verifier, document, challenge="asked-2")
    assert (status, types(answer)) == (400, {f"{SECURITY}INVALID_CHALLENGE_ERROR"})
    status, answer = credential(verifier, document, domain="elsewhere.example")
    assert (status, types(answer)) == (400, {f"{SECURITY}INVALID_DOMAIN_ERROR"})


def test_enveloped_credentials(verifier: Running, issuer: Issuer):
    token = jwt.sign(plain(issuer.did), key=issuer.key, kid=issuer.method, profile="vc-jose")
    envelope = {
        "@context": [V2],
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+jwt,{token}",
    }
    status, answer = credential(verifier, envelope, returnResults=True)
    assert status == 200, answer
    assert answer["results"]["proof"] == [{"verified": True, "input": envelope}]
    status, answer = credential(verifier, envelope, challenge="asked-1")
    assert (status, codes(answer)) == (400, {"proof.wrong_challenge"})
    status, answer = credential(verifier, envelope, domain="jobs.example")
    assert (status, codes(answer)) == (400, {"proof.wrong_domain"})
    for wrong in (
        {**envelope, "@context": []},
        {**envelope, "id": token},
        {**envelope, "type": "VerifiableCredential"},
        {name: value for name, value in envelope.items() if name != "type"},
        {**envelope, "id": f"data:application/vc+jwt,{token[:-4]}AAAA"},
    ):
        assert credential(verifier, wrong)[0] == 400, wrong


@pytest.mark.parametrize("kind", ["vc+sd-jwt", "vc+cose;base64"])
def test_other_envelopes(verifier: Running, issuer: Issuer, kind: str):
    document = plain(issuer.did)
    if kind == "vc+sd-jwt":
        secured = sd_jwt.sign(
            document, key=issuer.key, kid=issuer.method, selective=["/credentialSubject/name"]
        )
    else:
        secured = base64.b64encode(cose.sign(document, key=issuer.key, kid=issuer.method, kind="vc")).decode()
    envelope = {
        "@context": [V2],
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/{kind},{secured}",
    }
    assert credential(verifier, envelope)[0] == 200
    status, answer = credential(verifier, {**envelope, "id": envelope["id"].replace("A", "B")})
    assert (status, answer["verified"]) == (400, False)
    inner = {"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [envelope]}
    answer = post(verifier, "/presentations/verify", {"presentation": inner}).json()
    assert answer["verified"], answer


def test_an_instance_may_leave_it_to_its_callers_whose_key_it_is(
    make_settings: MakeSettings, world: World, issuer: Issuer, holder: Holder
):
    document = holder.sign(plain(issuer.did))
    settings = make_settings(vc_api_checks=["proof", "credentialStatus"])
    with running(settings, world) as lenient:
        status, answer = credential(lenient, document)
        assert (status, codes(answer, "warnings")) == (200, {"key.wrong_controller"})
        assert credential(lenient, document, checks=["proof", "issuer"])[0] == 400


def test_a_presentation_and_all_in_it(verifier: Running, issuer: Issuer, holder: Holder):
    first, second = issuer.sign(plain(issuer.did)), issuer.badge(3)
    shown = holder.shows(first, second)
    status, answer = presentation(
        verifier,
        shown,
        challenge="asked-1",
        domain="jobs.example",
        returnResults=True,
        returnPresentation=True,
    )
    assert (status, answer["verified"]) == (200, True), answer
    assert answer["verifiablePresentation"] == shown
    own = answer["results"]["presentation"]
    assert own == {
        "challenge": {"verified": True, "input": "asked-1"},
        "domain": {"verified": True, "input": "jobs.example"},
        "holder": {"verified": True, "input": holder.did},
        "proof": [{"verified": True, "input": shown["proof"]}],
    }
    assert [each["verified"] for each in answer["results"]["credentials"]] == [True, True]


def test_what_is_wrong_with_a_presentation_is_said_with_200(
    verifier: Running, issuer: Issuer, holder: Holder
):
    shown = holder.shows(issuer.sign(plain(issuer.did)))
    status, answer = presentation(verifier, shown, challenge="asked-2", returnResults=True)
    assert (status, answer["verified"], types(answer)) == (
        200,
        False,
        {f"{SECURITY}INVALID_CHALLENGE_ERROR"},
    )
    assert answer["results"]["presentation"]["challenge"] == {"verified": False, "input": "asked-2"}
    forged = issuer.sign(plain(issuer.did))
    forged["credentialSubject"]["name"] = "Mallory"
    status, answer = presentation(verifier, holder.shows(forged), returnResults=True)
    assert (status, answer["verified"], codes(answer)) == (200, False, {"proof.invalid"})
    assert [each["verified"] for each in answer["results"]["credentials"]] == [False]


@pytest.mark.parametrize(
    "changes",
    [
        {"@context": None},
        {"@context": ["https://www.w3.org/ns/credentials/examples/v2", V2]},
        {"type": ["Something"]},
        {"holder": {"name": "Acme"}},
        {"verifiableCredential": ["a string"]},
    ],
    ids=["no context", "order", "type", "holder", "string"],
)
def test_what_is_no_presentation_is_400(verifier: Running, holder: Holder, changes: Json):
    status, answer = presentation(verifier, holder.shows() | changes)
    assert (status, answer["verified"]) == (400, False)
    assert answer["errors"]


def test_enveloped_presentations(verifier: Running, issuer: Issuer, holder: Holder):
    token = jwt.sign(plain(issuer.did), key=issuer.key, kid=issuer.method, profile="vc-jose")
    inner = {
        "@context": V2,
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+jwt,{token}",
    }
    shown = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": holder.did, "verifiableCredential": [inner]}  # fmt: skip
    signed = presentation_jwt.sign(shown, key=holder.key, kid=holder.method, challenge="asked-1")
    envelope = {
        "@context": [V2],
        "type": "EnvelopedVerifiablePresentation",
        "id": f"data:application/vp+jwt,{signed}",
    }
    assert presentation(verifier, envelope, challenge="asked-1")[1]["verified"]
    assert not presentation(verifier, envelope, challenge="asked-2")[1]["verified"]
    assert presentation(verifier, {**envelope, "@context": []})[0] == 400
    assert presentation(verifier, {**envelope, "id": signed})[0] == 400


def test_a_presentation_without_proof_stands_for_its_credentials_alone(
    verifier: Running, issuer: Issuer, holder: Holder
):
    shown = holder.shows(issuer.sign(plain(issuer.did)))
    del shown["proof"]
    answer = post(verifier, "/presentations/verify", {"presentation": shown}).json()
    assert answer["verified"], answer
    status, answer = presentation(verifier, shown)
    assert (status, codes(answer)) == (200, {"proof.missing"})
    shown["proof"] = {"type": "DataIntegrityProof"}
    assert not post(verifier, "/presentations/verify", {"presentation": shown}).json()["verified"]


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/credentials/verify", {}, f"{MODEL}PARSING_ERROR"),
        ("/credentials/verify", {"verifiableCredential": "a string"}, f"{MODEL}PARSING_ERROR"),
        ("/credentials/verify", {"verifiableCredential": {"a": 1}}, f"{MODEL}PARSING_ERROR"),
        ("/presentations/verify", {}, f"{MODEL}PARSING_ERROR"),
        ("/presentations/verify", {"verifiablePresentation": {}, "presentation": {}}, f"{MODEL}PARSING_ERROR"),
        ("/presentations/verify", {"verifiablePresentation": {"a": 1}}, f"{MODEL}PARSING_ERROR"),
        (
            "/credentials/verify",
            {"verifiableCredential": {}, "options": {"expectNothing": True}},
            "https://www.w3.org/TR/vcalm#UNKNOWN_OPTION_PROVIDED",
        ),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_read(verifier: Running, path: str, body: Json, kind: str):
    answer = post(verifier, path, body)
    assert answer.status_code == 400
    assert answer.json()["verified"] is False
    assert types(answer.json()) == {kind}


def test_json_that_readers_disagree_on_is_no_request(verifier: Running):
    with verifier.client() as client:
        answer = client.post(
            "/credentials/verify",
            content=b'{"verifiableCredential": {"type": 1, "type": 2}}',
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 400
    assert types(answer.json()) == {f"{MODEL}PARSING_ERROR"}


def test_a_badge_of_open_badges_2_is_no_verifiable_credential(verifier: Running, world: World):
    path = "/ob2/assertion"
    assertion = {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Assertion",
        "id": world.url + path,
        "recipient": {"type": "email", "hashed": False, "identity": "mira@example.org"},
        "badge": world.url + "/ob2/badge",
        "verification": {"type": "hosted"},
        "issuedOn": to_rfc3339(utc_now() - timedelta(days=1)),
    }
    world.put(path, assertion)
    status, answer = credential(verifier, assertion)
    assert (status, answer["verified"]) == (400, False)
    assert "model.not_a_known_credential" in codes(answer)


def test_anonymous_calls_are_counted_and_tokens_need_the_scope(verifier: Running, issuer: Issuer):
    body = {"verifiableCredential": issuer.sign(plain(issuer.did))}
    answer = post(verifier, "/credentials/verify", body)
    assert "RateLimit" in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    with verifier.client(ORGANISATION, "verifications:write") as client:
        assert "RateLimit" not in client.post("/credentials/verify", json=body).headers
    with verifier.client(ORGANISATION, "verifications:read") as client:
        assert client.post("/credentials/verify", json=body).status_code == 403
