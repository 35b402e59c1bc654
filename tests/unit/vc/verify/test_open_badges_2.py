"""Badges of Open Badges 2.0 and 1.x: hosted and signed."""

import hashlib
import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.baking import bake_png
from PIL import Image

from shared.vc.keys import Algorithm, SigningKey
from shared.vc.open_badges_2 import origin_problem, revocation_in, upgrade_assertion
from shared.vc.proofs import jws
from shared.vc.report import Report
from shared.vc.verify import Applicant
from tests.harness.credentials import Network, codes, report_on

pytestmark = pytest.mark.anyio
CONTEXT = "https://w3id.org/openbadges/v2"
HOST = "https://school.example"
_PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
RSA = SigningKey.generate(Algorithm.RSA)


def png() -> bytes:
    written = io.BytesIO()
    Image.new("L", (1, 1)).save(written, "PNG")
    return written.getvalue()


def assertion(**changes: Any) -> dict[str, Any]:
    identity = "sha256$" + hashlib.sha256(b"ada@example.orgsalt").hexdigest()
    made = {
        "@context": CONTEXT,
        "type": "Assertion",
        "id": f"{HOST}/assertions/1",
        "recipient": {"type": "email", "hashed": True, "salt": "salt", "identity": identity},
        "badge": f"{HOST}/badge",
        "issuedOn": "2020-01-01T00:00:00Z",
        "evidence": "https://school.example/work",
        "verification": {"type": "hosted"},
    }
    return {**made, **changes}


def put(network: Network, page: dict[str, Any]) -> None:
    network.put(page["id"], page)


@pytest.fixture
def network() -> Network:
    made = Network()
    badge = {
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": f"{HOST}/badge",
        "name": "Robotics",
        "description": "Builds robots.",
        "image": f"{HOST}/badge.png",
        "criteria": {"narrative": "Build one."},
        "issuer": f"{HOST}/about",
        "tags": ["robots"],
    }
    key = {
        "@context": CONTEXT,
        "type": "CryptographicKey",
        "id": f"{HOST}/key",
        "owner": f"{HOST}/about",
        "publicKeyPem": RSA.public._key.public_bytes(*_PEM).decode(),
    }
    for page in (badge, profile(), key, assertion()):
        put(made, page)
    return made


def profile(**changes: Any) -> dict[str, Any]:
    made = {
        "@context": CONTEXT,
        "type": "Issuer",
        "id": f"{HOST}/about",
        "name": "Riverside School",
        "url": HOST,
        "email": "office@school.example",
        "publicKey": f"{HOST}/key",
    }
    return {**made, **changes}


def signed(**changes: Any) -> str:
    payload = assertion(verification={"type": "signed", "creator": f"{HOST}/key"}, **changes)
    return jws.sign({}, json.dumps(payload).encode(), RSA)


async def judged(badge: object, network: Network, **more: Any) -> Report:
    return await report_on(badge, network, **more)


async def test_a_hosted_badge(network):
    report = await judged(assertion(), network, applicant=Applicant(email="Ada@example.org"))
    assert (report.verdict, report.format) == ("accepted", "ob2-hosted")
    assert report.recipient.email == "matched"
    shown = report.credential
    assert shown["issuer"]["name"] == "Riverside School"
    assert shown["achievement"]["name"] == "Robotics"
    assert shown["achievement"]["tags"] == ["robots"]
    assert shown["evidence"][0]["id"] == "https://school.example/work"
    other = await judged(assertion(), network, applicant=Applicant(email="eve@example.org"))
    assert other.recipient.email == "not_matched"


async def test_only_what_the_host_says_counts(network):
    lie = assertion(recipient={"type": "email", "hashed": False, "identity": "eve@example.org"})
    report = await judged(lie, network, applicant=Applicant(email="eve@example.org"))
    assert report.recipient.email == "not_matched"


async def test_revoked_by_its_host(network):
    put(network, assertion(revoked=True, revocationReason="Mistake"))
    report = await judged(assertion(), network)
    assert codes(report, "failed") == ["status.revoked"]
    assert "Mistake" in report.summary
    network.status[f"{HOST}/assertions/1"] = 410
    assert codes(await judged(assertion(), network), "failed") == ["status.revoked"]
    network.status[f"{HOST}/assertions/1"] = 404
    report = await judged(assertion(), network)
    assert report.verdict == "undetermined"
    assert codes(report, "inconclusive") == ["proof.hosted_unreachable"]


async def test_hosted_by_somebody_else(network):
    forged = assertion(id="https://evil.example/1")
    put(network, forged)
    report = await judged(forged, network)
    assert codes(report, "failed") == ["proof.hosted_elsewhere"]
    generous = {**profile(), "verification": {"allowedOrigins": ["evil.example"]}}
    embedded = assertion(
        id="https://evil.example/1",
        badge={"type": "BadgeClass", "id": f"{HOST}/badge", "name": "x", "description": "x", "criteria": "x"}
        | {"issuer": generous},
    )
    put(network, embedded)
    assert codes(await judged(embedded, network), "failed") == ["proof.hosted_elsewhere"]


async def test_another_assertion_at_its_address(network):
    network.put(f"{HOST}/assertions/2", assertion())
    report = await judged(assertion(id=f"{HOST}/assertions/2"), network)
    assert codes(report, "failed") == ["proof.hosted_elsewhere"]


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ({}, True),
        ({"allowedOrigins": ["other.example", "school.example"]}, True),
        ({"allowedOrigins": "other.example"}, False),
        ({"allowedOrigins": []}, False),
        ({"startsWith": f"{HOST}/assertions/"}, True),
        ({"startsWith": ["https://x.example/", f"{HOST}/"]}, True),
        ({"startsWith": f"{HOST}/other"}, False),
    ],
)
def test_where_an_issuer_lets_assertions_be_hosted(rules, allowed):
    issuer = profile(verification=rules)
    assert (origin_problem(f"{HOST}/assertions/1", issuer) is None) is allowed
    assert origin_problem("https://school.example.evil.example/1", issuer) is not None


