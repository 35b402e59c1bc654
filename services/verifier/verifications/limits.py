"""How often an anonymous caller may verify, counted without keeping who it was."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from fastapi import Request
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from shared.db import Database, DatabaseUnavailable, KeyEncryption, ReadSession
from shared.http.ratelimit import RateLimit, client_address
from shared.observability.logs import get_logger

_log = get_logger("verifier")
_SALT = "address_salt"


class AnonymousLimit:
    """Buckets by a keyed hash of the client's address; the key is the instance's own, so replicas count together."""

    def __init__(
        self, db: Database, buckets: Table, instance: Table, keys: KeyEncryption, per_minute: int
    ) -> None:
        self._db = db
        self._buckets = buckets
        self._instance = instance
        self._keys = keys
        self._limit = RateLimit("anonymous-verifications", per_minute, timedelta(minutes=1))
        self._salt = b""

    async def start(self) -> None:
        """Read the instance's key for addresses, or make it at the first start."""
        stored = await self._stored()
        if stored is None:
            sealed = self._keys.seal(secrets.token_bytes(32), table="instance", row=_SALT).hex()
            try:
                async with self._db.write() as session:
                    await session.execute(insert(self._instance).values(name=_SALT, value=sealed))
            except IntegrityError:  # another process was first: its key counts
                stored = await self._stored()
            else:
                stored = sealed
        assert stored is not None
        self._salt = self._keys.open(bytes.fromhex(stored), table="instance", row=_SALT)

    async def check(self, request: Request) -> dict[str, str]:
        """Count one; returns the headers that say what is left. Raises TooManyRequests.

        With the database away nobody is refused: what one process takes on is bounded all the same (`Pool`).
        """
        subject = hmac.new(self._salt, client_address(request).encode(), hashlib.sha256).hexdigest()
        try:
            return (await self._limit.check(self._db, self._buckets, subject)).headers
        except DatabaseUnavailable:
            _log.warning("limit.unavailable")
            return {}

    async def _stored(self) -> str | None:
        async with self._db.read() as session:
            return await _value(session, self._instance)


async def _value(session: ReadSession, instance: Table) -> str | None:
    found: str | None = await session.scalar(select(instance.c.value).where(instance.c.name == _SALT))
    return found
