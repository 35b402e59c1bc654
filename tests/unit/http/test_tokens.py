"""Access tokens: exactly those of RFC 9068 that are meant for this service, and keys that outlive the directory."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.http.problems import Unauthenticated, Unavailable
from shared.http.tokens import RemoteJwks, TokenVerifier, parse_jwks

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
ISSUER, AUDIENCE = "https://directory.example.org", "https://issuer.example.org"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa-1"})


def jwks(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


class Directory:
    """Where the keys are; may be away."""

    def __init__(self, *keys: Any) -> None:
        self.document: Any = jwks(*keys)
        self.asked = 0
        self.away = False

    async def load(self) -> Any:
        self.asked += 1
        if self.away:
            raise ConnectionRefusedError
        return self.document


def verifier(directory: Directory, clock: Callable[[], datetime] = lambda: NOW) -> TokenVerifier:
    return TokenVerifier(
        RemoteJwks(directory.load, clock=clock), issuer=ISSUER, audience=AUDIENCE, clock=clock
    )


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    made = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "client:c1", "client_id": "c1", "scope": "awards:read awards:write",
        "organisation": "o1", "test": False, "iat": now, "exp": now + 900, "jti": "x",
    } | changes  # fmt: skip
    return {name: value for name, value in made.items() if value is not ...}


def token(
    key: Any = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    full = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid} | (header or {})
    return jwt.encode(
        {name: value for name, value in full.items() if value is not ...}, claims(**changes), key, [algorithm]
    )


def encoded(header: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


async def test_a_good_token() -> None:
    for key, algorithm in ((RSA, "RS256"), (EC, "ES256")):
        access = await verifier(Directory(RSA, EC)).verify(token(key, algorithm))
        assert (access.organisation, access.actor, access.client, access.test) == (
            "o1",
            "client:c1",
            "c1",
            False,
        )
        assert access.scopes == {"awards:read", "awards:write"}
    for header in ({"typ": "application/at+jwt"}, {"typ": "AT+JWT"}):
        await verifier(Directory(RSA)).verify(token(header=header))
    await verifier(Directory(RSA)).verify(token(aud=["https://x.example", AUDIENCE]))
    assert (await verifier(Directory(RSA)).verify(token(scope=""))).scopes == frozenset()


async def test_a_token_seen_before_is_good_no_longer_than_its_key_and_its_time() -> None:
    now = NOW
    directory = Directory(RSA)
    tokens = verifier(directory, lambda: now)
    good = token()
    assert await tokens.verify(good) == await tokens.verify(good)
    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.verify(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))
    directory.document = jwks(RSAKey.generate_key(2048, {"kid": RSA.kid}))
    now = NOW + timedelta(minutes=11)
    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.verify(good)
    directory.document = jwks(RSA)
    now = NOW + timedelta(minutes=22)
    with pytest.raises(Unauthenticated, match="expired"):
        await tokens.verify(good)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "someone else"),
        ({"iss": ...}, "someone else"),
        ({"aud": "https://verifier.example.org"}, "another service"),
        ({"aud": ["https://verifier.example.org"]}, "another service"),
        ({"aud": ...}, "another service"),
        ({"aud": None}, "another service"),
        ({"exp": int(NOW.timestamp()) - 60}, "expired"),
        ({"exp": ...}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"iat": int(NOW.timestamp()) + 61}, "future"),
        ({"iat": ...}, "iat"),
        ({"nbf": int(NOW.timestamp()) + 61}, "not valid yet"),
        ({"sub": ...}, "lacks"),
        ({"sub": ""}, "lacks"),
        ({"client_id": ...}, "lacks"),
        ({"scope": ...}, "lacks"),
        ({"scope": ["awards:read"]}, "lacks"),
        ({"organisation": ...}, "lacks"),
        ({"organisation": ""}, "lacks"),
        ({"test": "no"}, "lacks"),
    ],
)
async def test_claims_that_do_not_hold(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await verifier(Directory(RSA)).verify(token(**changes))
    assert reason in str(caught.value.detail)
    assert caught.value.headers is not None
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


async def test_sixty_seconds_of_skew() -> None:
    now = int(NOW.timestamp())
    await verifier(Directory(RSA)).verify(token(exp=now - 59, iat=now - 900))
    await verifier(Directory(RSA)).verify(token(iat=now + 60))


@pytest.mark.parametrize(
    "header", [{"typ": "JWT"}, {"typ": ...}, {"typ": 1}, {"kid": ...}, {"kid": 7}, {"kid": "unknown"}]
)
async def test_headers_that_do_not_hold(header: dict[str, Any]) -> None:
    full = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1"} | header
    head = encoded({name: value for name, value in full.items() if value is not ...})
    with pytest.raises(Unauthenticated):
        await verifier(Directory(RSA)).verify(head + "." + token().split(".", 1)[1])


async def test_a_bare_jwt_is_no_access_token() -> None:
    """An ID token of the same directory, signed with the same key, must not pass."""
    with pytest.raises(Unauthenticated, match="at\\+jwt"):
        await verifier(Directory(RSA)).verify(token(header={"typ": "JWT"}))


async def test_forged_signatures() -> None:
    good = token()
    head, payload, signature = good.split(".")
    unsigned = encoded({"alg": "none", "typ": "at+jwt", "kid": "rsa-1"})
    # The public key taken for an HMAC secret (RFC 8725 §2.1).
    start = encoded({"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"}) + "." + payload
    mac = hmac.digest(RSA.as_pem(private=False), start.encode(), "sha256")
    confused = start + "." + base64.urlsafe_b64encode(mac).decode().rstrip("=")
    for forged in (
        token(OTHER),
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{unsigned}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        confused,
        token(EC, "ES256", {"kid": "rsa-1"}),
        token(RSA, "RS256", {"kid": "ec-1"}),
    ):
        with pytest.raises(Unauthenticated):
            await verifier(Directory(RSA, EC)).verify(forged)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "x" * 10_000, "eyJ", "é.é.é", "W10.W10.W10", "bnVsbA.e30.x"]
)
async def test_what_is_no_jwt(text: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(Directory(RSA)).verify(text)


async def test_keys_are_read_once_and_kept_while_the_directory_is_away() -> None:
    directory, now = Directory(RSA), [NOW]
    check = verifier(directory, lambda: now[0])
    for _ in range(5):
        await check.verify(token())
    assert directory.asked == 1
    directory.away = True
    now[0] += timedelta(hours=10)
    later = int(now[0].timestamp())
    assert (await check.verify(token(iat=later, exp=later + 900))).organisation == "o1"
    assert directory.asked == 2
    await check.verify(token(iat=later, exp=later + 900))
    assert directory.asked == 2, "not asked again at once"


async def test_a_new_key_is_found_but_strangers_cannot_make_us_ask_for_ever() -> None:
    directory, now = Directory(RSA), [NOW]
    check = verifier(directory, lambda: now[0])
    await check.verify(token())
    now[0] += timedelta(seconds=11)
    directory.document = jwks(RSA, EC)
    assert (await check.verify(token(EC, "ES256"))).organisation == "o1"
    asked = directory.asked
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await check.verify(token(OTHER, header={"kid": f"made-up-{number}"}))
    assert directory.asked == asked


async def test_without_keys_nobody_can_tell() -> None:
    directory = Directory(RSA)
    directory.away = True
    check = verifier(directory)
    with pytest.raises(Unavailable):
        await check.verify(token())
    directory.away = False
    assert (await check.verify(token())).organisation == "o1", (
        "tried again at once: there is nothing to go on with"
    )


async def test_odd_jwks() -> None:
    okp = OKPKey.generate_key("Ed25519", {"kid": "ed"})
    oct_key = {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}
    encryption = EC.as_dict(private=False) | {"use": "enc", "kid": "enc"}
    parsed = parse_jwks(
        {"keys": [RSA.as_dict(private=False), okp.as_dict(private=False), oct_key, encryption, 7]}
    )
    assert set(parsed) == {"rsa-1"}
    for nonsense in (None, [], {}, {"keys": None}, {"keys": [{}] * 101}):
        with pytest.raises(ValueError, match="JWKS"):
            parse_jwks(nonsense)
