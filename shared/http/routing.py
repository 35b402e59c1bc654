"""The router every service uses: strict bodies, bounded sizes, and its own way of answering errors if it needs one."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute

from shared.http.body import BodyLimit, parse_json, too_large
from shared.http.problems import Problem, UnsupportedMediaType

ErrorShape = Callable[[Request, Problem], Response]
"""Answers a problem the way another standard says (RFC 6749, `Imsx_StatusInfo`, a page)."""
ERROR_SHAPE = "confer.error_shape"


class StrictRequest(Request):
    """A request whose JSON is read so that every reader would read the same."""

    async def json(self) -> Any:
        return parse_json(await self.body())


class Route(APIRoute):
    """Checks the body's media type and size before FastAPI reads it."""

    error_shape: ErrorShape | None = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        limit: BodyLimit = getattr(inspect.unwrap(self.endpoint), "__body_limit__", BodyLimit())
        wanted = None if self.body_field is None else self.body_field.field_info
        wants_json = wanted is not None and not isinstance(wanted, params.Form)
        wants_file = isinstance(wanted, params.File) and self.error_shape is None

        async def strict(request: Request) -> Response:
            if self.error_shape is not None:
                request.scope[ERROR_SHAPE] = self.error_shape
            _set_limit(request, limit)
            if wants_json:
                _check_media_type(request)
            if wants_file and _media_type(request) != "multipart/form-data":
                raise UnsupportedMediaType(
                    "Send the file in a form, as multipart/form-data.", supported=["multipart/form-data"]
                )
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class Router(APIRouter):
    """APIRouter for `/v1` and pages. Operation ids are the endpoints' names: unique within a service, never changed.

    `errors` answers problems in another standard's shape; such routes are left out of the problem documentation.
    `responses=problems(…)` on a route documents its business refusals; what every operation may answer is added.
    """

    def __init__(self, *, errors: ErrorShape | None = None, **options: Any) -> None:
        route_class = (
            Route if errors is None else type("ShapedRoute", (Route,), {"error_shape": staticmethod(errors)})
        )
        super().__init__(route_class=route_class, **options)


def _set_limit(request: Request, route: BodyLimit) -> None:
    body: BodyLimit | None = request.scope.get(BodyLimit.scope_key)
    if body is not None:
        body.limit, body.streamed = route.limit, route.streamed
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > route.limit:
        raise too_large(route.limit)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_media_type(request: Request) -> None:
    """JSON bodies must say so: anything else would be taken for a missing body."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = _media_type(request)
    if (
        has_body
        and media_type != "application/json"
        and not (media_type.startswith("application/") and media_type.endswith("+json"))
    ):
        raise UnsupportedMediaType(
            "Send the body as application/json.",
            supported=["application/json"],
            headers={"Accept": "application/json"},
        )
