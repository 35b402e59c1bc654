"""Valid credentials of every format, made anew: an issuer with a key of each kind, an endorser, a holder, a network."""

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.vc import multibase, strict_json
from shared.vc.baking import OPEN_BADGES_2, bake_png, bake_svg
from shared.vc.contexts import (
    CREDENTIALS_V1,
    CREDENTIALS_V2,
    ED25519_2020,
    OPEN_BADGES_3,
    OPEN_BADGES_3_EXTENSIONS,
)
from shared.vc.dids import DocumentKey, did_web_url
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.errors import VcError
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multikey import encode
from shared.vc.proofs import data_integrity, ecdsa_sd, jws, jwt, presentation_jwt, sd_jwt
from tests.bench import documents
from tests.harness.credentials import NOW, Issuer, Network

from . import judging
from .judging import STORE, Json, Judge, Sample, Shape

LIST = "https://school.example/status/1"  # where the documents of `tests.bench.documents` have their entry
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
DOMAIN, CHALLENGE = "https://verifier.example", "3182bdea"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>A</title><rect width="9"/></svg>\n'
_PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_DISCLOSED = (
    "/description",
    "/credentialSubject/achievement/alignment",
    "/credentialSubject/achievement/tag/1",
)
_KINDS = (Algorithm.ED25519, Algorithm.P256, Algorithm.P384, Algorithm.RSA)
_SUITES = (
    ("eddsa-rdfc-2022", Algorithm.ED25519, documents.BUILDERS),
    ("ecdsa-rdfc-2019", Algorithm.P256, documents.BUILDERS),
    ("ecdsa-rdfc-2019", Algorithm.P384, documents.BUILDERS),
    ("eddsa-jcs-2022", Algorithm.ED25519, documents.BUILDERS),
    ("ecdsa-jcs-2019", Algorithm.P256, documents.BUILDERS),
    ("ecdsa-jcs-2019", Algorithm.P384, documents.BUILDERS),
)


