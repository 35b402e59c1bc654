"""did:web: the identifier, its address, and the document that an issuer serves there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from shared.vc import multikey
from shared.vc.keys import Algorithm, PublicKey
from shared.vc.proofs import jws
from shared.vc.strict_json import JsonObject

from .documents import KeyProblem

DID_CONTEXT = "https://www.w3.org/ns/did/v1"
MULTIKEY_CONTEXT = "https://w3id.org/security/multikey/v1"
JWK_CONTEXT = "https://w3id.org/security/jwk/v1"

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?(:[0-9]{1,5})?", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=@-]+", re.ASCII)


def did_web_url(did: str) -> str:
    """The address of the DID document of a did:web identifier (did:web method, "Read").

    The scheme is https; only for the host `localhost` is it http, because that name never leaves the machine.

    Raises:
        KeyProblem: it is no did:web identifier that names a host and a plain path.
    """
    segments = [unquote(one) for one in did.removeprefix("did:web:").split(":")]
    host, path = segments[0], segments[1:]
    plain = all(_SEGMENT.fullmatch(one) and one not in {".", ".."} for one in path)
    if not did.startswith("did:web:") or _HOST.fullmatch(host) is None or not plain:
        raise KeyProblem("key.malformed_url", f"{did[:200]} is not a did:web identifier.")
    scheme = "http" if host.partition(":")[0] == "localhost" else "https"
    tail = "/".join(quote(one, safe="!$&'()*+,;=@~") for one in path) if path else ".well-known"
    return f"{scheme}://{host}/{tail}/did.json"


def did_web(base_url: str, *path: str) -> str:
    """The did:web identifier whose document lies under `base_url` (an origin) at `path`.

    `did_web("http://localhost:8001", "issuers", "7f")` is `did:web:localhost%3A8001:issuers:7f`.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{base_url} is not the URL of an origin")
    inside = [one for one in parts.path.split("/") if one]
    host = quote(parts.netloc.lower(), safe="")
    return ":".join(["did:web", host, *(quote(one, safe="") for one in (*inside, *path))])


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """A key as it stands in a DID document. Its fragment is its Multikey text; as a JWK (always for RSA and P-521, and for JWTs
    VC-JOSE-COSE 3.3.3 wants it so) its JWK thumbprint.
    """

    key: PublicKey
    state: Literal["active", "retired", "compromised"] = "active"
    as_jwk: bool = False

    @property
    def fragment(self) -> str:
        return self.key.thumbprint() if self.is_jwk else multikey.encode(self.key)

    @property
    def is_jwk(self) -> bool:
        # Neither has a Multikey form (Controlled Identifiers 1.0, 2.2.2).
        return self.as_jwk or self.key.algorithm in {Algorithm.RSA, Algorithm.P521}


def web_document(
    did: str,
    keys: Iterable[DocumentKey],
    *,
    also_known_as: Sequence[str] = (),
    services: Sequence[JsonObject] = (),
) -> JsonObject:
    """The DID document of an issuer with these keys.

    Active and retired keys may have signed credentials and stay in `assertionMethod`; a compromised key
    appears nowhere, so that nothing it signed can be verified any more.
    """
    methods = [_method(did, one) for one in keys if one.state != "compromised"]
    with_jwk = any("publicKeyJwk" in method for method in methods)
    document: JsonObject = {
        "@context": [DID_CONTEXT, MULTIKEY_CONTEXT, *([JWK_CONTEXT] if with_jwk else [])],
        "id": did,
    }
    if also_known_as:
        document["alsoKnownAs"] = list(also_known_as)
    document["verificationMethod"] = methods
    document["assertionMethod"] = [method["id"] for method in methods]
    if services:
        document["service"] = list(services)
    return document


def _method(did: str, one: DocumentKey) -> JsonObject:
    method: JsonObject = {"id": f"{did}#{one.fragment}", "controller": did}
    if one.is_jwk:
        jwk = {**one.key.jwk(), "alg": jws.ALGORITHMS[one.key.algorithm]}
        return {**method, "type": "JsonWebKey", "publicKeyJwk": jwk}
    return {**method, "type": "Multikey", "publicKeyMultibase": multikey.encode(one.key)}
