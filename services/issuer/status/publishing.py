"""Keeping a list that was signed anew, telling of it, and serving it: the same for badges' lists and the VC-API's."""

from datetime import datetime
from typing import Protocol

from fastapi import Request, Response

from services.issuer.context import Context
from shared.clock import to_rfc3339
from shared.contracts import schema_url
from shared.db import WriteSession
from shared.http.etag import not_modified
from shared.http.negotiation import negotiate
from shared.http.problems import NotAcceptable, NotFound, problems
from shared.messaging.outbox import Outgoing
from shared.messaging.topics import STATUS_LISTS

MEDIA_TYPES = ("application/vc", "application/vc+ld+json", "application/ld+json", "application/json")
RESPONSES = problems(NotFound, NotAcceptable) | {
    200: {
        "description": "A signed BitstringStatusListCredential.",
        "content": {media_type: {} for media_type in MEDIA_TYPES},
    }
}
_CHANGED = "org.confer.status-list.changed.v1"


class PublishedList(Protocol):
    """The row of a list that was signed, of whichever table."""

    uri: str
    organisation: str
    event_sequence: int


class StoredList(Protocol):
    """The row of a list as it is served."""

    @property
    def body(self) -> bytes | None: ...
    @property
    def sha256(self) -> str | None: ...


async def publish(
    context: Context, session: WriteSession, current: PublishedList, sha256: str, valid_from: datetime
) -> None:
    """Tell everybody that the list has new bytes, with their SHA-256; in the caller's transaction, the row locked."""
    current.event_sequence += 1
    data = {"url": current.uri, "valid_from": to_rfc3339(valid_from), "sha256": sha256}
    await context.outbox.add(
        session,
        Outgoing(
            topic=STATUS_LISTS.name,
            subject=current.uri,
            type=_CHANGED,
            organisation=current.organisation,
            sequence=current.event_sequence,
            data=data,
            dataschema=schema_url(context.public_url, _CHANGED),
        ),
    )


def answer(
    context: Context, request: Request, if_none_match: str | None, found: StoredList | None
) -> Response:
    """The stored bytes, or 304. Raises NotFound where there is no list or nothing signed yet, NotAcceptable."""
    media_type = negotiate(request.headers.get("accept"), MEDIA_TYPES)
    if found is None or found.body is None:
        raise NotFound("There is no such status list.")
    headers = {
        "ETag": f'"{found.sha256}"',
        "Cache-Control": f"public, max-age={context.settings.status_list_ttl}",
        "Vary": "Accept",
        "Access-Control-Allow-Origin": "*",
    }
    if not_modified(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=media_type, headers=headers)
