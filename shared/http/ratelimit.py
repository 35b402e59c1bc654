"""Rate limits in the database, so that every replica counts the same (decision 19).

A token bucket per limit and subject, refilled continuously: no bursts at a window's edge. Answers carry `RateLimit-Policy`
and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), refusals `Retry-After` as well.
"""

import hashlib
import ipaddress
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import time

from fastapi import Request, Response
from sqlalchemy import Column, Float, MetaData, String, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from shared.db import Database, WriteSession
from shared.http.problems import TooManyRequests

Seconds = Callable[[], float]


def ratelimit_table(metadata: MetaData) -> Table:
    """The service's buckets: `rate_limit`. Subjects are kept as digests, not as addresses."""
    return Table(
        "rate_limit",
        metadata,
        Column("name", String(50), primary_key=True),
        Column("subject", String(64), primary_key=True),
        Column("tokens", Float, nullable=False),
        Column("refilled_at", Float, nullable=False),
        Column("full_at", Float, nullable=False, index=True),
    )


@dataclass(frozen=True)
class Allowance:
    """What is left after this request."""

    policy: str
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        name = self.policy.partition(";")[0]
        return {
            "RateLimit-Policy": self.policy,
            "RateLimit": f"{name};r={self.remaining};t={self.reset_seconds}",
        }


@dataclass(frozen=True)
class RateLimit:
    """At most `count` per `per` for each subject, under a name of its own."""

    name: str
    count: int
    per: timedelta

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.count};w={int(self.per.total_seconds())}'

    async def check(
        self, db: Database, table: Table, subject: str, *, cost: int = 1, now: Seconds = time
    ) -> Allowance:
        """Take `cost` from the subject's bucket, in a transaction of its own: refused requests count nothing.

        Raises TooManyRequests with the headers and the seconds to wait.
        """
        async with db.write() as session:
            return await self.take(session, table, subject, cost=cost, now=now)

    async def take(
        self, session: WriteSession, table: Table, subject: str, *, cost: int = 1, now: Seconds = time
    ) -> Allowance:
        """As `check`, inside the caller's transaction."""
        digest = hashlib.sha256(subject.encode()).hexdigest()
        here = (table.c.name == self.name) & (table.c.subject == digest)
        row = (await session.execute(select(table).where(here).with_for_update())).one_or_none()
        moment = now()
        rate = self.count / self.per.total_seconds()
        tokens = float(self.count)
        if row is not None:
            tokens = min(tokens, row.tokens + max(0.0, moment - row.refilled_at) * rate)
        if tokens < cost:
            raise self._refusal(tokens, cost, rate)
        left = tokens - cost
        values = {"tokens": left, "refilled_at": moment, "full_at": moment + (self.count - left) / rate}
        if row is None:
            await self._begin(session, table, digest, values, cost)
        else:
            await session.execute(table.update().where(here).values(values))
        return Allowance(self.policy, int(left), math.ceil((self.count - left) / rate))

    async def _begin(
        self, session: WriteSession, table: Table, digest: str, values: dict[str, float], cost: int
    ) -> None:
        """The first request of a subject; where two come at once on PostgreSQL, both count."""
        dialect = session.get_bind().dialect.name
        insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
        await session.execute(
            insert.values(name=self.name, subject=digest, **values).on_conflict_do_update(
                index_elements=["name", "subject"], set_={"tokens": table.c.tokens - cost}
            )
        )

    def _refusal(self, tokens: float, cost: int, rate: float) -> TooManyRequests:
        wait = max(1, math.ceil((cost - tokens) / rate))
        allowance = Allowance(self.policy, int(tokens), wait)
        return TooManyRequests(
            f"At most {self.count} per {int(self.per.total_seconds())} seconds; repeat in {wait} seconds.",
            retry_after=wait,
            headers=allowance.headers,
        )


def client_address(request: Request) -> str:
    """Who an anonymous caller is to a rate limit: the address, for IPv6 its /64.

    Behind a proxy that `CONFER_TRUSTED_PROXIES` names, uvicorn puts the caller's address here; nothing else reads
    forwarded headers.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def limited(limit: RateLimit) -> Callable[[Request, Response], Awaitable[None]]:
    """Dependency: this limit per organisation, or per address for anonymous callers; adds the headers.

    Uses `service.db` and `service.rate_limits` (the table). Put it behind `require` in the signature, so that the
    organisation is known.
    """

    async def check(request: Request, response: Response) -> None:
        service = request.app.state.service
        access = request.scope.get("confer.access")
        subject = f"organisation:{access.organisation}" if access else f"address:{client_address(request)}"
        allowance = await limit.check(service.db, service.rate_limits, subject)
        response.headers.update(allowance.headers)

    return check


async def forget_full(session: WriteSession, table: Table, *, now: Seconds = time) -> None:
    """Remove buckets that are full again; for the service's housekeeping worker."""
    await session.execute(delete(table).where(table.c.full_at < now()))
