"""The keys that sign access tokens: made, sealed, rotated, published."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from services.directory.oauth import store
from services.directory.settings import DirectorySettings
from shared.clock import CLOCK_SKEW, Clock
from shared.db import Database, KeyEncryption, WriteSession, new_id

ALGORITHM = "RS256"
_BITS = 2048
_TABLE = "signing_key"


class SigningKeys:
    """The directory's signing keys; also where the directory itself looks keys up (`shared.http.tokens.Keys`)."""

    def __init__(self, db: Database, vault: KeyEncryption, settings: DirectorySettings, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._opened: dict[str, RSAKey] = {}

    async def ensure(self) -> None:
        """Make the first key, or a new one when the one that signs is older than its lifetime.

        Several processes may start at once; then several keys may be made, all of them published and good.
        """
        async with self._db.read() as session:
            keys = await store.published_keys(session, self._clock())
        active = [key for key in keys if key.retired_at is None]
        if not active or active[0].created_at + self._settings.signing_key_lifetime <= self._clock():
            await self.rotate()

    async def rotate(self, *, compromised: bool = False) -> str:
        """Make a new key, publish it, and sign with it once it had time to become known (`signing_key_lead`).

        The ones before stay published until their last token has expired; if they are compromised, they retire and
        vanish at once, and with them every token they signed. Returns the new key's id.
        """
        key = await asyncio.to_thread(RSAKey.generate_key, _BITS, None, True)
        async with self._db.write() as session:
            return await self._replace(session, key, compromised=compromised)

    async def _replace(self, session: WriteSession, key: RSAKey, *, compromised: bool) -> str:
        now = self._clock()
        for old in await store.lock_signing(session, now):
            if compromised:
                old.retired_at = old.published_until = now
            elif old.retired_at is None:
                old.retired_at = now + self._settings.signing_key_lead
                old.published_until = old.retired_at + self._settings.access_token_lifetime + 2 * CLOCK_SKEW
        key_id = new_id()
        public = {**key.as_dict(private=False), "kid": key_id, "use": "sig", "alg": ALGORITHM}
        session.add(
            store.SigningKey(
                id=key_id,
                algorithm=ALGORITHM,
                private_key=self._vault.seal(key.as_pem(private=True), table=_TABLE, row=key_id),
                public_jwk=public,
                created_at=now,
            )
        )
        return key_id

    async def published(self) -> list[dict[str, Any]]:
        """The public keys, newest first, as JWKs: the one that signs and those whose tokens may be about."""
        async with self._db.read() as session:
            return [key.public_jwk for key in await store.published_keys(session, self._clock())]

    async def key(self, kid: str) -> Key | None:
        """The published key of that id, for checking the directory's own tokens."""
        for jwk in await self.published():
            if jwk["kid"] == kid:
                return RSAKey.import_key(jwk)
        return None

    def sign(self, key: store.SigningKey, claims: Mapping[str, Any]) -> str:
        """An access token (RFC 9068 §2: `typ` is `at+jwt`)."""
        private = self._opened.get(key.id)
        if private is None:
            pem = self._vault.open(key.private_key, table=_TABLE, row=key.id)
            private = self._opened[key.id] = RSAKey.import_key(pem)
        header = {"alg": key.algorithm, "typ": "at+jwt", "kid": key.id}
        return jwt.encode(header, dict(claims), private, algorithms=[key.algorithm])


def seconds(moment: datetime) -> int:
    """A moment as JWT counts it (NumericDate)."""
    return int(moment.timestamp())
