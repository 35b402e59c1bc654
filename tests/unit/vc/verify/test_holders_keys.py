"""Presentations whose holder is found at an address, in the forms of VC-JOSE-COSE."""

import base64
from typing import Any

import pytest

from shared.vc.contexts import CREDENTIALS_V2
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import cose, presentation_jwt, sd_jwt
from tests.harness.credentials import NOW, Issuer, Network
from tests.unit.vc.verify.test_presentations import CHALLENGE, DOMAIN, codes, owned, presentation, report_on

pytestmark = pytest.mark.anyio


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


class Published:
    """A holder at an https address, whose JWTs name their key by its thumbprint alone (VC-JOSE-COSE, 3.3.3)."""

    url = "https://holder.example/about"

    def __init__(self, network: Network, key: SigningKey, purpose: str = "authentication") -> None:
        self.key, self.kid = key, key.public.thumbprint()
        method = {
            "id": f"{self.url}#{self.kid}",
            "type": "JsonWebKey",
            "controller": self.url,
            "publicKeyJwk": key.public.jwk(),
        }
        other = {**method, "id": f"{self.url}#2", "publicKeyJwk": SigningKey.generate().public.jwk()}
        listed = [other["id"], method["id"]]
        network.put(self.url, {"id": self.url, "verificationMethod": [other, method], purpose: listed})

    def document(self, *credentials: Any) -> dict[str, Any]:
        return presentation(*credentials, holder=self.url)


def envelope(kind: str, secured: str) -> dict[str, Any]:
    return {
        "@context": [CREDENTIALS_V2],
        "type": "EnvelopedVerifiablePresentation",
        "id": f"data:application/{kind},{secured}",
    }


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P521, Algorithm.ED25519])
async def test_keys_that_a_holder_publishes(network: Network, issuer: Issuer, algorithm: Algorithm):
    holder = Published(network, SigningKey.generate(algorithm))
    badge = owned(issuer, holder.url)
    token = presentation_jwt.sign(holder.document(badge), key=holder.key, kid=holder.kid, challenge=CHALLENGE)
    report = await report_on(envelope("vp+jwt", token), network, domain=None)
    assert (report.verdict, report.holder) == ("accepted", holder.url), report.to_json()
    stranger = presentation_jwt.sign(
        holder.document(badge), key=SigningKey.generate(algorithm), kid=holder.kid, challenge=CHALLENGE
    )
    report = await report_on(envelope("vp+jwt", stranger), network, domain=None)
    assert (report.verdict, codes(report)) == ("rejected", ["key.retrieved", "proof.invalid"])
    Published(network, holder.key, "assertionMethod")
    report = await report_on(envelope("vp+jwt", token), network, domain=None)
    assert (report.verdict, codes(report)) == ("rejected", ["key.not_found"])


async def test_presentations_as_sd_jwt_and_cose(network: Network, issuer: Issuer):
    holder = Published(network, SigningKey.generate(Algorithm.P384))
    document = holder.document(owned(issuer, holder.url))
    token = sd_jwt.sign_presentation(
        document,
        key=holder.key,
        kid=holder.kid,
        selective=["/holder"],
        challenge=CHALLENGE,
        domain=DOMAIN,
        issued_at=NOW,
    )
    report = await report_on(envelope("vp+sd-jwt", token), network)
    assert (report.verdict, report.holder) == ("accepted", holder.url), report.to_json()
    report = await report_on(envelope("vp+sd-jwt", token), network, challenge="another")
    assert "proof.wrong_challenge" in codes(report)
    secured = base64.b64encode(cose.sign(document, key=holder.key, kid=holder.kid, kind="vp")).decode()
    report = await report_on(envelope("vp+cose;base64", secured), network, challenge=None, domain=None)
    assert (report.verdict, report.holder) == ("accepted", holder.url), report.to_json()
    # Nothing in a COSE presentation says what it answers.
    report = await report_on(envelope("vp+cose;base64", secured), network)
    assert "proof.wrong_challenge" in codes(report)
    for kind, wrong in (
        ("vp+cose;base64", "!"),
        ("vp+cose;base64", "AAAA"),
        ("vc+cose;base64", secured),
    ):
        report = await report_on(envelope(kind, wrong), network)
        assert report.verdict == "rejected", kind
