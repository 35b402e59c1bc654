"""Rendering pages: one layout, one style sheet, no script."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from shared.http.problems import Problem
from shared.web.csrf import CsrfField
from shared.web.markdown import markdown_to_html
from shared.web.styles import STYLE_URL

TEMPLATES = Path(__file__).parent / "templates"


def content_security_policy(*, images: str = "'self' data: https:", form_action: str = "'self'") -> str:
    """What a page of ours may load: its style sheet and images; nothing runs."""
    return (
        f"default-src 'none'; style-src 'self'; img-src {images}; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


class Pages:
    """The pages of a service: its templates, which extend `base.html`.

    `Pages("services.backpack.web", title="Backpack")` takes templates from the package's folder `templates`.
    """

    def __init__(self, package: str | None, *, title: str, loader: BaseLoader | None = None) -> None:
        loaders: list[BaseLoader] = [PackageLoader("shared.web")]
        if package is not None:
            loaders.insert(0, PackageLoader(package))
        if loader is not None:
            loaders.insert(0, loader)
        self.environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(site=title, style_url=STYLE_URL, language="en", description=None)
        self.environment.filters.update(markdown=markdown_to_html, day=day, moment=moment)

    def page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        policy: str | None = None,
    ) -> Response:
        """The rendered page: not stored by caches, no script, `csrf` at hand for its forms.

        `policy` overrides `content_security_policy()` where a page needs to (a redirect after a form, say).
        """
        csrf = CsrfField(request)
        text = self.environment.get_template(template).render(
            request_path=request.url.path, csrf=csrf, **(values or {})
        )
        response = HTMLResponse(text, status)
        response.headers["Content-Security-Policy"] = policy or content_security_policy()
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept, Cookie"
        for name, value in (headers or {}).items():
            response.headers[name] = value
        csrf.keep(response)
        return response


def day(moment: datetime) -> str:
    """`21 November 2026`, for people."""
    return f"{moment.day} {moment:%B %Y}"


def moment(at: datetime) -> str:
    """`21 November 2026, 20:15 UTC`, for people."""
    at = at.astimezone(UTC)
    return f"{day(at)}, {at:%H:%M} UTC"


_own = Pages(None, title="Confer")


def error_page(request: Request, problem: Problem) -> Response:
    """A problem as a page: what happened and what to do. The error shape of pages (`Router(errors=error_page)`)."""
    headers = {
        name: value for name, value in (problem.headers or {}).items() if name.lower() != "www-authenticate"
    }
    return _own.page(request, "error.html", {"problem": problem}, status=problem.status_code, headers=headers)


def problem_page(request: Request, problem: type[Problem]) -> Response:
    """What this code means, for a person who followed the link in an error."""
    return _own.page(
        request, "problem.html", {"problem": problem, "paragraphs": problem.explanation().split("\n\n")}
    )
