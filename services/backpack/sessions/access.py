"""Who is asking: the session's token as `Authorization: Bearer …`, or in the cookie that signing in sets."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.backpack.context import Context
from services.backpack.sessions import service
from services.backpack.sessions.service import Begun, Signed
from shared.http.access import Access, bearer_token, require
from shared.http.problems import Unauthenticated
from shared.http.tokens import TokenVerifier
from shared.web.csrf import check_origin

COOKIE = "confer_backpack"
_SIGNED = "backpack.signed"
_DOTS_OF_A_JWT = 2  # a session's token has none
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SessionAuthenticator:
    """Finds the learner of a request. To the rest of the code her id is the organisation all her rows belong to.

    An access token of the directory is taken too: it lets an organisation's program read the organisation's events,
    by its scopes, and is nobody's session. A session has no scopes.
    """

    def __init__(self, programs: TokenVerifier) -> None:
        self._programs = programs

    async def authenticate(self, request: Request) -> Access | None:
        """None without a token. Raises Unauthenticated for a token of no session, ForgedForm for a request by another site."""
        context: Context = request.app.state.service.context
        token, by_cookie = _token(request)
        if token is None:
            return None
        if not by_cookie and token.count(".") == _DOTS_OF_A_JWT:
            return await self._programs.verify(token)
        signed = await service.signed(context, token)
        if signed is None and by_cookie:
            return None  # an old cookie is no mistake of the caller's
        if signed is None:
            raise Unauthenticated("The session has ended; sign in with POST /v1/sessions.")
        if by_cookie and request.method not in _SAFE:
            check_origin(request)
        request.scope[_SIGNED] = signed
        return Access(signed.learner_id, f"learner:{signed.learner_id}", frozenset())


def _token(request: Request) -> tuple[str | None, bool]:
    """The token, and whether it came in the cookie. The header is looked at first."""
    header = bearer_token(request)
    if header is not None:
        return header, False
    cookie = request.cookies.get(COOKIE)
    return (cookie, True) if cookie and len(cookie) <= 200 else (None, False)


async def _holder(request: Request, _: Annotated[Access, Depends(require())]) -> Signed:
    signed = signed_of(request)
    if signed is None:
        raise Unauthenticated("This is a learner's own: sign in with POST /v1/sessions.")
    return signed


Holder = Annotated[Signed, Depends(_holder)]
"""Endpoint parameter: the learner who is signed in; 401 otherwise."""


def signed_of(request: Request) -> Signed | None:
    """The learner of this request, once `require` or `optional` has looked."""
    return request.scope.get(_SIGNED)


def set_cookie(response: Response, begun: Begun, context: Context) -> None:
    """Let the browser keep the session: not readable by scripts, not sent along by other sites' requests."""
    response.set_cookie(
        COOKIE,
        begun.token,
        max_age=int(context.settings.session_lifetime.total_seconds()),
        path="/",
        secure=context.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, context: Context) -> None:
    response.delete_cookie(
        COOKIE,
        path="/",
        secure=context.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
