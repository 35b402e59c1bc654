"""Reading request bodies: bounded, and strict where JSON readers disagree."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.types import Message, Receive

from shared.http.problems import RequestTimeout, TooLarge, Unparseable
from shared.vc import strict_json
from shared.vc.errors import JsonRefused

KIB = 1024
MIB = 1024 * KIB
DEFAULT_LIMIT = MIB
_GRACE_SECONDS = 30.0
_LEAST_RATE = 16 * KIB  # bytes a second, beyond the grace
MAX_DEPTH = 64
MAX_NODES = 2_000_000  # the route's size limit is what bounds a body; this bounds what it turns into

F = TypeVar("F", bound=Callable[..., Any])


class BodyLimit:
    """How many bytes this request may bring, and how slowly; set per route before anything is read."""

    scope_key = "confer.body_limit"

    def __init__(self, limit: int = DEFAULT_LIMIT, *, streamed: bool = False) -> None:
        self.limit = limit
        self.streamed = streamed
        self.received = 0
        self.waited = 0.0
        self.complete = False

    async def take(self, receive: Receive) -> Message:
        """The next message of the request. Raises TooLarge, or RequestTimeout for a body that only trickles in."""
        if self.complete:
            return await receive()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, _GRACE_SECONDS + self.received / _LEAST_RATE - self.waited)):
                message = await receive()
        except TimeoutError as error:
            raise RequestTimeout("Send the body faster, or in smaller parts.") from error
        self.waited += time.monotonic() - begun  # only what we waited: not the time we took ourselves
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self.received > self.limit:
                raise too_large(self.limit)
        return message


def body_limit(limit: int, *, streamed: bool = False) -> Callable[[F], F]:
    """Decorator under a route's: its endpoint takes bodies up to `limit` bytes instead of one MiB.

    `streamed`: the endpoint reads `request.stream()` itself; nothing before it may keep the body in memory.
    """

    def mark(endpoint: F) -> F:
        endpoint.__body_limit__ = BodyLimit(limit, streamed=streamed)  # type: ignore[attr-defined]  # a mark that Route reads
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
