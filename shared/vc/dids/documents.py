"""Controlled identifier documents: finding the verification method that a URL names, and its key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.vc import multikey
from shared.vc.dates import parse_date_time
from shared.vc.errors import VcError
from shared.vc.keys import PublicKey

RELATIONSHIPS = (
    "assertionMethod",
    "authentication",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)


class KeyProblem(Exception):
    """No usable key came of a URL; `code` is of `codes.CODES`.

    `conclusive` is False when that says nothing against the credential: the document is out of reach, or of
    a kind not supported here.
    """

    def __init__(self, code: str, reason: str, *, conclusive: bool = True) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.conclusive = conclusive


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    id: str
    controller: str
    key: PublicKey
    document: str


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """A key, where it was found, and whose it is.

    `controller` is the id of whoever the document says controls the key, `None` for a bare JWK at an https
    address, which is bound to nothing but that address (`document`).
    """

    key: PublicKey
    method: str
    controller: str | None
    document: str


def find_method(
    document: Mapping[str, Any], url: str, *, purpose: str = "assertionMethod", now: datetime | None = None
) -> VerificationMethod:
    """The verification method `url` of a controlled identifier document that was found at `url`'s address.

    Controlled Identifiers 1.0, "Retrieve Verification Method": the document's id is the address, the method
    carries that URL as id and the document's id as controller, and is listed under `purpose`. A method that
    has expired or was revoked before `now` is refused.

    Raises:
        KeyProblem: one of these does not hold, or the key cannot be read.
    """
    address = url.partition("#")[0]
    if document.get("id") != address:
        raise KeyProblem(
            "key.wrong_document", f"The document at {address} does not have that address as its id."
        )
    found = [one for one in _methods(document) if absolute(one.get("id"), address) == url]
    if not found:
        raise KeyProblem("key.not_found", f"The document of {address} does not contain the key {url}.")
    method = found[0]
    if any(other != method for other in found[1:]):
        raise KeyProblem("key.malformed", f"The document of {address} has two different keys named {url}.")
    if method.get("controller") != address:
        raise KeyProblem("key.wrong_controller", f"The key {url} says that somebody else controls it.")
    if not _listed(document, purpose, url, address):
        raise KeyProblem("key.not_authorised", f"The key {url} is not listed under {purpose}.")
    if now is not None:
        in_force(method, url, now)
    return VerificationMethod(url, address, read_key(method), address)


def absolute(value: object, address: str) -> str | None:
    """A method's id in full; DID documents may write only the fragment."""
    if not isinstance(value, str):
        return None
    return address + value if value.startswith("#") else value


def _methods(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("verificationMethod", *RELATIONSHIPS):
        value = document.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield one


def _listed(document: Mapping[str, Any], purpose: str, url: str, address: str) -> bool:
    value = document.get(purpose)
    for one in value if isinstance(value, list) else [value]:
        if absolute(one.get("id") if isinstance(one, dict) else one, address) == url:
            return True
    return False


def in_force(method: Mapping[str, Any], url: str, now: datetime) -> None:
    """Raise KeyProblem when the method says of itself that it has expired or was revoked."""
    for name, word in (("revoked", "was revoked"), ("expires", "expired")):
        if name not in method:
            continue
        moment = parse_date_time(method[name])
        if moment is None:
            raise KeyProblem("key.malformed", f"`{name}` of the key {url} is not a date and time.")
        if moment <= now:
            raise KeyProblem("key.not_authorised", f"The key {url} {word} on {method[name]}.")


def read_key(method: Mapping[str, Any]) -> PublicKey:
    """The public key of a verification method, from `publicKeyMultibase` or `publicKeyJwk`.

    Raises:
        KeyProblem: both or neither are there, or the key is malformed or of an unsupported kind.
    """
    encoded, jwk = method.get("publicKeyMultibase"), method.get("publicKeyJwk")
    if encoded is not None and jwk is not None:
        raise KeyProblem("key.malformed", "The verification method carries two keys.")
    try:
        if isinstance(encoded, str):
            return multikey.decode(encoded)
        if jwk is not None:
            return PublicKey.from_jwk(jwk)
    except VcError as error:
        raise from_refusal(error) from error
    kind = str(method.get("type"))[:100]
    raise KeyProblem(
        "key.method_unsupported", f"Keys of the type {kind} are not supported here.", conclusive=False
    )


def from_refusal(error: VcError) -> KeyProblem:
    """The problem that a refused key makes: of an unsupported kind is not the same as broken."""
    if error.code in {"unsupported_key", "no_multikey", "unknown_multibase"}:
        return KeyProblem("key.method_unsupported", error.reason, conclusive=False)
    return KeyProblem("key.malformed", error.reason)
