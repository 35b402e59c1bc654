"""HTTP for status lists: public, from stored bytes."""

from typing import Annotated

from fastapi import Header, Request, Response

from services.issuer.context import Current
from services.issuer.status import store
from shared.http.access import public
from shared.http.etag import not_modified
from shared.http.negotiation import negotiate
from shared.http.problems import NotAcceptable, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id

router = Router(prefix="/status", tags=["public"])
MEDIA_TYPES = ("application/vc", "application/vc+ld+json", "application/ld+json", "application/json")


@router.get(
    "/{list_id}",
    dependencies=[public],
    summary="Read a status list",
    responses=problems(NotFound, NotAcceptable)
    | {
        200: {
            "description": "A signed BitstringStatusListCredential.",
            "content": {m: {} for m in MEDIA_TYPES},
        }
    },
    response_class=Response,
)
async def read_status_list(
    list_id: Id,
    request: Request,
    context: Current,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Tells of every badge on the list whether it is revoked (or suspended), and of none whose it is."""
    media_type = negotiate(request.headers.get("accept"), MEDIA_TYPES)
    async with context.db.read() as session:
        found = await store.get(session, list_id)
    if found is None or found.body is None:
        raise NotFound("There is no such status list.")
    headers = {
        "ETag": f'"{found.sha256}"',
        "Cache-Control": f"public, max-age={context.settings.status_list_ttl}",
        "Vary": "Accept",
        "Access-Control-Allow-Origin": "*",
    }
    if not_modified(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=media_type, headers=headers)
