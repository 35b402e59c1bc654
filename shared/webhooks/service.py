"""What an organisation does with its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row

from shared.clock import Clock
from shared.contracts.channels import PING
from shared.db import Database, KeyEncryption, ReadSession, WriteSession, new_id, on_commit
from shared.http.access import Access
from shared.http.etag import Precondition
from shared.http.fetch import Fetcher
from shared.http.problems import Conflict, FieldError, InvalidRequest, NotFound
from shared.messaging.feed.reading import Feed
from shared.messaging.tables import MessagingTables
from shared.webhooks.errors import ReplayUnderWay, TooManyWebhooks
from shared.webhooks.schemas import (
    DeliveryOut,
    DeliveryState,
    SecretRotation,
    Stretch,
    WebhookChange,
    WebhookIn,
    WebhookOut,
    WebhookWithSecret,
)
from shared.webhooks.signing import new_secret
from shared.webhooks.store import WebhookStore
from shared.webhooks.tables import WebhookTables

MAX_WEBHOOKS = 20
"""Of one organisation at one service."""
MAX_ASKED_FOR = 1_000
"""Deliveries of one webhook that are not finished, when another is asked for by hand."""


class Webhooks:
    """The webhooks of one service. `vault` seals secrets, URLs and addresses; `feed` is what they deliver from."""

    def __init__(
        self,
        db: Database,
        tables: WebhookTables,
        messaging: MessagingTables,
        *,
        feed: Feed,
        vault: KeyEncryption,
        fetcher: Fetcher,
        clock: Clock,
    ) -> None:
        self.db = db
        self.feed = feed
        self.fetcher = fetcher
        self.clock = clock
        self.messaging = messaging
        self.store = WebhookStore(tables, messaging)
        self._vault = vault
        self._wake: Callable[[], None] = _nobody

    def on_work(self, wake: Callable[[], None]) -> None:
        """What to call after a commit that gave this process's worker something to do."""
        self._wake = wake

    async def create(self, who: Access, given: WebhookIn) -> tuple[WebhookWithSecret, int]:
        """A webhook, with its secret. Raises InvalidRequest, TooManyWebhooks."""
        self._check(given.url, given.types)
        secret, webhook = new_secret(), new_id()
        cursor = 0 if given.start == "beginning" else await self.feed.last()
        async with self.db.write() as session:
            if await self.store.count(session, who.organisation) >= MAX_WEBHOOKS:
                raise TooManyWebhooks(f"An organisation has {MAX_WEBHOOKS} at most.", limit=MAX_WEBHOOKS)
            await self.store.add(
                session,
                {
                    "id": webhook,
                    "organisation": who.organisation,
                    "url": self._seal(given.url, "url", webhook),
                    "description": given.description,
                    "types": _sorted(given.types),
                    "contact": self._seal(given.contact, "contact", webhook),
                    "secret": self._seal(secret, "secret", webhook),
                    "state": "active",
                    "cursor": cursor,
                    "version": 1,
                    "created_at": self.clock(),
                    "created_by": who.actor,
                    "lease_epoch": 0,
                },
            )
            on_commit(session, self._wake)
            found = await self._mine(session, who, webhook)
        return WebhookWithSecret(**self.shown(found).model_dump(), secret=secret), found.version

    async def browse(
        self, who: Access, *, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[WebhookOut]:
        async with self.db.read() as session:
            found = await self.store.list(session, who.organisation, after=after, limit=limit)
        return [self.shown(row) for row in found]

    async def read(self, who: Access, webhook: str) -> tuple[WebhookOut, int]:
        """With its version. Raises NotFound."""
        async with self.db.read() as session:
            found = await self.store.find(session, who.organisation, webhook)
        if found is None:
            raise _not_found()
        return self.shown(found), found.version

    async def change(
        self, who: Access, webhook: str, given: WebhookChange, seen: Precondition
    ) -> tuple[WebhookOut, int]:
        """Raises NotFound, PreconditionFailed, InvalidRequest."""
        self._check(given.url, given.types)
        values: dict[str, Any] = {}
        for name in given.model_fields_set:
            value = getattr(given, name)
            match name:
                case "url" | "contact":
                    values[name] = self._seal(value, name, webhook)
                case "types":
                    values[name] = _sorted(value)
                case "state":
                    values |= _state(value, self.clock())
                case _:
                    values[name] = value
        async with self.db.write() as session:
            seen.check((await self._mine(session, who, webhook)).version)
            await self.store.change(session, webhook, values)
            on_commit(session, self._wake)
            found = await self._mine(session, who, webhook)
        return self.shown(found), found.version

    async def remove(self, who: Access, webhook: str, seen: Precondition) -> None:
        """Raises NotFound, PreconditionFailed."""
        async with self.db.write() as session:
            seen.check((await self._mine(session, who, webhook)).version)
            await self.store.remove(session, webhook)

    async def rotate(self, who: Access, webhook: str, given: SecretRotation) -> tuple[WebhookWithSecret, int]:
        """A new secret; the one before signs too for a while, one before that no longer. Raises NotFound."""
        secret = new_secret()
        until = self.clock() + timedelta(seconds=given.overlap_seconds)
        async with self.db.write() as session:
            before = await self._mine(session, who, webhook)
            previous = self.open(before, "secret")
            await self.store.change(
                session,
                webhook,
                {
                    "secret": self._seal(secret, "secret", webhook),
                    "previous_secret": self._seal(previous, "previous_secret", webhook),
                    "previous_until": until,
                },
            )
            found = await self._mine(session, who, webhook)
        return WebhookWithSecret(**self.shown(found).model_dump(), secret=secret), found.version

    async def ping(self, who: Access, webhook: str) -> DeliveryOut:
        """Send a test event, once, also to a paused webhook. Raises NotFound, Conflict."""
        async with self.db.write() as session:
            await self._mine(session, who, webhook)
            await self._room(session, webhook)
            row = await self.store.enqueue_one(
                session, webhook, "ping", self.clock(), event=new_id(), type=PING, subject=webhook
            )
            on_commit(session, self._wake)
        return delivery_out(row)

    async def deliveries(
        self, who: Access, webhook: str, *, state: DeliveryState | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, DeliveryOut]]:
        """The log, newest first, each with its place. Raises NotFound."""
        async with self.db.read() as session:
            if await self.store.find(session, who.organisation, webhook) is None:
                raise _not_found()
            found = await self.store.deliveries(session, webhook, state=state, before=before, limit=limit)
        return [(row.position, delivery_out(row)) for row in found]

    async def delivery(self, who: Access, webhook: str, delivery: str) -> DeliveryOut:
        """Raises NotFound."""
        async with self.db.read() as session:
            return delivery_out(await self._delivery(session, who, webhook, delivery))

    async def replay_one(self, who: Access, webhook: str, delivery: str) -> DeliveryOut:
        """Send this event again, in a delivery of its own. Raises NotFound, Conflict."""
        async with self.db.write() as session:
            found = await self._delivery(session, who, webhook, delivery)
            await self._room(session, webhook)
            row = await self.store.enqueue_one(
                session,
                webhook,
                "ping" if found.cause == "ping" else "replay",
                self.clock(),
                event=found.event,
                number=found.number,
                type=found.type,
                subject=found.subject,
            )
            on_commit(session, self._wake)
        return delivery_out(row)

    async def replay(self, who: Access, webhook: str, stretch: Stretch) -> tuple[WebhookOut, int]:
        """Send what happened in a stretch of time again. Raises NotFound, ReplayUnderWay."""
        async with self.db.write() as session:
            found = await self._mine(session, who, webhook)
            if found.replay_cursor is not None:
                raise ReplayUnderWay("Wait until the replay that was asked for before is done.")
            numbers = await self.feed.between(session, who.organisation, stretch.since, stretch.until)
            if numbers is not None:
                cursors = {"replay_cursor": numbers[0], "replay_until": numbers[1]}
                await self.store.change(session, webhook, cursors)
                on_commit(session, self._wake)
            found = await self._mine(session, who, webhook)
        return self.shown(found), found.version

    def open(self, row: Row[Any], column: str) -> str | None:
        """What is sealed in a column of a webhook."""
        sealed = getattr(row, column)
        return (
            None
            if sealed is None
            else self._vault.open(sealed, table=f"webhook.{column}", row=row.id).decode()
        )

    def secrets(self, row: Row[Any], now: datetime) -> list[str]:
        """The secrets that sign at this moment, the newest first."""
        good = [self.open(row, "secret")]
        if row.previous_until is not None and row.previous_until > now:
            good.append(self.open(row, "previous_secret"))
        return [secret for secret in good if secret is not None]

    def shown(self, row: Row[Any]) -> WebhookOut:
        return WebhookOut(
            id=row.id,
            url=cast("str", self.open(row, "url")),
            description=row.description,
            types=row.types,
            contact=self.open(row, "contact"),
            state=row.state,
            paused_reason=row.paused_reason,
            paused_at=row.paused_at,
            failing_since=row.failing_since,
            replaying=row.replay_cursor is not None,
            previous_secret_until=row.previous_until,
            created_at=row.created_at,
            created_by=row.created_by,
        )

    def _check(self, url: str | None, types: Sequence[str] | None) -> None:
        unknown = sorted(set(types or ()) - set(self.feed.types))
        if unknown:
            raise InvalidRequest(
                f"This service publishes: {', '.join(self.feed.types)}.",
                errors=[FieldError("/types", f"not a type of this service: {unknown[0]!r}")],
            )
        refusal = None if url is None else self.fetcher.refusal(url)
        if refusal is not None:
            raise InvalidRequest(
                "Give the address of a server on the public Internet.",
                errors=[FieldError("/url", refusal.reason)],
            )

    def _seal(self, text: str | None, column: str, webhook: str) -> bytes | None:
        return (
            None if text is None else self._vault.seal(text.encode(), table=f"webhook.{column}", row=webhook)
        )

    async def _mine(self, session: WriteSession, who: Access, webhook: str) -> Row[Any]:
        """Locked. Raises NotFound."""
        found = await self.store.find(session, who.organisation, webhook, lock=True)
        if found is None:
            raise _not_found()
        return found

    async def _room(self, session: WriteSession, webhook: str) -> None:
        if await self.store.waiting(session, webhook) >= MAX_ASKED_FOR:
            raise Conflict("Too much is waiting to be sent to this webhook; try again when some of it was.")

    async def _delivery(self, session: ReadSession, who: Access, webhook: str, delivery: str) -> Row[Any]:
        if await self.store.find(session, who.organisation, webhook) is None:
            raise _not_found()
        found = await self.store.delivery(session, webhook, delivery)
        if found is None:
            raise NotFound("There is no such delivery; it may be too long ago.")
        return found


def delivery_out(row: Row[Any]) -> DeliveryOut:
    names = DeliveryOut.model_fields
    return DeliveryOut(**{name: getattr(row, name) for name in names})


def _state(wanted: str, now: datetime) -> dict[str, Any]:
    if wanted == "paused":
        return {"state": "paused", "paused_reason": "asked", "paused_at": now}
    return {"state": "active", "paused_reason": None, "paused_at": None, "failing_since": None}


def _sorted(types: Sequence[str] | None) -> list[str] | None:
    return None if types is None else sorted(set(types))


def _not_found() -> NotFound:
    return NotFound("There is no such webhook.")


def _nobody() -> None:
    return None
