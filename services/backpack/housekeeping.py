"""What the backpack does by the clock: expiries, daily checks, and forgetting what is over."""

import asyncio
from datetime import timedelta

from services.backpack.context import Context
from services.backpack.credentials import checking
from services.backpack.deliveries import answers, expiry
from services.backpack.identifiers import store as identifiers
from services.backpack.sessions import store as sessions
from services.backpack.shares import store as shares
from services.backpack.tables import rate_limit
from shared.http.ratelimit import forget_full
from shared.messaging.topics import PRIVATE_RETENTION

PAUSE_SECONDS = 60.0
VIEWS_KEPT = timedelta(days=365)


async def run(context: Context) -> None:
    """Once a minute, until cancelled; goes on at once while there is more than one batch of work."""
    while True:
        await sweep(context)
        more = 1
        while more:
            more = await expiry.expire_due(context) + await checking.check_due(context)
        await asyncio.sleep(PAUSE_SECONDS)


async def sweep(context: Context) -> None:
    """Delete what is over: ended sessions, old tokens, views older than a year, erasures everybody has heard of."""
    now = context.clock()
    async with context.db.write() as session:
        await sessions.remove_expired(session, now)
        await identifiers.remove_expired_tokens(session, now)
        await shares.remove_views_before(session, now - VIEWS_KEPT)
        await answers.remove_erasures_before(session, now - PRIVATE_RETENTION)
        await forget_full(session, rate_limit)
