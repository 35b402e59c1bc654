"""Signing in and out over HTTP."""

from fastapi import Request, Response

from services.backpack.clients import client_kind
from services.backpack.context import Current
from services.backpack.errors import WrongLogin
from services.backpack.learners import service as learners
from services.backpack.learners.names import login_lookup
from services.backpack.paths import RowId
from services.backpack.sessions import service
from services.backpack.sessions.access import Holder, drop_cookie, set_cookie
from services.backpack.sessions.schemas import SessionList, SessionOut, SignedInOut, SignIn
from shared.http.access import public
from shared.http.problems import NotFound, TooManyRequests, problems
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.web.csrf import ForgedForm

router = Router(prefix="/v1/sessions", tags=["sessions"])


@router.post(
    "",
    status_code=201,
    summary="Sign in",
    dependencies=[public],
    responses=problems(WrongLogin, TooManyRequests),
)
async def create_session(
    given: SignIn, request: Request, response: Response, context: Current
) -> SignedInOut:
    """Begin a session. The token comes in the answer and as a cookie; it is not shown again."""
    await context.limits.sign_in_from.check(context.db, client_address(request))
    await context.limits.sign_in.check(context.db, login_lookup(context.vault, given.login))
    begun = await service.sign_in(
        context, given.login, given.password.get_secret_value(), client=client_kind(request)
    )
    set_cookie(response, begun, context)
    learner = await learners.read(context, begun.learner_id)
    return SignedInOut(learner=learner, token=begun.token, expires_at=begun.expires_at)


@router.get("", summary="List sessions")
async def list_sessions(context: Current, signed: Holder) -> SessionList:
    """The learner's sessions that have not ended, newest first."""
    rows = await service.list_of(context, signed.learner_id)
    return SessionList(
        items=[
            SessionOut(
                id=row.id,
                client=row.client,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
                current=row.id == signed.session_id,
            )
            for row in rows
        ]
    )


@router.delete("/current", status_code=204, summary="Sign out", responses=problems(ForgedForm))
async def delete_current_session(response: Response, context: Current, signed: Holder) -> None:
    """End the session this request is made with."""
    await service.end(context, signed.learner_id, signed.session_id)
    drop_cookie(response, context)


@router.delete(
    "/{session_id}", status_code=204, summary="End a session", responses=problems(NotFound, ForgedForm)
)
async def delete_session(session_id: RowId, context: Current, signed: Holder) -> None:
    """End one of the learner's sessions, for example on a device she lost."""
    await service.end(context, signed.learner_id, session_id)