async def test_a_signed_badge(network):
    report = await judged(signed(), network)
    assert (report.verdict, report.format, report.container) == ("accepted", "ob2-signed", "jwt")
    header, payload, _ = signed().split(".")
    other = jws.sign({}, json.dumps(assertion()).encode(), SigningKey.generate(Algorithm.RSA)).split(".")[2]
    assert codes(await judged(f"{header}.{payload}.{other}", network), "failed") == ["proof.invalid"]


async def test_a_signature_with_a_key_that_is_not_the_issuers(network):
    put(network, profile(publicKey=[f"{HOST}/other-key"]))
    assert codes(await judged(signed(), network), "failed") == ["key.not_found"]
    put(network, profile())
    page = json.loads(network.pages[f"{HOST}/key"])
    network.put(f"{HOST}/key", {**page, "owner": "https://other.example"})
    assert codes(await judged(signed(), network), "failed") == ["key.wrong_controller"]


@pytest.mark.parametrize(
    "entry", [f"{HOST}/assertions/1", {"id": f"{HOST}/assertions/1", "revocationReason": "Lost"}]
)
async def test_the_list_of_revoked_badges(network, entry):
    put(network, profile(revocationList=f"{HOST}/revoked"))
    network.put(f"{HOST}/revoked", {"type": "RevocationList", "revokedAssertions": [entry]})
    assert codes(await judged(signed(), network), "failed") == ["status.revoked"]
    network.put(f"{HOST}/revoked", {"type": "RevocationList", "revokedAssertions": []})
    assert (await judged(signed(), network)).verdict == "accepted"
    del network.pages[f"{HOST}/revoked"]
    assert (await judged(signed(), network)).verdict == "undetermined"


async def test_a_signed_badge_without_its_signature(network):
    report = await judged(assertion(verification={"type": "SignedBadge"}), network)
    assert codes(report, "failed") == ["proof.missing"]


async def test_expired(network):
    put(network, assertion(expires="2021-01-01T00:00:00Z"))
    assert codes(await judged(assertion(), network), "failed") == ["validity.expired"]


async def test_images(network):
    baked = bake_png(png(), signed())
    assert (await judged(baked, network)).verdict == "accepted"
    baked = bake_png(png(), json.dumps(assertion()))
    assert (await judged(baked, network)).verdict == "accepted"
    baked = bake_png(png(), f"{HOST}/assertions/1")
    report = await judged(baked, network)
    assert (report.verdict, report.container) == ("accepted", "png")


async def test_the_parts_are_away(network):
    del network.pages[f"{HOST}/badge"]
    report = await judged(assertion(), network)
    assert report.verdict == "undetermined"
    assert codes(report, "inconclusive") == ["model.part_unreadable"]


async def test_version_1_0(network):
    old = {
        "uid": "123abc",
        "recipient": {"identity": "ada@example.org", "hashed": False, "type": "email"},
        "badge": f"{HOST}/old-badge",
        "issuedOn": 1430352000,
        "verify": {"type": "hosted", "url": f"{HOST}/old"},
    }
    network.put(f"{HOST}/old", old)
    network.put(
        f"{HOST}/old-badge",
        {"name": "Old", "description": "Old.", "criteria": "x", "issuer": f"{HOST}/old-issuer"},
    )
    network.put(f"{HOST}/old-issuer", {"name": "Old School", "url": HOST})
    report = await judged(old, network, applicant=Applicant(email="ada@example.org"))
    assert report.verdict == "accepted"
    assert report.credential["valid_from"] == "2015-04-30T00:00:00Z"
    assert report.recipient.email == "matched"


def test_upgrades():
    made = upgrade_assertion(
        {"uid": "7", "recipient": "sha256$aa", "salt": "s", "badge": "b", "issuedOn": "2015-04-30"}
    )
    assert made["recipient"] == {"type": "email", "hashed": True, "identity": "sha256$aa", "salt": "s"}
    assert made["id"] == "urn:uid:7"
    assert made["issuedOn"] == "2015-04-30T00:00:00Z"
    assert upgrade_assertion(assertion()) == assertion()
    assert upgrade_assertion({"issuedOn": 10**30})["issuedOn"] == 10**30
    listed = {"revokedAssertions": [{"uid": "7", "revocationReason": "x"}]}
    assert revocation_in(listed, made) is not None


async def test_an_issuer_whose_own_id_is_no_address_is_known_by_its_address(network):
    network.put(f"{HOST}/about", profile(id="urn:uuid:2d391246-6e0d-4dab-906c-b29770bd7aa6"))
    report = await judged(assertion(), network)
    assert report.verdict == "accepted", report.summary
    assert report.credential["issuer"]["id"] == f"{HOST}/about"
    network.put(f"{HOST}/about", profile(id="not an address"))
    assert codes(await judged(assertion(), network), "failed") == ["key.wrong_document"]


async def test_a_class_that_nothing_defines(network):
    network.put(f"{HOST}/about", profile(type=["Issuer", "https://school.example/School"]))
    assert (await judged(assertion(), network)).verdict == "accepted"
    network.put(f"{HOST}/about", profile(type=["Issuer", "School"]))
    report = await judged(assertion(), network)
    assert codes(report, "failed") == ["model.missing_class"]
    assert "'School'" in report.summary
