"""A part of a badge that was imported becomes the whole of it when its issuer delivers that."""

from services.backpack.context import Context
from services.backpack.credentials import keeping, store
from services.backpack.credentials.store import Credential
from services.backpack.shares import parts
from shared.db import WriteSession


async def take_over(
    context: Context, session: WriteSession, held: Credential, fuller: Credential, text: bytes, report: bytes
) -> None:
    """If the fuller one is for its holder to choose from and the held one is not, keep its text instead.

    The row stays the same, and so does what its shares show.

    `fuller` is a row of the same badge, which is not used any more, with its text and its report as they are stored.
    """
    if held.selective or not fuller.selective:
        return
    old = await store.document(session, held.id, store.CREDENTIAL)
    assert old is not None, "every kept credential has its text"
    shown = keeping.content_of(context.vault, old).decode()
    await parts.keep_as_shown(session, context.vault, held, shown)
    await _replace(context, session, held, store.CREDENTIAL, fuller.media_type, text)
    await _replace(context, session, held, store.REPORT, "application/json", report)
    for name in ("media_type", "selective", "sha256", "format", "verdict", "checked_at"):
        setattr(held, name, getattr(fuller, name))


async def _replace(
    context: Context, session: WriteSession, held: Credential, kind: str, media_type: str, content: bytes
) -> None:
    old = await store.document(session, held.id, kind)
    if old is not None:
        await session.delete(old)
        await session.flush()
    keeping.put(session, context.vault, held.id, kind, media_type, content)
