"""Step 5, first half: the key, and whether it is the issuer's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from shared.vc import strict_json
from shared.vc.dids import KeyProblem, ResolvedKey, resolve_document, retrieve
from shared.vc.dids.documents import absolute, find_method
from shared.vc.dids.resolve import ACCEPT, MAX_DOCUMENT, is_web_url
from shared.vc.errors import VcError
from shared.vc.fetching import FetchRefused
from shared.vc.keys import PublicKey
from shared.vc.proofs.jwt import CredentialJwt
from shared.vc.report import Check, failed, inconclusive, passed

from .case import Surroundings, several
from .sources import Sources

ASSERTION = "assertionMethod"
AUTHENTICATION = "authentication"


def problem_check(problem: KeyProblem, pointer: str | None = None) -> Check:
    make = failed if problem.conclusive else inconclusive
    return make(problem.code, problem.reason, pointer)


def retrieved_check(key: ResolvedKey, pointer: str | None = None) -> Check:
    reason = "The key belongs to the issuer, who may sign badges with it."
    return passed("key.retrieved", reason, pointer, key=key.method, algorithm=str(key.key.algorithm))


def owner_check(key: ResolvedKey, issuer: str | None, pointer: str | None = None) -> Check:
    """Whether the issuer controls the key: the check that says so either way."""
    try:
        require_controller(key, issuer)
    except KeyProblem as problem:
        return problem_check(problem, pointer)
    return retrieved_check(key, pointer)


async def key_of_issuer(method: str, issuer: str | None, around: Surroundings) -> ResolvedKey:
    """The key of a verification method, which has to be controlled by `issuer`.

    Raises:
        KeyProblem: there is no such key, it cannot be had, or it is somebody else's.
    """
    key = await retrieve(method, around.sources, now=around.now)
    require_controller(key, issuer)
    return key


def require_controller(key: ResolvedKey, issuer: str | None) -> None:
    """Raise KeyProblem unless `issuer` controls the key.

    A bare JWK at an https address says nothing of its controller; it is the issuer's when the issuer's id
    has the same authority (host and port), which is how Open Badges 3.0 binds keys given by URL.
    """
    if issuer is None:
        raise KeyProblem("key.wrong_controller", "The badge names no issuer that the key could belong to.")
    if key.controller == issuer:
        return
    if key.controller is None and authority(key.document) in {authority(issuer)} - {None}:
        return
    if not issuer.startswith("did:") and not is_web_url(issuer):
        reason = f"The issuer's id {issuer} cannot be looked up, so nothing ties the key to the issuer."
        raise KeyProblem("key.unbound", reason, conclusive=False)
    owner = key.controller or key.document
    raise KeyProblem("key.wrong_controller", f"The key belongs to {owner}, not to the issuer {issuer}.")


def authority(url: str) -> str | None:
    """Scheme, host and port of an http(s) URL; `None` for anything else."""
    if not is_web_url(url):
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


async def key_for_token(
    token: CredentialJwt, issuer: str | None, around: Surroundings, *, any_controller: bool = False
) -> Sequence[ResolvedKey]:
    """The keys that may have signed a JWT: one, or what its issuer publishes if none is named.

    `any_controller`: a key named in full may be somebody else's, which is then for the caller to say.

    Raises:
        KeyProblem: as `key_of_issuer`; or the key came in the header only, and nothing ties it to the issuer.
    """
    method = None if token.kid is None else _in_full(token.kid, issuer)
    if method is not None:
        key = await retrieve(method, around.sources, now=around.now, jwk=True)
        if not any_controller:
            require_controller(key, issuer)
        return [key]
    if token.embedded_key is not None:
        return [await _bound(token.embedded_key, issuer, around)]
    published = await _published(issuer, around)
    if not published:
        raise KeyProblem("key.not_found", "The JWT names no key, and its issuer publishes none.")
    return published


def _in_full(kid: str, issuer: str | None) -> str | None:
    if kid.startswith("did:") or is_web_url(kid):
        return kid
    if issuer is not None and issuer.startswith("did:"):
        return f"{issuer}#{kid.removeprefix('#')}"
    return None


async def _bound(key: PublicKey, issuer: str | None, around: Surroundings) -> ResolvedKey:
    """A key from the header, found again among those that the issuer publishes."""
    try:
        published = await _published(issuer, around)
    except KeyProblem as problem:
        if problem.conclusive:
            raise
        reason = (
            "The key came along with the badge, so anybody could have signed it;"
            f" whether it is the issuer's could not be found out. {problem.reason}"
        )
        raise KeyProblem("key.unbound", reason, conclusive=False) from problem
    for one in published:
        if one.key == key:
            return one
    reason = (
        "The key came along with the badge, and the issuer does not publish it: anybody could have signed."
    )
    raise KeyProblem("key.not_published", reason)


async def _published(issuer: str | None, around: Surroundings) -> list[ResolvedKey]:
    """The keys that an issuer publishes for signing: in its DID document, at its own address, or as the JWK
    set of its host (Open Badges 3.0 implementation guide, key provenance).
    """
    if issuer is None:
        return []
    if not is_web_url(issuer):
        return await _own(issuer, around.sources, now=around.now, most=around.limits.published_keys)
    own: KeyProblem | None = None
    try:
        found = await _own(issuer, around.sources, now=around.now, most=around.limits.published_keys)
    except KeyProblem as problem:
        own, found = problem, []
    try:
        found += await _key_set(issuer, around)
    except KeyProblem:
        if not found:
            raise own or KeyProblem("key.not_published", "The issuer publishes no keys.") from None
    return found


async def keys_of_holder(
    kid: str | None, holder: str | None, sources: Sources, *, now: datetime, most: int
) -> list[ResolvedKey]:
    """The keys that may have signed a holder's JWT: one, if `kid` names it in full, or those it authenticates with.

    Raises KeyProblem: there is none, or it cannot be had; whose a key named in full is, is not looked at.
    """
    method = None if kid is None else _in_full(kid, holder)
    if method is not None:
        return [await retrieve(method, sources, now=now, purpose=AUTHENTICATION, jwk=True)]
    if holder is None:
        raise KeyProblem(
            "key.not_found", "The presentation says neither whose it is nor which key signed it."
        )
    found = await _own(holder, sources, now=now, most=most, purpose=AUTHENTICATION)
    if not found:
        raise KeyProblem("key.not_found", "The presentation names no key, and its holder publishes none.")
    return found


async def _own(
    owner: str, sources: Sources, *, now: datetime, most: int, purpose: str = ASSERTION
) -> list[ResolvedKey]:
    """The keys that its own controlled identifier document lists for a purpose."""
    if owner.startswith(("did:key:", "did:jwk:")):
        return [await retrieve(owner, sources, now=now)]
    if not owner.startswith("did:web:") and not is_web_url(owner):
        reason = f"Identifiers like {owner[:60]} are not supported here."
        raise KeyProblem("key.method_unsupported", reason, conclusive=False)
    document = await resolve_document(owner, sources)
    if document.get("id") != owner:
        raise KeyProblem("key.wrong_document", f"The document at its address is not that of {owner}.")
    found: list[ResolvedKey] = []
    for one in several(document.get(purpose))[:most]:
        url = absolute(one.get("id") if isinstance(one, dict) else one, owner)
        if url is None or not url.startswith(f"{owner}#"):
            continue
        try:
            method = find_method(document, url, purpose=purpose, now=now)
        except KeyProblem:
            continue  # another key of the document may still be the one looked for
        found.append(ResolvedKey(method.key, method.id, method.controller, owner))
    return found


async def _key_set(issuer: str, around: Surroundings) -> list[ResolvedKey]:
    address = f"{authority(issuer)}/.well-known/jwks.json"
    try:
        answer = await around.sources(address, accept=ACCEPT, max_bytes=MAX_DOCUMENT)
        document = strict_json.loads_object(answer.body)
    except FetchRefused as refused:
        reason = f"The keys of the issuer's host ({address}) could not be fetched: {refused.reason}"
        raise KeyProblem("key.unreachable", reason, conclusive=False) from refused
    except VcError as error:
        raise KeyProblem(
            "key.malformed", f"What {address} answers is no set of keys: {error.reason}"
        ) from error
    found: list[ResolvedKey] = []
    for one in several(document.get("keys"))[: around.limits.published_keys]:
        if isinstance(one, dict) and one.get("iss", issuer) == issuer and one.get("use") != "enc":
            key = _from_set(one)
            if key is not None:
                found.append(ResolvedKey(key, f"{address}#{one.get('kid', '')}", issuer, address))
    return found


def _from_set(jwk: Mapping[str, Any]) -> PublicKey | None:
    try:
        return PublicKey.from_jwk(dict(jwk))
    except VcError:
        return None  # a set may hold keys of kinds that have nothing to do with badges
