"""The one style sheet, under a name that changes with it, so that it may be kept for ever."""

import hashlib
from pathlib import Path

from fastapi import Request, Response

from shared.http.access import public
from shared.http.etag import not_modified
from shared.http.problems import NotFound
from shared.http.routing import Router

_CSS = (Path(__file__).parent / "static" / "confer.css").read_bytes()
_DIGEST = hashlib.sha256(_CSS).hexdigest()[:16]
STYLE_URL = f"/static/confer-{_DIGEST}.css"


def styles_router() -> Router:
    """Serves the style sheet; `create_application` includes it."""
    router = Router(include_in_schema=False, dependencies=[public])

    @router.get("/static/confer-{digest}.css")
    async def style_sheet(request: Request, digest: str) -> Response:
        if digest != _DIGEST:
            raise NotFound("This version of the style sheet is gone.")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{_DIGEST}"'}
        if not_modified(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(_CSS, media_type="text/css", headers=headers)

    return router
