"""The page for importing a badge."""

from fastapi import Depends, Request, Response

from services.backpack.context import Current
from services.backpack.imports import service
from services.backpack.imports.endpoints import LARGEST_BODY, from_form
from services.backpack.sessions.access import Holder
from services.backpack.web.rendering import error_page, render, see_other
from shared.http.body import body_limit
from shared.http.problems import Problem
from shared.http.routing import Router
from shared.web.csrf import check_form

router = Router(include_in_schema=False, errors=error_page)


@router.get("/import")
async def import_page(request: Request, _: Holder) -> Response:
    return render(request, "import.html", {"checks": []})


@router.post("/import", dependencies=[Depends(check_form)])
@body_limit(LARGEST_BODY)
async def import_badge(request: Request, context: Current, signed: Holder) -> Response:
    """A refused badge is shown with what was found; nothing of it is kept."""
    try:
        await context.limits.imports.check(context.db, signed.learner_id)
        imported = await service.take(context, signed.learner_id, await from_form(request, context))
    except Problem as problem:
        report = problem.extensions.get("report")
        checks = report["checks"] if isinstance(report, dict) else []
        return render(request, "import.html", {"checks": checks}, problem=problem)
    return see_other(f"/badges/{imported.credential.id}")
