"""HTTP for evidence: its records on the API, its files on an origin of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import ValidationError

from services.issuer.context import Current
from services.issuer.errors import EvidenceErased
from services.issuer.evidence import service
from services.issuer.evidence.files import INLINE
from services.issuer.evidence.schemas import EvidenceChange, EvidenceOut
from services.issuer.evidence.store import Evidence
from shared.http.access import Access, public, require
from shared.http.body import MIB, body_limit, parse_json
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    FieldError,
    InvalidCursor,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page

router = Router(prefix="/v1/evidence", tags=["evidence"])
public_router = Router(prefix="/evidence", tags=["public"])
EvidenceRead = Annotated[Access, Depends(require("evidence:read"))]
EvidenceWrite = Annotated[Access, Depends(require("evidence:write"))]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"application/octet-stream": {}}}
}


@router.post(
    "",
    status_code=201,
    summary="Upload evidence",
    responses=problems(TooLarge),
    response_model_exclude_none=True,
)
@body_limit(1024 * MIB, streamed=True)
async def upload_evidence(
    request: Request,
    response: Response,
    access: EvidenceWrite,
    context: Current,
    file: Annotated[UploadFile, File(description="The file itself.")],
    name: Annotated[str | None, Form(examples=["Final report"])] = None,
    description: Annotated[str | None, Form()] = None,
    narrative: Annotated[str | None, Form()] = None,
    genre: Annotated[str | None, Form(examples=["Report"])] = None,
    audience: Annotated[str | None, Form()] = None,
    visibility: Annotated[str | None, Form(examples=["link"])] = None,
    retention_until: Annotated[str | None, Form(examples=["2031-01-01T00:00:00Z"])] = None,
    external_id: Annotated[str | None, Form()] = None,
    metadata: Annotated[str | None, Form(description="As JSON.", examples=['{"course": "BIO-101"}'])] = None,
) -> EvidenceOut:
    """What it is, is told by its content. Its address cannot be guessed; `visibility` says whom it answers.

    The other fields are those of `PATCH`, where `metadata` is a JSON text.
    """
    given = _described(await request.form())
    made = await service.upload(context, access, file.file, given)
    response.headers["Location"] = f"/v1/evidence/{made.id}"
    response.headers["ETag"] = etag(1)
    return made


@router.get(
    "",
    summary="List the organisation's evidence",
    responses=problems(InvalidCursor),
    response_model_exclude_none=True,
)
async def list_evidence(
    request: Request, response: Response, asked: PageQuery, access: EvidenceRead, context: Current
) -> Page[EvidenceOut]:
    """In no particular order, a page at a time."""
    after = asked.after(str)
    found = await service.listed(context, access, after[0] if after else None, asked.limit + 1)
    shown = found[: asked.limit]
    return page(request, response, asked, shown, end=(shown[-1].id,) if len(found) > asked.limit else None)


@router.get(
    "/{evidence_id}",
    summary="Read a record of evidence",
    responses=problems(NotFound),
    response_model_exclude_none=True,
)
async def read_evidence(
    evidence_id: Id, response: Response, access: EvidenceRead, context: Current
) -> EvidenceOut:
    """The record remains when the file was erased."""
    found, version = await service.read(context, access, evidence_id)
    response.headers["ETag"] = etag(version)
    return found


@router.patch(
    "/{evidence_id}",
    summary="Describe evidence",
    responses=problems(NotFound, EvidenceErased, PreconditionFailed, PreconditionRequired),
    response_model_exclude_none=True,
)
async def change_evidence(
    evidence_id: Id,
    given: EvidenceChange,
    response: Response,
    precondition: IfMatch,
    access: EvidenceWrite,
    context: Current,
) -> EvidenceOut:
    """Credentials that were issued keep what they say."""
    async with context.db.write() as session:
        changed, version = await service.change(context, access, evidence_id, given, precondition, session)
    response.headers["ETag"] = etag(version)
    return changed


@router.delete(
    "/{evidence_id}",
    status_code=204,
    summary="Erase evidence",
    responses=problems(NotFound, EvidenceErased),
)
async def erase_evidence(evidence_id: Id, access: EvidenceWrite, context: Current) -> None:
    """The file is removed for good. Credentials keep its address, which then answers that it was erased."""
    await service.erase(context, access, evidence_id)


@router.get(
    "/{evidence_id}/content",
    summary="Read evidence as its organisation",
    responses=problems(NotFound, EvidenceErased) | _FILE,
    response_class=Response,
)
async def read_evidence_content(evidence_id: Id, access: EvidenceRead, context: Current) -> Response:
    """Also where it is private. Always as a download: this is not the origin that files are shown on."""
    evidence, path = await service.file_of(context, evidence_id, access.organisation)
    return _file(evidence, path, inline=False)


@public_router.get(
    "/{evidence_id}",
    dependencies=[public],
    summary="Read evidence by its address",
    responses=problems(NotFound, EvidenceErased) | _FILE,
    response_class=Response,
)
async def read_evidence_file(evidence_id: Id, request: Request, context: Current) -> Response:
    """Answers on the evidence origin only, so that nothing in a file can act as the issuer's own pages."""
    if request.headers.get("host", "").lower() != urlsplit(context.settings.evidence_url).netloc.lower():
        raise NotFound("Evidence is served from its own address only.")
    evidence, path = await service.file_of(context, evidence_id, None)
    return _file(evidence, path, inline=evidence.media_type in INLINE)


def _file(evidence: Evidence, path: Path, *, inline: bool) -> Response:
    return FileResponse(
        path,
        media_type=f"{evidence.media_type}; charset=utf-8"
        if evidence.media_type == "text/plain"
        else evidence.media_type,
        headers={
            # Whatever the file holds, it runs nothing, loads nothing and reaches nothing.
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
            "media-src 'self'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "inline" if inline else f'attachment; filename="{evidence.id}"',
            "Cache-Control": "private, max-age=300",
            "ETag": f'"{evidence.sha256}"',
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-site",
        },
    )


def _described(form: Mapping[str, Any]) -> EvidenceChange:
    """The fields beside the file, in the same schema as a change's. Raises InvalidRequest, Unparseable."""
    fields = {field: value for field, value in form.items() if field != "file"}
    if isinstance(fields.get("metadata"), str):
        fields["metadata"] = parse_json(fields["metadata"].encode())
    try:
        return EvidenceChange.model_validate(fields)
    except ValidationError as error:
        raise InvalidRequest(
            "Correct the fields that `errors` names.",
            errors=[
                FieldError("/" + "/".join(str(step) for step in each["loc"]), each["msg"])
                for each in error.errors(include_url=False, include_input=False)
            ],
        ) from error
