"""Pages of a learner's badges."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response

from services.backpack.context import Context, Current
from services.backpack.credentials import checking, service
from services.backpack.credentials.endpoints import as_attachment
from services.backpack.credentials.schemas import CredentialDetail
from services.backpack.credentials.service import Filter
from services.backpack.credentials.store import ACCEPTED, DECLINED, OFFERED
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from services.backpack.web.rendering import error_page, render, see_other
from shared.clock import to_rfc3339
from shared.http.paging import PageQuery
from shared.http.problems import Problem
from shared.http.routing import Router
from shared.web.csrf import check_form

router = Router(include_in_schema=False, errors=error_page)

Which = Literal["all", "offered", "accepted", "declined", "hidden"]
Action = Literal["accept", "decline", "hide", "unhide", "check", "remove"]

_FILTERS: dict[str, Filter] = {
    "all": Filter(hidden=False),
    "offered": Filter(state=OFFERED, hidden=False),
    "accepted": Filter(state=ACCEPTED, hidden=False),
    "declined": Filter(state=DECLINED),
    "hidden": Filter(hidden=True),
}


@router.get("/badges")
async def badges_page(
    request: Request,
    asked: PageQuery,
    context: Current,
    signed: Holder,
    which: Annotated[Which, Query()] = "all",
) -> Response:
    position = asked.after(str, str)
    before = None if position is None else (datetime.fromisoformat(position[0]), position[1])
    items, more = await service.list_of(
        context, signed.learner_id, _FILTERS[which], before=before, limit=asked.limit
    )
    cursor = asked.next_cursor(to_rfc3339(items[-1].received_at), items[-1].id) if more else None
    values = {"badges": items, "which": which, "filters": list(_FILTERS), "cursor": cursor}
    return render(request, "badges.html", values)


@router.get("/badges/{credential_row}")
async def badge_page(credential_row: RowId, request: Request, context: Current, signed: Holder) -> Response:
    badge = await service.read(context, signed.learner_id, credential_row)
    return _badge(request, context, badge)


def _badge(
    request: Request, context: Context, badge: CredentialDetail, problem: Problem | None = None
) -> Response:
    values: dict[str, Any] = {
        "badge": badge,
        "shown": badge.report["credential"] or {},
        "checks": badge.report["checks"],
        "verifier": context.settings.verifier_url,
    }
    return render(request, "badge.html", values, problem=problem)


@router.get("/badges/{credential_row}/image")
async def badge_image(credential_row: RowId, context: Current, signed: Holder) -> Response:
    found = await service.picture(context, signed.learner_id, credential_row)
    headers = {
        "Cache-Control": "private, max-age=300",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return Response(found.content, media_type=found.media_type, headers=headers)


@router.get("/badges/{credential_row}/file")
async def badge_file(
    credential_row: RowId,
    context: Current,
    signed: Holder,
    form: Annotated[Literal["json", "jwt", "png", "svg", "given"], Query()] = "json",
) -> Response:
    if form == "given":
        return as_attachment(await service.given_file(context, signed.learner_id, credential_row))
    return as_attachment(
        await service.file(context, signed.learner_id, credential_row, accept=None, form=form)
    )


@router.post("/badges/{credential_row}/{action}", dependencies=[Depends(check_form)])
async def act_on_badge(
    credential_row: RowId, action: Action, request: Request, context: Current, signed: Holder
) -> Response:
    try:
        await _act(context, signed.learner_id, credential_row, action)
    except Problem as problem:
        if problem.status_code == 404:
            raise
        badge = await service.read(context, signed.learner_id, credential_row)
        return _badge(request, context, badge, problem)
    return see_other("/badges" if action == "remove" else f"/badges/{credential_row}")


async def _act(context: Context, learner_id: str, row_id: str, action: Action) -> None:
    match action:
        case "accept":
            await service.answer(context, learner_id, row_id, ACCEPTED)
        case "decline":
            await service.answer(context, learner_id, row_id, DECLINED)
        case "hide" | "unhide":
            await service.set_hidden(context, learner_id, row_id, hidden=action == "hide")
        case "check":
            await context.limits.checks.check(context.db, learner_id)
            await checking.check_held(context, learner_id, row_id)
        case "remove":
            await service.remove(context, learner_id, row_id)
