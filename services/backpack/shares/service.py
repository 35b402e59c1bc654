"""Opening, listing and closing shares."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from services.backpack.consents import service as consents
from services.backpack.consents.texts import PUBLISH, SHARE
from services.backpack.context import Context
from services.backpack.credentials.showing import open_caller, seal_caller
from services.backpack.credentials.store import ACCEPTED, by_ids
from services.backpack.errors import CannotShare
from services.backpack.shares import parts, store
from services.backpack.shares.ending import end_share
from services.backpack.shares.schemas import SharedOut, ShareIn, ShareOut, ViewList, ViewOut
from services.backpack.shares.store import LINK, PUBLICATION, Share, SharedCredential
from services.backpack.vault import token_hash
from shared.db import ReadSession, new_id
from shared.http.problems import FieldError, InvalidRequest, NotFound

_TOKEN = "share.token"  # noqa: S105  (a column)
_TITLE = "share.title"
_CALLER = "share.caller"


async def open_share(context: Context, learner_id: str, given: ShareIn) -> ShareOut:
    """Make a link to accepted badges, with the consent it stands on.

    Raises CannotShare naming the badges that cannot be shared, InvalidRequest for an expiry in the past or for parts that
    cannot be chosen.
    """
    now = context.clock()
    if given.expires_at is not None and given.expires_at <= now:
        raise InvalidRequest(
            "The expiry must lie ahead.", errors=[FieldError("/expires_at", "is in the past")]
        )
    chosen = await parts.choose(context, learner_id, given)
    async with context.db.write() as session:
        await _check_credentials(session, learner_id, given.credentials)
        purpose = PUBLISH if given.public else SHARE
        consent = consents.give(context, session, learner_id, purpose=purpose, credentials=given.credentials)
        await session.flush()
        share = _new_share(context, learner_id, consent.id, given, now)
        session.add(share)
        await session.flush()
        held = [
            parts.place(context.vault, share.id, position, row, chosen.get(row))
            for position, row in enumerate(given.credentials, start=1)
        ]
        session.add_all(held)
        return shown(context, share, held, now)


async def _check_credentials(session: ReadSession, learner_id: str, wanted: Sequence[str]) -> None:
    accepted = {row.id for row in await by_ids(session, learner_id, wanted) if row.state == ACCEPTED}
    errors = [
        FieldError(f"/credentials/{index}", "is no accepted badge of yours")
        for index, row_id in enumerate(wanted)
        if row_id not in accepted
    ]
    if len(set(wanted)) != len(wanted):
        errors.append(FieldError("/credentials", "names a badge twice"))
    if errors:
        raise CannotShare("Accept the badges first, and name each once.", errors=errors)


def _new_share(context: Context, learner_id: str, consent_id: str, given: ShareIn, now: datetime) -> Share:
    row, token, vault = new_id(), secrets.token_hex(16), context.vault
    return Share(
        id=row,
        learner_id=learner_id,
        consent_id=consent_id,
        kind=PUBLICATION if given.public else LINK,
        token_hash=token_hash(token),
        token=vault.seal_text(token, column=_TOKEN, row=row),
        title=None if given.title is None else vault.seal_text(given.title, column=_TITLE, row=row),
        caller=seal_caller(vault, given.external_id, given.metadata, column=_CALLER, row=row),
        created_at=now,
        expires_at=given.expires_at,
        closed_at=None,
        views=0,
    )


def shown(context: Context, share: Share, held: Sequence[SharedCredential], now: datetime) -> ShareOut:
    """The share for its owner."""
    return ShareOut.model_validate(
        {
            **open_caller(context.vault, share.caller, column=_CALLER, row=share.id),
            "id": share.id,
            "url": url_of(context, share),
            "title": title_of(context, share),
            "public": share.kind == PUBLICATION,
            "state": state_of(share, now),
            "credentials": [
                SharedOut(position=at.position, credential=at.credential_row, revealed=at.revealed)
                for at in held
            ],
            "consent": share.consent_id,
            "views": share.views,
            "created_at": share.created_at,
            "expires_at": share.expires_at,
            "closed_at": share.closed_at,
        }
    )


def url_of(context: Context, share: Share) -> str:
    """The link itself, opened: for its owner, or for who has it already."""
    token = context.vault.open_text(share.token, column=_TOKEN, row=share.id)
    return f"{context.public_url}/shares/{token}"


def title_of(context: Context, share: Share) -> str | None:
    if share.title is None:
        return None
    return context.vault.open_text(share.title, column=_TITLE, row=share.id)


def state_of(share: Share, now: datetime) -> str:
    """open, closed (by its owner) or expired."""
    if share.closed_at is not None:
        return "closed"
    return "expired" if share.expires_at is not None and share.expires_at <= now else "open"


async def list_of(
    context: Context, learner_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> tuple[list[ShareOut], bool]:
    """The learner's shares, newest first, and whether there are more."""
    async with context.db.read() as session:
        rows = await store.shares_of(session, learner_id, before=before, limit=limit)
        held = await store.places_in(session, [row.id for row in rows])
    now = context.clock()
    return [shown(context, row, held[row.id], now) for row in rows[:limit]], len(rows) > limit


async def _share(session: ReadSession, learner_id: str, share_id: str) -> Share:
    share = await store.share_of(session, learner_id, share_id)
    if share is None:
        raise NotFound("There is no such share.")
    return share


async def read(context: Context, learner_id: str, share_id: str) -> ShareOut:
    async with context.db.read() as session:
        share = await _share(session, learner_id, share_id)
        held = await store.places_in(session, [share.id])
    return shown(context, share, held[share.id], context.clock())


async def close(context: Context, learner_id: str, share_id: str) -> ShareOut:
    """Close the link for good and withdraw its consent; doing it twice changes nothing. Raises NotFound."""
    now = context.clock()
    async with context.db.write() as session:
        share = await _share(session, learner_id, share_id)
        await end_share(session, share, now)
        held = await store.places_in(session, [share.id])
        return shown(context, share, held[share.id], now)


async def views_of(context: Context, learner_id: str, share_id: str) -> ViewList:
    """How often the share was looked at, by hour and kind of client. Raises NotFound."""
    async with context.db.read() as session:
        share = await _share(session, learner_id, share_id)
        rows = await store.views_of(session, share.id)
    items = [ViewOut.model_validate(row) for row in rows]
    return ViewList(total=share.views, items=items)
