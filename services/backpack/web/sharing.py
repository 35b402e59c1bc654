"""The pages of a share, for whoever has its link."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from services.backpack.context import Context
from services.backpack.credentials import keeping, store
from services.backpack.credentials.keeping import JWT, SD_JWT
from services.backpack.credentials.pictures import PNG, SVG
from services.backpack.credentials.showing import is_expired
from services.backpack.shares import viewing
from services.backpack.shares.viewing import Shown, Viewed
from services.backpack.web.rendering import render


async def badge_page(request: Request, context: Context, viewed: Viewed, shown: Shown) -> Response:
    """One badge: what it says, its status, and how to have it verified by somebody else."""
    row = shown.credential
    single = len(viewed.badges) == 1
    address = viewed.url if single else f"{viewed.url}/{shown.position}"
    values: dict[str, Any] = {
        "badge": row,
        "expired": is_expired(row, context.clock()),
        "description": shown.description,
        "shown": await _says(context, shown),
        "partial": shown.part is not None,
        "address": address,
        "image": f"{viewed.url}/{shown.position}/image" if shown.picture else None,
        "all": None if single else viewed.url,
        "title": viewed.title,
        "forms": _forms(shown),
        "verifier": context.settings.verifier_url,
        "until": viewed.share.expires_at,
    }
    return render(request, "shared_badge.html", values, headers=viewing.robots(viewed))


async def _says(context: Context, shown: Shown) -> Mapping[str, Any]:
    """As a report says it; of a badge that is shown in part, only that part."""
    if shown.part is not None:
        return shown.part.says
    async with context.db.read() as session:
        report = await store.document(session, shown.credential.id, store.REPORT)
    return {} if report is None else json.loads(keeping.content_of(context.vault, report))["credential"] or {}


def list_page(request: Request, context: Context, viewed: Viewed) -> Response:
    """Several badges, each with its own page."""
    now = context.clock()
    badges = [
        {"position": each.position, "badge": each.credential, "expired": is_expired(each.credential, now)}
        | {"image": f"{viewed.url}/{each.position}/image" if each.picture else None}
        for each in viewed.badges
    ]
    values = {"url": viewed.url, "title": viewed.title, "badges": badges, "until": viewed.share.expires_at}
    return render(request, "shared_list.html", values, headers=viewing.robots(viewed))


def _forms(shown: Shown) -> list[tuple[str, str]]:
    """The files it can be downloaded as: the form, and what to call it."""
    names = {JWT: ("jwt", "JWT"), SD_JWT: ("jwt", "SD-JWT")}
    forms = [names.get(shown.credential.media_type, ("json", "JSON"))]
    if shown.picture == PNG:
        forms.append(("png", "PNG picture with the badge inside"))
    if shown.picture == SVG:
        forms.append(("svg", "SVG picture with the badge inside"))
    return forms
