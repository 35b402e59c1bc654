"""Presentations: shown by their holder, to us, now."""

from datetime import timedelta
from typing import Any

import pytest

from shared.vc import strict_json
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import data_integrity, jws, jwt, presentation_jwt
from shared.vc.verify import Limits, PresentationReport, Unrecognised, verify_presentation
from tests.harness.credentials import NOW, Issuer, Network

pytestmark = pytest.mark.anyio

HOLDER = SigningKey.generate(Algorithm.P256)
DID = f"did:key:{encode(HOLDER.public)}"
METHOD = f"{DID}#{encode(HOLDER.public)}"
DOMAIN, CHALLENGE = "https://verifier.example", "3182bdea"


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


def owned(issuer: Issuer, did: str = DID, number: int = 1) -> dict[str, Any]:
    badge = issuer.badge(credentialStatus=issuer.entry(), id=f"https://issuer.example/credentials/{number}")
    badge["credentialSubject"]["id"] = did
    return issuer.sign(badge)


def presentation(*credentials: Any, **changes: Any) -> dict[str, Any]:
    document = {
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": DID,
        "verifiableCredential": list(credentials),
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


def present(*credentials: Any, key: SigningKey = HOLDER, **options: Any) -> dict[str, Any]:
    changes = options.pop("changes", {})
    given = {"purpose": "authentication", "domain": DOMAIN, "challenge": CHALLENGE, **options}
    return data_integrity.sign(
        presentation(*credentials, **changes),
        key=key,
        verification_method=f"did:key:{encode(key.public)}#{encode(key.public)}",
        created=NOW,
        cryptosuite="ecdsa-rdfc-2019",
        **given,
    )


def enveloped(token: str, kind: str = "Credential") -> dict[str, Any]:
    media = "vc" if kind == "Credential" else "vp"
    return {
        "@context": CREDENTIALS_V2,
        "id": f"data:application/{media}+jwt,{token}",
        "type": f"EnvelopedVerifiable{kind}",
    }


async def report_on(shown: Any, network: Network, **options: Any) -> PresentationReport:
    data = shown.encode() if isinstance(shown, str) else strict_json.dumps(shown)
    given = {"challenge": CHALLENGE, "domain": DOMAIN, **options}
    return await verify_presentation(data, fetcher=network, contexts=ContextStore.builtin(), now=NOW, **given)


def codes(report: PresentationReport) -> list[str]:
    return [check.code for check in report.checks]


async def test_what_a_holder_shows(issuer, network):
    report = await report_on(present(owned(issuer), owned(issuer, "did:example:else", 2)), network)
    assert (report.verdict, report.holder) == ("accepted", DID)
    assert codes(report) == ["key.retrieved", "proof.valid"]
    assert [one.verdict for one in report.credentials] == ["accepted", "accepted"]
    assert [one.recipient.did for one in report.credentials] == ["matched", "not_matched"]
    shown = report.to_json()
    assert shown["credentials"][0]["recipient"]["did"] == "matched"
    assert "its holder shows it" in shown["summary"]
    # Each document is fetched once for all of them.
    assert len(network.asked) == len(set(network.asked))


@pytest.mark.parametrize(
    ("options", "expected", "code"),
    [
        ({}, {"challenge": "other"}, "proof.wrong_challenge"),
        ({"challenge": None}, {}, "proof.wrong_challenge"),
        ({}, {"domain": "https://other.example"}, "proof.wrong_domain"),
        ({"domain": None}, {}, "proof.wrong_domain"),
        ({"purpose": "assertionMethod"}, {}, "proof.wrong_purpose"),
        ({"expires": NOW - timedelta(days=1)}, {}, "proof.expired"),
        ({"key": SigningKey.generate(Algorithm.P256)}, {}, "key.wrong_controller"),
    ],
)
async def test_what_was_made_for_something_else(issuer, network, options, expected, code):
    report = await report_on(present(owned(issuer), **options), network, **expected)
    assert report.verdict == "rejected"
    assert codes(report)[-1] == code
    assert report.holder is None
    assert report.credentials[0].recipient is None


async def test_what_was_changed_or_never_signed(issuer, network):
    shown = present(owned(issuer))
    shown["verifiableCredential"] = []
    assert codes(await report_on(shown, network))[-1] == "proof.invalid"
    assert codes(await report_on(presentation(owned(issuer)), network)) == ["proof.missing"]
    report = await report_on(present(owned(issuer)), network, challenge=None, domain=None)
    assert report.verdict == "accepted"


async def test_a_credential_that_does_not_stand_decides(issuer, network):
    issuer.bits["revocation"].set(5)
    issuer.publish()
    report = await report_on(present(owned(issuer)), network)
    assert report.verdict == "rejected"
    assert "revoked" in report.summary
    assert codes(report) == ["key.retrieved", "proof.valid"]


async def test_as_jwt_with_envelopes(issuer, network):
    badge = issuer.badge()
    badge["credentialSubject"]["id"] = DID
    token = jwt.sign(badge, key=issuer.key, kid=issuer.method, profile="vc-jose")
    signed = presentation_jwt.sign(
        presentation(enveloped(token)),
        key=HOLDER,
        kid=METHOD,
        challenge=CHALLENGE,
        domain=DOMAIN,
        issued_at=NOW,
    )
    for shown in (signed, enveloped(signed, "Presentation")):
        report = await report_on(shown, network)
        assert (report.verdict, report.holder) == ("accepted", DID)
        assert report.credentials[0].recipient.did == "matched"
    assert codes(await report_on(signed, network, challenge="other"))[-1] == "proof.wrong_challenge"
    assert codes(await report_on(signed, network, domain="other"))[-1] == "proof.wrong_domain"
    assert codes(await report_on(signed[:-4] + "AAAA", network))[-1] == "proof.invalid"
    foreign = presentation_jwt.sign(
        presentation(holder="did:example:else"), key=HOLDER, kid=METHOD, challenge=CHALLENGE, domain=DOMAIN
    )
    assert codes(await report_on(foreign, network)) == ["key.wrong_controller"]


async def test_the_older_form_with_the_claim_vp(network):
    claims = {"iss": DID, "nonce": CHALLENGE, "aud": [DOMAIN], "vp": presentation(holder=None)}
    token = jws.sign({"typ": "JWT", "kid": METHOD}, strict_json.dumps(claims), HOLDER)
    assert (await report_on(token, network)).holder == DID
    late = jws.sign(
        {"kid": METHOD}, strict_json.dumps({**claims, "exp": int(NOW.timestamp()) - 3600}), HOLDER
    )
    assert codes(await report_on(late, network))[-1] == "proof.expired"
    claims["vp"]["holder"] = "did:example:else"
    token = jws.sign({"typ": "JWT", "kid": METHOD}, strict_json.dumps(claims), HOLDER)
    assert codes(await report_on(token, network)) == ["format.malformed_jwt"]


async def test_bounds_and_what_is_none(issuer, network):
    report = await report_on(
        present(owned(issuer), owned(issuer, number=2)), network, limits=Limits(presented=1)
    )
    assert (report.verdict, codes(report)[-1]) == ("undetermined", "embedded.too_many")
    nonsense = presentation_jwt.sign(
        presentation("no credential"), key=HOLDER, kid=METHOD, challenge=CHALLENGE, domain=DOMAIN
    )
    report = await report_on(nonsense, network)
    assert (report.verdict, codes(report)[-1]) == ("rejected", "embedded.invalid")
    for text in ('{"type": "VerifiablePresentation", "type": 1}', "a.b.c", "x"):
        report = await report_on(text, network)
        assert report.verdict == "rejected"
    with pytest.raises(Unrecognised):
        await report_on(issuer.award(), network)
