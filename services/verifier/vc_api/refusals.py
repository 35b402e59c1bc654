"""How the VC API says no to a request: as VCALM does where it says how, as everywhere else where it does not."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from services.verifier.vc_api.problems import PARSING, UNKNOWN_OPTION, problem
from services.verifier.vc_api.schemas import Options, ProblemDetails, Verified
from shared.http.errors import problem_response
from shared.http.problems import FieldError, InvalidRequest, Problem, Unparseable, UnsupportedMediaType

_OPTIONS = frozenset(field.alias or name for name, field in Options.model_fields.items())


def refused(request: Request, given: Problem) -> Response:
    """A request that cannot be read is 400 with its errors; anything else (rate, size, access) is a problem of ours."""
    if not isinstance(given, InvalidRequest | Unparseable | UnsupportedMediaType):
        return problem_response(given, request.app.state.service.settings.public_url)
    errors = [_error(each) for each in given.errors] or [
        problem(PARSING, str(given.detail), "format.item_refused")
    ]
    answer = Verified(verified=False, errors=errors, warnings=[], problem_details=errors)
    body = answer.model_dump(by_alias=True, exclude_none=True)
    return JSONResponse(body, 400, {"Cache-Control": "no-store", **(given.headers or {})})


def _error(each: FieldError) -> ProblemDetails:
    option = each.pointer.removeprefix("/options/")
    unknown = option != each.pointer and option.partition("/")[0] not in _OPTIONS
    kind = UNKNOWN_OPTION if unknown else PARSING
    return problem(kind, f"{each.pointer or '/'}: {each.detail}", "format.item_refused", each.pointer or None)
