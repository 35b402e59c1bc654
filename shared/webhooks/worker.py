"""The worker that delivers. Any number run, in any number of processes; to one webhook one of them delivers at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Row

from shared.clock import Clock
from shared.contracts import schema_url
from shared.contracts.channels import PING
from shared.db import ReadSession, WriteSession, is_transient
from shared.http.fetch import Fetcher, FetchError
from shared.mail import MailQueue
from shared.messaging.envelope import MEDIA_TYPE, Event
from shared.messaging.feed import numbers
from shared.observability.logs import get_logger
from shared.webhooks import notices
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.schedule import Try, judged, next_try
from shared.webhooks.service import Webhooks
from shared.webhooks.signing import signed_headers
from shared.webhooks.store import LEASE, MAX_WAITING, Lease, LeaseLost

TIMEOUT_SECONDS = 15.0
KEPT = timedelta(days=30)
"""How long a finished delivery stays in the log."""
_AT_ONCE = 16
"""Webhooks that one process delivers to at the same time, and requests to one of them."""
_ENQUEUED = 100
_TURN_SECONDS = 20.0
_LOOK_SECONDS = 0.5
_WATCH_SECONDS = 10.0
_TIDY_SECONDS = 3_600.0

_log = get_logger("shared.webhooks")


class FenceSettings(Protocol):
    @property
    def allow_loopback(self) -> bool: ...

    @property
    def peers(self) -> Mapping[str, str]: ...


def sender_for(settings: FenceSettings, clock: Clock) -> Fetcher:
    """A fenced client of the deliverer's own: slow receivers must not hold up what the service fetches."""
    return Fetcher(
        allow_loopback=settings.allow_loopback,
        peers=settings.peers,
        clock=clock,
        max_concurrency=_AT_ONCE * _AT_ONCE,
    )


