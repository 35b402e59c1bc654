"""A learner's shares over HTTP."""

from datetime import datetime

from fastapi import Request, Response

from services.backpack.context import Current
from services.backpack.errors import CannotShare
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from services.backpack.shares import service
from services.backpack.shares.schemas import ShareIn, ShareOut, ViewList
from shared.clock import to_rfc3339
from shared.http.paging import PageQuery, page
from shared.http.problems import InvalidCursor, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Page
from shared.web.csrf import ForgedForm

router = Router(prefix="/v1/shares", tags=["shares"])


@router.post("", status_code=201, summary="Share badges", responses=problems(CannotShare, ForgedForm))
async def create_share(given: ShareIn, response: Response, context: Current, signed: Holder) -> ShareOut:
    """Open a link that shows accepted badges. Opening it is the consent: `/v1/consents` keeps its words."""
    share = await service.open_share(context, signed.learner_id, given)
    response.headers["Location"] = f"/v1/shares/{share.id}"
    return share


@router.get("", summary="List shares", responses=problems(InvalidCursor))
async def list_shares(
    request: Request, response: Response, asked: PageQuery, context: Current, signed: Holder
) -> Page[ShareOut]:
    """The learner's shares, newest first, closed ones included."""
    position = asked.after(str, str)
    before = None if position is None else (datetime.fromisoformat(position[0]), position[1])
    items, more = await service.list_of(context, signed.learner_id, before=before, limit=asked.limit)
    end = (to_rfc3339(items[-1].created_at), items[-1].id) if more else None
    return page(request, response, asked, items, end=end)


@router.get("/{share_id}", summary="Read a share", responses=problems(NotFound))
async def get_share(share_id: RowId, context: Current, signed: Holder) -> ShareOut:
    """One share, with its link."""
    return await service.read(context, signed.learner_id, share_id)


@router.post("/{share_id}/close", summary="Close a share", responses=problems(NotFound, ForgedForm))
async def close_share(share_id: RowId, context: Current, signed: Holder) -> ShareOut:
    """The link answers 410 from now on, for good. Its consent is withdrawn."""
    return await service.close(context, signed.learner_id, share_id)


@router.get("/{share_id}/views", summary="How often a share was looked at", responses=problems(NotFound))
async def list_share_views(share_id: RowId, context: Current, signed: Holder) -> ViewList:
    """By hour, kind of client and form. Who looked is not kept: neither addresses nor anything they sent."""
    return await service.views_of(context, signed.learner_id, share_id)
