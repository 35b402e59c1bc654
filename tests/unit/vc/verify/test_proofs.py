"""Sets and chains of proofs, and selective disclosure, on the way of a badge through the verification."""

from datetime import timedelta

import pytest

from shared.vc.contexts import CREDENTIALS_V2
from shared.vc.dids import DocumentKey
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import ecdsa_sd, sd_jwt
from tests.harness.credentials import NOW, Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


async def test_a_chain_holds_with_all_that_it_is_made_on(issuer, network):
    first = issuer.sign(issuer.badge(), proof_id="urn:uuid:1")
    chained = issuer.sign(first, previous=["urn:uuid:1"])
    assert (await report_on(chained, network)).verdict == "accepted"


async def test_a_chain_falls_with_one_that_has_run_out(issuer, network):
    """The later proof fits, the earlier one it names does not hold any more."""
    first = issuer.sign(issuer.badge(), proof_id="urn:uuid:1", expires=NOW - timedelta(days=1))
    chained = issuer.sign(first, previous=["urn:uuid:1"])
    report = await report_on(chained, network)
    assert report.verdict == "rejected"
    assert set(codes(report, "failed")) == {"proof.expired"}
    # Beside it, a proof that is made on none suffices.
    assert (await report_on(issuer.sign(chained), network)).verdict == "accepted"


async def test_a_chain_on_a_stranger_s_proof_is_none_of_the_issuer_s(issuer, network):
    stranger = Issuer(network, "https://stranger.example")
    first = stranger.sign(issuer.badge(), proof_id="urn:uuid:1")
    chained = issuer.sign(first, previous=["urn:uuid:1"])
    report = await report_on(chained, network)
    assert report.verdict == "rejected"
    assert "key.wrong_controller" in codes(report, "failed")


async def test_a_part_of_a_badge_shown_by_its_holder(issuer, network):
    key = SigningKey.generate(Algorithm.P256)
    issuer.keys.append(DocumentKey(key.public))
    issuer.publish()
    badge = issuer.badge(
        credentialStatus=issuer.entry(), evidence=[{"id": "https://a.example/1", "type": ["Evidence"]}]
    )
    method = f"{issuer.did}#{encode(key.public)}"
    base = ecdsa_sd.sign(
        badge, key=key, verification_method=method, created=NOW, mandatory=mandatory_pointers(badge)
    )
    assert codes(await report_on(base, network), "failed") == ["proof.base"]
    assert (await report_on(base, network, as_holder=True)).verdict == "accepted"

    shown = derive_badge(base, [])
    assert "evidence" not in shown
    report = await report_on(shown, network)
    assert report.verdict == "accepted"
    assert {"context.known", "model.valid", "status.active"} <= set(codes(report, "passed"))

    shown["credentialSubject"]["id"] = "did:example:somebody-else"
    assert codes(await report_on(shown, network), "failed") == ["proof.invalid"]
    issuer.bits["revocation"].set(5)
    issuer.publish()
    assert codes(await report_on(derive_badge(base, []), network), "failed") == ["status.revoked"]


async def test_an_sd_jwt_shown_in_part(issuer, network):
    holder = SigningKey.generate(Algorithm.P256)
    badge = issuer.badge(
        credentialStatus=issuer.entry(), evidence=[{"id": "https://a.example/1", "type": ["Evidence"]}]
    )
    token = sd_jwt.sign(
        badge,
        key=issuer.key,
        kid=issuer.method,
        selective=["/evidence"],
        mandatory=mandatory_pointers(badge),
        holder=holder.public,
    )
    envelope = {
        "@context": CREDENTIALS_V2,
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+sd-jwt,{token}",
    }
    for given in (token, envelope, sd_jwt.show(token, []), sd_jwt.show(token, [], key=holder, now=NOW)):
        report = await report_on(given, network)
        assert (report.verdict, report.format) == ("accepted", "ob3-sd-jwt"), report.summary
        assert {"model.valid", "status.active", "context.known"} <= set(codes(report, "passed"))
    assert (await report_on(token, network)).to_json()["credential"]["evidence"]
    assert not (await report_on(sd_jwt.show(token, []), network)).to_json()["credential"]["evidence"]

    stranger = sd_jwt.show(token, [], key=SigningKey.generate(Algorithm.P256), now=NOW)
    assert codes(await report_on(stranger, network), "failed") == ["proof.invalid"]
    first, hidden, _ = token.split("~")
    assert codes(await report_on(f"{first}~{hidden[:-4]}AAAA~", network), "failed") == [
        "format.malformed_jwt"
    ]
    assert codes(await report_on(f"{first[:-4]}AAAA~", network), "failed") == ["proof.invalid"]
