"""`GET /v1/events`: the same at every service."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from shared.http.access import Access, Required
from shared.http.negotiation import negotiate
from shared.http.paging import MAX_CURSOR, decode_cursor, encode_cursor
from shared.http.problems import (
    FieldError,
    InvalidCursor,
    InvalidRequest,
    NotAcceptable,
    TooManyRequests,
    problems,
)
from shared.http.routing import Router
from shared.messaging.feed.reading import Feed
from shared.messaging.feed.schemas import EventPage
from shared.messaging.feed.streaming import MEDIA_TYPE, Streams, stream

_JSON = "application/json"
_MAX_TYPES = 4_000


def events_router(*, read: Required) -> Router:
    """The router. Uses `service.feed` (a Feed, there once the service has started); `read` is what `require(…)` made."""
    router = Router(prefix="/v1/events", tags=["events"])
    Reader = Annotated[Access, Depends(read)]  # noqa: N806  (a type, made per router)
    streams = Streams()

    @router.get(
        "",
        summary="The organisation's events, oldest first",
        response_model=EventPage,
        responses={
            **problems(InvalidCursor, NotAcceptable, TooManyRequests),
            200: {
                "description": "Events; or, with `Accept: text/event-stream`, a stream of them that goes on.",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
            },
        },
    )
    async def list_events(
        request: Request,
        who: Reader,
        limit: Annotated[int, Query(ge=1, le=200, description="How many events at most.")] = 50,
        cursor: Annotated[
            str | None, Query(max_length=MAX_CURSOR, description="`next` of the answer before; opaque.")
        ] = None,
        types: Annotated[
            str | None,
            Query(
                min_length=1,
                max_length=_MAX_TYPES,
                description="Only these types, with commas. An event whose data were erased comes as "
                "`org.confer.event.erased.v1` in the place of what was asked for.",
            ),
        ] = None,
        start: Annotated[
            Literal["beginning", "now"], Query(description="Where to begin without a cursor.")
        ] = "beginning",
        last_event_id: Annotated[
            str | None,
            Header(max_length=MAX_CURSOR, description="Where a stream broke off; wins over `cursor`."),
        ] = None,
    ) -> Response:
        """Published events of the caller's organisation, in an order that never changes: of one subject in the order of its
        `sequence`. Personal data that only the organisation may see are in them. Keep `next`: it is good for ever.
        """
        feed: Feed = request.app.state.service.feed
        wanted = _types(types, feed)
        form = negotiate(request.headers.get("accept"), [_JSON, MEDIA_TYPE])
        after = await _place(feed, who, last_event_id or cursor, start)
        if form == MEDIA_TYPE:
            place = streams.enter(who.organisation)
            text = _until_left(streams, who.organisation, place, feed, after, wanted)
            return StreamingResponse(text, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        stretch = await feed.read(who.organisation, after=after, types=wanted, limit=limit)
        body: dict[str, Any] = {
            "items": [event.to_json() for _, event in stretch.events],
            "next": _cursor(who.organisation, stretch.end),
            "more": stretch.more,
        }
        return JSONResponse(body)

    return router


async def _until_left(
    streams: Streams, organisation: str, place: str, feed: Feed, after: int, types: frozenset[str] | None
) -> AsyncIterator[str]:
    try:
        async for part in stream(
            feed, organisation, after=after, types=types, cursor=lambda number: _cursor(organisation, number)
        ):
            yield part
    finally:
        streams.leave(organisation, place)


def _cursor(organisation: str, number: int) -> str:
    return encode_cursor(number, query=f"events of {organisation}")


async def _place(feed: Feed, who: Access, cursor: str | None, start: str) -> int:
    if cursor is not None:
        (number,) = decode_cursor(cursor, int, query=f"events of {who.organisation}")
        if number < 0:
            raise InvalidCursor("Leave `cursor` out to start from the beginning.")
        return int(number)
    return await feed.last() if start == "now" else 0


def _types(given: str | None, feed: Feed) -> frozenset[str] | None:
    if given is None:
        return None
    wanted = frozenset(given.split(","))
    if unknown := sorted(wanted - set(feed.types)):
        raise InvalidRequest(
            f"This service publishes: {', '.join(feed.types)}.",
            errors=[FieldError("types", f"not a type of this service: {unknown[0][:100]!r}")],
        )
    return wanted
