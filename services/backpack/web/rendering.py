"""How the backpack's pages are rendered, and how they say no."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from services.backpack.sessions.access import signed_of
from shared.http.problems import FieldError, InvalidRequest, Problem, Unauthenticated
from shared.web.pages import Pages

M = TypeVar("M", bound=BaseModel)

_pages = Pages("services.backpack.web", title="Backpack")

LABELS = {
    "/login": "Login",
    "/password": "Password",
    "/name": "Name",
    "/email": "E-mail address",
    "/value": "Identifier",
    "/title": "Title",
    "/expires_at": "Last day",
    "/credentials": "Badges",
    "/file": "File",
    "/url": "Address",
}
"""How a page calls the fields that a problem points to."""


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any] | None = None,
    *,
    problem: Problem | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page; with a problem, the same form again, saying what to change."""
    # A form's Origin must reach us, which no-referrer would blank; other sites still get nothing (Fetch §3.2).
    given = {"Referrer-Policy": "same-origin", **(headers or {})}
    if problem is not None:
        given |= {name: value for name, value in (problem.headers or {}).items() if name == "Retry-After"}
    return _pages.page(
        request,
        template,
        {"signed_in": signed_of(request) is not None, "problem": problem, "labels": LABELS, **(values or {})},
        status=200 if problem is None else problem.status_code,
        headers=given,
    )


def error_page(request: Request, problem: Problem) -> Response:
    """A refusal as a page. Who is not signed in is sent to the sign-in, and from there back."""
    if isinstance(problem, Unauthenticated) and request.method in {"GET", "HEAD"}:
        return see_other(f"/sign-in?next={quote(request.url.path, safe='/')}")
    return render(request, "refused.html", problem=problem)


def see_other(path: str) -> RedirectResponse:
    """To another of our pages, after a form or for a reason (RFC 9110 §15.4.4)."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def local_path(path: str, default: str) -> str:
    """The path of one of our own pages, as it came back with a form; anything else is the default."""
    parts = urlsplit(path)
    ours = (
        path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    )
    return path if ours and path.isascii() and path.isprintable() and len(path) <= 200 else default


def validated(model: type[M], **fields: Any) -> M:
    """A form's fields as the API's own request. Raises InvalidRequest, pointing to each field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        errors = [
            FieldError(
                "".join(f"/{part}" for part in each["loc"]), str(each["msg"]).removeprefix("Value error, ")
            )
            for each in error.errors()
        ]
        raise InvalidRequest("Please correct what is named below.", errors=errors) from error
