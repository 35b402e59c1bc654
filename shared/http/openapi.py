"""OpenAPI as it is checked in: stable, complete, every refusal documented, security stated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from shared.http.access import Required, public, requirements
from shared.http.problems import (
    MEDIA_TYPE,
    SCHEMA,
    Forbidden,
    InternalError,
    InvalidRequest,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unparseable,
    UnsupportedMediaType,
    problems,
)
from shared.http.routing import Route

SECURITY_SCHEME = "oauth"


@dataclass(frozen=True)
class Operation:
    """One operation of a service, as the access matrix needs it."""

    method: str
    path: str
    operation_id: str
    scopes: tuple[str, ...]
    stated: bool
    """Whether it says whom it is for: `require`, `optional`, or `public`."""
    anonymous: bool
    problems: bool
    """Whether it answers refusals as problems (False: in its own standard's shape)."""
    in_schema: bool


def operations(app: FastAPI) -> Iterator[Operation]:
    """Every operation of the application, those left out of OpenAPI included."""
    for route in _routes(app):
        needed = list(requirements(route.dependant))
        is_public = any(each.call is public.dependency for each in route.dependant.dependencies)
        for method in sorted(route.methods or ()):
            yield Operation(
                method,
                str(route.path),
                route.unique_id,
                tuple(sorted({scope for each in needed for scope in each.scopes})),
                stated=bool(needed) or is_public,
                anonymous=not needed or all(each.anonymous for each in needed),
                problems=_answers_problems(route),
                in_schema=route.include_in_schema,
            )


def check_routes(app: FastAPI) -> None:
    """Raises TypeError for a route without strict bodies (not made on a Router), and for an operation id used twice."""
    seen: dict[str, str] = {}
    for route in _routes(app):
        if not isinstance(route.original_route, Route):
            raise TypeError(f"{route.path}: routes are made on shared.http.routing.Router")
        if route.include_in_schema and seen.setdefault(route.unique_id, str(route.path)) != route.path:
            raise TypeError(
                f"{route.path}: the operation id {route.unique_id} belongs to {seen[route.unique_id]} already"
            )


def complete(app: FastAPI, document: dict[str, Any], *, directory_url: str) -> dict[str, Any]:
    """Add to FastAPI's document what every operation shares: problems, security, the Problem schema."""
    scopes: dict[str, str] = {}
    by_id: dict[tuple[str, str], RouteContext] = {
        (str(route.path_format), method.lower()): route
        for route in _routes(app)
        for method in route.methods or ()
    }
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            route = by_id[path, method]
            needed = list(requirements(route.dependant))
            _drop_framework_errors(operation)
            if needed:
                scopes |= {scope: scope.replace(":", ": ") for each in needed for scope in each.scopes}
                operation["security"] = _security(needed)
            if _answers_problems(route):
                _add(operation, problems(*_common(route, operation, needed)))
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = SCHEMA
    components["schemas"] = dict(sorted(schemas.items()))
    if scopes:
        components.setdefault("securitySchemes", {})[SECURITY_SCHEME] = _scheme(directory_url, scopes)
    return document


def _routes(app: FastAPI) -> Iterator[RouteContext]:
    """Every route as it stands in the application, with what including its router added."""
    for each in iter_route_contexts(app.routes):
        if isinstance(each.original_route, APIRoute):
            yield each


def _answers_problems(route: RouteContext) -> bool:
    return isinstance(route.original_route, Route) and route.original_route.error_shape is None


def _common(route: RouteContext, operation: Mapping[str, Any], needed: list[Required]) -> list[type[Problem]]:
    """What any such operation may answer, whatever it does."""
    common: list[type[Problem]] = [InternalError, Unavailable]
    if needed:
        common.append(Unauthenticated)
    if any(each.scopes for each in needed):
        common.append(Forbidden)
    if operation.get("parameters") or route.body_field:
        common.append(InvalidRequest)
    if route.body_field:
        common += [Unparseable, TooLarge, UnsupportedMediaType]
    return common


def _add(operation: dict[str, Any], common: Mapping[int | str, dict[str, Any]]) -> None:
    """Merge into what the route documents itself, by status and by code."""
    responses = operation["responses"]
    for status, response in common.items():
        there = responses.setdefault(str(status), response)
        examples = there.get("content", {}).get(MEDIA_TYPE, {}).get("examples")
        if there is not response and examples is not None:
            examples |= response["content"][MEDIA_TYPE]["examples"]
            there["description"] = "; ".join(sorted(examples))
    operation["responses"] = dict(sorted(responses.items()))


def _drop_framework_errors(operation: dict[str, Any]) -> None:
    """FastAPI documents a 422 of its own shape, which none of our operations answers."""
    content = operation["responses"].get("422", {}).get("content", {})
    if "HTTPValidationError" in str(content.get("application/json", "")):
        del operation["responses"]["422"]


def _security(needed: list[Required]) -> list[dict[str, list[str]]]:
    scopes = sorted({scope for each in needed for scope in each.scopes})
    stated: list[dict[str, list[str]]] = [{SECURITY_SCHEME: scopes}]
    return [{}, *stated] if all(each.anonymous for each in needed) else stated


def _scheme(directory_url: str, scopes: Mapping[str, str]) -> dict[str, Any]:
    described = dict(sorted(scopes.items()))
    return {
        "type": "oauth2",
        "description": "Access tokens (RFC 9068) of the directory; ask for one with `resource` naming this service.",
        "flows": {
            "clientCredentials": {"tokenUrl": f"{directory_url}/oauth/token", "scopes": described},
            "authorizationCode": {
                "authorizationUrl": f"{directory_url}/oauth/authorize",
                "tokenUrl": f"{directory_url}/oauth/token",
                "refreshUrl": f"{directory_url}/oauth/token",
                "scopes": described,
            },
        },
    }
