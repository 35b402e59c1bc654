"""The way of a badge through the verification, step by step."""

from datetime import timedelta
from typing import Any

import pytest

from shared.vc.contexts import OPEN_BADGES_3, OPEN_BADGES_3_EXTENSIONS, ContextStore
from shared.vc.dids import DocumentKey, did_web_url, web_document
from shared.vc.fetching import Recognition, RecognitionAnswer
from shared.vc.identity import identity_object
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.policy import STRICT, Policy
from shared.vc.proofs import jwt
from shared.vc.verify import Applicant, Limits
from tests.harness.credentials import NOW, Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


async def test_a_badge_that_is_as_it_should_be(issuer, network):
    report = await report_on(issuer.award(credentialStatus=issuer.entry()), network)
    assert report.verdict == "accepted"
    assert codes(report, "failed", "inconclusive") == []
    assert codes(report) == [
        "format.recognised",
        "context.known",
        "model.valid",
        "subject.identified",
        "key.retrieved",
        "proof.valid",
        "status.active",
        "validity.current",
        "recognition.not_asked",
    ]
    shown = report.to_json()
    assert shown["format"] == "ob3-data-integrity"
    assert shown["container"] == "json"
    assert shown["credential"]["issuer"] == {
        "id": issuer.did,
        "name": "Riverside School",
        "url": None,
        "image": None,
    }
    assert shown["credential"]["achievement"]["name"] == "First aid"
    assert {one["url"] for one in shown["fetched"]} == {did_web_url(issuer.did), issuer.list_url()}
    assert "external_id" not in shown
    assert report.to_json(external_id="x", metadata={"a": 1})["metadata"] == {"a": 1}


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
async def test_a_changed_word_is_noticed(issuer, network, suite):
    badge = issuer.sign(issuer.badge(), cryptosuite=suite)
    assert (await report_on(badge, network)).verdict == "accepted"
    badge["credentialSubject"]["achievement"]["name"] = "Surgery"
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert codes(report, "failed") == ["proof.invalid"]


async def test_an_undefined_term_is_not_covered_by_the_signature(issuer, network):
    badge = issuer.award()
    badge["credentialSubject"]["grade"] = "excellent"
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert "context.term_undefined" in codes(report, "failed")


async def test_an_unknown_context_leaves_it_undetermined(issuer, network):
    badge = issuer.award()
    badge["@context"].append("https://elsewhere.example/context.json")
    report = await report_on(badge, network)
    assert report.verdict == "undetermined"
    assert codes(report, "failed") == []
    assert "context.unknown" in codes(report, "inconclusive")
    assert "https://elsewhere.example/context.json" not in network.asked


async def test_extension_types_need_the_extensions_context(issuer, network):
    entry = {"id": issuer.list_url(), "type": "1EdTechRevocationList"}
    badge = issuer.badge(credentialStatus=entry)
    badge["@context"] = [*badge["@context"], OPEN_BADGES_3_EXTENSIONS]
    signed = issuer.sign(badge)
    network.put(issuer.list_url(), {"id": issuer.list_url(), "issuer": issuer.did, "revokedCredential": []})
    assert (await report_on(signed, network)).verdict == "accepted"
    signed["@context"] = signed["@context"][:2]
    assert "context.term_undefined" in codes(await report_on(signed, network), "failed")


async def test_an_endorsement_jwt_added_later_is_noticed_under_every_body_of_the_context(issuer, network):
    """Three bodies of the Open Badges context were published; to the oldest, `endorsementJwt` is no term."""
    store = ContextStore.builtin()
    oldest = store.alternatives(OPEN_BADGES_3)[-1]
    badge = issuer.sign(issuer.badge(), store=store.using(OPEN_BADGES_3, oldest.sha256))
    assert (await report_on(badge, network)).verdict == "accepted"
    badge["endorsementJwt"] = [token(issuer)]
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert "proof.invalid" in codes(report, "failed")


