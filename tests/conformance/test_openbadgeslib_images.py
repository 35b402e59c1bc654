"""openbadgeslib with keys and DIDs of its own making, and badges in images, both ways."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openbadgeslib import baking, ob3
from PIL import Image

from shared.vc.baking import bake_png, bake_svg
from shared.vc.proofs import jwt
from shared.vc.verify import Applicant
from tests.conformance import badges
from tests.conformance.ours import judged

pytestmark = pytest.mark.anyio

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle cx="5" cy="5" r="4"/></svg>'
ELEMENT, NAMESPACE, KEYWORD = baking.SVG_ELEMENT_OB3, baking.SVG_NS_OB3, baking.ITXT_KEYWORD_OB3


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return out.getvalue()


class Theirs:
    """An issuer with a key of this kind; its DID is the key."""

    def __init__(self, algorithm: str) -> None:
        generate: dict[str, Any] = {
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "RS256": lambda: rsa.generate_private_key(65537, 2048),
        }
        key = generate[algorithm]()
        self.pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.signer = ob3.OB3Signer(self.pem, algorithm=algorithm)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        # Its did:key does not know RSA.
        own = self.signer._public_jwk()
        self.did = ob3.did_jwk_from_jwk(own) if algorithm == "RS256" else ob3.did_key_from_pem(public)

    def credential(self) -> Any:
        return ob3.OpenBadgeCredential(
            issuer=ob3.Issuer(id=self.did, name="Ültima Escuela", url="https://escuela.example"),
            recipient_id="did:example:mira",
            identifiers=[ob3.IdentityObject.create(badges.EMAIL, salt="mar")],
            achievement=ob3.Achievement(
                id="https://escuela.example/a/1",
                name="Encuadernación",
                description="Sabe encuadernar.",
                criteria_narrative="Encuadernar un libro.",
                achievement_type="Course",
                credits_available=3.5,
                tags=["papel"],
                alignments=[ob3.Alignment("Crafts", "https://framework.example/crafts")],
            ),
            evidence=[ob3.Evidence(id="https://escuela.example/libro", name="El libro")],
            issuance_date=datetime(2026, 1, 1, tzinfo=UTC),
            expiration_date=datetime(2126, 1, 1, tzinfo=UTC),
        )


async def accept(data: bytes, container: str) -> None:
    report = await judged(data, applicant=Applicant(email=badges.EMAIL, did="did:example:mira"))
    assert report.verdict == "accepted", report.to_json()
    assert report.container == container
    assert report.recipient is not None
    assert (report.recipient.email, report.recipient.did) == ("matched", "matched")


async def test_we_accept_its_data_integrity_proofs_in_images():
    theirs = Theirs("EdDSA")
    text = json.dumps(ob3.OB3LdpSigner(theirs.pem).sign(theirs.credential()))
    await accept(text.encode(), "json")
    await accept(baking.bake_svg(SVG, text, element=ELEMENT, namespace=NAMESPACE, as_text=True), "svg")
    await accept(baking.bake_png(png(), text, keyword=KEYWORD), "png")
    changed = text.replace("Sabe encuadernar", "Sabe operar")
    assert (await judged(baking.bake_png(png(), changed, keyword=KEYWORD))).verdict == "rejected"


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
async def test_we_accept_its_jwts_in_images(algorithm: str):
    theirs = Theirs(algorithm)
    await accept(theirs.signer.sign(theirs.credential()).encode(), "jwt")
    await accept(theirs.signer.sign_into_svg(theirs.credential(), SVG), "svg")
    await accept(theirs.signer.sign_into_png(theirs.credential(), png()), "png")


async def test_a_key_in_the_header_is_nobody_s():
    """It signs in the name of an issuer who does not own its key."""
    theirs, victim = Theirs("EdDSA"), Theirs("EdDSA")
    assert (await judged(theirs.signer.sign(victim.credential()).encode())).verdict == "rejected"


def test_it_finds_our_badges_in_images():
    key = badges.ed25519()
    did = badges.did_key(key)
    text = json.dumps(badges.signed(key))
    token = jwt.sign(
        badges.unsigned(did, subject="did:example:mira"), key=key, kid=badges.key_method(did, key)
    )
    for given in (text, token):
        assert baking.extract_png(bake_png(png(), given), keyword=KEYWORD) == given
        assert baking.extract_svg(bake_svg(SVG, given), element=ELEMENT, text_fallback=True) == given
    assert ob3.OB3LdpVerifier().verify(text).name == "Bookbinding, with “distinction”"
    assert ob3.OB3Verifier.for_issuer_did(did).verify(token, expected_recipient="did:example:mira").id


def test_it_follows_our_status_lists_as_jwt():
    key = badges.ed25519()
    method = badges.key_method(badges.WEB_DID, key)
    badge = json.dumps(badges.signed(key, issuer=badges.WEB_DID, index=94_567))

    def verify(*revoked: int) -> Any:
        unsigned = {
            name: value for name, value in badges.status_list(key, *revoked).items() if name != "proof"
        }
        world = {
            badges.WEB_DID_URL: json.dumps(badges.did_document(key)).encode(),
            badges.LIST_URL: jwt.sign(unsigned, key=key, kid=method, profile="vc-jose").encode(),
        }
        verifier = ob3.OB3LdpVerifier.for_issuer_did(badges.WEB_DID)
        return verifier.verify(badge, check_status=True, download=lambda url: world[url.partition("#")[0]])

    assert verify(3).issuer.id == badges.WEB_DID
    with pytest.raises(ob3.OB3VerificationError, match="is set at index 94567"):
        verify(3, 94_567)
