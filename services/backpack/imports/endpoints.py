"""Imports over HTTP: an address, a file as the body, or a file in a form."""

from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError

from services.backpack.context import Context, Current
from services.backpack.errors import (
    AlreadyHeld,
    BackpackFull,
    ImportRefused,
    ImportUndetermined,
    NotABadge,
    NotFetched,
    NotYours,
)
from services.backpack.imports import service
from services.backpack.imports.schemas import ImportIn, ImportOut
from services.backpack.imports.service import Source
from services.backpack.sessions.access import Holder
from shared.http.body import body_limit, parse_json, read_limited
from shared.http.problems import (
    FieldError,
    InvalidRequest,
    TooLarge,
    TooManyRequests,
    Unparseable,
    UnsupportedMediaType,
    problems,
)
from shared.http.routing import Router
from shared.web.csrf import ForgedForm

router = Router(prefix="/v1/imports", tags=["imports"])

LARGEST_BODY = 8_000_000
"""Base64 of the largest file, with its envelope."""

RAW = (
    *(
        "application/vc",
        "application/vc+ld+json",
        "application/ld+json",
        "application/vc+jwt",
        "application/vc+sd-jwt",
        "application/jwt",
    ),
    *("text/plain", "image/png", "image/svg+xml", "application/octet-stream"),
)
"""Bodies that are the badge itself."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": ImportIn.model_json_schema(),
            "examples": {
                "url": {"summary": "From an address", "value": {"url": "https://badges.example.org/b/1"}}
            },
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}, "url": {"type": "string"}},
            }
        },
        **dict.fromkeys(RAW, _BINARY),
    },
}


@router.post(
    "",
    status_code=201,
    summary="Import a badge",
    responses=problems(
        *(NotABadge, ImportRefused, ImportUndetermined, NotYours, NotFetched, AlreadyHeld, BackpackFull),
        *(TooManyRequests, TooLarge, Unparseable, UnsupportedMediaType, InvalidRequest, ForgedForm),
    ),
    openapi_extra={"requestBody": _BODY},
)
@body_limit(LARGEST_BODY)
async def create_import(request: Request, response: Response, context: Current, signed: Holder) -> ImportOut:
    """Give a JSON or JWT file, a baked PNG or SVG, or an address. It is verified before it is kept, unchanged."""
    await context.limits.imports.check(context.db, signed.learner_id)
    imported = await service.take(context, signed.learner_id, await _source(request, context))
    response.headers["Location"] = f"/v1/credentials/{imported.credential.id}"
    return imported


async def _source(request: Request, context: Context) -> Source:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await from_form(request, context)
    if media_type == "application/json":
        return await _from_json(request, context)
    if media_type in RAW:
        return Source(await read_limited(request, context.settings.import_bytes))
    supported = ["application/json", "multipart/form-data", *RAW]
    raise UnsupportedMediaType(
        "Say what the body is, or send it as multipart/form-data.", supported=supported
    )


async def _from_json(request: Request, context: Context) -> Source:
    """An envelope of ours, or, if it has a `@context`, the badge itself: then the bytes stay as they are."""
    content = await read_limited(request, LARGEST_BODY)
    value = parse_json(content)
    if isinstance(value, dict) and "@context" in value:
        if len(content) > context.settings.import_bytes:
            raise TooLarge("The badge is too large.", limit=context.settings.import_bytes)
        return Source(content)
    try:
        given = ImportIn.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest(
            "Give exactly one of url, credential (as text) and file (base64).",
            errors=[FieldError(_pointer(each["loc"]), str(each["msg"])) for each in error.errors()],
        ) from error
    return await service.source_of(context, given)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def from_form(request: Request, context: Context) -> Source:
    """The file of a form, or the address typed into it. Raises InvalidRequest if it has neither."""
    async with request.form(max_files=1, max_fields=5, max_part_size=10_000) as form:
        uploaded, url = form.get("file"), form.get("url")
        if uploaded is not None and not isinstance(uploaded, str):
            content = await uploaded.read(context.settings.import_bytes + 1)
            if len(content) > context.settings.import_bytes:
                raise TooLarge("The file is too large.", limit=context.settings.import_bytes)
            if content:
                return Source(content)
    if isinstance(url, str) and url.strip():
        return await service.source_of(context, ImportIn(url=url.strip()[:2048]))
    raise InvalidRequest("Choose a file or give an address.", errors=[FieldError("/file", "is required")])