async def test_an_issuer_given_by_its_id_only(issuer, network):
    report = await report_on(issuer.award(issuer=issuer.did), network)
    assert report.verdict == "accepted"
    assert "model.issuer_not_embedded" in codes(report, "passed")
    assert report.credential["issuer"]["id"] == issuer.did


async def test_another_kind_of_credential_is_no_badge(issuer, network):
    document = issuer.badge(type=["VerifiableCredential"], credentialSubject={"id": "did:example:learner"})
    report = await report_on(issuer.sign(document), network)
    assert report.verdict == "rejected"
    assert "model.not_a_known_credential" in codes(report, "failed")


async def test_without_proof(issuer, network):
    report = await report_on(issuer.badge(), network)
    assert report.verdict == "rejected"
    assert "proof.missing" in codes(report, "failed")
    assert report.format == "ob3-unsigned"


async def test_one_proof_of_several_suffices(issuer, network):
    badge = issuer.award()
    badge["proof"] = [{"type": "SomethingElse2031"}, badge["proof"]]
    report = await report_on(badge, network)
    assert report.check("proof").outcome == "passed"
    assert "proof.not_needed" in codes(report, "skipped")


async def test_a_proof_for_another_purpose(issuer, network):
    report = await report_on(issuer.sign(issuer.badge(), purpose="authentication"), network)
    assert codes(report, "failed") == ["proof.wrong_purpose"]


async def test_an_expired_proof(issuer, network):
    report = await report_on(issuer.sign(issuer.badge(), expires=NOW - timedelta(days=1)), network)
    assert codes(report, "failed") == ["proof.expired"]


# --- key ----------------------------------------------------------------------------------------


async def test_a_key_of_somebody_else(issuer, network):
    other = Issuer(network, "https://other.example")
    badge = issuer.sign(issuer.badge(), key=other.key, verification_method=other.method)
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert "key.wrong_controller" in codes(report, "failed")


async def test_a_fragment_that_looks_like_a_key_is_not_believed(issuer, network):
    forger = SigningKey.generate()
    badge = issuer.sign(
        issuer.badge(), key=forger, verification_method=f"{issuer.did}#{encode(forger.public)}"
    )
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert "key.not_found" in codes(report, "failed")


async def test_the_issuer_is_away(issuer, network):
    badge = issuer.award()
    del network.pages[did_web_url(issuer.did)]
    report = await report_on(badge, network)
    assert report.verdict == "undetermined"
    assert codes(report, "failed") == []
    assert "did not answer" in report.check("key").reason


async def test_retired_keys_stay_and_compromised_ones_go(issuer, network):
    badge = issuer.award()
    successor = DocumentKey(SigningKey.generate().public)
    network.put(
        did_web_url(issuer.did),
        web_document(issuer.did, [DocumentKey(issuer.key.public, "retired"), successor]),
    )
    assert (await report_on(badge, network)).verdict == "accepted"
    network.put(
        did_web_url(issuer.did),
        web_document(issuer.did, [DocumentKey(issuer.key.public, "compromised"), successor]),
    )
    assert codes(await report_on(badge, network), "failed") == ["key.not_found"]


async def test_a_key_that_may_not_sign_credentials(issuer, network):
    badge = issuer.award()
    document = web_document(issuer.did, issuer.keys)
    document["authentication"] = document.pop("assertionMethod")
    network.put(did_web_url(issuer.did), document)
    assert codes(await report_on(badge, network), "failed") == ["key.not_authorised"]


async def test_an_issuer_that_cannot_be_looked_up(issuer, network):
    badge = issuer.badge(issuer={"id": "urn:uuid:6f2e33e5-7a29-4155-840a-59483ba10164", "type": ["Profile"]})
    did = f"did:key:{encode(issuer.key.public)}"
    signed = issuer.sign(badge, verification_method=f"{did}#{encode(issuer.key.public)}")
    report = await report_on(signed, network)
    assert report.verdict == "undetermined"
    assert "key.unbound" in codes(report, "inconclusive")


