"""HTTP for recognition statements. Reading them is public."""

from typing import Annotated

from fastapi import Body, Depends, Query, Request, Response

from services.directory.context import Current
from services.directory.errors import AlreadyWithdrawn, SelfRecognition
from services.directory.recognitions import service
from services.directory.recognitions.schemas import RecognitionCreate, RecognitionOut, RecognitionWithdraw
from services.directory.values import Did
from shared.http.access import Access, public, require
from shared.http.idempotency import Idempotent
from shared.http.paging import PageQuery, page
from shared.http.problems import Conflict, IdempotencyKeyReused, InvalidCursor, NotFound, problems
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.web.csrf import ForgedForm

router = Router(tags=["Recognitions"])
RecognitionsWrite = Annotated[Access, Depends(require("recognitions:write"))]


@router.post(
    "/v1/recognitions",
    status_code=201,
    response_model=RecognitionOut,
    summary="Vouch for an issuer",
    responses=problems(SelfRecognition, NotFound, IdempotencyKeyReused, Conflict, ForgedForm),
)
async def give_recognition(
    given: RecognitionCreate, access: RecognitionsWrite, context: Current, asked: Idempotent
) -> Response:
    """A public statement of your organisation: for which issuer, for what, from when until when, and why.

    Several organisations may vouch for one issuer. The issuer need not be one of this directory.
    """
    return (await service.give(context, access, given, asked)).to_response()


@router.get(
    "/v1/recognitions",
    summary="Who vouches for whom",
    dependencies=[public],
    responses=problems(InvalidCursor),
)
async def list_recognitions(
    context: Current,
    asked: PageQuery,
    request: Request,
    response: Response,
    issuer: Annotated[Did | None, Query(description="Only for this issuer.")] = None,
    recogniser: Annotated[Id | None, Query(description="Only by this organisation.")] = None,
    in_force: Annotated[
        bool | None, Query(description="`true`: only statements that hold now. Otherwise withdrawn ones too.")
    ] = None,
) -> Page[RecognitionOut]:
    """Public. Each statement says in `state` how it stands now."""
    items, end = await service.browse(context, asked, issuer=issuer, recogniser=recogniser, in_force=in_force)
    response.headers["Cache-Control"] = "no-cache"
    return page(request, response, asked, items, end=end)


@router.get(
    "/v1/recognitions/{recognition_id}",
    summary="Read a statement",
    dependencies=[public],
    responses=problems(NotFound),
)
async def read_recognition(recognition_id: Id, context: Current) -> RecognitionOut:
    """Public; also when it was withdrawn."""
    return await service.read(context, recognition_id)


@router.post(
    "/v1/recognitions/{recognition_id}/withdraw",
    summary="Take a statement back",
    responses=problems(NotFound, AlreadyWithdrawn, ForgedForm),
)
async def withdraw_recognition(
    recognition_id: Id,
    access: RecognitionsWrite,
    context: Current,
    given: Annotated[RecognitionWithdraw | None, Body()] = None,
) -> RecognitionOut:
    """Only the organisation that gave it can; for good. The statement stays readable, as withdrawn."""
    return await service.withdraw(context, access, recognition_id, given or RecognitionWithdraw())
