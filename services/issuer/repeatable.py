"""Operations that can be repeated safely: one transaction with its Idempotency-Key."""

from collections.abc import Awaitable, Callable

from fastapi import Response

from services.issuer import tables
from services.issuer.context import Context
from shared.db import WriteSession
from shared.http.access import Access
from shared.http.idempotency import IdempotentRequest, StoredResponse, once


async def answer_once(
    context: Context,
    access: Access,
    asked: IdempotentRequest,
    act: Callable[[WriteSession], Awaitable[StoredResponse]],
) -> Response:
    """Do `act` in one transaction, or give the answer that this key got before."""
    async with context.db.write() as session:
        answer = await once(
            session,
            table=tables.idempotency,
            organisation=access.organisation,
            asked=asked,
            clock=context.clock,
            act=lambda: act(session),
        )
    return answer.to_response()