async def test_did_key_is_its_own_document(issuer, network):
    did = f"did:key:{encode(issuer.key.public)}"
    badge = issuer.badge(issuer={"id": did, "type": ["Profile"], "name": "Someone"})
    signed = issuer.sign(badge, verification_method=f"{did}#{encode(issuer.key.public)}")
    assert (await report_on(signed, network)).verdict == "accepted"
    assert network.asked == []


# --- JWT ----------------------------------------------------------------------------------------


def token(issuer: Issuer, badge: dict[str, Any] | None = None, **how: Any) -> str:
    return jwt.sign(badge or issuer.badge(), **{"key": issuer.key, "kid": issuer.method, **how})


async def test_a_jwt_with_the_issuers_key(issuer, network):
    report = await report_on(token(issuer), network)
    assert report.verdict == "accepted"
    assert (report.format, report.container) == ("ob3-jwt", "jwt")


async def test_a_jwt_whose_key_came_along_proves_nothing_about_the_issuer(issuer, network):
    forger = SigningKey.generate(Algorithm.P256)
    forged = token(issuer, key=forger, kid=None)
    report = await report_on(forged, network)
    assert report.verdict == "rejected"
    assert "key.not_published" in codes(report, "failed")
    network.pages.clear()
    report = await report_on(forged, network)
    assert report.verdict == "undetermined"
    assert "key.unbound" in codes(report, "inconclusive")


async def test_a_jwt_whose_key_the_issuer_publishes(issuer, network):
    assert (await report_on(token(issuer, kid=None), network)).verdict == "accepted"


async def test_an_https_issuer_with_a_key_set_at_its_host(issuer, network):
    key = SigningKey.generate(Algorithm.P256)
    badge = issuer.badge(issuer={"id": "https://school.example/about", "type": ["Profile"]})
    network.put("https://school.example/.well-known/jwks.json", {"keys": [key.public.jwk()]})
    assert (await report_on(token(issuer, badge, key=key, kid=None), network)).verdict == "accepted"
    by_address = token(issuer, badge, key=key, kid="https://school.example/.well-known/jwks.json")
    assert (await report_on(by_address, network)).verdict == "accepted"
    network.put("https://elsewhere.example/jwks.json", {"keys": [key.public.jwk()]})
    elsewhere = token(issuer, badge, key=key, kid="https://elsewhere.example/jwks.json")
    assert "key.wrong_controller" in codes(await report_on(elsewhere, network), "failed")


async def test_a_jwt_whose_claims_contradict_the_credential(issuer, network):
    from shared.vc import strict_json
    from shared.vc.proofs import jws

    badge = issuer.badge()
    claims = {
        **badge,
        "iss": issuer.did,
        "jti": badge["id"],
        "nbf": 1767225600,
        "sub": "did:example:somebody-else",
    }
    forged = jws.sign({"typ": "JWT", "kid": issuer.method}, strict_json.dumps(claims), issuer.key)
    report = await report_on(forged, network)
    assert codes(report, "failed") == ["proof.claims_differ"]


async def test_a_jwt_about_somebody_known_by_identifiers_only_has_no_sub(issuer, network):
    whole = issuer.badge()["credentialSubject"]
    del whole["id"]
    whole["identifier"] = [identity_object("emailAddress", "ada@example.org")]
    report = await report_on(token(issuer, issuer.badge(credentialSubject=whole)), network)
    assert report.verdict == "accepted"
    assert [note["code"] for note in report.check("proof").details["notes"]] == ["no_subject_claim"]


async def test_the_profile_of_vc_jose_cose(issuer, network):
    report = await report_on(token(issuer, profile="vc-jose", issued_at=NOW), network)
    assert report.verdict == "accepted"
    assert report.check("proof").details["profile"] == "vc-jose"


async def test_an_enveloped_credential(issuer, network):
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "id": f"data:application/vc+jwt,{token(issuer, profile='vc-jose')}",
        "type": "EnvelopedVerifiableCredential",
    }
    report = await report_on(envelope, network)
    assert (report.verdict, report.format, report.container) == ("accepted", "ob3-jwt", "json")


