"""How endpoints reach the service object, without importing the module that builds it."""

from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from services.verifier.app import Verifier
else:
    Verifier = Any


def _current(request: Request) -> "Verifier":
    return cast("Verifier", request.app.state.service)


Current = Annotated[Verifier, Depends(_current)]
"""The running verifier."""
