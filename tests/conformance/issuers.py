"""What others issue, for us to verify: each library in every format that it signs."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.vc import multikey
from shared.vc.baking import bake_png, bake_svg, extract
from shared.vc.contexts import OPEN_BADGES_3, ContextStore
from shared.vc.disclosure import mandatory_pointers
from shared.vc.keys import PublicKey
from shared.vc.multibase import base64url_decode, base64url_encode
from tests.conformance.badges import LIST_URL, unsigned
from tests.conformance.formats import (
    CHALLENGE,
    DOMAIN,
    SHOWN,
    SVG,
    Secured,
    png,
    presentation,
    renamed,
    rewritten,
)
from tests.conformance.peers import ask_node

Json = dict[str, Any]


@dataclass(frozen=True)
class Issued:
    """A badge that a peer made in a format, the same tampered with, and what has to be reachable."""

    format: str
    secured: Secured
    tampered: Secured
    documents: Mapping[str, Any] = field(default_factory=dict)
    tampered_documents: Mapping[str, Any] | None = None


def _changed(secured: Json) -> Json:
    """With other content: of a presentation, of the credential in it."""
    if "verifiableCredential" not in secured:
        return renamed(secured)
    shown = copy.deepcopy(secured)
    inner = shown["verifiableCredential"]
    shown["verifiableCredential"] = [renamed(one) for one in (inner if isinstance(inner, list) else [inner])]
    return shown


def digital_bazaar() -> Iterator[Issued]:
    """`@digitalbazaar/vc`."""
    badge = unsigned("set by the peer", subject="did:example:mira")
    ed, p256 = {"suite": "eddsa-rdfc-2022", "seed": "07" * 32}, {"suite": "ecdsa-rdfc-2019", "seed": "P-256"}
    wanted: dict[str, Json] = {
        "eddsa-rdfc-2022": ed,
        "ecdsa-rdfc-2019 P-256": p256,
        "ecdsa-rdfc-2019 P-384": p256 | {"seed": "P-384"},
        "ecdsa-sd-2023 base": {
            "suite": "ecdsa-sd-2023",
            "seed": "P-256",
            "mandatory": mandatory_pointers(badge),
        },
    }
    told = ask_node([{"op": "issue", "credential": badge, **how} for how in wanted.values()])
    made = {name: answer["credential"] for name, answer in zip(wanted, told, strict=True)}
    bound = {"challenge": CHALLENGE, "domain": DOMAIN, "seed": "08" * 32}
    base = made.pop("ecdsa-sd-2023 base")
    derived, shown = ask_node(
        [
            {"op": "derive", "credential": base, "selective": SHOWN},
            {"op": "present", "credential": made["eddsa-rdfc-2022"], **bound},
        ]
    )
    made |= {"ecdsa-sd-2023 derived": derived["credential"], "presentation": shown["credential"]}
    for name, secured in made.items():
        yield Issued(name, secured, _changed(secured))


def verifier_core() -> Iterator[Issued]:
    """`@digitalcredentials/vc`, which the issuers that verifier-core is made for sign with."""
    badge = unsigned("set by the peer", subject="did:example:mira")
    older = {
        **badge,
        "@context": [
            "https://www.w3.org/2018/credentials/v1",
            OPEN_BADGES_3,
            "https://w3id.org/security/suites/ed25519-2020/v1",
        ],
        "issuanceDate": badge["validFrom"],
    }
    del older["validFrom"], older["validUntil"]
    wanted = {"eddsa-rdfc-2022": badge, "Ed25519Signature2020": older}
    requests = [
        {"op": "issue", "credential": one, "suite": name, "seed": "09" * 32} for name, one in wanted.items()
    ]
    for name, answer in zip(wanted, ask_node(requests, runner="core.mjs"), strict=True):
        yield Issued(name, answer["credential"], renamed(answer["credential"]))


_KEYS: Mapping[str, Callable[[], Any]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


def openbadgeslib() -> Iterator[Issued]:
    """openbadgeslib: Data Integrity with Ed25519, JWTs, both in images, status lists as JWT."""
    library = import_module("openbadgeslib.ob3")
    for name in _KEYS:
        pem, did = _pem_and_did(name)
        signer = library.OB3Signer(pem, algorithm=name)
        did = did or library.did_jwk_from_jwk(signer._public_jwk())
        token = signer.sign(_foreign(library, did))
        yield Issued(f"JWT {name}", token, rewritten(token))
    pem, did = _pem_and_did("EdDSA")
    signer, embedded = library.OB3Signer(pem, algorithm="EdDSA"), library.OB3LdpSigner(pem)
    badge = _foreign(library, did)
    secured = embedded.sign(badge)
    yield Issued("eddsa-rdfc-2022", secured, renamed(secured))
    yield _image("PNG, JSON", embedded.sign_into_png(badge, png()))
    yield _image("SVG, JSON", embedded.sign_into_svg(badge, SVG))
    yield _image("PNG, JWT", signer.sign_into_png(badge, png()))
    yield _image("SVG, JWT", signer.sign_into_svg(badge, SVG))
    entry = library.status_entry(LIST_URL, "revocation", 11)
    lists = []
    for revoked in ([], [11]):
        listing = library.build_status_list_credential(did, LIST_URL, "revocation", revoked)
        start = int(datetime.fromisoformat(listing["validFrom"]).timestamp())
        lists.append(signer.sign_payload({**listing, "iss": did, "jti": LIST_URL, "nbf": start}))
    listed = embedded.sign(_foreign(library, did, credential_status=[entry]))
    yield Issued("status list, JWT", listed, listed, {LIST_URL: lists[0]}, {LIST_URL: lists[1]})


def _pem_and_did(name: str) -> tuple[bytes, Any]:
    """A key as openbadgeslib takes it, and its did:key, which RSA has none of."""
    key: Any = _KEYS[name]()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, None if name == "RS256" else _did_key(key)


def _did_key(key: Any) -> str:
    return f"did:key:{multikey.encode(PublicKey.of(key.public_key()))}"


def _foreign(library: Any, did: str, **more: Any) -> Any:
    return library.OpenBadgeCredential(
        issuer=library.Issuer(id=did, name="Ültima Escuela", url="https://escuela.example"),
        recipient_id="did:example:mira",
        achievement=library.Achievement(
            id="https://escuela.example/a/1",
            name="Encuadernación",
            description="Sabe encuadernar.",
            criteria_narrative="Encuadernar un libro.",
        ),
        issuance_date=datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    )


def _image(name: str, image: bytes) -> Issued:
    """An image by a peer; tampered with, its credential has another name in it."""
    text = extract(image).text
    other = json.dumps(renamed(json.loads(text))) if text.startswith("{") else rewritten(text)
    again = bake_png(image, other) if image.startswith(b"\x89PNG") else bake_svg(SVG, other)
    return Issued(name, image, again)


def openvc() -> Iterator[Issued]:
    """openvc-core: Data Integrity, and JWTs of the data model 1.1. From a badge with a base proof it cannot derive."""
    keys, contexts = (
        import_module("openvc.keys"),
        {OPEN_BADGES_3: ContextStore.builtin().get(OPEN_BADGES_3).document},
    )
    makers = {"EdDSA": keys.Ed25519SigningKey, "ES256": keys.P256SigningKey, "ES384": keys.P384SigningKey}

    def issuer(name: str) -> tuple[Any, str, str]:
        private: Any = _KEYS[name]()
        did = _did_key(private)
        method = f"{did}#{did.removeprefix('did:key:')}"
        return makers[name](private, method), did, method

    rdf = import_module("openvc.proof.data_integrity").DataIntegrityProofSuite()
    ecdsa = import_module("openvc.proof.di_ecdsa_rdfc").EcdsaRdfcProofSuite()
    jcs = import_module("openvc.proof.di_jcs")
    for name, suite, algorithm, more in (
        ("eddsa-rdfc-2022", rdf, "EdDSA", {"extra_contexts": contexts}),
        ("ecdsa-rdfc-2019 P-256", ecdsa, "ES256", {"extra_contexts": contexts}),
        ("ecdsa-rdfc-2019 P-384", ecdsa, "ES384", {"extra_contexts": contexts}),
        ("eddsa-jcs-2022", jcs.EddsaJcsProofSuite(), "EdDSA", {}),
        ("ecdsa-jcs-2019 P-256", jcs.EcdsaJcsProofSuite(), "ES256", {}),
        ("ecdsa-jcs-2019 P-384", jcs.EcdsaJcsProofSuite(), "ES384", {}),
    ):
        key, did, method = issuer(algorithm)
        badge = unsigned(did, subject="did:example:mira")
        secured = suite.add_proof(badge, signing_key=key, verification_method=method, **more)
        yield Issued(name, secured, renamed(secured))
    key, did, _ = issuer("ES256")
    token = (
        import_module("openvc.proof.vc_jwt")
        .VcJwtProofSuite()
        .sign(unsigned(did, subject="did:example:m"), signing_key=key)
    )
    yield Issued("JWT ES256", token, _rewritten_inside(token))
    key, did, method = issuer("EdDSA")
    inner_key, inner_did, inner_method = issuer("EdDSA")
    how = {"extra_contexts": contexts}
    inner = rdf.add_proof(
        unsigned(inner_did, subject="did:example:m"),
        signing_key=inner_key,
        verification_method=inner_method,
        **how,
    )
    shown = presentation([inner]) | {"holder": did}
    bound = {"proof_purpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN}
    secured = rdf.add_proof(shown, signing_key=key, verification_method=method, **bound, **how)
    yield Issued("presentation", secured, _changed(secured))


def _rewritten_inside(token: str) -> str:
    """A VC-JWT of the data model 1.1 with another name in its `vc` claim."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64url_decode(payload))
    claims["vc"] = renamed(claims["vc"])
    return f"{header}.{base64url_encode(json.dumps(claims).encode())}.{signature}"


ISSUERS: Mapping[str, Callable[[], Iterator[Issued]]] = {
    "@digitalbazaar/vc": digital_bazaar,
    "@digitalcredentials/verifier-core": verifier_core,
    "openbadgeslib": openbadgeslib,
    "openvc-core": openvc,
}
