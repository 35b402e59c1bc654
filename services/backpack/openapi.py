"""What the backpack's OpenAPI document says about signing in: learners have sessions, not access tokens."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from services.backpack.sessions.access import COOKIE

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
        made.setdefault("components", {})["securitySchemes"] = _SCHEMES
        for path in made.get("paths", {}).values():
            for method, operation in path.items():
                if method in _METHODS and "security" in operation:
                    operation["security"] = [{"session": []}, {"cookie": []}]
        return made

    return document