# --- status and period --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "code"), [("revocation", "status.revoked"), ("suspension", "status.suspended")]
)
async def test_revoked_and_suspended_are_told_apart(issuer, network, purpose, code):
    badge = issuer.award(credentialStatus=[issuer.entry(7), issuer.entry(7, "suspension")])
    issuer.bits[purpose].set(7)
    issuer.publish_list(purpose)
    report = await report_on(badge, network)
    assert report.verdict == "rejected"
    assert codes(report, "failed") == [code]
    issuer.bits[purpose].set(7, False)
    issuer.publish_list(purpose)
    assert (await report_on(badge, network)).verdict == "accepted"


async def test_a_message_of_several_bits(issuer, network):
    entry = issuer.entry(3, "message") | {
        "statusSize": 2,
        "statusMessage": [{"status": f"0x{n}", "message": f"stage {n}"} for n in range(4)],
    }
    from shared.vc.status import StatusBits

    issuer.bits["message"] = StatusBits(2 * 131072)
    issuer.bits["message"].put(3, 2, size=2)
    issuer.publish_list("message")
    report = await report_on(issuer.award(credentialStatus=entry), network)
    assert report.verdict == "accepted"
    assert report.check("status").details["message"] == "stage 2"


async def test_the_list_is_away(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry())
    del network.pages[issuer.list_url()]
    report = await report_on(badge, network)
    assert report.verdict == "undetermined"
    assert codes(report, "inconclusive") == ["status.unreachable"]


async def test_a_list_of_somebody_else(issuer, network):
    other = Issuer(network, "https://other.example")
    badge = issuer.award(credentialStatus=other.entry())
    assert codes(await report_on(badge, network), "inconclusive") == ["status.list_foreign"]


async def test_a_list_with_a_changed_bit(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry(9))
    issuer.bits["revocation"].set(9)
    signed = issuer.sign(issuer.status_list("revocation"))
    issuer.bits["revocation"].set(9, False)
    honest = issuer.status_list("revocation")
    signed["credentialSubject"]["encodedList"] = honest["credentialSubject"]["encodedList"]
    network.put(issuer.list_url(), signed)
    report = await report_on(badge, network)
    assert report.verdict == "undetermined"
    assert codes(report, "inconclusive") == ["status.list_unproven"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"validUntil": "2026-11-21T11:00:00Z"}, "status.list_out_of_date"),
        ({"validFrom": "2026-11-21T13:00:00Z"}, "status.list_out_of_date"),
        ({"type": ["VerifiableCredential"]}, "status.list_malformed"),
    ],
)
async def test_a_list_that_cannot_be_used(issuer, network, changes, code):
    badge = issuer.award(credentialStatus=issuer.entry())
    issuer.publish_list("revocation", **changes)
    assert codes(await report_on(badge, network), "inconclusive") == [code]


async def test_a_list_for_another_purpose(issuer, network):
    badge = issuer.award(
        credentialStatus=issuer.entry() | {"statusListCredential": issuer.list_url("suspension")}
    )
    assert codes(await report_on(badge, network), "inconclusive") == ["status.wrong_purpose"]


async def test_an_index_beyond_the_list(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry(131072))
    assert codes(await report_on(badge, network), "inconclusive") == ["status.out_of_range"]


async def test_an_index_that_is_a_number(issuer, network):
    badge = issuer.badge(credentialStatus=issuer.entry() | {"statusListIndex": 5})
    report = await report_on(issuer.sign(badge), network)
    assert "status.malformed" in codes(report, "failed")


async def test_a_stale_copy_is_named_with_its_age(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry())
    network.age, network.stale = timedelta(hours=3), True
    report = await report_on(badge, network)
    assert report.verdict == "accepted"
    assert "3 hours old" in report.check("status").reason
    assert all(one.stale and one.age_seconds == 10800 for one in report.fetched)
    demanding = Policy(name="fresh", max_status_age=timedelta(hours=1))
    report = await report_on(badge, network, policy=demanding)
    assert codes(report, "inconclusive") == ["status.list_too_old"]


