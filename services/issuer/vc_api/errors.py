"""What the VC-API refuses, and how its standard wants that to be said (VCALM, Error Handling)."""

import json

from fastapi import Request, Response

from shared.http.problems import MEDIA_TYPE, FieldError, Problem, Unparseable
from shared.observability.context import request_id
from shared.vc.errors import BudgetExceeded, DataLoss, VcError

_DATA_MODEL = "https://www.w3.org/TR/vc-data-model#"
_SECURITY = "https://w3id.org/security#"
_MALFORMED = f"{_DATA_MODEL}MALFORMED_VALUE_ERROR"


class CredentialRefused(Problem):
    """The credential cannot be signed as it is. `errors` names each place and what to mend there."""

    code, status, title = "credential-refused", 400, "The credential cannot be signed"
    kind = _MALFORMED


class DataWouldBeLost(CredentialRefused):
    """The credential says something that its contexts do not define: it would not be covered by the signature."""

    code, status, title = "data-would-be-lost", 400, "Part of the credential would not be signed"
    kind = f"{_SECURITY}DATA_LOSS_DETECTION_ERROR"


class NoSuchIssuer(CredentialRefused):
    """The credential's `issuer` is not the DID of an open instance of your organisation."""

    code, status, title = "no-such-issuer", 400, "The issuer is none of your instances"


class CannotSecure(CredentialRefused):
    """The instance's way of securing does not fit this credential, or these options."""

    code, status, title = "cannot-secure", 400, "The credential cannot be secured in this way"
    kind = f"{_SECURITY}PROOF_GENERATION_ERROR"


class CannotDerive(CredentialRefused):
    """There is no base proof to derive from, or the pointers choose what cannot be shown by itself."""

    code, status, title = "cannot-derive", 400, "Nothing can be derived from this credential"
    kind = f"{_SECURITY}PROOF_GENERATION_ERROR"


class DuplicateCredential(Problem):
    """A credential with this id was issued before, and its status is kept under it. Give each its own id."""

    code, status, title = "duplicate-credential", 409, "A credential with this id exists"


class StatusRefused(Problem):
    """The status cannot be set so: a revocation is final, and an entry has only the values that it was issued with."""

    code, status, title = "status-refused", 400, "The status cannot be set"


class InstanceClosed(Problem):
    """The instance is closed already, and that is final."""

    code, status, title = "instance-closed", 409, "The instance is closed"


class WrongKeyType(Problem):
    """The kind of key does not fit the way of securing: `algorithms` lists those that do."""

    code, status, title = "wrong-key-type", 422, "The kind of key does not fit"


def refused(
    error: VcError, base: str, kind: type[CredentialRefused] = CredentialRefused
) -> CredentialRefused:
    """What the engine says of a document, as a refusal; `base` is the document's JSON pointer in the request."""
    if isinstance(error, DataLoss):
        kind = DataWouldBeLost
    if isinstance(error, BudgetExceeded):
        return kind(error.reason)
    return kind(error.reason, errors=[FieldError(base + error.pointer, error.reason)], reason=error.code)


def problem_details(request: Request, problem: Problem) -> Response:
    """A problem as the standard shows it: typed by the W3C's vocabularies, and 400 for any request that is amiss."""
    body = problem.to_json(
        base_url=request.app.state.service.settings.public_url, request_id=request_id.get()
    )
    status = 400 if problem.status_code == 422 else problem.status_code
    if isinstance(problem, CredentialRefused):
        body["type"] = problem.kind
    elif isinstance(problem, Unparseable):
        body["type"] = f"{_DATA_MODEL}PARSING_ERROR"
    elif status == 400:
        body["type"] = _MALFORMED
    body["status"] = status
    headers = {"Cache-Control": "no-store", **(problem.headers or {})}
    return Response(json.dumps(body, ensure_ascii=False), status, headers, MEDIA_TYPE)
