"""Cursor paging: stable under insertion, the same everywhere, opaque to the caller."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response

from shared.http.problems import InvalidCursor
from shared.http.schemas import Page

T = TypeVar("T")
Position = str | int
MAX_CURSOR = 512


def encode_cursor(*position: Position, query: str = "") -> str:
    """Where the next page begins: the sort key of the last row given, tied to the query it belongs to."""
    text = json.dumps([*position, _fingerprint(query)], separators=(",", ":"), ensure_ascii=True)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *shape: type[Position], query: str = "") -> tuple[Any, ...]:
    """The position in a cursor, its parts exactly of the types in `shape`.

    Raises InvalidCursor for anything that `encode_cursor` did not make for this query.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidCursor("Leave `cursor` out to start from the first page.") from error
    fits = (
        isinstance(parts, list)
        and [type(part) for part in parts] == [*shape, str]
        and parts[-1] == _fingerprint(query)
        and encode_cursor(*parts[:-1], query=query) == cursor
        and all(not isinstance(part, int) or abs(part) < 2**63 for part in parts)
        and all("\x00" not in part for part in parts if isinstance(part, str))
    )
    if not fits:
        raise InvalidCursor("The cursor belongs to another query; leave it out to start from the first page.")
    return tuple(parts[:-1])


def _fingerprint(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class PageRequest:
    """What the caller asked for; `query` are the other parameters, so that a cursor cannot change sides."""

    limit: int
    cursor: str | None
    query: str

    def after(self, *shape: type[Position]) -> tuple[Any, ...] | None:
        """The position to continue behind, or None for the first page. Raises InvalidCursor."""
        return None if self.cursor is None else decode_cursor(self.cursor, *shape, query=self.query)

    def next_cursor(self, *position: Position) -> str:
        return encode_cursor(*position, query=self.query)


def _page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="How many items at most.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before; opaque.")
    ] = None,
) -> PageRequest:
    others = sorted(
        (key, value) for key, value in request.query_params.multi_items() if key not in {"limit", "cursor"}
    )
    return PageRequest(limit, cursor, json.dumps([request.url.path, others]))


PageQuery = Annotated[PageRequest, Depends(_page_request)]
"""Endpoint parameter: `limit` (1 to 200, 50 if not given) and `cursor`."""


def page(
    request: Request,
    response: Response,
    asked: PageRequest,
    items: Sequence[T],
    *,
    end: tuple[Position, ...] | None,
) -> Page[T]:
    """A page with its cursor and its `Link: …; rel="next"` (RFC 8288).

    `end` is the sort key of the last item if there may be more behind it, else None. The usual way: query
    `asked.limit + 1` rows, give the first `asked.limit`, and `end` if there was one too many.
    """
    following = None if end is None else asked.next_cursor(*end)
    if following is not None:
        target = request.url.include_query_params(cursor=following)
        response.headers["Link"] = f'<{target.path}?{target.query}>; rel="next"'
    return Page(items=list(items), next=following)
