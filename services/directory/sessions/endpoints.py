"""HTTP for signing in and out."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.directory.authentication import COOKIE, Session
from services.directory.context import Context, Current
from services.directory.errors import OrganisationNeeded, SessionNeeded, SignInFailed
from services.directory.sessions import service
from services.directory.sessions.schemas import SessionList, SessionOpened, SignIn
from services.directory.tables import rate_limits
from services.directory.tokens import digest
from shared.http.access import Access, public, require
from shared.http.problems import NotFound, TooManyRequests, problems
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.http.schemas import Id
from shared.web.csrf import ForgedForm

router = Router(tags=["Sessions"])
SignedIn = Annotated[Access, Depends(require())]


@router.post(
    "/v1/sessions",
    status_code=201,
    summary="Sign in",
    dependencies=[public],
    responses=problems(SignInFailed, OrganisationNeeded, TooManyRequests),
)
async def open_session(
    given: SignIn, context: Current, request: Request, response: Response
) -> SessionOpened:
    """The session's token is in the answer, and in a cookie for browsers (HttpOnly, SameSite=Lax).

    The cookie works only for pages of the directory itself; programs send the token as `Authorization: Bearer …`.
    """
    opened = await checked_sign_in(context, given, request)
    set_cookie(context, response, opened)
    response.headers["Cache-Control"] = "no-store"
    return opened


@router.get("/v1/sessions", summary="List my sessions", responses=problems(SessionNeeded))
async def list_sessions(_: SignedIn, session: Session, context: Current) -> SessionList:
    """Live ones, newest first."""
    return SessionList(items=await service.browse(context, session))


@router.delete(
    "/v1/sessions/current",
    status_code=204,
    summary="Sign out",
    responses=problems(SessionNeeded, NotFound, ForgedForm),
)
async def end_current_session(_: SignedIn, session: Session, context: Current, response: Response) -> None:
    """Ends the session that asks, and clears its cookie."""
    await service.end(context, session, session.session.id)
    clear_cookie(context, response)


@router.delete(
    "/v1/sessions/{session_id}",
    status_code=204,
    summary="End one of my sessions",
    responses=problems(SessionNeeded, NotFound, ForgedForm),
)
async def end_session(session_id: Id, _: SignedIn, session: Session, context: Current) -> None:
    """On whatever device it is."""
    await service.end(context, session, session_id)


async def checked_sign_in(context: Context, given: SignIn, request: Request) -> SessionOpened:
    """Sign in within the limits of tries per login and per address."""
    # A digest: what was typed into the login field may be a password, or somebody's address.
    await context.limits.sign_ins_per_login.check(context.db, rate_limits, digest(given.login))
    await context.limits.sign_ins_per_address.check(context.db, rate_limits, client_address(request))
    return await service.sign_in(context, given, device=request.headers.get("user-agent"))


def set_cookie(context: Context, response: Response, opened: SessionOpened) -> None:
    """Give a browser its session: unreadable for scripts, not sent along from other sites' forms."""
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=int(context.settings.session_lifetime.total_seconds()),
        secure=context.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
        path="/",
    )


def clear_cookie(context: Context, response: Response) -> None:
    response.delete_cookie(
        COOKIE,
        path="/",
        secure=context.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
