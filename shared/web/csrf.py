"""Forms that only our own pages can send (OWASP: origin check and signed double-submit cookie).

A form carries a token that a cookie of the same browser carries too; both are random, and the browser's own statement of
where the form came from (`Sec-Fetch-Site`, `Origin`) must agree. There is nothing to keep on our side.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response
from markupsafe import Markup

from shared.http.problems import Problem

FIELD = "csrf"
_COOKIE = "confer_csrf"
_SCOPE = "confer.csrf"
_LENGTH = 43


class ForgedForm(Problem):
    """The form was not sent from a page of this site, or its page was open for too long. Open the page and send it again."""

    code, status, title = "forged-form", 403, "The form cannot be accepted"


class CsrfField:
    """The hidden field that every form of a page carries: `{{ csrf }}`. A page without a form sets no cookie."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._used = False

    def __html__(self) -> str:
        self._used = True
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, _token(self._request))

    def keep(self, response: Response) -> None:
        """Set the cookie that belongs to the field, for this browser session."""
        request = self._request
        if not self._used or request.cookies.get(_cookie(request)) == _token(request):
            return
        secure = request.url.scheme == "https" or _public(request).startswith("https://")
        response.set_cookie(
            _cookie(request), _token(request), httponly=True, samesite="lax", secure=secure, path="/"
        )


def check_origin(request: Request) -> None:
    """Raises ForgedForm unless the browser says that the request comes from a page of ours.

    Enough by itself for JSON with a cookie; forms use `check_form`, which wants the token besides.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForgedForm("Open the page on this site and send the form again.")
    ours = {_origin(_public(request)), _origin(f"{request.url.scheme}://{request.headers.get('host', '')}")}
    if origin is not None and _origin(origin) not in ours:
        raise ForgedForm("Open the page on this site and send the form again.")
    if site is None and origin is None:
        raise ForgedForm("The browser does not say where the request comes from; use a newer one.")


async def check_form(request: Request) -> None:
    """Dependency of every route that takes a form. Raises ForgedForm."""
    check_origin(request)
    given = (await request.form()).get(FIELD)
    kept = request.cookies.get(_cookie(request), "")
    if (
        not isinstance(given, str)
        or len(kept) != _LENGTH
        or not hmac.compare_digest(given.encode(), kept.encode())
    ):
        raise ForgedForm("Open the page again and send the form from there.")


def _token(request: Request) -> str:
    """This browser's token: the one its cookie holds, or a new one for this answer."""
    kept = request.cookies.get(_cookie(request), "")
    if len(kept) == _LENGTH and kept.isascii() and kept.replace("-", "").replace("_", "").isalnum():
        return kept
    token: str = request.scope.setdefault(_SCOPE, secrets.token_urlsafe(32))
    return token


def _cookie(request: Request) -> str:
    """`__Host-` pins the cookie to this host over https; on plain http (embedded) a port of its own keeps services apart."""
    public = _public(request)
    if public.startswith("https://"):
        return f"__Host-{_COOKIE}"
    return f"{_COOKIE}_{urlsplit(public).port or 80}"


def _public(request: Request) -> str:
    url: str = request.app.state.service.settings.public_url
    return url


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return ("", "", None)
    return parts.scheme, parts.hostname or "", port or {"http": 80, "https": 443}.get(parts.scheme)
