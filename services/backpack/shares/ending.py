"""Ending shares: whatever ends one withdraws the consent it stands on."""

from datetime import datetime

from services.backpack.consents.store import Consent
from services.backpack.context import Context
from services.backpack.shares import store
from services.backpack.shares.store import Share
from shared.db import WriteSession


async def end_share(session: WriteSession, share: Share, now: datetime) -> None:
    """Close the share for good; closing it twice changes nothing."""
    if share.closed_at is None:
        share.closed_at = now
    consent = await session.get(Consent, share.consent_id)
    if consent is not None and consent.withdrawn_at is None:
        consent.withdrawn_at = share.closed_at


async def end_shares_without(context: Context, session: WriteSession, credential_row: str) -> None:
    """Close what would show nothing without this badge; the badge leaves the other shares when its row goes."""
    for share in await store.shares_with_only(session, credential_row):
        await end_share(session, share, context.clock())
