"""Pages that are not a representation of something in the API: home, consent, invitation."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.directory.authentication import session_of_page
from services.directory.context import Context, Current
from services.directory.errors import OrganisationNeeded, SignInFailed
from services.directory.members import service as members
from services.directory.members.schemas import InvitationAccept
from services.directory.oauth import service as oauth
from services.directory.oauth.requests import MAX_BYTES, Reply
from services.directory.sessions import service as sessions
from services.directory.sessions.endpoints import checked_sign_in, clear_cookie, set_cookie
from services.directory.sessions.schemas import SignIn
from services.directory.tables import rate_limits
from services.directory.web import pages
from shared.http.access import public
from shared.http.body import body_limit
from shared.http.problems import Problem
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.web.csrf import check_form
from shared.web.pages import error_page

router = Router(include_in_schema=False, errors=error_page, dependencies=[public])
_FORM = [Depends(check_form)]


@router.get("/")
async def show_home(request: Request) -> Response:
    return pages.home(request)


@router.get("/oauth/authorize")
async def authorize(request: Request, context: Current) -> Response:
    """RFC 6749 §4.1.1: sign in if need be, then decide."""
    query = request.url.query
    # Before anybody types a password: a request that is no good is not worth signing in for.
    examined = await oauth.examine(context, query)
    if isinstance(examined, Reply):
        return _answer(examined)
    signed_in = await session_of_page(context, request)
    if signed_in is None:
        return pages.sign_in(request, query)
    question = await oauth.ask(context, query, signed_in)
    if isinstance(question, Reply):
        return _answer(question)
    return pages.consent(request, query, question)


@router.post("/oauth/authorize", dependencies=_FORM)
@body_limit(2 * MAX_BYTES)
async def decide(request: Request, context: Current) -> Response:
    """The member's decision, for what the page showed."""
    form = await _fields(request)
    query = form.get("query", "")
    signed_in = await session_of_page(context, request)
    if signed_in is None:
        return pages.sign_in(request, query, problem="Your session has ended; sign in again.", status=401)
    shown = frozenset(form.get("shown", "").split())
    reply = await oauth.decide(context, query, signed_in, shown, allow=form.get("decision") == "allow")
    return _answer(reply)


@router.post("/oauth/sign-in", dependencies=_FORM)
@body_limit(2 * MAX_BYTES)
async def sign_in(request: Request, context: Current) -> Response:
    """Sign in in front of a program's request, and go on with it."""
    form = await _fields(request)
    query, login = form.get("query", ""), form.get("login", "")
    try:
        given = SignIn(
            login=login, password=form.get("password", ""), organisation=form.get("organisation") or None
        )
        opened = await checked_sign_in(context, given, request)
    except (ValidationError, SignInFailed):
        return pages.sign_in(
            request, query, login=login, problem="Login and password do not belong together.", status=401
        )
    except OrganisationNeeded as needed:
        return pages.sign_in(
            request,
            query,
            login=login,
            organisations=needed.extensions["organisations"],
            problem="You are a member of several organisations: choose one, and give your password again.",
            status=409,
        )
    response = RedirectResponse(f"/oauth/authorize?{query}", 303)
    set_cookie(context, response, opened)
    return response


@router.post("/oauth/sign-out", dependencies=_FORM)
@body_limit(2 * MAX_BYTES)
async def sign_out(request: Request, context: Current) -> Response:
    """Somebody else wants to decide about a program's request."""
    form = await _fields(request)
    signed_in = await session_of_page(context, request)
    if signed_in is not None:
        await sessions.end(context, signed_in, signed_in.session.id)
    response = RedirectResponse(f"/oauth/authorize?{form.get('query', '')}", 303)
    clear_cookie(context, response)
    return response


@router.get("/invitation")
async def show_invitation(
    request: Request, context: Current, token: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Where the one-time link leads."""
    return await _invitation(request, context, token)


@router.post("/invitation", dependencies=_FORM)
async def accept_invitation_form(request: Request, context: Current) -> Response:
    """Accept by form."""
    await context.limits.acceptances.check(context.db, rate_limits, client_address(request))
    form = await _fields(request)
    token = form.get("token", "")
    try:
        given = InvitationAccept(
            token=token,
            login=form.get("login") or None,
            password=form.get("password", ""),
            name=form.get("name") or None,
        )
        member = await members.accept(context, given)
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{str(first['loc'][0]).capitalize()}: {str(first['msg']).removeprefix('Value error, ')}."
        return await _invitation(request, context, token, problem=problem, status=422)
    except Problem as refusal:
        return await _invitation(
            request, context, token, problem=str(refusal.detail), status=refusal.status_code
        )
    return pages.accepted(request, await members.organisation_name(context, member.organisation))


async def _invitation(
    request: Request, context: Context, token: str, *, problem: str | None = None, status: int = 200
) -> Response:
    invited = await members.invited(context, token)
    values = {"token": token, "login": invited.login, "organisation": invited.organisation}
    return pages.invitation(request, values, problem=problem, status=status)


async def _fields(request: Request) -> dict[str, str]:
    """The text fields of a form; files are nobody's business here."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def _answer(reply: Reply) -> Response:
    return Response(None, reply.status, dict(reply.headers))
