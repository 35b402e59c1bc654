"""Who is asking, for which organisation, with which scopes (decision 4).

A service has an attribute `authenticator`; whatever it accepts (an access token, a session), it answers with an
`Access`. Every operation states what it needs with `require`, `optional` or `public`, so that a test can enumerate
all of them and try each with every role of two organisations.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from shared.http.problems import Forbidden, Unauthenticated


@dataclass(frozen=True)
class Access:
    """The authority a request carries. Every row read or written is of this organisation, by this actor."""

    organisation: str
    actor: str
    """`client:<id>` or `member:<id>`: recorded on every write."""
    scopes: frozenset[str]
    test: bool = False
    """Whether the organisation is marked as a test one."""
    client: str | None = None
    """The OAuth client that holds the token, where there is one."""

    def allow(self, *scopes: str) -> None:
        """Raises Forbidden, naming them, unless all these scopes are held."""
        missing = [scope for scope in scopes if scope not in self.scopes]
        if missing:
            raise insufficient_scope(*missing)


def insufficient_scope(*scopes: str) -> Forbidden:
    """The refusal of RFC 6750 §3.1: names the scopes in the body and in `WWW-Authenticate`."""
    named = " ".join(scopes)
    return Forbidden(
        f"This needs the scope {named}; ask an owner of your organisation for it.",
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{named}"'},
        required_scope=named,
    )


class Authenticator(Protocol):
    """Finds out who is asking."""

    async def authenticate(self, request: Request) -> Access | None:
        """None if the request carries no credentials of a kind known here.

        Raises Unauthenticated if it carries some that are not good.
        """
        ...


Requirement = Callable[[Request], Awaitable[Any]]


class Required:
    """The dependency that `require` makes; `scopes` and `anonymous` are there for tests and OpenAPI."""

    anonymous = False

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> Access:
        access = await _authenticate(request)
        if access is None:
            raise Unauthenticated("Send an access token of this service as `Authorization: Bearer …`.")
        access.allow(*self.scopes)
        return access


class OptionallyRequired(Required):
    """The dependency that `optional` makes."""

    anonymous = True

    async def __call__(self, request: Request) -> Access | None:  # type: ignore[override]  # may be nobody
        access = await _authenticate(request)
        if access is not None:
            access.allow(*self.scopes)
        return access


def require(*scopes: str) -> Required:
    """Dependency: the caller's Access, who holds all these scopes.

    `AwardsWrite = Annotated[Access, Depends(require("awards:write"))]`. Answers 401 without a good token, 403 without
    the scope.
    """
    return Required(*scopes)


def optional(*scopes: str) -> OptionallyRequired:
    """Dependency: the caller's Access, or None for an anonymous caller. Bad credentials are 401 all the same."""
    return OptionallyRequired(*scopes)


async def _authenticate(request: Request) -> Access | None:
    authenticator: Authenticator = request.app.state.service.authenticator
    access = await authenticator.authenticate(request)
    if access is not None:
        # For the request's log line: the organisation is no personal data, the actor's id neither.
        request.scope["confer.access"] = access
    return access


async def _anyone() -> None:
    return None


public = Depends(_anyone)
"""In a route's `dependencies`: says on purpose that anyone may call it. The access matrix wants one of the three."""


def requirements(dependant: Dependant) -> Iterator[Required]:
    """Every `require`/`optional` among an operation's dependencies, however deep."""
    for each in dependant.dependencies:
        if isinstance(each.call, Required):
            yield each.call
        yield from requirements(each)


SignedIn = Annotated[Access, Depends(require())]
"""Any good token of this service, whatever its scopes."""


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750 §2.1), or None if there is no such header.

    Raises Unauthenticated for another scheme or a malformed header. Tokens in bodies or URLs are never read.
    """
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or len(token) > 8_192 or not token.isascii():
        raise Unauthenticated("Send the access token as `Authorization: Bearer …`.")
    return token.strip()