@pytest.mark.parametrize("member", ["revokedCredential", "revokedCredentials"])
async def test_1edtech_revocation_lists(issuer, network, member):
    url = "https://issuer.example/revocations"
    badge = issuer.badge(credentialStatus={"id": url, "type": "1EdTechRevocationList"})
    badge["@context"] = [*badge["@context"], OPEN_BADGES_3_EXTENSIONS]
    signed = issuer.sign(badge)
    listing = {"id": url, "issuer": issuer.did, member: [{"id": badge["id"], "revocationReason": "Mistake"}]}
    network.put(url, listing)
    report = await report_on(signed, network)
    assert codes(report, "failed") == ["status.revoked"]
    assert "Mistake" in report.check("status").reason
    listing[member][0]["revoked"] = False
    network.put(url, listing)
    assert (await report_on(signed, network)).verdict == "accepted"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"validUntil": "2026-11-21T11:58:59Z"}, "validity.expired"),
        ({"validUntil": "2026-11-21T11:59:30Z"}, None),
        ({"validFrom": "2026-11-21T12:01:30Z"}, "validity.not_yet_valid"),
        ({"validFrom": "2026-11-21T12:00:45Z"}, None),
    ],
)
async def test_the_period_has_a_minutes_allowance(issuer, network, changes, code):
    report = await report_on(issuer.award(**changes), network)
    assert codes(report, "failed") == ([] if code is None else [code])


# --- policy, recognition, recipient -------------------------------------------------------------


def recognised(by: Issuer, **changes: Any) -> Recognition:
    known = {
        "recogniser": {"organisation": "0a", "name": "Ministry", "url": "https://ministry.example"},
        "issuer": by.did,
        "scope": {},
        "valid_from": None,
        "valid_until": None,
        "reason": "Accredited",
        "registry": "https://directory.example",
        "checked_at": NOW,
    }
    return Recognition(**{**known, **changes})


def lookup(*statements: Recognition, unreachable: tuple[str, ...] = ()):
    async def ask(_issuer: str) -> RecognitionAnswer:
        return RecognitionAnswer(statements, unreachable)

    return ask


async def test_recognition_is_told_and_demanded_by_the_strict_policy(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry())
    by_ministry = lookup(recognised(issuer))
    report = await report_on(badge, network, policy=STRICT, recognitions=by_ministry)
    assert report.verdict == "accepted"
    assert report.to_json()["recognitions"][0]["recogniser"]["name"] == "Ministry"
    assert (await report_on(badge, network, recognitions=lookup())).verdict == "accepted"
    assert (await report_on(badge, network, policy=STRICT, recognitions=lookup())).verdict == "rejected"
    away = lookup(unreachable=("The directory did not answer.",))
    assert (await report_on(badge, network, policy=STRICT, recognitions=away)).verdict == "undetermined"
    assert (await report_on(badge, network, policy=STRICT)).verdict == "undetermined"


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": NOW},
        {"valid_from": NOW + timedelta(days=1)},
        {"scope": {"achievement_types": ["Degree"]}},
        {"scope": {"achievements": ["https://issuer.example/achievements/2"]}},
        {"issuer": "did:web:other.example"},
    ],
)
async def test_a_statement_that_does_not_cover_the_badge(issuer, network, changes):
    report = await report_on(issuer.award(), network, recognitions=lookup(recognised(issuer, **changes)))
    assert report.recognitions == ()
    assert "recognition.none" in codes(report, "inconclusive")


async def test_only_trusted_recognisers_count(issuer, network):
    policy = Policy(name="ours", require_recognition=True, trusted_recognisers=("https://board.example",))
    report = await report_on(issuer.award(), network, policy=policy, recognitions=lookup(recognised(issuer)))
    assert report.verdict == "rejected"
    assert "Ministry" in report.summary


