"""Access tokens: RFC 9068 JWTs checked against public keys, so that no service asks another on a request."""

import asyncio
import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from shared.clock import CLOCK_SKEW, Clock
from shared.http.access import Access, bearer_token
from shared.http.problems import Unauthenticated, Unavailable
from shared.observability.logs import get_logger
from shared.vc import strict_json
from shared.vc.fetching import Fetched

ALGORITHMS: Mapping[str, type] = {"RS256": RSAKey, "ES256": ECKey}
MAX_TOKEN = 8_192
_TOKENS_HELD = 1_000
_log = get_logger("shared.http")


class Keys(Protocol):
    """Where the public keys of the token's issuer come from."""

    async def key(self, kid: str) -> Key | None:
        """The key of that id, None if the issuer has none such. Raises KeysUnreachable if that cannot be told."""
        ...


class KeysUnreachable(Exception):
    """The issuer's keys were never read and cannot be read now."""


class TokenVerifier:
    """Checks access tokens as RFC 9068 §4 says; an Authenticator for `require`."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._held: OrderedDict[bytes, tuple[Key, Mapping[str, Any]]] = OrderedDict()

    async def authenticate(self, request: Request) -> Access | None:
        token = bearer_token(request)
        return None if token is None else await self.verify(token)

    async def verify(self, token: str) -> Access:
        """What the token grants. Raises Unauthenticated with a reason, Unavailable without keys to check it."""
        header = _header(token)
        claims = self._signed(token, header["alg"], await self._key(header))
        self._check(claims)
        return _access(claims)

    def _signed(self, token: str, algorithm: str, key: Key) -> Mapping[str, Any]:
        """The claims, whose signature is checked once for a token and a key; everything else is looked at each time."""
        digest = hashlib.sha256(token.encode()).digest()
        held = self._held.get(digest)
        if held is not None and held[0] is key:
            self._held.move_to_end(digest)
            return held[1]
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise _invalid("its signature does not hold") from error
        self._held[digest] = (key, claims)
        if len(self._held) > _TOKENS_HELD:
            self._held.popitem(last=False)
        return claims

    async def _key(self, header: Mapping[str, Any]) -> Key:
        try:
            key = await self._keys.key(header["kid"])
        except KeysUnreachable as error:
            raise Unavailable("Access tokens cannot be checked at the moment.") from error
        # The key decides the algorithm, never the header alone (RFC 8725 §3.1).
        if key is None or not isinstance(key, ALGORITHMS[header["alg"]]):
            raise _invalid("its key is not known")
        return key

    def _check(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer:
            raise _invalid("it was issued by someone else")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise _invalid("it is meant for another service; ask for one with `resource` naming this one")
        now = self._clock()
        if _moment(claims, "exp") <= now - CLOCK_SKEW:
            raise _invalid("it has expired")
        if _moment(claims, "iat") > now + CLOCK_SKEW:
            raise _invalid("it was issued in the future")
        if "nbf" in claims and _moment(claims, "nbf") > now + CLOCK_SKEW:
            raise _invalid("it is not valid yet")


def _header(token: str) -> Mapping[str, Any]:
    """The token's header, of the one kind accepted. Raises Unauthenticated."""
    if len(token) > MAX_TOKEN:
        raise _invalid("it is too long")
    try:
        first, _, _ = token.partition(".")
        header = json.loads(base64.b64decode(first + "=" * (-len(first) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _invalid("it is not a JWT") from error
    if not isinstance(header, dict):
        raise _invalid("it is not a JWT")
    typ = header.get("typ")
    if not isinstance(typ, str) or typ.lower() not in {"at+jwt", "application/at+jwt"}:
        raise _invalid("it is not an access token (typ at+jwt)")
    if header.get("alg") not in ALGORITHMS or "crit" in header:
        raise _invalid("its algorithm is not RS256 or ES256")
    if not isinstance(header.get("kid"), str):
        raise _invalid("it does not name its key")
    return header


def _access(claims: Mapping[str, Any]) -> Access:
    texts = [claims.get(name) for name in ("organisation", "sub", "client_id", "scope")]
    test = claims.get("test", False)
    if (
        not all(isinstance(text, str) for text in texts)
        or not texts[0]
        or not texts[1]
        or not isinstance(test, bool)
    ):
        raise _invalid("it lacks organisation, sub, client_id or scope")
    organisation, subject, client, scope = map(str, texts)
    return Access(organisation, subject, frozenset(scope.split()), test, client)


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**36:
        raise _invalid(f"its {name} is missing or no number")
    return datetime.fromtimestamp(value, UTC)


def _invalid(reason: str) -> Unauthenticated:
    return Unauthenticated(
        f"The access token is not accepted: {reason}.",
        challenge=f'Bearer error="invalid_token", error_description="{reason}"',
    )


@dataclass
class _Read:
    keys: dict[str, Key]
    at: datetime


class RemoteJwks:
    """The keys at a JWKS URL: read once, read again for an unknown key id or when old, kept while it is away.

    `load` fetches and parses the JWKS document and raises any exception if it cannot; it is asked at most once per
    `pause`, by one request at a time, whatever key ids strangers make up.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[Any]],
        *,
        clock: Clock,
        max_age: timedelta = timedelta(minutes=10),
        pause: timedelta = timedelta(seconds=10),
    ) -> None:
        self._load = load
        self._clock = clock
        self._max_age = max_age
        self._pause = pause
        self._read: _Read | None = None
        self._tried_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def key(self, kid: str) -> Key | None:
        """The key of that id, from an old copy if the JWKS cannot be reached."""
        if not self._fresh(kid):
            async with self._reading:
                if not self._fresh(kid):
                    await self._refresh()
        if self._read is None:
            raise KeysUnreachable
        return self._read.keys.get(kid)

    def _fresh(self, kid: str) -> bool:
        return (
            self._read is not None
            and kid in self._read.keys
            and self._clock() - self._read.at < self._max_age
        )

    async def _refresh(self) -> None:
        now = self._clock()
        # Never read: every request tries. Otherwise at most one attempt per pause.
        if self._read is not None and self._tried_at is not None and now - self._tried_at < self._pause:
            return
        self._tried_at = now
        try:
            keys = parse_jwks(await self._load())
        except Exception as error:  # noqa: BLE001  (whatever keeps the keys away, old ones serve on)
            _log.warning("jwks.unreachable", reason=type(error).__name__, stale=self._read is not None)
            return
        self._read = _Read(keys, now)


def parse_jwks(document: Any) -> dict[str, Key]:
    """The signature keys of a JWKS (RFC 7517 §5) by id; entries of other kinds are passed over.

    Raises ValueError if it is no JWKS.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > 100:
        raise ValueError("not a JWKS")
    keys: dict[str, Key] = {}
    for entry in entries:
        if (
            not isinstance(entry, dict)
            or entry.get("kty") not in {"RSA", "EC"}
            or entry.get("use", "sig") != "sig"
        ):
            continue
        kid = entry.get("kid")
        if isinstance(kid, str):
            keys[kid] = JWKRegistry.import_key({name: entry[name] for name in entry.keys() - {"d", "p", "q"}})
    return keys


class Fetches(Protocol):
    """A Fetcher."""

    async def get(self, url: str, *, accept: str, max_bytes: int) -> Fetched: ...


class DirectorySettings(Protocol):
    @property
    def public_url(self) -> str: ...

    @property
    def directory_url(self) -> str: ...


def directory_tokens(settings: DirectorySettings, fetcher: Fetches, clock: Clock) -> TokenVerifier:
    """The authenticator of a service whose tokens the directory issues: checked here, against its public JWKS."""

    async def load() -> Any:
        found = await fetcher.get(
            f"{settings.directory_url}/oauth/jwks.json",
            accept="application/json, application/jwk-set+json",
            max_bytes=65_536,
        )
        return strict_json.loads(found.body)

    keys = RemoteJwks(load, clock=clock)
    return TokenVerifier(keys, issuer=settings.directory_url, audience=settings.public_url, clock=clock)
