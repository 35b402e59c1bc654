"""Pages for signing up, signing in, confirming an address and resetting a password."""

from typing import Annotated

from fastapi import Depends, Form, Query, Request, Response

from services.backpack.clients import client_kind
from services.backpack.context import Current
from services.backpack.identifiers import service as identifiers
from services.backpack.learners import service as learners
from services.backpack.learners.names import login_lookup
from services.backpack.learners.schemas import SignUp
from services.backpack.sessions import service as sessions
from services.backpack.sessions.access import Holder, drop_cookie, set_cookie, signed_of
from services.backpack.web.rendering import error_page, local_path, render, see_other, validated
from shared.http.access import Access, optional, public
from shared.http.problems import Problem
from shared.http.ratelimit import client_address
from shared.http.routing import Router
from shared.web.csrf import check_form

router = Router(include_in_schema=False, errors=error_page)

Field = Annotated[str, Form(max_length=2000)]
FORM = [public, Depends(check_form)]
_HOME = "/badges"


@router.get("/")
async def start_page(request: Request, _: Annotated[Access | None, Depends(optional())]) -> Response:
    """Who is signed in finds her badges; others are told what this is."""
    if signed_of(request) is not None:
        return see_other(_HOME)
    return render(request, "start.html")


@router.get("/sign-up", dependencies=[public])
async def sign_up_page(request: Request) -> Response:
    return render(request, "sign_up.html", {"given": {}})


@router.post("/sign-up", dependencies=FORM)
async def sign_up(
    request: Request,
    context: Current,
    login: Field = "",
    password: Field = "",
    name: Field = "",
    email: Field = "",
) -> Response:
    try:
        await context.limits.sign_up.check(context.db, client_address(request))
        given = validated(
            SignUp, login=login, password=password, name=name or None, email=email.strip() or None
        )
        _, begun = await learners.sign_up(context, given, client=client_kind(request))
    except Problem as problem:
        values = {"given": {"login": login, "name": name, "email": email}}
        return render(request, "sign_up.html", values, problem=problem)
    response = see_other(_HOME)
    set_cookie(response, begun, context)
    return response


@router.get("/sign-in", dependencies=[public])
async def sign_in_page(
    request: Request, then: Annotated[str, Query(alias="next", max_length=200)] = _HOME
) -> Response:
    return render(request, "sign_in.html", {"login": "", "next": local_path(then, _HOME)})


@router.post("/sign-in", dependencies=FORM)
async def sign_in(
    request: Request,
    context: Current,
    login: Field = "",
    password: Field = "",
    then: Annotated[str, Form(alias="next", max_length=200)] = _HOME,
) -> Response:
    try:
        await context.limits.sign_in_from.check(context.db, client_address(request))
        await context.limits.sign_in.check(context.db, login_lookup(context.vault, login))
        begun = await sessions.sign_in(context, login, password, client=client_kind(request))
    except Problem as problem:
        values = {"login": login, "next": local_path(then, _HOME)}
        return render(request, "sign_in.html", values, problem=problem)
    response = see_other(local_path(then, _HOME))
    set_cookie(response, begun, context)
    return response


@router.post("/sign-out", dependencies=[Depends(check_form)])
async def sign_out(context: Current, signed: Holder) -> Response:
    await sessions.end(context, signed.learner_id, signed.session_id)
    response = see_other("/")
    drop_cookie(response, context)
    return response


@router.get("/confirm", dependencies=[public])
async def confirm_page(
    request: Request, context: Current, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """A page with a button: programs that follow the links in mails do not use the token up."""
    if not await identifiers.confirmable(context, token):
        return render(request, "confirm.html", {"token": None})
    return render(request, "confirm.html", {"token": token})


@router.post("/confirm", dependencies=FORM)
async def confirm(request: Request, context: Current, token: Field = "") -> Response:
    await context.limits.sign_in_from.check(context.db, client_address(request))
    confirmed = await identifiers.confirm(context, token)
    values = {"address": confirmed.identifier.value, "offered": confirmed.offered}
    return render(request, "confirmed.html", values)


@router.get("/forgotten", dependencies=[public])
async def forgotten_page(request: Request) -> Response:
    return render(request, "forgotten.html", {"email": "", "sent": False})


@router.post("/forgotten", dependencies=FORM)
async def forgotten(request: Request, context: Current, email: Field = "") -> Response:
    """The answer is the same whether or not anybody has the address."""
    try:
        await context.limits.sign_in_from.check(context.db, client_address(request))
        await learners.request_reset(context, email)
    except Problem as problem:
        return render(request, "forgotten.html", {"email": email, "sent": False}, problem=problem)
    return render(request, "forgotten.html", {"email": "", "sent": True})


@router.get("/reset", dependencies=[public])
async def reset_page(request: Request, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    return render(request, "reset.html", {"token": token, "done": False})


@router.post("/reset", dependencies=FORM)
async def reset(request: Request, context: Current, token: Field = "", password: Field = "") -> Response:
    try:
        await context.limits.sign_in_from.check(context.db, client_address(request))
        await learners.reset_password(context, token, password)
    except Problem as problem:
        return render(request, "reset.html", {"token": token, "done": False}, problem=problem)
    return render(request, "reset.html", {"token": "", "done": True})