class Deliverer:
    """Sends each event at least once to every webhook that asks for its type, of one subject in the order of its sequence.

    A webhook belongs to who holds its lease; what was sent is recorded under the webhook's row lock with the lease's
    epoch. A process that dies sends again what it had not recorded, under the same `webhook-id`.
    """

    def __init__(
        self,
        webhooks: Webhooks,
        *,
        public_url: str,
        mail: MailQueue,
        metrics: WebhookMetrics | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._webhooks = webhooks
        self._store = webhooks.store
        self._db = webhooks.db
        self._clock = webhooks.clock
        self._public_url = public_url
        self._mail = mail
        self._metrics = metrics or WebhookMetrics()
        self._timeout = timeout
        self._woken = asyncio.Event()
        self._watched = self._tidied = float("-inf")
        webhooks.on_work(self._woken.set)

    async def run(self) -> None:
        """Deliver until cancelled."""
        serving: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                self._woken.clear()
                await self._keep_house()
                async with self._db.read() as session:
                    found = await self._store.due(
                        session, self._clock(), besides=list(serving), limit=_AT_ONCE - len(serving)
                    )
                for webhook in found:
                    task = asyncio.create_task(self._serve(webhook))
                    serving[webhook] = task
                    task.add_done_callback(partial(_left, serving, webhook))
                await self._pause(bool(found))
        finally:
            tasks = list(serving.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Serve every webhook that has something due once; how many there were."""
        async with self._db.read() as session:
            found = await self._store.due(session, self._clock(), besides=[], limit=_AT_ONCE)
        for webhook in found:
            await self._serve(webhook)
        return len(found)

    async def _pause(self, busy: bool) -> None:  # noqa: FBT001  (one caller, in sight)
        try:
            async with asyncio.timeout(_LOOK_SECONDS / 10 if busy else _LOOK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    # --- one webhook ---

    async def _serve(self, webhook: str) -> None:
        """Deliver to one webhook while there is something due, for a while; whatever goes wrong there stays there."""
        try:
            async with self._db.write() as session:
                lease = await self._store.lease(session, webhook, self._clock())
            if lease is not None:
                await self._deliver(lease)
        except LeaseLost:
            _log.info("webhook.left", webhook=webhook)
        except Exception as error:  # noqa: BLE001  (one webhook's trouble is not the others'; the lease runs out, then it is tried again)
            if not is_transient(error):
                _log.error("webhook.failed", webhook=webhook, exc_info=error)

    async def _deliver(self, lease: Lease) -> None:
        end = time.monotonic() + _TURN_SECONDS
        done: list[tuple[Row[Any], Try]] = []
        while True:
            held_until = time.monotonic() + LEASE.total_seconds()
            async with self._db.write() as session:
                hook = await self._store.hold(session, lease, self._clock())
                hook = await self._record(session, lease, hook, done)
                await self._enqueue(session, hook)
                heads = await self._store.heads(session, hook, self._clock(), _AT_ONCE)
                if not heads or time.monotonic() > end:
                    await self._store.release(session, lease)
                    return
            done = await self._send_all(hook, heads, held_until)

    async def _enqueue(self, session: WriteSession, hook: Row[Any]) -> None:
        """Make deliveries of what was published, while there is room."""
        if hook.state != "active":
            return
        room = min(MAX_WAITING - await self._store.waiting(session, hook.id), _ENQUEUED)
        if room > 0 and hook.replay_cursor is not None:
            await self._replay(session, hook, room)
            return
        if room > 0:
            places, end = await self._webhooks.feed.places(
                session, hook.organisation, after=hook.cursor, types=hook.types, limit=room
            )
            await self._store.enqueue(session, hook.id, places, "event", self._clock())
            if end > hook.cursor:
                await self._store.move(session, hook.id, cursor=end)

    async def _replay(self, session: WriteSession, hook: Row[Any], room: int) -> None:
        places, end = await self._webhooks.feed.places(
            session,
            hook.organisation,
            after=hook.replay_cursor,
            until=hook.replay_until,
            types=hook.types,
            limit=room,
        )
        await self._store.enqueue(session, hook.id, places, "replay", self._clock())
        ended = end >= hook.replay_until
        await self._store.move(
            session,
            hook.id,
            replay_cursor=None if ended else end,
            replay_until=None if ended else hook.replay_until,
        )

    # --- sending ---

    async def _send_all(
        self, hook: Row[Any], heads: Sequence[Row[Any]], held_until: float
    ) -> list[tuple[Row[Any], Try]]:
        """Send these at the same time: no two are of one subject."""
        async with self._db.read() as session:
            bodies = await self._bodies(session, hook, heads)
        url = self._webhooks.open(hook, "url") or ""
        tries = await asyncio.gather(*(self._send(hook, url, head, bodies, held_until) for head in heads))
        return [(head, tried) for head, tried in zip(heads, tries, strict=True) if tried is not None]

    async def _send(
        self, hook: Row[Any], url: str, head: Row[Any], bodies: Mapping[str, bytes], held_until: float
    ) -> Try | None:
        """One try; None if the lease may run out before it would end: then another process sends it."""
        now, begun = self._clock(), time.monotonic()
        if begun + self._timeout > held_until:
            return None
        body = bodies.get(head.id)
        if body is None:
            return Try(now, 0, failure="unreadable")
        headers = signed_headers(self._webhooks.secrets(hook, now), head.event, int(now.timestamp()), body)
        headers["Content-Type"] = f"{MEDIA_TYPE}; charset=utf-8"
        try:
            answer = await self._webhooks.fetcher.post(url, body, headers=headers, timeout=self._timeout)
        except FetchError as error:
            tried = Try(now, _milliseconds(begun), failure=error.code)
        else:
            tried = judged(answer, now, _milliseconds(begun))
        self._metrics.tries.labels(tried.outcome).inc()
        self._metrics.seconds.observe(tried.milliseconds / 1000)
        return tried

    async def _bodies(
        self, session: ReadSession, hook: Row[Any], heads: Sequence[Row[Any]]
    ) -> dict[str, bytes]:
        """What is sent, by delivery; without those whose data cannot be read."""
        events: dict[int, Event] = {}
        try:
            events = await self._read(session, hook, [head.number for head in heads])
        except Exception as error:
            if is_transient(error):
                raise
            for head in heads:
                events |= await self._read_one(hook, head)
        found = {head.id: events.get(head.number) for head in heads if head.number is not None}
        found |= {head.id: self._ping(hook, head) for head in heads if head.number is None}
        return {delivery: event.to_bytes() for delivery, event in found.items() if event is not None}

    async def _read(
        self, session: ReadSession, hook: Row[Any], wanted: Sequence[int | None]
    ) -> dict[int, Event]:
        placed = [number for number in wanted if number is not None]
        return await self._webhooks.feed.events(session, hook.organisation, placed) if placed else {}

    async def _read_one(self, hook: Row[Any], head: Row[Any]) -> dict[int, Event]:
        try:
            async with self._db.read() as session:
                return await self._read(session, hook, [head.number])
        except Exception as error:
            if is_transient(error):
                raise
            _log.exception("webhook.unreadable", webhook=hook.id, event_id=head.event, type=head.type)
            return {}

    def _ping(self, hook: Row[Any], head: Row[Any]) -> Event:
        return Event(
            type=PING,
            source=self._public_url,
            subject=hook.id,
            organisation=hook.organisation,
            sequence=head.position,
            time=head.created_at,
            data={"webhook": hook.id},
            id=head.event,
            dataschema=schema_url(self._public_url, PING),
        )

    # --- what became of it ---

    async def _record(
        self, session: WriteSession, lease: Lease, hook: Row[Any], done: Sequence[tuple[Row[Any], Try]]
    ) -> Row[Any]:
        """Write down how these went; the webhook as it stands then."""
        if not done:
            return hook
        told = [tried for head, tried in done if head.cause != "ping"]
        worked = [tried for tried in told if tried.outcome == "delivered"]
        if worked and hook.failing_since is not None:
            await self._store.move(session, hook.id, failing_since=None)
        if told and not worked and hook.failing_since is None:
            await self._store.move(session, hook.id, failing_since=min(tried.at for tried in told))
        hook = await self._store.hold(session, lease, self._clock())
        for head, tried in done:
            reason = await self._settle(session, hook, head, tried)
            if reason is not None and hook.state == "active":
                await self._stop(session, hook, reason)
                hook = await self._store.hold(session, lease, self._clock())
        return hook

    async def _settle(self, session: WriteSession, hook: Row[Any], head: Row[Any], tried: Try) -> str | None:
        """Record one try; why the webhook is to be paused, if it is."""
        if tried.outcome == "delivered":
            await self._store.record(session, head, tried, state="delivered", due_at=None)
            return None
        again = None if head.cause == "ping" else next_try(head.attempts + 1, tried, self._clock())
        if tried.outcome == "gone" and head.cause != "ping":
            await self._store.record(session, head, tried, state="pending", due_at=again or self._clock())
            return "gone"
        await self._store.record(
            session, head, tried, state="failed" if again is None else "pending", due_at=again
        )
        if again is not None or head.cause == "ping":
            return None
        self._metrics.exhausted.inc()
        first = head.first_tried_at or tried.at
        nothing_since = hook.failing_since is not None and hook.failing_since <= first
        return "failing" if nothing_since else None

    async def _stop(self, session: WriteSession, hook: Row[Any], reason: str) -> None:
        """Pause the webhook and tell the organisation's contact."""
        _log.warning("webhook.paused", webhook=hook.id, organisation=hook.organisation, reason=reason)
        values = {"state": "paused", "paused_reason": reason, "paused_at": self._clock()}
        await self._store.change(session, hook.id, values)
        contact = self._webhooks.open(hook, "contact")
        if contact is None:
            return
        message = notices.paused(
            to=contact,
            url=self._webhooks.open(hook, "url") or "",
            place=f"{self._public_url}/v1/webhooks/{hook.id}",
            reason=reason,
            since=hook.failing_since,
        )
        await self._mail.add(session, message, about=hook.id)

    # --- now and then ---

    async def _keep_house(self) -> None:
        now = time.monotonic()
        if now - self._watched >= _WATCH_SECONDS:
            self._watched = now
            await self._watch()
        if now - self._tidied >= _TIDY_SECONDS:
            self._tidied = now
            async with self._db.write() as session:
                await self._store.forget(session, self._clock() - KEPT)

    async def _watch(self) -> None:
        async with self._db.read() as session:
            states = await self._store.states(session)
            longest = await self._store.longest_due(session, self._clock())
            missed = await numbers.anything_missed(session, self._webhooks.messaging)
        for state in ("active", "paused"):
            self._metrics.webhooks.labels(state).set(states.get(state, 0))
        overdue = 0.0 if longest is None else (self._clock() - longest).total_seconds()
        self._metrics.overdue.set(max(overdue, 0.0))
        if missed:
            async with self._db.write() as session:
                await numbers.catch_up(session, self._webhooks.messaging)


def _left(serving: dict[str, asyncio.Task[None]], webhook: str, _: asyncio.Task[None]) -> None:
    del serving[webhook]


def _milliseconds(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
