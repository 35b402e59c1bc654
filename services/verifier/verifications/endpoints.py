"""Verifications over HTTP."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData, UploadFile

from services.verifier.context import Current
from services.verifier.errors import Busy, NotABadge, PolicyRulesRefused, PolicyUnknown
from services.verifier.verifications.examples import BATCH_EXAMPLE, ITEM_EXAMPLES, REPORT_EXAMPLE
from services.verifier.verifications.intake import (
    CREDENTIALS,
    ENVELOPES,
    MULTIPART,
    item_from_json,
    read_batch,
    read_item,
)
from services.verifier.verifications.schemas import Item, ReportOut, ReportsOut
from services.verifier.verifications.sources import MAX_CREDENTIAL_BYTES
from shared.http.access import Access, optional, require
from shared.http.body import MIB, body_limit
from shared.http.idempotency import Idempotent
from shared.http.problems import (
    IdempotencyKeyReused,
    InvalidRequest,
    TooLarge,
    TooManyRequests,
    Unparseable,
    UnsupportedMediaType,
    problems,
)
from shared.http.routing import Router
from shared.jobs import JobOut

MAX_ITEM_BYTES = MAX_CREDENTIAL_BYTES * 4 // 3 + MIB
"""A file of the largest size, in Base64, with the rest of the item."""
MAX_BATCH_BYTES = 64 * MIB
_LONG = 64 * 1024
FORM_FIELDS = (
    "url",
    "credential",
    "policy",
    "external_id",
    "applicant_email",
    "applicant_name",
    "applicant_did",
)

router = Router(prefix="/v1/verifications", tags=["Verifications"])
Anyone = Annotated[Access | None, Depends(optional("verifications:write"))]
Writer = Annotated[Access, Depends(require("verifications:write"))]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_ITEM_BODY: Mapping[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Item"}, "examples": ITEM_EXAMPLES},
        **dict.fromkeys(CREDENTIALS, _BINARY),
        MULTIPART: {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    **{name: {"type": "string"} for name in FORM_FIELDS},
                },
            }
        },
    },
}
_BATCH_BODY: Mapping[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Batch"}, "example": BATCH_EXAMPLE}
    },
}
_REPORT = {"application/json": {"example": REPORT_EXAMPLE}}


@router.post(
    "",
    summary="Verify one badge",
    response_class=JSONResponse,
    responses={
        200: {"model": ReportOut, "description": "What was found, whatever it is.", "content": _REPORT},
        **problems(
            NotABadge,
            Unparseable,
            TooLarge,
            UnsupportedMediaType,
            InvalidRequest,
            PolicyUnknown,
            PolicyRulesRefused,
            TooManyRequests,
            Busy,
        ),
    },
    openapi_extra={"requestBody": _ITEM_BODY},
)
@body_limit(MAX_ITEM_BYTES)
async def verify_one(request: Request, service: Current, access: Anyone) -> Response:
    """An item as JSON, or the badge itself: JSON, a JWT, a baked PNG or SVG as the body or as a form's file.

    Needs no account. A badge that does not hold is not an error: the report says what is wrong with it.
    """
    headers = {} if access else await service.check_limit(request)
    given = await _given(request)
    report = await service.verifications.one(access, given)
    return _json(report, headers)


@router.post(
    "/batch",
    summary="Verify up to 1,000 badges",
    response_class=JSONResponse,
    responses={
        200: {"model": ReportsOut, "description": "A report for each item, in their order."},
        202: {"model": JobOut, "description": "A job, asked for with `Prefer: respond-async`."},
        **problems(
            Unparseable,
            TooLarge,
            UnsupportedMediaType,
            InvalidRequest,
            PolicyUnknown,
            PolicyRulesRefused,
            IdempotencyKeyReused,
        ),
    },
    openapi_extra={"requestBody": _BATCH_BODY},
)
@body_limit(MAX_BATCH_BYTES)
async def verify_batch(
    request: Request,
    service: Current,
    access: Writer,
    asked: Idempotent,
    prefer: Annotated[
        str | None,
        Header(
            max_length=200, description="`respond-async` for a job (RFC 7240).", examples=["respond-async"]
        ),
    ] = None,
) -> Response:
    """As one request, or as a job whose rows carry the reports. An item that cannot be used gets a report that says so.

    Every document that several badges rest on is fetched once.
    """
    if _media_type(request) not in ENVELOPES:
        raise UnsupportedMediaType("Send the items as application/json.", supported=["application/json"])
    batch = await asyncio.to_thread(read_batch, await request.body())
    if prefer is not None and "respond-async" in [part.strip().lower() for part in prefer.split(",")]:
        answer = await service.opening.open(access, batch, asked)
        answer.headers["Preference-Applied"] = "respond-async"
        return answer
    reports = await service.verifications.many(access, batch.items, batch.policy)
    return _json(b'{"reports":[' + b",".join(reports) + b"]}")


def _json(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        body, headers={"Cache-Control": "no-store", **(headers or {})}, media_type="application/json"
    )


async def _given(request: Request) -> Item | bytes:
    media_type = _media_type(request)
    if media_type != MULTIPART:
        body = await request.body()
        if len(body) > _LONG:  # may be made to cost time: the loop serves others meanwhile
            return await asyncio.to_thread(read_item, media_type, body)
        return read_item(media_type, body)
    async with request.form(max_files=1, max_fields=20, max_part_size=MAX_CREDENTIAL_BYTES) as form:
        return await item_from_form(form)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def item_from_form(form: FormData) -> Item:
    """The item in a form, of this API or of the page; fields left empty count as absent. Raises InvalidRequest."""
    value: dict[str, Any] = {}
    applicant: dict[str, Any] = {}
    for name, given in form.multi_items():
        if isinstance(given, UploadFile):
            content = await given.read()
            text = base64.b64encode(content).decode()
        else:
            text = given.strip()
        if text:  # a field left empty is not given
            fields, key = (
                (applicant, name.removeprefix("applicant_"))
                if name.startswith("applicant_")
                else (value, name)
            )
            fields[key] = text
    return item_from_json(value | ({"applicant": applicant} if applicant else {}))
