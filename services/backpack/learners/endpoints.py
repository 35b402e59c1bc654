"""Learners over HTTP: signing up, the account, leaving."""

from fastapi import Request, Response

from services.backpack.clients import client_kind
from services.backpack.context import Current
from services.backpack.errors import (
    InvalidIdentifier,
    LinkUsedUp,
    LoginTaken,
    WeakPassword,
    WrongLogin,
)
from services.backpack.learners import leaving, service
from services.backpack.learners.schemas import (
    Erasure,
    ErasureReceipt,
    ExportOut,
    LearnerChange,
    LearnerOut,
    PasswordChange,
    PasswordReset,
    PasswordResetRequest,
    SignedUpOut,
    SignUp,
)
from services.backpack.sessions.access import Holder, drop_cookie, set_cookie
from shared.http.access import public
from shared.http.problems import TooManyRequests, problems
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.web.csrf import ForgedForm

router = Router(tags=["learners"])
_ME = "/v1/learners/me"


@router.post(
    "/v1/learners",
    status_code=201,
    summary="Sign up",
    dependencies=[public],
    responses=problems(LoginTaken, WeakPassword, InvalidIdentifier, TooManyRequests),
)
async def create_learner(
    given: SignUp, request: Request, response: Response, context: Current
) -> SignedUpOut:
    """Open a backpack and begin a session. Badges come once the e-mail address is confirmed by the mail sent to it."""
    await context.limits.sign_up.check(context.db, client_address(request))
    learner, begun = await service.sign_up(context, given, client=client_kind(request))
    set_cookie(response, begun, context)
    return SignedUpOut(learner=learner, token=begun.token, expires_at=begun.expires_at)


@router.get(_ME, summary="Read the own account")
async def get_learner(context: Current, signed: Holder) -> LearnerOut:
    """Who is signed in."""
    return await service.read(context, signed.learner_id)


@router.patch(_ME, summary="Change the name", responses=problems(ForgedForm))
async def change_learner(given: LearnerChange, context: Current, signed: Holder) -> LearnerOut:
    """Set or remove the name by which the pages address the learner. Badges are not changed by it."""
    return await service.rename(context, signed.learner_id, given.name)


@router.post(
    _ME + "/password",
    status_code=204,
    summary="Change the password",
    responses=problems(WrongLogin, WeakPassword, TooManyRequests, ForgedForm),
)
async def change_password(given: PasswordChange, context: Current, signed: Holder) -> None:
    """Set a new password. Every other session of the learner ends."""
    await context.limits.sign_in.check(context.db, signed.learner_id)
    await service.change_password(
        context, signed, given.current.get_secret_value(), given.new.get_secret_value()
    )


@router.get(_ME + "/export", summary="Export everything")
async def export_learner(response: Response, context: Current, signed: Holder) -> ExportOut:
    """Everything the backpack knows about the learner; badges and files base64-encoded, byte for byte as kept."""
    response.headers["Content-Disposition"] = 'attachment; filename="backpack.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return await leaving.export(context, signed.learner_id)


@router.post(
    _ME + "/erase",
    summary="Erase the account",
    responses=problems(WrongLogin, TooManyRequests, ForgedForm),
)
async def erase_learner(
    given: Erasure, response: Response, context: Current, signed: Holder
) -> ErasureReceipt:
    """Delete the account and everything in it, at once and for good. Issuers are told that the holder is gone."""
    await context.limits.sign_in.check(context.db, signed.learner_id)
    receipt = await leaving.erase(context, signed.learner_id, given.password.get_secret_value())
    drop_cookie(response, context)
    return receipt


@router.post(
    "/v1/password-resets",
    status_code=202,
    summary="Ask for a password reset",
    dependencies=[public],
    responses=problems(InvalidIdentifier, TooManyRequests),
)
async def request_password_reset(given: PasswordResetRequest, request: Request, context: Current) -> None:
    """Send a reset link to a confirmed address. The answer is the same whether or not anybody has that address."""
    await context.limits.sign_in_from.check(context.db, client_address(request))
    await service.request_reset(context, given.email)


@router.post(
    "/v1/password-resets/confirm",
    status_code=204,
    summary="Reset the password",
    dependencies=[public],
    responses=problems(LinkUsedUp, WeakPassword, TooManyRequests),
)
async def reset_password(given: PasswordReset, request: Request, context: Current) -> None:
    """Set a new password with the token of a reset mail. Every session of the learner ends."""
    await context.limits.sign_in_from.check(context.db, client_address(request))
    await service.reset_password(context, given.token, given.password.get_secret_value())
