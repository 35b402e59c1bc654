"""Looking at a share by its link: what it shows, and that it was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.backpack.context import Context
from services.backpack.credentials.files import (
    Download,
    download,
    download_part,
    offered_types,
    picture_type_of,
)
from services.backpack.credentials.files import picture as picture_file
from services.backpack.credentials.showing import is_expired
from services.backpack.credentials.store import Credential
from services.backpack.errors import ShareClosed
from services.backpack.shares import store
from services.backpack.shares.parts import Part, part_at
from services.backpack.shares.schemas import PublicBadge, PublicShare
from services.backpack.shares.service import state_of, title_of, url_of
from services.backpack.shares.store import LINK, Share, SharedCredential
from services.backpack.vault import token_hash
from shared.http.problems import NotFound


@dataclass(frozen=True)
class Shown:
    """A badge at its place in a share."""

    position: int
    credential: Credential
    picture: str | None
    """The media type of its picture, if it has one that is shown."""
    part: Part | None = None
    """What is shown of it instead of what is kept."""

    @property
    def description(self) -> str | None:
        if self.part is None:
            return self.credential.description
        achievement = self.part.says.get("achievement") or {}
        found = self.part.says.get("description") or achievement.get("description")
        return found if isinstance(found, str) else None


@dataclass(frozen=True)
class Viewed:
    """An open share and what it shows."""

    share: Share
    url: str
    title: str | None
    badges: Sequence[Shown]

    def at(self, position: int) -> Shown:
        """The badge at a position. Raises NotFound."""
        for shown in self.badges:
            if shown.position == position:
                return shown
        raise NotFound("The share has no badge at this place.")


async def look(context: Context, token: str) -> Viewed:
    """What is behind a link. Raises NotFound for one that never was, ShareClosed for one that is over."""
    async with context.db.read() as session:
        share = await store.share_by_token(session, token_hash(token))
        if share is None:
            raise NotFound("There is no such share; check that the whole link was copied.")
        if state_of(share, context.clock()) != "open":
            raise ShareClosed("Ask whoever gave you the link for a new one.")
        badges = [
            _shown(context, at, row, await picture_type_of(session, row))
            for at, row in await store.credentials_in(session, share.id)
        ]
    if not badges:
        raise ShareClosed("The badges it showed are gone; ask whoever gave you the link.")
    return Viewed(share, url_of(context, share), title_of(context, share), badges)


def _shown(context: Context, at: SharedCredential, row: Credential, picture: str | None) -> Shown:
    part = part_at(context.vault, at)
    if part is None:
        if row.selective:
            # Never the base: it is its holder's alone.
            raise ShareClosed("Ask whoever gave you the link for a new one.")
        return Shown(at.position, row, picture)
    return Shown(at.position, row, picture if part.has_picture else None, part)


async def count(context: Context, viewed: Viewed, *, client: str, form: str) -> None:
    """Count one look: in which hour, by what kind of client, in which form. Nothing else is kept of it."""
    hour = context.clock().replace(minute=0, second=0)
    async with context.db.write() as session:
        await store.count_view(session, viewed.share.id, hour=hour, client=client, format_name=form)


def listed(context: Context, viewed: Viewed) -> PublicShare:
    """The share for a program."""
    return PublicShare(
        url=viewed.url,
        title=viewed.title,
        expires_at=viewed.share.expires_at,
        credentials=[_badge(context, viewed, shown) for shown in viewed.badges],
    )


def _badge(context: Context, viewed: Viewed, shown: Shown) -> PublicBadge:
    row = shown.credential
    return PublicBadge.model_validate(
        {
            **{name: getattr(row, name) for name in ("name", "issuer_name", "status", "proven")},
            "description": shown.description,
            "url": f"{viewed.url}/{shown.position}",
            "credential": row.credential_id,
            "issuer": row.issuer_id,
            "expired": is_expired(row, context.clock()),
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "media_types": list(offered_types(row, shown.picture)),
        }
    )


async def file(context: Context, shown: Shown, *, accept: str | None, form: str | None) -> Download:
    """The badge as a file, as `files.download`: what is shown of it where its holder chose."""
    if shown.part is None:
        return await download(context, shown.credential, accept=accept, form=form)
    return await download_part(
        context, shown.credential, shown.part.text, shown.picture, accept=accept, form=form
    )


async def image(context: Context, shown: Shown) -> Download:
    """The badge's picture. Raises NotFound if it has none."""
    text = None if shown.part is None else shown.part.text
    found = await picture_file(context, shown.credential, text) if shown.picture else None
    if found is None:
        raise NotFound("The badge has no picture.")
    return found


def robots(viewed: Viewed) -> dict[str, str]:
    """A link is for whom it was given to; only what was published may be listed."""
    return {"X-Robots-Tag": "noindex, nofollow"} if viewed.share.kind == LINK else {}
