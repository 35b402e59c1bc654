"""Pages of the account: the name, addresses, sessions, the password, export and erasure."""

from typing import Annotated, get_args

from fastapi import Depends, Form, Request, Response

from services.backpack.consents import service as consents
from services.backpack.context import Context, Current
from services.backpack.identifiers import service as identifiers
from services.backpack.identifiers.schemas import IdentifierIn, IdentityType
from services.backpack.learners import leaving, service
from services.backpack.learners.schemas import LearnerChange
from services.backpack.paths import RowId
from services.backpack.sessions import service as sessions
from services.backpack.sessions.access import Holder, drop_cookie
from services.backpack.sessions.service import Signed
from services.backpack.web.rendering import error_page, render, see_other, validated
from shared.http.problems import Problem
from shared.http.routing import Router
from shared.web.csrf import check_form

router = Router(prefix="/account", include_in_schema=False, errors=error_page)

Field = Annotated[str, Form(max_length=2000)]
FORM = [Depends(check_form)]


@router.get("")
async def account_page(request: Request, context: Current, signed: Holder) -> Response:
    return await _account(request, context, signed)


async def _account(
    request: Request, context: Context, signed: Signed, problem: Problem | None = None
) -> Response:
    values = {
        "learner": await service.read(context, signed.learner_id),
        "identifiers": await identifiers.list_of(context, signed.learner_id),
        "types": get_args(IdentityType),
        "sessions": await sessions.list_of(context, signed.learner_id),
        "current": signed.session_id,
        "consents": await consents.list_of(context, signed.learner_id),
    }
    return render(request, "account.html", values, problem=problem)


@router.post("/name", dependencies=FORM)
async def change_name_form(request: Request, context: Current, signed: Holder, name: Field = "") -> Response:
    try:
        change = validated(LearnerChange, name=name.strip() or None)
        await service.rename(context, signed.learner_id, change.name)
    except Problem as problem:
        return await _account(request, context, signed, problem)
    return see_other("/account")


@router.post("/identifiers", dependencies=FORM)
async def add_identifier_form(
    request: Request,
    context: Current,
    signed: Holder,
    value: Field = "",
    kind: Annotated[str, Form(alias="type", max_length=64)] = "emailAddress",
) -> Response:
    try:
        given = validated(IdentifierIn, type=kind, value=value)
        await identifiers.add(context, signed.learner_id, given.type, given.value)
    except Problem as problem:
        return await _account(request, context, signed, problem)
    return see_other("/account")


@router.post("/identifiers/{identifier_id}/send", dependencies=FORM)
async def send_confirmation_form(
    identifier_id: RowId, request: Request, context: Current, signed: Holder
) -> Response:
    try:
        await identifiers.send_again(context, signed.learner_id, identifier_id)
    except Problem as problem:
        return await _account(request, context, signed, problem)
    return see_other("/account")


@router.post("/identifiers/{identifier_id}/remove", dependencies=FORM)
async def remove_identifier_form(identifier_id: RowId, context: Current, signed: Holder) -> Response:
    await identifiers.remove(context, signed.learner_id, identifier_id)
    return see_other("/account")


@router.post("/sessions/{session_id}/end", dependencies=FORM)
async def end_session_form(session_id: RowId, context: Current, signed: Holder) -> Response:
    await sessions.end(context, signed.learner_id, session_id)
    return see_other("/account")


@router.post("/password", dependencies=FORM)
async def change_password_form(
    request: Request, context: Current, signed: Holder, current: Field = "", new: Field = ""
) -> Response:
    try:
        await context.limits.sign_in.check(context.db, signed.learner_id)
        await service.change_password(context, signed, current, new)
    except Problem as problem:
        return await _account(request, context, signed, problem)
    return see_other("/account")


@router.post("/consents/{consent_id}/withdraw", dependencies=FORM)
async def withdraw_consent_form(consent_id: RowId, context: Current, signed: Holder) -> Response:
    await consents.withdraw(context, signed.learner_id, consent_id)
    return see_other("/account")


@router.get("/export")
async def export_file(context: Current, signed: Holder) -> Response:
    exported = await leaving.export(context, signed.learner_id)
    headers = {
        "Content-Disposition": 'attachment; filename="backpack.json"',
        "Cache-Control": "private, no-store",
    }
    return Response(exported.model_dump_json(indent=1), media_type="application/json", headers=headers)


@router.get("/erase")
async def erase_page(request: Request, _: Holder) -> Response:
    return render(request, "erase.html", {"receipt": None})


@router.post("/erase", dependencies=FORM)
async def erase_form(request: Request, context: Current, signed: Holder, password: Field = "") -> Response:
    try:
        await context.limits.sign_in.check(context.db, signed.learner_id)
        receipt = await leaving.erase(context, signed.learner_id, password)
    except Problem as problem:
        return render(request, "erase.html", {"receipt": None}, problem=problem)
    response = render(request, "erase.html", {"receipt": receipt, "signed_in": False})
    drop_cookie(response, context)
    return response
