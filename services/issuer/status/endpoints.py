"""HTTP for status lists: public, from stored bytes."""

from typing import Annotated

from fastapi import Header, Request, Response

from services.issuer.context import Current
from services.issuer.status import store
from services.issuer.status.publishing import RESPONSES, answer
from shared.http.access import public
from shared.http.routing import Router
from shared.http.schemas import Id

router = Router(prefix="/status", tags=["public"])


@router.get(
    "/{list_id}",
    dependencies=[public],
    summary="Read a status list",
    responses=RESPONSES,
    response_class=Response,
)
async def read_status_list(
    list_id: Id,
    request: Request,
    context: Current,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Tells of every badge on the list whether it is revoked (or suspended), and of none whose it is."""
    async with context.db.read() as session:
        found = await store.get(session, list_id)
    return answer(context, request, if_none_match, found)