def png() -> bytes:
    """One grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\x7f")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class World:
    """Who issues, endorses and holds; and what answers at which address."""

    def __init__(self) -> None:
        self.network = Network()
        self.issuer = Issuer(self.network)
        self.keys = {one: SigningKey.generate(one) for one in _KINDS} | {Algorithm.ED25519: self.issuer.key}
        self.issuer.keys = [DocumentKey(key.public) for key in self.keys.values()]
        self.issuer.publish()
        self.endorser = Issuer(self.network, "https://guild.example")
        self.holder = SigningKey.generate(Algorithm.P256)
        listing = self.issuer.status_list("revocation", id=LIST)
        listing["credentialSubject"]["id"] = f"{LIST}#list"
        self.network.put(LIST, self.issuer.sign(listing))

    def method(self, kind: Algorithm) -> str:
        return f"{self.issuer.did}#{DocumentKey(self.keys[kind].public).fragment}"

    @property
    def holder_did(self) -> str:
        return f"did:key:{encode(self.holder.public)}"

    @property
    def holder_method(self) -> str:
        return f"{self.holder_did}#{encode(self.holder.public)}"

    def document(self, name: str = documents.USUAL) -> Json:
        """A badge by the issuer; the full one with endorsements that hold."""
        document = documents.BUILDERS[name](self.issuer.did)
        if name == documents.FULL:
            document |= {"endorsement": [self.endorsement(document["id"])]}
            document |= {"endorsementJwt": [self.endorsement_jwt(document["id"])]}
            del document["credentialSchema"], document["refreshService"]  # neither can be accepted or refused
        return document

    def another(self, name: str = documents.USUAL) -> Json:
        """The same for another achievement and learner."""
        document = documents.numbered(self.document(name), 2)
        subject = document["credentialSubject"]
        achievement = {
            **subject["achievement"],
            "id": "https://school.example/achievements/2",
            "name": "Surgery",
        }
        return {**document, "name": "Surgery", "credentialSubject": {**subject, "achievement": achievement}}

    def endorsement(self, about: str, **changes: Any) -> Json:
        return self.endorser.sign(self._endorsement(about, **changes))

    def endorsement_jwt(self, about: str) -> str:
        return jwt.sign(self._endorsement(about), key=self.endorser.key, kid=self.endorser.method)

    def _endorsement(self, about: str, **changes: Any) -> Json:
        return {
            "@context": [CREDENTIALS_V2, OPEN_BADGES_3],
            "id": "https://guild.example/endorsements/1",
            "type": ["VerifiableCredential", "EndorsementCredential"],
            "name": "Seen and found good",
            "issuer": {"id": self.endorser.did, "type": ["Profile"], "name": "The guild"},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {
                "id": about,
                "type": ["EndorsementSubject"],
                "endorsementComment": "Good work.",
            },
            **changes,
        }

    def sign(self, document: Json, suite: str, kind: Algorithm, **how: Any) -> Json:
        return data_integrity.sign(
            document,
            key=self.keys[kind],
            verification_method=self.method(kind),
            created=NOW,
            cryptosuite=suite,
            **how,
        )

    def by_hand(self, document: Json, options: Json, contexts: Any) -> Json:
        """With a proof of a kind that is no longer made: its hashes from the canonical forms."""
        options = {
            **options,
            "created": "2026-01-02T03:04:05Z",
            "verificationMethod": self.method(Algorithm.ED25519),
            "proofPurpose": "assertionMethod",
        }
        data = b"".join(
            hashlib.sha256(data_integrity.canonical(one, STORE, data_integrity.Budget(), "sha256")).digest()
            for one in ({**options, "@context": contexts}, document)
        )
        value = multibase.encode(self.keys[Algorithm.ED25519].sign(data))
        return {**document, "proof": {**options, "proofValue": value}}

    @cached_property
    def badge(self) -> Json:
        """The usual badge in the usual way."""
        return self.sign(self.document(), "eddsa-rdfc-2022", Algorithm.ED25519)


def written(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else strict_json.dumps(value)


def samples(world: World | None = None) -> list[Sample]:
    """All of them; the first of each form is enough to know the form by."""
    world = world or World()
    found: list[Sample] = []
    judge = judging.credential(world.network)
    methods = (*(world.method(kind) for kind in _KINDS), world.endorser.method, world.holder_method)

    def add(
        form: str, name: str, value: Any, shape: Shape = "json", by: Judge = judge, other: Any = None
    ) -> None:
        data, spare = (one if isinstance(one, bytes) else written(one) for one in (value, other or b""))
        found.append(Sample(form, name, data, shape, by, other=spare or None, methods=methods))

    for part in (
        _data_integrity,
        _sets,
        _selective,
        _tokens,
        _older,
        _records,
        _shown,
        _baked,
        _beside,
        _pages,
    ):
        for one in part(world):
            add(*one)
    return found


_Made = Iterator[tuple[Any, ...]]


def _data_integrity(world: World) -> _Made:
    for suite, kind, builders in _SUITES:
        for name in builders:
            form = suite if kind is Algorithm.ED25519 else f"{suite} {kind}"
            signed, other = (
                world.sign(one, suite, kind) for one in (world.document(name), world.another(name))
            )
            yield form, name, signed, "json", judging.credential(world.network), other


def _sets(world: World) -> _Made:
    one = world.sign(world.document(), "eddsa-rdfc-2022", Algorithm.ED25519)
    yield "proof set", "two suites", world.sign(one, "ecdsa-rdfc-2019", Algorithm.P256)
    mixed = world.sign(one, "ecdsa-jcs-2019", Algorithm.P384)
    yield "proof set", "RDF and JCS", mixed
    first = world.sign(world.document(), "eddsa-rdfc-2022", Algorithm.ED25519, proof_id="urn:uuid:1")
    chain = world.sign(first, "ecdsa-rdfc-2019", Algorithm.P256, previous=["urn:uuid:1"])
    yield "proof chain", "of two", {**chain, "proof": chain["proof"][::-1]}
    first = world.sign(world.document(), "eddsa-jcs-2022", Algorithm.ED25519, proof_id="urn:uuid:1")
    yield "proof chain", "JCS", world.sign(first, "ecdsa-jcs-2019", Algorithm.P256, previous=["urn:uuid:1"])


def _selective(world: World) -> _Made:
    document = world.document()
    base = ecdsa_sd.sign(
        document,
        key=world.keys[Algorithm.P256],
        verification_method=world.method(Algorithm.P256),
        created=NOW,
        mandatory=mandatory_pointers(document),
    )
    holder = judging.credential(world.network, as_holder=True)
    yield "ecdsa-sd-2023 base", documents.USUAL, base, "json", holder
    shown = derive_badge(
        base, ["/credentialSubject/achievement/alignment", "/credentialSubject/achievement/tag"]
    )
    yield "ecdsa-sd-2023 derived", documents.USUAL, shown
    yield "ecdsa-sd-2023 derived", "all of it", derive_badge(base, [""])


def _tokens(world: World) -> _Made:
    for kind in _KINDS:
        name = jws.ALGORITHMS[kind]
        key, kid = world.keys[kind], world.method(kind)
        judge = judging.credential(world.network)
        one, other = (
            jwt.sign(document, key=key, kid=kid) for document in (world.document(), world.another())
        )
        yield "VC-JWT, Open Badges 3.0", name, one, "jwt", judge, other
        one, other = (
            jwt.sign(document, key=key, kid=kid, profile="vc-jose", issued_at=NOW)
            for document in (world.document(), world.another())
        )
        yield "VC-JWT, VC-JOSE-COSE", name, one, "jwt", judge, other
    kind = Algorithm.ED25519
    whole = jwt.sign(world.document(documents.FULL), key=world.keys[kind], kid=world.method(kind))
    yield "VC-JWT, Open Badges 3.0", documents.FULL, whole, "jwt"
    envelope = {
        "@context": CREDENTIALS_V2,
        "id": f"data:application/vc+jwt,{jwt.sign(world.document(), key=world.keys[kind], kid=world.method(kind), profile='vc-jose')}",
        "type": "EnvelopedVerifiableCredential",
    }
    yield "enveloped credential", "vc+jwt", envelope
    for kind in (Algorithm.P256, Algorithm.ED25519):
        token = sd_jwt.sign(
            {**world.document(), "description": "Bound by hand."},
            key=world.keys[kind],
            kid=world.method(kind),
            selective=_DISCLOSED,
            holder=world.holder.public,
            issued_at=NOW,
        )
        yield "SD-JWT", jws.ALGORITHMS[kind], token, "sd-jwt"
    bound = sd_jwt.show(token, _DISCLOSED[:2], key=world.holder, challenge=CHALLENGE, domain=DOMAIN, now=NOW)
    yield "SD-JWT", "bound to its holder", bound, "sd-jwt"


def _older(world: World) -> _Made:
    document = world.document()
    options = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-2022"}
    yield "eddsa-2022", documents.USUAL, world.by_hand(document, options, document["@context"])
    badge = _version_1(world.document(documents.SMALL))
    oldest = {"type": "Ed25519Signature2020"}
    yield "Ed25519Signature2020", "VCDM 1.1", world.by_hand(badge, oldest, [CREDENTIALS_V1, ED25519_2020])
    yield "VC-JWT, VCDM 1.1", "claim vc", _version_1_jwt(world, badge), "jwt"
    yield from _open_badges_2(world)


def _version_1(badge: Json) -> Json:
    older = {**badge, "@context": [CREDENTIALS_V1, OPEN_BADGES_3], "issuanceDate": badge["validFrom"]}
    del older["validFrom"]
    return {**older, "name": "Bookbinding"}


def _version_1_jwt(world: World, badge: Json) -> str:
    kind = Algorithm.P256
    claims = {
        "vc": badge,
        "iss": world.issuer.did,
        "jti": badge["id"],
        "sub": badge["credentialSubject"]["id"],
        "nbf": 1767225600,
    }
    header = {"typ": "JWT", "kid": world.method(kind)}
    return jws.sign(header, strict_json.dumps(claims), world.keys[kind])


def _open_badges_2(world: World) -> _Made:
    host, context = "https://old.example", "https://w3id.org/openbadges/v2"
    network, key = world.network, world.keys[Algorithm.RSA]
    profile = {
        "@context": context,
        "type": "Issuer",
        "id": f"{host}/about",
        "name": "The old school",
        "url": host,
        "email": "office@old.example",
        "publicKey": f"{host}/key",
    }
    badge = {
        "@context": context,
        "type": "BadgeClass",
        "id": f"{host}/badge",
        "name": "Robotics",
        "description": "Builds robots.",
        "image": f"{host}/badge.png",
        "criteria": {"narrative": "Build one."},
        "issuer": f"{host}/about",
        "tags": ["robots", "wires"],
    }
    pem = key.public._key.public_bytes(*_PEM).decode()
    owned = {"@context": context, "type": "CryptographicKey", "id": f"{host}/key", "owner": f"{host}/about"}
    hosted = {
        "@context": context,
        "type": "Assertion",
        "id": f"{host}/assertions/1",
        "recipient": {"type": "email", "hashed": True, "salt": "sea", "identity": "sha256$" + "0f" * 32},
        "badge": f"{host}/badge",
        "issuedOn": "2020-01-01T00:00:00Z",
        "evidence": f"{host}/work",
        "verification": {"type": "hosted"},
    }
    for page in (profile, badge, {**owned, "publicKeyPem": pem}, hosted):
        network.put(str(page["id"]), page)
    signed = {**hosted, "verification": {"type": "signed", "creator": f"{host}/key"}}
    token = jws.sign({}, strict_json.dumps(signed), key)
    yield "Open Badges 2.0 hosted", "assertion", hosted
    yield "Open Badges 2.0 signed", "assertion", token, "jwt"
    yield "Open Badges 2.0 baked", "PNG", bake_png(png(), token, OPEN_BADGES_2), "png"
    first = {"uid": "1", "verify": {"type": "signed", "url": f"{host}/key"}, "issuedOn": 1577836800}
    older = {**{n: v for n, v in signed.items() if n in {"recipient", "badge"}}, **first}
    yield "Open Badges 1.x signed", "assertion", jws.sign({}, strict_json.dumps(older), key), "jwt"


def _record(world: World, *inside: Any) -> Json:
    document = {
        "@context": [CREDENTIALS_V2, CLR, OPEN_BADGES_3],
        "id": "https://school.example/records/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": {"id": world.issuer.did, "type": ["Profile"], "name": "A school by the sea"},
        "validFrom": "2026-01-01T00:00:00Z",
        "name": "Transcript",
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "verifiableCredential": list(inside),
        },
    }
    return world.sign(document, "eddsa-rdfc-2022", Algorithm.ED25519)


def _records(world: World) -> _Made:
    other = world.document(documents.SMALL) | {"id": "https://school.example/credentials/2"}
    small = world.sign(other, "ecdsa-rdfc-2019", Algorithm.P256)
    yield "CLR 2.0", "two badges", _record(world, world.badge, small)
    inside = judging.within(world.network, _signable(lambda one: _record(world, one)), "embedded")
    yield "CLR 2.0, a badge in it", documents.USUAL, world.badge, "json", inside


def _signable(around: Callable[[Any], Json]) -> Callable[[Any], Json | None]:
    def made(inner: Any) -> Json | None:
        try:
            return around(inner)
        except VcError:
            return None

    return made


def _shown(world: World) -> _Made:
    judge = judging.presentation(world.network, challenge=CHALLENGE, domain=DOMAIN)
    owned = world.document() | {}
    owned["credentialSubject"] = {**owned["credentialSubject"], "id": world.holder_did}
    badge = world.sign(owned, "eddsa-rdfc-2022", Algorithm.ED25519)
    plain = {"@context": [CREDENTIALS_V2], "type": ["VerifiablePresentation"], "holder": world.holder_did}
    for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019"):
        shown = data_integrity.sign(
            {**plain, "verifiableCredential": [badge]},
            key=world.holder,
            verification_method=world.holder_method,
            created=NOW,
            cryptosuite=suite,
            purpose="authentication",
            domain=DOMAIN,
            challenge=CHALLENGE,
        )
        yield f"presentation, {suite}", documents.USUAL, shown, "json", judge
    token = jwt.sign(owned, key=world.issuer.key, kid=world.method(Algorithm.ED25519), profile="vc-jose")
    envelope = {
        "@context": CREDENTIALS_V2,
        "id": f"data:application/vc+jwt,{token}",
        "type": "EnvelopedVerifiableCredential",
    }
    jose = presentation_jwt.sign(
        {**plain, "verifiableCredential": [envelope]},
        key=world.holder,
        kid=world.holder_method,
        challenge=CHALLENGE,
        domain=DOMAIN,
        issued_at=NOW,
    )
    yield "presentation, vp+jwt", "with an envelope", jose, "jwt", judge
    wrapped = {
        "@context": CREDENTIALS_V2,
        "id": f"data:application/vp+jwt,{jose}",
        "type": "EnvelopedVerifiablePresentation",
    }
    yield "presentation, enveloped", "vp+jwt", wrapped, "json", judge


def _baked(world: World) -> _Made:
    text = json.dumps(world.sign(world.document(documents.SMALL), "eddsa-rdfc-2022", Algorithm.ED25519))
    kind = Algorithm.P256
    token = jwt.sign(world.document(documents.SMALL), key=world.keys[kind], kid=world.method(kind))
    for name, credential in (("JSON", text), ("JWT", token)):
        yield "baked PNG", name, bake_png(png(), credential), "png"
        yield "baked SVG", name, bake_svg(SVG, credential), "svg"


def _beside(world: World) -> _Made:
    listing = world.network.pages[LIST]
    yield (
        "status list",
        "of the badge",
        listing,
        "json",
        judging.listed(world.network, written(world.badge), LIST),
    )
    document = world.document(documents.SMALL)

    def endorsed(name: str) -> Callable[[Any], Json]:
        return lambda one: world.issuer.sign({**document, name: [one]})

    inside = judging.within(world.network, _signable(endorsed("endorsement")), "endorsement")
    yield "endorsement", "embedded", world.endorsement(document["id"]), "json", inside
    inside = judging.within(world.network, _signable(endorsed("endorsementJwt")), "endorsement", text=True)
    yield "endorsement", "as JWT", world.endorsement_jwt(document["id"]), "jwt", inside


def _pages(world: World) -> _Made:
    """What issuers publish beside their badges, each with a badge that needs it."""
    network, own = world.network, did_web_url(world.issuer.did)

    def page(kind: str, badge: bytes, url: str) -> tuple[Any, ...]:
        return "page beside a badge", kind, network.pages[url], "json", judging.beside(network, badge, url)

    kind = Algorithm.P256
    yield page("DID document", written(world.badge), own)
    token = jwt.sign(world.document(), key=world.keys[kind], kid=world.method(kind))
    yield page("DID document, for a JWT", written(token), own)
    school = Issuer(network, "https://keys.example")
    document = world.document(documents.SMALL)
    document["issuer"] = {**document["issuer"], "id": "https://keys.example/about"}
    keys = [{**world.keys[one].public.jwk(), "kid": str(one)} for one in _KINDS]
    network.put("https://keys.example/.well-known/jwks.json", {"keys": keys})
    unnamed = jws.sign({"typ": "JWT"}, _claims(document), world.keys[kind])
    yield page("JWK set", written(unnamed), "https://keys.example/.well-known/jwks.json")
    document = school.badge(
        credentialStatus={"id": "https://keys.example/revoked", "type": "1EdTechRevocationList"}
    )
    document["@context"] = [*document["@context"], OPEN_BADGES_3_EXTENSIONS]
    listing = {"id": "https://keys.example/revoked", "issuer": school.did}
    network.put(listing["id"], {**listing, "revokedCredential": [{"id": "urn:x", "revoked": True}, "urn:y"]})
    yield page("revocation list", written(school.sign(document)), listing["id"])
    schema = {"id": "https://keys.example/schema", "type": "1EdTechJsonSchemaValidator2019"}
    rules = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 99}},
    }
    network.put(schema["id"], {"$schema": "https://json-schema.org/draft/2019-09/schema", **rules})
    document = school.badge(credentialSchema=[schema])
    document["@context"] = [*document["@context"], OPEN_BADGES_3_EXTENSIONS]
    yield page("JSON Schema", written(school.sign(document)), schema["id"])
    older = {form: written(value) for form, _, value, *_ in _open_badges_2(world) if "baked" not in form}
    for name in ("about", "badge", "key"):
        yield page(f"Open Badges 2.0, {name}", older["Open Badges 2.0 signed"], f"https://old.example/{name}")
    address = "https://old.example/assertions/1"
    yield page("Open Badges 2.0, hosted assertion", older["Open Badges 2.0 hosted"], address)


def _claims(document: Json) -> bytes:
    claims = {"iss": document["issuer"]["id"], "jti": document["id"], "nbf": 1767225600}
    return strict_json.dumps({**document, **claims, "sub": document["credentialSubject"]["id"]})
