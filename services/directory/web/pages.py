"""The directory's pages, rendered; what they show is worked out elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from services.directory.catalogue.schemas import AchievementOut, IssuerDetail, IssuerOut
from services.directory.catalogue.store import AchievementQuery, IssuerQuery
from services.directory.oauth.service import Question
from shared.http.schemas import Page
from shared.web.pages import Pages, content_security_policy

_pages = Pages("services.directory.web", title="Confer Directory")
_pages.environment.filters["segment"] = lambda text: quote(text, safe="")


def home(request: Request) -> Response:
    """What this is, and where to search."""
    return _pages.page(request, "home.html")


def issuers(request: Request, query: IssuerQuery, found: Page[IssuerOut]) -> Response:
    """A page of search results."""
    return _pages.page(
        request, "issuers.html", {"query": query, "items": found.items, "next": _next(request, found.next)}
    )


def issuer(request: Request, found: IssuerDetail) -> Response:
    """One issuer."""
    return _pages.page(request, "issuer.html", {"issuer": found})


def achievements(request: Request, query: AchievementQuery, found: Page[AchievementOut]) -> Response:
    """A page of search results."""
    values = {"query": query, "items": found.items, "next": _next(request, found.next)}
    return _pages.page(request, "achievements.html", values)


def sign_in(
    request: Request,
    query: str,
    *,
    problem: str | None = None,
    login: str = "",
    organisations: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> Response:
    """The sign-in form in front of a program's request; `query` is that request, kept as it is."""
    values = {"query": query, "problem": problem, "login": login, "organisations": organisations}
    return _pages.page(request, "sign_in.html", values, status=status)


def consent(request: Request, query: str, question: Question) -> Response:
    """What a program wants to do, in plain words, with one button for yes and one for no."""
    target = urlsplit(question.parameters["redirect_uri"])
    # Browsers apply form-action to where the answer redirects as well.
    policy = content_security_policy(form_action=f"'self' {target.scheme}://{target.netloc}")
    return _pages.page(request, "consent.html", {"query": query, "question": question}, policy=policy)


def invitation(
    request: Request, values: Mapping[str, Any], *, problem: str | None = None, status: int = 200
) -> Response:
    """The form that accepts an invitation."""
    return _pages.page(request, "invitation.html", {"problem": problem, **values}, status=status)


def accepted(request: Request, organisation: str) -> Response:
    """Welcome."""
    return _pages.page(request, "accepted.html", {"organisation": organisation}, status=201)


def _next(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    target = request.url.include_query_params(cursor=cursor)
    return f"{target.path}?{target.query}"
