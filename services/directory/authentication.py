"""Who is asking the directory: a signed-in member (session) or the bearer of an access token for the directory."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from services.directory.context import Context
from services.directory.errors import SessionNeeded
from services.directory.scopes import scopes_of_roles
from services.directory.sessions import store as sessions
from services.directory.tokens import digest, is_kind
from shared.http.access import Access, bearer_token
from shared.http.problems import Unauthenticated
from shared.http.tokens import TokenVerifier
from shared.web.csrf import check_origin

COOKIE = "confer-directory-session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class DirectoryAuthenticator:
    """Accepts a session's cookie, a session's token as Bearer, or an access token whose audience is the directory.

    A header wins over the cookie. The scopes of a session are those of the member's roles at this moment.
    """

    def __init__(self, context: Callable[[], Context], tokens: TokenVerifier) -> None:
        self._context = context
        self._tokens = tokens

    async def authenticate(self, request: Request) -> Access | None:
        """See `shared.http.access.Authenticator`.

        Raises Unauthenticated, and ForgedForm for the cookie in a request that another site's page made.
        """
        token = bearer_token(request)
        if token is not None and not is_kind(token, "session"):
            return await self._tokens.verify(token)
        if token is None:
            token = request.cookies.get(COOKIE)
            if token is None:
                return None
            if request.method not in _SAFE:
                check_origin(request)
        signed_in = await find_session(self._context(), token)
        if signed_in is None:
            raise Unauthenticated("The session has ended; sign in again at /v1/sessions.")
        request.state.session = signed_in
        return access_of(signed_in)


def access_of(signed_in: sessions.SignedIn) -> Access:
    """What a session allows."""
    return Access(
        organisation=signed_in.organisation.id,
        actor=f"member:{signed_in.member.id}",
        scopes=scopes_of_roles(signed_in.member.role_names),
        test=signed_in.organisation.test,
    )


async def find_session(context: Context, token: str) -> sessions.SignedIn | None:
    """The live session of a token."""
    if not is_kind(token, "session"):
        return None
    async with context.db.read() as session:
        return await sessions.live(session, digest(token), context.clock())


async def session_of_page(context: Context, request: Request) -> sessions.SignedIn | None:
    """The live session of a browser, for pages, which show a sign-in form instead of refusing."""
    token = request.cookies.get(COOKIE)
    return None if token is None else await find_session(context, token)


def _session(request: Request) -> sessions.SignedIn:
    signed_in: sessions.SignedIn | None = getattr(request.state, "session", None)
    if signed_in is None:
        raise SessionNeeded("Sign in as a person at /v1/sessions.")
    return signed_in


Session = Annotated[sessions.SignedIn, Depends(_session)]
"""Endpoint parameter, beside a `require`: the caller's session. A program's token is refused with SessionNeeded."""
