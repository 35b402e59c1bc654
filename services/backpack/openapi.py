"""What the backpack's OpenAPI document says about signing in: learners have sessions, organisations' programs access tokens."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from services.backpack.sessions.access import COOKIE
from shared.http.openapi import SECURITY_SCHEME

_SCHEMES: dict[str, Any] = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that `POST /v1/sessions` or `POST /v1/learners` answered.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The same token, for the pages; what changes something must come from one of them.",
    },
}
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def with_sessions(app: FastAPI) -> FastAPI:
    """Have the application's document name sessions as what its operations ask for."""
    app.openapi = _completed(app.openapi)  # type: ignore[method-assign]  # FastAPI's way to extend it
    return app


def _completed(generate: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def document() -> dict[str, Any]:
        made = generate()
        components = made.setdefault("components", {})
        components["securitySchemes"] = _SCHEMES | components.get("securitySchemes", {})
        for path in made.get("paths", {}).values():
            for method, operation in path.items():
                if method in _METHODS and _is_a_learners_own(operation):
                    operation["security"] = [{"session": []}, {"cookie": []}]
        return made

    return document


def _is_a_learners_own(operation: dict[str, Any]) -> bool:
    """What asks for scopes is for programs: a session has none."""
    return any(not asked.get(SECURITY_SCHEME) for asked in operation.get("security", ()))
