"""From exceptions to answers: every refusal a problem, every surprise a 500 that tells nothing of our insides."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import HTTPException, RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException

from shared.db import DatabaseUnavailable, is_transient
from shared.http.negotiation import prefers_html
from shared.http.problems import (
    MEDIA_TYPE,
    FieldError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    Unavailable,
    Unparseable,
)
from shared.http.routing import ERROR_SHAPE, ErrorShape
from shared.observability.context import request_id
from shared.observability.logs import get_logger

_log = get_logger("shared.http")
_MAX_ERRORS = 100


class Answering:
    """Turns exceptions into responses for one service."""

    def __init__(self, public_url: str, html: ErrorShape | None = None) -> None:
        self._public_url = public_url
        self._html = html

    def handlers(
        self,
    ) -> dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]:
        """For FastAPI's `exception_handlers`; whatever is not listed reaches the last resort."""
        return {
            StarletteHTTPException: self.http_error,
            RequestValidationError: self.invalid,
            DatabaseUnavailable: self.out_of_reach,
            DBAPIError: self.out_of_reach,
            OSError: self.out_of_reach,
        }

    async def http_error(self, request: Request, error: Exception) -> Response:
        return self.answer(request, _as_problem(error))

    async def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return self.answer(request, _invalid(error.errors()))

    async def out_of_reach(self, request: Request, error: Exception) -> Response:
        """503 if a part we need cannot be reached; anything else was no such thing and goes on up."""
        if not unreachable(error):
            raise error
        _log.warning("dependency.out_of_reach", reason=type(error).__name__)
        return self.answer(
            request, Unavailable("A part this needs is out of reach; repeat in a few seconds.")
        )

    def last_resort(self, request: Request, error: Exception) -> Response:
        if unreachable(error):
            return self.answer(
                request, Unavailable("A part this needs is out of reach; repeat in a few seconds.")
            )
        return self.answer(
            request, InternalError("Something went wrong here; name the request_id if you report it.")
        )

    def answer(self, request: Request, problem: Problem) -> Response:
        """In the shape of the route, else a page for browsers, else RFC 9457."""
        shape: ErrorShape | None = request.scope.get(ERROR_SHAPE)
        if shape is None and self._html is not None and _wants_page(request):
            shape = self._html
        if shape is not None:
            return shape(request, problem)
        return problem_response(problem, self._public_url)


def problem_response(problem: Problem, public_url: str) -> Response:
    """`application/problem+json`, never cached."""
    body = problem.to_json(base_url=public_url, request_id=request_id.get())
    headers = {"Cache-Control": "no-store", **(problem.headers or {})}
    return Response(json.dumps(body, ensure_ascii=False), problem.status_code, headers, MEDIA_TYPE)


def unreachable(error: BaseException) -> bool:
    """Whether a database, broker or network peer could not be reached (as opposed to: it said no)."""
    return isinstance(error, DatabaseUnavailable | ConnectionError | TimeoutError) or is_transient(error)


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith("/v1/") and prefers_html(request.headers.get("accept"))


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    assert isinstance(error, StarletteHTTPException | HTTPException)
    match error.status_code:
        case 404:
            return NotFound("There is nothing at this address.")
        case 405:
            return MethodNotAllowed("Use one of the methods in Allow.", headers=error.headers)
        case 413:
            return TooLarge("Send less at once.")
        case 400:
            return Unparseable("The body could not be read as what its Content-Type says.")
        case status if status < 500:
            return InvalidRequest("The request cannot be accepted as it is.")
        case _:
            return InternalError("Something went wrong here; name the request_id if you report it.")


def _invalid(found: Sequence[Any]) -> Problem:
    """422 with a pointer per error. What was sent is not repeated: it may be a secret or a person's."""
    if any(each["type"] == "json_invalid" for each in found):
        return Unparseable("The body is not JSON.")
    errors = [FieldError(_pointer(each["loc"]), _sentence(each)) for each in found[:_MAX_ERRORS]]
    first = errors[0]
    more = f" ({len(found) - 1} more in errors)" if len(found) > 1 else ""
    return InvalidRequest(f"{first.pointer or 'The body'}: {first.detail}{more}.", errors=errors)


def _pointer(location: Sequence[Any]) -> str:
    """RFC 6901 into the body; for a parameter its name."""
    kind, *path = location or ("body",)
    if kind != "body":
        return ".".join(str(part) for part in path)[:200]
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:200] for part in path)


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field of this operation"
    if error["type"] == "missing":
        return "is required"
    text = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:500]
