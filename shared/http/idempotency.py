"""Idempotency-Key: a request repeated after a lost answer gets that answer, not a second effect.

The key is kept per organisation and operation, in the transaction of the effect: either both exist, or neither.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, delete, select
from sqlalchemy.exc import IntegrityError

from shared.clock import Clock
from shared.db import Instant, WriteSession
from shared.http.body import BodyLimit
from shared.http.problems import Conflict, IdempotencyKeyReused

KEPT = timedelta(hours=48)


def idempotency_table(metadata: MetaData) -> Table:
    """The service's table of answers given: `idempotency`."""
    return Table(
        "idempotency",
        metadata,
        Column("organisation", String(64), primary_key=True),
        Column("operation", String(100), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("fingerprint", String(64), nullable=False),
        Column("status", Integer, nullable=False),
        Column("media_type", String(100), nullable=False),
        Column("body", Text, nullable=False),
        Column("location", Text),
        Column("etag", String(100)),
        Column("created_at", Instant(), nullable=False, index=True),
    )


@dataclass(frozen=True)
class StoredResponse:
    """An answer as it was, or will be, given; repeated byte for byte."""

    status: int
    body: str
    media_type: str = "application/json"
    location: str | None = None
    etag: str | None = None
    replayed: bool = False

    def to_response(self) -> Response:
        headers = {
            "Location": self.location,
            "ETag": self.etag,
            "Idempotent-Replayed": "true" if self.replayed else None,
        }
        given = {name: value for name, value in headers.items() if value is not None}
        return Response(self.body, self.status, given, self.media_type)


def created(model: BaseModel, *, location: str, etag: str | None = None, status: int = 201) -> StoredResponse:
    """The answer to a creation (or, with 202, to work taken on)."""
    return StoredResponse(status, model.model_dump_json(exclude_none=True), location=location, etag=etag)


@dataclass(frozen=True)
class IdempotentRequest:
    """The key the caller sent, and what it was sent with."""

    key: str | None
    operation: str
    fingerprint: str

    def with_body(self, digest: str) -> "IdempotentRequest":
        """The same request with the digest of a body that was streamed."""
        return IdempotentRequest(
            self.key, self.operation, hashlib.sha256(f"{self.fingerprint}{digest}".encode()).hexdigest()
        )


async def _idempotent_request(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Makes a repetition safe: the same key and body give the first answer again, for 48 hours.",
            examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
        ),
    ] = None,
) -> IdempotentRequest:
    if idempotency_key is None:
        return IdempotentRequest(None, _operation(request), "")
    limit: BodyLimit | None = request.scope.get(BodyLimit.scope_key)
    # A streamed body is never kept in memory: who reads it adds its digest with `with_body`.
    body = b"" if limit is not None and limit.streamed else await request.body()
    seen = hashlib.sha256(request.url.path.encode() + b"\n" + request.url.query.encode() + b"\n" + body)
    return IdempotentRequest(idempotency_key, _operation(request), seen.hexdigest())


def _operation(request: Request) -> str:
    return f"{request.method} {getattr(request.scope['route'], 'path', '')}"[:100]


Idempotent = Annotated[IdempotentRequest, Depends(_idempotent_request)]
"""Endpoint parameter: the optional `Idempotency-Key` with the request's fingerprint; pass it to `once`."""


async def find(
    session: WriteSession, table: Table, organisation: str, asked: IdempotentRequest
) -> StoredResponse | None:
    """The answer given before to this key. Raises IdempotencyKeyReused if that was to another request."""
    if asked.key is None:
        return None
    row = (
        await session.execute(
            select(table).where(
                table.c.organisation == organisation,
                table.c.operation == asked.operation,
                table.c.key == asked.key,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != asked.fingerprint:
        raise IdempotencyKeyReused("Use a new Idempotency-Key: this one was sent with another request.")
    return StoredResponse(row.status, row.body, row.media_type, row.location, row.etag, replayed=True)


async def once(
    session: WriteSession,
    *,
    table: Table,
    organisation: str,
    asked: IdempotentRequest,
    clock: Clock,
    act: Callable[[], Awaitable[StoredResponse]],
) -> StoredResponse:
    """Do `act` once per key: a repetition gets the stored answer, marked `Idempotent-Replayed`.

    Runs in the caller's transaction, `act` too; what `act` raises is not kept, so a refusal can be corrected and sent
    again with the same key. Of two at the same moment one waits for the other, and where it cannot, gets Conflict.
    """
    found = await find(session, table, organisation, asked)
    if found is not None:
        return found
    response = await act()
    if asked.key is not None:
        await _store(session, table, organisation, asked, clock, response)
    return response


async def _store(
    session: WriteSession,
    table: Table,
    organisation: str,
    asked: IdempotentRequest,
    clock: Clock,
    response: StoredResponse,
) -> None:
    values: dict[str, Any] = {
        "organisation": organisation,
        "operation": asked.operation,
        "key": asked.key,
        "fingerprint": asked.fingerprint,
        "status": response.status,
        "media_type": response.media_type,
        "body": response.body,
        "location": response.location,
        "etag": response.etag,
        "created_at": clock(),
    }
    try:
        await session.execute(table.insert().values(values))
    except IntegrityError as error:  # PostgreSQL: another transaction with this key committed meanwhile
        raise Conflict(
            "The same request was being answered at this moment; send it again to get that answer."
        ) from error


async def forget_old(session: WriteSession, table: Table, clock: Clock) -> None:
    """Remove answers older than 48 hours; for the service's housekeeping worker."""
    await session.execute(delete(table).where(table.c.created_at < clock() - KEPT))