async def test_allowed_issuers_and_achievements(issuer, network):
    fits = Policy(
        allowed_issuers=(issuer.did,), allowed_achievements=("https://issuer.example/achievements/1",)
    )
    assert (await report_on(issuer.award(), network, policy=fits)).verdict == "accepted"
    for policy in (Policy(allowed_issuers=("did:web:a.example",)), Policy(allowed_achievements=("urn:x:1",))):
        assert (await report_on(issuer.award(), network, policy=policy)).verdict == "rejected"


def subject(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    return issuer.badge()["credentialSubject"] | changes


async def test_the_recipient(issuer, network):
    identifiers = [
        identity_object("emailAddress", "Ada@Example.org"),
        identity_object("name", "Ada Lovelace", hashed=False),
    ]
    badge = issuer.award(credentialSubject=subject(issuer, identifier=identifiers))
    report = await report_on(
        badge,
        network,
        applicant=Applicant(email="ADA@example.org", name="ada  lovelace", did="did:example:learner"),
    )
    assert report.to_json()["recipient"] == {"email": "matched", "name": "matched", "did": "matched"}
    assert report.check("recipient").code == "recipient.matched"
    report = await report_on(badge, network, applicant=Applicant(email="eve@example.org"))
    assert report.to_json()["recipient"] == {"email": "not_matched"}
    assert report.verdict == "accepted"
    assert "somebody else" in report.summary
    demanding = Policy(name="personal", require_recipient=True)
    assert (
        await report_on(badge, network, applicant=Applicant(email="eve@example.org"), policy=demanding)
    ).verdict == "rejected"
    assert (await report_on(badge, network, policy=demanding)).verdict == "undetermined"
    report = await report_on(issuer.award(), network, applicant=Applicant(email="ada@example.org"))
    assert report.to_json()["recipient"] == {"email": "cannot_tell"}


async def test_no_address_of_a_person_in_the_report(issuer, network):
    badge = issuer.award(credentialSubject=subject(issuer, id="mailto:ada@example.org"))
    report = await report_on(badge, network, applicant=Applicant(email="ada@example.org"))
    assert report.recipient.email == "matched"
    assert "ada@example.org" not in str(report.to_json())


async def test_another_creator_is_only_told(issuer, network):
    whole = subject(issuer)
    whole["achievement"]["creator"] = {"id": "https://maker.example", "type": ["Profile"], "name": "Maker"}
    report = await report_on(issuer.award(credentialSubject=whole), network)
    assert report.verdict == "accepted"
    assert "recognition.creator_differs" in codes(report, "skipped")
    assert report.credential["creator"]["name"] == "Maker"


# --- refresh ------------------------------------------------------------------------------------


def refreshable(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    service = {"id": "https://issuer.example/newest", "type": "1EdTechCredentialRefresh"}
    badge = issuer.badge(refreshService=service, **changes)
    badge["@context"] = [*badge["@context"], OPEN_BADGES_3_EXTENSIONS]
    return issuer.sign(badge)


async def test_a_newer_version_is_used_once(issuer, network):
    old = refreshable(issuer, validUntil="2026-02-01T00:00:00Z")
    new = refreshable(issuer, validFrom="2026-02-01T00:00:00Z", name="First aid, renewed")
    network.put("https://issuer.example/newest", new)
    report = await report_on(old, network)
    assert report.verdict == "accepted"
    assert report.credential["name"] == "First aid, renewed"
    assert network.asked.count("https://issuer.example/newest") == 1
    assert "refresh.refreshed" in codes(report)
    report = await report_on(old, network, policy=Policy(refresh=False))
    assert codes(report, "failed") == ["validity.expired"]


async def test_without_a_newer_version_the_old_one_counts(issuer, network):
    report = await report_on(refreshable(issuer), network)
    assert report.verdict == "accepted"
    assert "refresh.unreachable" in codes(report, "inconclusive")
    other = issuer.award(id="https://issuer.example/credentials/2")
    network.put("https://issuer.example/newest", other)
    assert "refresh.refused" in codes(await report_on(refreshable(issuer), network), "inconclusive")


async def test_nothing_unproven_is_asked_about(issuer, network):
    badge = refreshable(issuer)
    badge["name"] = "changed"
    await report_on(badge, network)
    assert "https://issuer.example/newest" not in network.asked


# --- endorsements -------------------------------------------------------------------------------


def endorsement(endorser: Issuer, of: str, **changes: Any) -> dict[str, Any]:
    document = endorser.badge(
        id=f"{endorser.host}/endorsements/1",
        type=["VerifiableCredential", "EndorsementCredential"],
        name="Endorsement",
        credentialSubject={"id": of, "type": ["EndorsementSubject"], "endorsementComment": "Well done"},
    )
    return endorser.sign(document | changes)


async def test_endorsements_are_verified_like_badges(issuer, network):
    endorser = Issuer(network, "https://endorser.example")
    badge_id = f"{issuer.host}/credentials/1"
    badge = issuer.award(endorsement=[endorsement(endorser, badge_id)])
    report = await report_on(badge, network)
    assert report.check("endorsement").code == "endorsement.valid"
    assert report.check("endorsement").details["comment"] == "Well done"
    elsewhere = issuer.award(endorsement=[endorsement(endorser, "urn:x:other")])
    assert "endorsement.invalid" in codes(await report_on(elsewhere, network), "failed")
    forged = endorsement(endorser, badge_id)
    forged["credentialSubject"]["endorsementComment"] = "Outstanding"
    report = await report_on(issuer.award(endorsement=[forged]), network)
    assert report.verdict == "accepted"
    assert "endorsement.invalid" in codes(report, "failed")


async def test_an_endorsement_as_jwt(issuer, network):
    endorser = Issuer(network, "https://endorser.example")
    inner = endorsement(endorser, f"{issuer.host}/credentials/1")
    del inner["proof"]
    badge = issuer.award(endorsementJwt=[token(endorser, inner)])
    report = await report_on(badge, network)
    assert report.check("endorsement").code == "endorsement.valid"


async def test_who_endorses_may_be_endorsed(issuer, network):
    endorser, accreditor = (
        Issuer(network, "https://endorser.example"),
        Issuer(network, "https://accreditor.example"),
    )
    third = Issuer(network, "https://third.example")

    def unsigned(by: Issuer, of: str, *endorsed: str) -> dict[str, Any]:
        document = endorsement(by, of)
        del document["proof"]
        if endorsed:
            document["issuer"] |= {"endorsementJwt": list(endorsed)}
        return document

    deepest = token(third, unsigned(third, accreditor.did))
    deeper = token(accreditor, unsigned(accreditor, endorser.did, deepest))
    badge = issuer.award(
        endorsementJwt=[token(endorser, unsigned(endorser, f"{issuer.host}/credentials/1", deeper))]
    )
    report = await report_on(badge, network)
    outer = report.check("endorsement")
    assert (outer.code, report.verdict) == ("endorsement.valid", "accepted")
    [inner] = [one for one in outer.details["checks"] if one["check"] == "endorsement"]
    assert (inner["code"], inner["details"]["issuer"]["id"]) == ("endorsement.valid", accreditor.did)
    [beyond] = [one for one in inner["details"]["checks"] if one["check"] == "endorsement"]
    assert beyond["code"] == "endorsement.too_many"


async def test_endorsements_are_bounded(issuer, network):
    endorser = Issuer(network, "https://endorser.example")
    badge_id = f"{issuer.host}/credentials/1"
    several = [endorsement(endorser, badge_id, id=f"urn:x:{n}") for n in range(4)]
    report = await report_on(issuer.award(endorsement=several), network, limits=Limits(endorsements=2))
    assert [c.code for c in report.checks if c.kind == "endorsement"] == [
        "endorsement.valid",
        "endorsement.valid",
        "endorsement.too_many",
    ]


async def test_nobody_vouches_for_a_forged_badge(issuer, network):
    badge = issuer.award()
    badge["name"] = "changed"
    report = await report_on(badge, network, recognitions=lookup(recognised(issuer)))
    assert report.recognitions == ()
    assert "recognition.recognised" not in codes(report)
