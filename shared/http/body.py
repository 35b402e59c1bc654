"""Reading request bodies: bounded, and strict where JSON readers disagree."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn, TypeVar

from fastapi import Request

from shared.http.problems import TooLarge, Unparseable

KIB = 1024
MIB = 1024 * KIB
DEFAULT_LIMIT = MIB
MAX_DEPTH = 64

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
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_int,
            parse_float=_float,
        )
        _check(value, MAX_DEPTH)
    except UnicodeDecodeError as error:
        raise Unparseable("The body must be JSON in UTF-8.") from error
    except json.JSONDecodeError as error:
        raise Unparseable(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise Unparseable(f"The body is nested more than {MAX_DEPTH} levels deep.") from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unparseable(f"The body has the key {twice[:100]!r} twice in one object.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise Unparseable(f"The body has {name}, which is not JSON.")


def _int(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > 2**53:
        raise Unparseable("The body has an integer beyond 2^53, which readers of JSON do not agree on.")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= 64 else float("inf")
    if value in {float("inf"), float("-inf")}:
        raise Unparseable("The body has a number that does not fit a double.")
    return value


def _check(value: Any, depth: int) -> None:
    """Depth and surrogates. Raises Unparseable."""
    if depth == 0:
        raise Unparseable(f"The body is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise Unparseable("The body has a lone surrogate, which is no character.")
    elif isinstance(value, dict):
        for key, each in value.items():
            _check(key, depth)
            _check(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth - 1)
