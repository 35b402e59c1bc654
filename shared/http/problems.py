"""RFC 9457 problems with closed codes: the only way our own API says no.

A business refusal is a subclass in the service's own `errors.py`, with `code`, `status`, `title` and a docstring
that tells a caller what happened and what to do; `/problems/{code}` and `docs/errors.md` show that docstring.
"""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "errors", "request_id"})
_registered: dict[tuple[str, str], "type[Problem]"] = {}


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with a request: where (a JSON pointer, RFC 6901, or a parameter's name) and what."""

    pointer: str
    detail: str


class Problem(HTTPException):
    """Raised anywhere below an endpoint; answered as `application/problem+json`.

    Arguments: `detail` is a sentence that says what to do, without internals and without personal data;
    `errors` names single fields; further keywords become extension members (RFC 9457 §3.2).
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "code" in cls.__dict__:
            _register(cls)

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        if clash := _RESERVED & extensions.keys():
            raise TypeError(f"members of every problem cannot be extensions: {sorted(clash)}")
        super().__init__(status_code=self.status, detail=detail, headers=dict(headers) if headers else None)
        self.errors = tuple(errors) if errors is not None else ()
        self.extensions = extensions

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    def to_json(self, *, base_url: str = "", request_id: str | None = None) -> dict[str, Any]:
        """The problem document; `base_url` is the service's public URL."""
        body: dict[str, Any] = {
            "type": f"{base_url}/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in self.errors]
        body |= self.extensions
        if request_id is not None:
            body["request_id"] = request_id
        return body

    @classmethod
    def explanation(cls) -> str:
        """What this code means and what a caller does about it, for people."""
        return inspect.cleandoc(cls.__doc__ or "")


def _register(problem: type[Problem]) -> None:
    """Keep codes closed: one class per code and service, none that hides a common one."""
    package = _package(problem)
    if not _CODE.fullmatch(problem.code) or not problem.__dict__.get("__doc__"):
        raise TypeError(
            f"{problem.__qualname__}: a problem needs a kebab-case code and an explaining docstring"
        )
    if not 400 <= problem.status <= 599 or not problem.title:
        raise TypeError(f"{problem.__qualname__}: a problem needs a 4xx or 5xx status and a title")
    for owner in {package, "shared"}:
        known = _registered.get((owner, problem.code))
        if known is not None and known.__qualname__ != problem.__qualname__:
            raise TypeError(
                f"problem code {problem.code!r} is taken by {known.__module__}.{known.__qualname__}"
            )
    _registered[package, problem.code] = problem


def _package(problem: type[Problem]) -> str:
    parts = problem.__module__.split(".")
    return "shared" if parts[0] == "shared" else ".".join(parts[:2])


def registered(package: str | None = None) -> Sequence[type[Problem]]:
    """Every problem known in this process, by code: the common ones and, if given, those of `services.<name>`."""
    wanted = {"shared", package} if package else {owner for owner, _ in _registered}
    found = (problem for (owner, _), problem in _registered.items() if owner in wanted)
    return sorted(found, key=lambda problem: (problem.code, problem.__module__))


def problems(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: each problem it may answer with, by status, with an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for problem in sorted(classes, key=lambda each: each.code):
        entry = by_status.setdefault(problem.status, _response(problem.status))
        content = entry["content"][MEDIA_TYPE]
        content["examples"][problem.code] = {"summary": problem.title, "value": _example(problem)}
        entry["description"] = "; ".join(sorted(content["examples"]))
    return by_status


def _response(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
    }


def _example(problem: type[Problem]) -> dict[str, Any]:
    first_sentence = problem.explanation().split("\n\n", maxsplit=1)[0].replace("\n", " ")
    return problem.to_json(_Example(problem, first_sentence))  # type: ignore[arg-type]  # an example stands in for self


class _Example:
    """Enough of a problem to be rendered as an example, whatever its constructor asks for."""

    def __init__(self, problem: type[Problem], detail: str) -> None:
        self.code, self.status, self.title, self.detail = problem.code, problem.status, problem.title, detail
        self.errors: tuple[FieldError, ...] = ()
        self.extensions: dict[str, Any] = {}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details. `code` is one of a closed list; `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "A page that explains the code.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
        "request_id": {"type": "string", "description": "Name it when you ask for help."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
"""The problem document in OpenAPI; extension members are allowed."""


class InvalidRequest(Problem):
    """The request is readable, but its fields or parameters are not what this operation takes.

    `errors` names each one: unknown fields, missing fields and values out of range. Correct them and send again.
    """

    code, status, title = "invalid-request", 422, "The request has fields that cannot be accepted"


class Unparseable(Problem):
    """The body could not be read at all: it is not JSON, or JSON that readers disagree about.

    Duplicate keys, NaN, lone surrogates and numbers beyond what JSON readers agree on are refused as well.
    """

    code, status, title = "unparseable", 400, "The request could not be read"


class InvalidCursor(Problem):
    """The `cursor` was not made by this operation, or belongs to another query. Start from the first page."""

    code, status, title = "invalid-cursor", 400, "The cursor is not one of ours"


class Unauthenticated(Problem):
    """The request carries no access token, or one that is expired, meant for another service or not ours.

    Get a token from the directory's token endpoint with `resource` naming this service, and send it as
    `Authorization: Bearer …` (RFC 6750).
    """

    code, status, title = "unauthenticated", 401, "An access token is needed"

    def __init__(self, detail: str, *, challenge: str = "Bearer", **extensions: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge}, **extensions)


class Forbidden(Problem):
    """The token is valid, but does not carry the scope this operation needs, or the actor may not do this.

    `required_scope` names what is missing; ask an owner of your organisation for it.
    """

    code, status, title = "forbidden", 403, "Not allowed"


class NotFound(Problem):
    """There is nothing here that you may see. What belongs to another organisation is answered the same way."""

    code, status, title = "not-found", 404, "Not found"


class MethodNotAllowed(Problem):
    """The resource exists, but not with this method. `Allow` lists those it has."""

    code, status, title = "method-not-allowed", 405, "The method is not allowed here"


class NotAcceptable(Problem):
    """None of the media types in `Accept` can be given. `available` lists those that can."""

    code, status, title = "not-acceptable", 406, "No acceptable representation"


class RequestTimeout(Problem):
    """The body did not arrive in time. Send it again over a faster connection or in smaller parts."""

    code, status, title = "request-timeout", 408, "The request took too long to arrive"


class Conflict(Problem):
    """The request is fine in itself, but not in the resource's present state. Read it again and decide anew."""

    code, status, title = "conflict", 409, "The resource's state does not allow this"


class PreconditionFailed(Problem):
    """The resource changed since you read it: its `ETag` is another. Read it again, then repeat the change."""

    code, status, title = "precondition-failed", 412, "The resource has changed meanwhile"


class TooLarge(Problem):
    """The body is larger than this operation takes. `limit` gives the bytes; bulk work has operations of its own."""

    code, status, title = "too-large", 413, "The request is too large"


class UnsupportedMediaType(Problem):
    """The body's `Content-Type` is not one this operation reads. `supported` lists those it does."""

    code, status, title = "unsupported-media-type", 415, "The media type is not supported"


class IdempotencyKeyReused(Problem):
    """The `Idempotency-Key` was used before on this operation with another body. Use a new key for new work."""

    code, status, title = "idempotency-key-reused", 422, "The idempotency key belongs to another request"


class PreconditionRequired(Problem):
    """This change needs `If-Match` with the `ETag` you last read, so that nobody's change is lost unseen."""

    code, status, title = "precondition-required", 428, "If-Match is required"


class TooManyRequests(Problem):
    """The limit of this operation is used up. `Retry-After` says in how many seconds there is room again."""

    code, status, title = "too-many-requests", 429, "Too many requests"

    def __init__(
        self, detail: str, *, retry_after: int, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail, headers={**(headers or {}), "Retry-After": str(retry_after)}, **extensions)


class InternalError(Problem):
    """Something is wrong with this service, not with your request. Name the `request_id` when you report it."""

    code, status, title = "internal-error", 500, "Something went wrong here"


class Unavailable(Problem):
    """A part this operation needs (the database, the broker) is out of reach. Repeat after `Retry-After` seconds."""

    code, status, title = "unavailable", 503, "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5, **extensions: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extensions)
