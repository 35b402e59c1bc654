"""A share as whoever has its link sees it: a page, the badge itself in any of its forms, or a list."""

from typing import Annotated, Literal

from fastapi import Header, Query, Request, Response

from services.backpack.clients import client_kind
from services.backpack.context import Context, Current
from services.backpack.credentials.files import FILE_TYPES, offered_types
from services.backpack.errors import NoImage, ShareClosed
from services.backpack.shares import viewing
from services.backpack.shares.schemas import PublicShare
from services.backpack.shares.viewing import Shown, Viewed
from services.backpack.web.sharing import badge_page, list_page
from shared.http.access import public
from shared.http.negotiation import negotiate
from shared.http.problems import NotAcceptable, NotFound, problems
from shared.http.routing import Router

router = Router(prefix="/shares", tags=["public"], dependencies=[public])

HTML = "text/html"
JSON = "application/json"

Accept = Annotated[str | None, Header(description="text/html for a page; else the badge's own forms.")]
Form = Annotated[
    Literal["json", "jwt", "png", "svg"] | None, Query(description="Instead of Accept, for links on pages.")
]
_FORMS = {
    200: {
        "description": "A page, the badge's exact text, its picture with the badge inside, or a list.",
        "content": {**{media_type: {} for media_type in FILE_TYPES}, HTML: {}},
    },
    **problems(NotFound, ShareClosed, NotAcceptable, NoImage),
}


@router.get("/{token}", summary="Look at a share", response_class=Response, responses=_FORMS)
async def view_share(
    token: str, request: Request, context: Current, accept: Accept = None, form: Form = None
) -> Response:
    """One badge: a page, or the badge itself. Several: a page, or a list with the address of each badge."""
    viewed = await viewing.look(context, token)
    if len(viewed.badges) == 1:
        return await _badge(request, context, viewed, viewed.badges[0], accept, form)
    if negotiate(accept, (JSON, HTML)) == HTML and form is None:
        await viewing.count(context, viewed, client=client_kind(request), form="page")
        return list_page(request, context, viewed)
    await viewing.count(context, viewed, client=client_kind(request), form="list")
    listed: PublicShare = viewing.listed(context, viewed)
    return _answer(viewed, listed.model_dump_json().encode(), JSON)


@router.get(
    "/{token}/{position}", summary="Look at one badge of a share", response_class=Response, responses=_FORMS
)
async def view_shared_badge(
    token: str,
    position: int,
    request: Request,
    context: Current,
    accept: Accept = None,
    form: Form = None,
) -> Response:
    """One of several badges: a page, or the badge itself."""
    viewed = await viewing.look(context, token)
    return await _badge(request, context, viewed, viewed.at(position), accept, form)


@router.get(
    "/{token}/{position}/image",
    summary="The picture of a shared badge",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/*": {}}},
        **problems(NotFound, ShareClosed),
    },
)
async def view_shared_image(token: str, position: int, context: Current) -> Response:
    """The badge's picture, from here: its issuer does not learn who looks."""
    viewed = await viewing.look(context, token)
    image = await viewing.image(context, viewed.at(position))
    headers = {
        "Cache-Control": "private, max-age=300",
        # A picture may be an SVG from a stranger: alone in a tab it must not be a page of ours.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return Response(image.content, media_type=image.media_type, headers=headers)


async def _badge(
    request: Request,
    context: Context,
    viewed: Viewed,
    shown: Shown,
    accept: str | None,
    form: str | None,
) -> Response:
    client = client_kind(request)
    if form is None:
        offered = (*offered_types(shown.credential, shown.picture), HTML)
        if negotiate(accept, offered) == HTML:
            await viewing.count(context, viewed, client=client, form="page")
            return await badge_page(request, context, viewed, shown)
    found = await viewing.file(context, shown, accept=accept, form=form)
    await viewing.count(context, viewed, client=client, form=found.form)
    return _answer(viewed, found.content, found.media_type, attachment=form)


def _answer(viewed: Viewed, content: bytes, media_type: str, *, attachment: str | None = None) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        **viewing.robots(viewed),
    }
    if attachment is not None:
        headers["Content-Disposition"] = f'attachment; filename="badge.{attachment}"'
    return Response(content, media_type=media_type, headers=headers)
