"""What goes over the socket between the service and a worker: CBOR arrays, each after its length.

From the service: `["verify", number, [task, …]]`, `["fetched", number, …]`, `["recognised", number, …]`,
`["refused", number, code, reason, status]`, `["failed", number]` (an error of ours).
From a worker: `["done", number, [answer, …]]`, `["fetch", number, url, accept, max_bytes]`, `["recognise", number, issuer]`.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import cbor2

from shared.vc.fetching import Fetched, Recognition, RecognitionAnswer

_LENGTH = 4


async def read(reader: asyncio.StreamReader) -> list[Any] | None:
    """The next message; None once the other side has gone."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH))
        message: list[Any] = cbor2.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


def write(writer: asyncio.StreamWriter, *message: Any) -> None:
    """Send one message; an other side that has gone is noticed by `read`."""
    payload = cbor2.dumps(message)
    writer.writelines((len(payload).to_bytes(_LENGTH), payload))


def plain_fetched(one: Fetched) -> list[Any]:
    moment = one.fetched_at.isoformat()
    return [one.url, one.final_url, one.status, one.media_type, one.body, moment, one.sha256, one.stale]


def to_fetched(parts: Sequence[Any]) -> Fetched:
    url, final_url, status, media_type, body, fetched_at, sha256, stale = parts
    moment = datetime.fromisoformat(fetched_at)
    return Fetched(url, final_url, status, media_type, body, moment, sha256, stale)


def plain_recognitions(answer: RecognitionAnswer) -> list[Any]:
    return [[_plain_recognition(one) for one in answer.statements], list(answer.unreachable)]


def to_recognitions(parts: Sequence[Any]) -> RecognitionAnswer:
    statements, unreachable = parts
    return RecognitionAnswer(tuple(_to_recognition(one) for one in statements), tuple(unreachable))


def _plain_recognition(one: Recognition) -> list[Any]:
    begin, end = (None if at is None else at.isoformat() for at in (one.valid_from, one.valid_until))
    checked_at = one.checked_at.isoformat()
    return [dict(one.recogniser), one.issuer, dict(one.scope), begin, end, one.reason, one.registry, checked_at]  # fmt: skip


def _to_recognition(parts: Sequence[Any]) -> Recognition:
    recogniser, issuer, scope, begin, end, reason, registry, checked_at = parts
    return Recognition(
        recogniser=recogniser,
        issuer=issuer,
        scope=scope,
        valid_from=None if begin is None else datetime.fromisoformat(begin),
        valid_until=None if end is None else datetime.fromisoformat(end),
        reason=reason,
        registry=registry,
        checked_at=datetime.fromisoformat(checked_at),
    )
