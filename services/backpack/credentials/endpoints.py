"""Held credentials over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Header, Query, Request, Response

from services.backpack.context import Current
from services.backpack.credentials import checking, service
from services.backpack.credentials.files import FILE_TYPES, Download
from services.backpack.credentials.schemas import CredentialDetail, CredentialOut, Origin, State, Status
from services.backpack.credentials.service import Filter
from services.backpack.credentials.store import ACCEPTED, DECLINED
from services.backpack.errors import NoImage, WrongState
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from shared.clock import to_rfc3339
from shared.http.etag import etag
from shared.http.paging import PageQuery, page
from shared.http.problems import InvalidCursor, NotAcceptable, NotFound, TooManyRequests, problems
from shared.http.routing import Router
from shared.http.schemas import Page
from shared.web.csrf import ForgedForm

router = Router(prefix="/v1/credentials", tags=["credentials"])
Accept = Annotated[str | None, Header(description="Which form the file is wanted in.")]


@router.get("", summary="List badges", responses=problems(InvalidCursor))
async def list_credentials(
    request: Request,
    response: Response,
    asked: PageQuery,
    context: Current,
    signed: Holder,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    status: Annotated[Status | None, Query(description="Only those of this status.")] = None,
    origin: Annotated[Origin | None, Query(description="Only those that came this way.")] = None,
    hidden: Annotated[bool | None, Query(description="Only hidden ones, or only those that are not.")] = None,
    issuer: Annotated[
        str | None, Query(max_length=4000, pattern=r"^[^\x00]*$", description="Only those of this issuer.")
    ] = None,
) -> Page[CredentialOut]:
    """The learner's badges, newest first."""
    position = asked.after(str, str)
    before = None if position is None else (datetime.fromisoformat(position[0]), position[1])
    wanted = Filter(state, status, origin, hidden, issuer)
    items, more = await service.list_of(context, signed.learner_id, wanted, before=before, limit=asked.limit)
    end = (to_rfc3339(items[-1].received_at), items[-1].id) if more else None
    return page(request, response, asked, items, end=end)


@router.get("/{credential_row}", summary="Read a badge", responses=problems(NotFound))
async def get_credential(
    credential_row: RowId, response: Response, context: Current, signed: Holder
) -> CredentialDetail:
    """What the badge says, who issued it, its status, and its newest verification report."""
    found = await service.read(context, signed.learner_id, credential_row)
    response.headers["ETag"] = etag(found.version)
    return found


@router.post(
    "/{credential_row}/accept", summary="Accept a badge", responses=problems(NotFound, WrongState, ForgedForm)
)
async def accept_credential(credential_row: RowId, context: Current, signed: Holder) -> CredentialOut:
    """Take the badge; its issuer is told. A declined badge can be accepted later."""
    return await service.answer(context, signed.learner_id, credential_row, ACCEPTED)


@router.post("/{credential_row}/decline", summary="Decline a badge", responses=problems(NotFound, ForgedForm))
async def decline_credential(credential_row: RowId, context: Current, signed: Holder) -> CredentialOut:
    """Do not take the badge; its issuer is told. Shares that show it alone are closed."""
    return await service.answer(context, signed.learner_id, credential_row, DECLINED)


@router.post("/{credential_row}/hide", summary="Hide a badge", responses=problems(NotFound, ForgedForm))
async def hide_credential(credential_row: RowId, context: Current, signed: Holder) -> CredentialOut:
    """Keep the badge out of the learner's own list (`hidden=false`). What was shared stays shared."""
    return await service.set_hidden(context, signed.learner_id, credential_row, hidden=True)


@router.post(
    "/{credential_row}/unhide", summary="Show a hidden badge again", responses=problems(NotFound, ForgedForm)
)
async def unhide_credential(credential_row: RowId, context: Current, signed: Holder) -> CredentialOut:
    """Put the badge back into the list."""
    return await service.set_hidden(context, signed.learner_id, credential_row, hidden=False)


@router.post(
    "/{credential_row}/check",
    summary="Verify a badge again",
    responses=problems(NotFound, TooManyRequests, ForgedForm),
)
async def check_credential(credential_row: RowId, context: Current, signed: Holder) -> CredentialDetail:
    """Verify the badge now, its issuer's status list included. Every held badge is verified once a day anyway."""
    await context.limits.checks.check(context.db, signed.learner_id)
    await checking.check_held(context, signed.learner_id, credential_row)
    return await service.read(context, signed.learner_id, credential_row)


@router.delete(
    "/{credential_row}", status_code=204, summary="Remove a badge", responses=problems(NotFound, ForgedForm)
)
async def delete_credential(credential_row: RowId, context: Current, signed: Holder) -> None:
    """Erase the badge and its files here; its issuer is told. Shares that show it alone are closed."""
    await service.remove(context, signed.learner_id, credential_row)


@router.get(
    "/{credential_row}/file",
    summary="Download a badge",
    response_class=Response,
    responses={
        200: {
            "description": "The exact text of the badge, or its picture with the badge inside.",
            "content": {media_type: {} for media_type in FILE_TYPES},
        },
        **problems(NotFound, NotAcceptable, NoImage),
    },
)
async def get_credential_file(
    credential_row: RowId,
    context: Current,
    signed: Holder,
    accept: Accept = None,
    form: Annotated[
        Literal["json", "jwt", "png", "svg"] | None, Query(description="Instead of Accept, for links.")
    ] = None,
) -> Response:
    """By content negotiation: JSON-LD or a compact JWS (whichever the badge is), baked PNG or baked SVG."""
    found = await service.file(context, signed.learner_id, credential_row, accept=accept, form=form)
    return as_attachment(found)


@router.get(
    "/{credential_row}/given",
    summary="Download the file a badge was imported from",
    response_class=Response,
    responses={
        200: {"description": "Byte for byte what was given.", "content": {each: {} for each in FILE_TYPES}},
        **problems(NotFound),
    },
)
async def get_credential_given(credential_row: RowId, context: Current, signed: Holder) -> Response:
    """The imported file, unchanged; delivered badges have none."""
    return as_attachment(await service.given_file(context, signed.learner_id, credential_row))


def as_attachment(found: Download) -> Response:
    """A file to be saved, never rendered by a browser as a page of ours."""
    suffix = {"image": "img"}.get(found.form, found.form)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="badge.{suffix}"',
            "Cache-Control": "private, no-store",
            "Vary": "Accept",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
