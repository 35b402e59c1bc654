"""Reading request bodies: bounded, and strict where JSON readers disagree."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from fastapi import Request

from shared.http.problems import TooLarge, Unparseable
from shared.vc import strict_json
from shared.vc.errors import JsonRefused

KIB = 1024
MIB = 1024 * KIB
DEFAULT_LIMIT = MIB
MAX_DEPTH = 64
MAX_NODES = 2_000_000  # the route's size limit is what bounds a body; this bounds what it turns into

F = TypeVar("F", bound=Callable[..., Any])


class BodyLimit:
    """How many bytes this request may bring; set per route before anything is read."""

    scope_key = "confer.body_limit"

    def __init__(self, limit: int = DEFAULT_LIMIT, *, streamed: bool = False) -> None:
        self.limit = limit
        self.streamed = streamed
        self.received = 0

    def count(self, size: int) -> None:
        self.received += size
        if self.received > self.limit:
            raise too_large(self.limit)


def body_limit(limit: int, *, streamed: bool = False) -> Callable[[F], F]:
    """Decorator under a route's: its endpoint takes bodies up to `limit` bytes instead of one MiB.

    `streamed`: the endpoint reads `request.stream()` itself; nothing before it may keep the body in memory.
    """

    def mark(endpoint: F) -> F:
        endpoint.__body_limit__ = BodyLimit(limit, streamed=streamed)  # type: ignore[attr-defined]
        return endpoint

    return mark


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"Send no more than {limit} bytes at once.", limit=limit)


async def read_limited(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge above `limit` bytes (the route's own limit holds as well)."""
    parts: list[bytes] = []
    size = 0
    async for part in limited_stream(request, limit):
        size += len(part)
        parts.append(part)
    return b"".join(parts)


async def limited_stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body's parts as they arrive, never more than `limit` bytes in all. Raises TooLarge."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        yield part


def parse_json(body: bytes) -> Any:
    """The JSON value of a request body, read so that every reader would read the same.

    Raises Unparseable for what is no JSON, and for duplicate keys, NaN, lone surrogates and overlong numbers.
    """
    try:
        return strict_json.loads(body, max_bytes=len(body), max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
    except JsonRefused as refused:
        raise Unparseable(f"The body cannot be read. {refused.reason}", reason=refused.code) from refused
