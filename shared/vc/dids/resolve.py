"""From the URL of a verification method to the key behind it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from shared.vc import multikey, strict_json
from shared.vc.errors import JsonRefused, VcError
from shared.vc.fetching import Fetch, FetchRefused
from shared.vc.keys import PublicKey
from shared.vc.multibase import base64url_decode

from .documents import KeyProblem, ResolvedKey, absolute, find_method, from_refusal, in_force, read_key
from .web import did_web_url

MAX_DOCUMENT = 256 * 1024
ACCEPT = (
    "application/did+json, application/did+ld+json, application/cid, application/jwk+json,"
    " application/jwk-set+json, application/ld+json;q=0.9, application/json;q=0.9, */*;q=0.1"
)


async def retrieve(
    url: str, fetch: Fetch, *, now: datetime, purpose: str = "assertionMethod", jwk: bool = False
) -> ResolvedKey:
    """The key that a verification method's URL (or, with `jwk`, a JWT's `kid`) names.

    did:key and did:jwk carry their key; did:web and https are fetched and every check of "Retrieve
    Verification Method" (Controlled Identifiers 1.0) is made: a fragment that looks like a key is never
    believed. With `jwk`, an https address may also hold a bare JWK or a JWK set.

    Raises:
        KeyProblem: no such key, not usable for `purpose`, or not to be had now.
    """
    if url.startswith("did:key:"):
        return _from_did_key(url)
    if url.startswith("did:jwk:"):
        return _from_did_jwk(url)
    if url.startswith("did:web:"):
        document = await resolve_document(url.partition("#")[0], fetch)
        return _found(document, url, purpose, now)
    if url.startswith("did:"):
        method = ":".join(url.split(":")[:2])[:60]
        raise KeyProblem(
            "key.method_unsupported",
            f"Identifiers of the kind {method} are not supported here.",
            conclusive=False,
        )
    if is_web_url(url):
        return await _from_web(url, fetch, purpose=purpose, now=now, jwk=jwk)
    raise KeyProblem(
        "key.malformed_url", f"{url[:200]!r} is not the address of a key (a DID URL or https URL)."
    )


async def resolve_document(identifier: str, fetch: Fetch) -> dict[str, Any]:
    """The controlled identifier document of a did:web identifier or an https URL, its id not yet checked.

    Raises:
        KeyProblem: it could not be fetched, or is not a JSON object.
    """
    address = did_web_url(identifier) if identifier.startswith("did:web:") else identifier
    try:
        answer = await fetch(address, accept=ACCEPT, max_bytes=MAX_DOCUMENT)
    except FetchRefused as error:
        reason = f"The document with the issuer's keys ({address}) could not be fetched: {error.reason}"
        raise KeyProblem("key.unreachable", reason, conclusive=False) from error
    try:
        return strict_json.loads_object(answer.body)
    except JsonRefused as error:
        reason = f"What {address} answers is not a document with keys: {error.reason}"
        raise KeyProblem("key.malformed", reason) from error


def is_web_url(text: str) -> bool:
    """Whether `text` is an absolute http or https URL with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text


def _found(document: Mapping[str, Any], url: str, purpose: str, now: datetime) -> ResolvedKey:
    method = find_method(document, url, purpose=purpose, now=now)
    return ResolvedKey(method.key, method.id, method.controller, method.document)


def _from_did_key(url: str) -> ResolvedKey:
    did, _, fragment = url.partition("#")
    encoded = did.removeprefix("did:key:")
    if fragment and fragment != encoded:
        raise KeyProblem("key.not_found", f"{did} has no key #{fragment[:100]}.")
    try:
        key = multikey.decode(encoded)
    except VcError as error:
        raise from_refusal(error) from error
    return ResolvedKey(key, f"{did}#{encoded}", did, did)


def _from_did_jwk(url: str) -> ResolvedKey:
    did, _, fragment = url.partition("#")
    if fragment not in {"", "0"}:
        raise KeyProblem("key.not_found", f"A did:jwk has only the key #0, not #{fragment[:100]}.")
    try:
        jwk = strict_json.loads_object(base64url_decode(did.removeprefix("did:jwk:")), max_bytes=8192)
        key = PublicKey.from_jwk(jwk)
    except VcError as error:
        raise from_refusal(error) from error
    if jwk.get("use") == "enc":
        raise KeyProblem("key.not_authorised", "The key is meant for encryption, not for signing.")
    return ResolvedKey(key, f"{did}#0", did, did)


async def _from_web(url: str, fetch: Fetch, *, purpose: str, now: datetime, jwk: bool) -> ResolvedKey:
    address, _, fragment = url.partition("#")
    document = await resolve_document(address, fetch)
    if jwk and ("keys" in document or "kty" in document):
        return ResolvedKey(_from_jwks(document, url, fragment), url, None, address)
    if not fragment and "verificationMethod" not in document and "controller" in document:
        return await _standing_alone(document, url, fetch, purpose=purpose, now=now)
    return _found(document, url, purpose, now)


def _from_jwks(document: Mapping[str, Any], url: str, fragment: str) -> PublicKey:
    keys = document.get("keys", [document])
    several = [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []
    named = [one for one in several if one.get("kid") in (url, fragment or url)]
    chosen = named or several
    if len(chosen) != 1:
        raise KeyProblem("key.not_found", f"The keys at {url} do not tell which of them is meant.")
    if chosen[0].get("use") == "enc":
        raise KeyProblem("key.not_authorised", "The key is meant for encryption, not for signing.")
    try:
        return PublicKey.from_jwk(chosen[0])
    except VcError as error:
        raise from_refusal(error) from error


async def _standing_alone(
    method: Mapping[str, Any], url: str, fetch: Fetch, *, purpose: str, now: datetime
) -> ResolvedKey:
    """A verification method served at its own address: its controller's document has to list it."""
    controller = method.get("controller")
    if method.get("id") != url or not isinstance(controller, str):
        raise KeyProblem("key.wrong_document", f"The key at {url} does not have that address as its id.")
    if not (controller.startswith("did:web:") or is_web_url(controller)):
        reason = f"The controller of {url} is of a kind that is not supported here."
        raise KeyProblem("key.method_unsupported", reason, conclusive=False)
    document = await resolve_document(controller, fetch)
    if document.get("id") != controller:
        raise KeyProblem("key.wrong_document", f"The document at {controller} says that it is another's.")
    listed = document.get(purpose)
    names = {
        absolute(one.get("id") if isinstance(one, dict) else one, controller)
        for one in (listed if isinstance(listed, list) else [listed])
    }
    if url not in names:
        raise KeyProblem("key.not_authorised", f"{controller} does not list {url} under {purpose}.")
    in_force(method, url, now)
    return ResolvedKey(read_key(method), url, controller, controller)
