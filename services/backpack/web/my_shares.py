"""Pages of a learner's shares."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Depends, Form, Query, Request, Response

from services.backpack.consents.texts import CURRENT, PUBLISH, SHARE, TEXTS
from services.backpack.context import Context, Current
from services.backpack.credentials import service as credentials
from services.backpack.credentials.schemas import CredentialOut
from services.backpack.credentials.service import Filter
from services.backpack.credentials.store import ACCEPTED
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from services.backpack.shares import service
from services.backpack.shares.schemas import ShareIn
from services.backpack.web.rendering import error_page, render, see_other, validated
from shared.clock import to_rfc3339
from shared.http.paging import PageQuery
from shared.http.problems import FieldError, InvalidRequest, Problem
from shared.http.routing import Router
from shared.web.csrf import check_form

router = Router(include_in_schema=False, errors=error_page)

_CHOICES = 200
"""How many badges the form offers; more can be shared over the API."""


@router.get("/my-shares")
async def shares_page(request: Request, asked: PageQuery, context: Current, signed: Holder) -> Response:
    position = asked.after(str, str)
    before = None if position is None else (datetime.fromisoformat(position[0]), position[1])
    items, more = await service.list_of(context, signed.learner_id, before=before, limit=asked.limit)
    cursor = asked.next_cursor(to_rfc3339(items[-1].created_at), items[-1].id) if more else None
    return render(request, "shares.html", {"shares": items, "cursor": cursor})


@router.get("/my-shares/new")
async def new_share_page(
    request: Request,
    context: Current,
    signed: Holder,
    credential: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> Response:
    return await _form(request, context, signed.learner_id, chosen=credential or [])


async def _form(
    request: Request,
    context: Context,
    learner_id: str,
    *,
    chosen: list[str],
    title: str = "",
    until: str = "",
    published: bool = False,
    revealed: Sequence[str] = (),
    problem: Problem | None = None,
) -> Response:
    wanted = Filter(state=ACCEPTED)
    badges: tuple[CredentialOut, ...]
    items, _ = await credentials.list_of(context, learner_id, wanted, before=None, limit=_CHOICES)
    badges = tuple(items)
    selective = [badge.id for badge in badges if badge.selective]
    values = {
        "badges": badges,
        "claims": await credentials.claims(context, learner_id, selective),
        "revealed": revealed,
        "chosen": chosen,
        "title": title,
        "until": until,
        "public": published,
        "share_text": TEXTS[CURRENT[SHARE]],
        "publish_text": TEXTS[CURRENT[PUBLISH]],
    }
    return render(request, "share_new.html", values, problem=problem)


@router.post("/my-shares/new", dependencies=[Depends(check_form)])
async def new_share(
    request: Request,
    context: Current,
    signed: Holder,
    credential: Annotated[list[str] | None, Form(max_length=100)] = None,
    title: Annotated[str, Form(max_length=200)] = "",
    until: Annotated[str, Form(max_length=20)] = "",
    audience: Annotated[str, Form(max_length=20)] = "link",
    reveal: Annotated[list[str] | None, Form(max_length=5000)] = None,
) -> Response:
    """`reveal` holds a badge and a pointer into it, with a space between."""
    chosen, published = credential or [], audience == "public"
    try:
        given = validated(
            ShareIn,
            credentials=chosen,
            title=title.strip() or None,
            expires_at=_end_of_day(until),
            public=published,
            reveal=_by_badge(reveal or [], chosen),
        )
        share = await service.open_share(context, signed.learner_id, given)
    except Problem as problem:
        return await _form(
            request,
            context,
            signed.learner_id,
            chosen=chosen,
            title=title,
            until=until,
            published=published,
            revealed=reveal or [],
            problem=problem,
        )
    return see_other(f"/my-shares/{share.id}")


def _by_badge(reveal: Sequence[str], chosen: Sequence[str]) -> dict[str, list[str]]:
    """What is ticked of the chosen badges; what is ticked of others does not count."""
    found: dict[str, list[str]] = {}
    for each in reveal:
        row, _, pointer = each.partition(" ")
        if row in chosen:
            found.setdefault(row, []).append(pointer)
    return found


def _end_of_day(text: str) -> datetime | None:
    """The end (UTC) of the day that a date field holds; None if it was left empty."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidRequest(
            "Please correct what is named below.",
            errors=[FieldError("/expires_at", "must be a day such as 2026-12-31")],
        ) from error
    return datetime.combine(day.date(), time(23, 59, 59), UTC)


@router.get("/my-shares/{share_id}")
async def share_page(share_id: RowId, request: Request, context: Current, signed: Holder) -> Response:
    share = await service.read(context, signed.learner_id, share_id)
    views = await service.views_of(context, signed.learner_id, share_id)
    names: dict[str, str] = {}
    shown: dict[str, list[str]] = {}
    for shared in share.credentials:
        badge = await credentials.read(context, signed.learner_id, shared.credential)
        names[shared.credential] = badge.name
        if shared.revealed is not None:
            shown[shared.credential] = [c.name for c in badge.claims if c.pointer in shared.revealed]
    return render(request, "share.html", {"share": share, "views": views, "names": names, "shown": shown})


@router.post("/my-shares/{share_id}/close", dependencies=[Depends(check_form)])
async def close_share_form(share_id: RowId, context: Current, signed: Holder) -> Response:
    await service.close(context, signed.learner_id, share_id)
    return see_other(f"/my-shares/{share_id}")
