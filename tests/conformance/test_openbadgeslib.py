"""openbadgeslib as foreign issuer and foreign judge: what it signs we accept, what we sign it accepts."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from openbadgeslib.ob3 import (
    Achievement,
    IdentityObject,
    OB3LdpSigner,
    OB3LdpVerifier,
    OB3Signer,
    OB3VerificationError,
    OB3Verifier,
    OpenBadgeCredential,
    build_status_list_credential,
    status_entry,
)
from openbadgeslib.ob3 import Issuer as ForeignIssuer

from shared.vc.dids import DocumentKey, did_web_url, web_document
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import jwt
from shared.vc.verify import Applicant
from tests.harness.credentials import NOW, Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio
JWS = {Algorithm.ED25519: "EdDSA", Algorithm.P256: "ES256", Algorithm.RSA: "RS256"}


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def issuer(network: Network) -> Issuer:
    return Issuer(network)


def download(network: Network) -> Callable[[str], bytes]:
    return lambda url: network.pages[url.partition("#")[0]]


def pem(key: SigningKey) -> bytes:
    """The secret as openbadgeslib wants it."""
    form = serialization.PrivateFormat.PKCS8
    return key._key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def foreign(did: str, **more: Any) -> OpenBadgeCredential:
    return OpenBadgeCredential(
        issuer=ForeignIssuer(id=did, name="Elsewhere"),
        recipient_id="mailto:ada@example.org",
        achievement=Achievement(
            id="https://issuer.example/achievements/9",
            name="Welding",
            description="Joins metal.",
            criteria_narrative="Weld.",
        ),
        issuance_date=NOW - timedelta(days=30),
        **more,
    )


# --- what it signs, we accept -------------------------------------------------------------------


async def test_its_data_integrity_proofs(issuer, network):
    signer = OB3LdpSigner(privkey_pem=pem(issuer.key), verification_method=issuer.method)
    identity = IdentityObject.create("ada@example.org", salt="sea")
    document = signer.sign(foreign(issuer.did, identifiers=[identity]))
    report = await report_on(document, network, applicant=Applicant(email="Ada@example.org"))
    assert report.verdict == "accepted"
    assert report.recipient.email == "matched"
    document["name"] = "Gold welding"
    assert codes(await report_on(document, network), "failed") == ["proof.invalid"]


async def test_its_images(issuer, network):
    signer = OB3LdpSigner(privkey_pem=pem(issuer.key), verification_method=issuer.method)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
    report = await report_on(signer.sign_into_svg(foreign(issuer.did), svg), network)
    assert (report.verdict, report.container) == ("accepted", "svg")


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256, Algorithm.RSA])
async def test_its_jwts(issuer, network, algorithm):
    key = SigningKey.generate(algorithm)
    network.put(did_web_url(issuer.did), web_document(issuer.did, [DocumentKey(key.public)]))
    token = OB3Signer(privkey_pem=pem(key), algorithm=JWS[algorithm]).sign(foreign(issuer.did))
    assert (await report_on(token, network)).verdict == "accepted"
    network.put(did_web_url(issuer.did), web_document(issuer.did, issuer.keys))
    assert codes(await report_on(token, network), "failed") == ["key.not_published"]


async def test_its_status_lists(issuer, network):
    url = "https://issuer.example/status/foreign"
    entry = status_entry(url, "revocation", 11)
    signer = OB3LdpSigner(privkey_pem=pem(issuer.key), verification_method=issuer.method)
    document = signer.sign(foreign(issuer.did, credential_status=[entry]))
    for revoked, verdict in (((), "accepted"), ((11,), "rejected")):
        listing = build_status_list_credential(issuer.did, url, "revocation", revoked)
        network.put(url, issuer.sign({**listing, "validFrom": "2026-11-01T00:00:00Z"}))
        assert (await report_on(document, network)).verdict == verdict


async def test_its_status_lists_as_jwt(issuer, network):
    url = "https://issuer.example/status/foreign"
    since = NOW - timedelta(hours=1)
    listing = build_status_list_credential(issuer.did, url, "revocation", [3], issued=since)
    claims = {**listing, "iss": issuer.did, "jti": url, "nbf": int(since.timestamp())}
    network.put(url, OB3Signer(privkey_pem=pem(issuer.key), algorithm="EdDSA").sign_payload(claims).encode())
    badge = issuer.award(credentialStatus=status_entry(url, "revocation", 3))
    assert codes(await report_on(badge, network), "failed") == ["status.revoked"]


# --- what we sign, it accepts -------------------------------------------------------------------


async def test_our_data_integrity_proofs(issuer, network):
    badge = issuer.award(credentialStatus=issuer.entry(), validFrom="2025-01-01T00:00:00Z")
    issuer.publish_list("revocation", validFrom="2025-01-01T00:00:00Z")
    verifier = OB3LdpVerifier.for_issuer_did(issuer.did)
    # It reads signed lists as JWT only; the proof of ours is a Data Integrity proof.
    how = {"download": download(network), "check_status": True, "verify_status_list": False}
    assert verifier.verify(badge, **how).issuer.id == issuer.did
    issuer.bits["revocation"].set(5)
    issuer.publish_list("revocation", validFrom="2025-01-01T00:00:00Z")
    with pytest.raises(OB3VerificationError, match="is set at index 5"):
        verifier.verify(badge, **how)
    changed = copy.deepcopy(badge)
    changed["name"] = "Second aid"
    with pytest.raises(OB3VerificationError):
        verifier.verify(changed, download=download(network))


async def test_our_did_key_badges(issuer):
    did = f"did:key:{encode(issuer.key.public)}"
    badge = issuer.badge(
        issuer={"id": did, "type": ["Profile"], "name": "Someone"}, validFrom="2025-01-01T00:00:00Z"
    )
    signed = issuer.sign(badge, verification_method=f"{did}#{encode(issuer.key.public)}")
    assert OB3LdpVerifier().verify(signed).issuer.id == did


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256, Algorithm.RSA])
async def test_our_jwts(issuer, network, algorithm):
    key = SigningKey.generate(algorithm)
    own = DocumentKey(key.public)
    network.put(did_web_url(issuer.did), web_document(issuer.did, [own]))
    token = jwt.sign(
        issuer.badge(validFrom="2025-01-01T00:00:00Z"), key=key, kid=f"{issuer.did}#{own.fragment}"
    )
    verifier = OB3Verifier.for_issuer_did(issuer.did, download=download(network))
    assert verifier.verify(token).issuer.id == issuer.did
    with pytest.raises(OB3VerificationError):
        verifier.verify(token[:-6] + "AAAAAA")
