"""Webhooks of a service without a business: an outbox, its relay, a feed, the deliverer, and a clock that the test moves."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from shared.clock import utc_now
from shared.db import Database, KeyEncryption, ReadSession, metadata_for
from shared.http.access import Access
from shared.http.fetch import Fetcher, Resolve
from shared.mail import MailQueue, mail_table
from shared.messaging import Outbox, OutboxRow, Outgoing, Relay, Topic, messaging_tables
from shared.messaging.feed.reading import Feed
from shared.messaging.log.local import LocalLog
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.schemas import DeliveryOut, WebhookIn, WebhookWithSecret
from shared.webhooks.service import Webhooks
from shared.webhooks.tables import webhook_tables
from shared.webhooks.worker import Deliverer
from tests.harness.receiver import Receiver, receiver

HAPPENED, ALSO = "org.confer.thing.happened.v1", "org.confer.thing.ended.v1"
TOPIC = Topic("test.things")
URL = "http://localhost:8001"
metadata = metadata_for()
messaging = messaging_tables(metadata)
mail = mail_table(metadata)
tables = webhook_tables(metadata)


@dataclass
class Clock:
    """Stands still where the test began, plus what the test adds."""

    ahead: timedelta = timedelta()
    begun: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.begun + self.ahead

    def forward(self, **length: float) -> None:
        self.ahead += timedelta(**length)


def caller(organisation: str) -> Access:
    return Access(organisation, f"client:{organisation}", frozenset())


@dataclass
class Stage:
    """One service's webhooks, stepped by hand."""

    db: Database
    log: LocalLog
    clock: Clock
    vault: KeyEncryption
    allow_loopback: bool = True
    resolve: Resolve | None = None
    texts: dict[str, str] = field(default_factory=dict)
    """The data of private events; what is taken out here was erased."""
    sequences: dict[str, int] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    me: Access = field(default_factory=lambda: caller("org-1"))

    def __post_init__(self) -> None:
        self.fetcher = Fetcher(allow_loopback=self.allow_loopback, resolve=self.resolve)
        feed = Feed(self.db, messaging, [HAPPENED, ALSO], expand=self.expand)
        self.webhooks = Webhooks(
            self.db, tables, messaging, feed=feed, vault=self.vault, fetcher=self.fetcher, clock=self.clock
        )
        self.queue = MailQueue(mail, self.vault, self.clock)
        self.metrics = WebhookMetrics(self.registry)
        self.relay = Relay(self.db, self.log, messaging, expand=self.expand)

    def deliverer(self, timeout: float = 5.0) -> Deliverer:
        return Deliverer(
            self.webhooks, public_url=URL, mail=self.queue, metrics=self.metrics, timeout=timeout
        )

    async def expand(
        self, _: ReadSession, rows: Sequence[OutboxRow]
    ) -> Mapping[str, Mapping[str, Any] | None]:
        found = {row.id: self.texts.get(row.reference or "") for row in rows}
        return {key: None if text is None else {"text": text} for key, text in found.items()}

    async def happen(
        self, *subjects: str, organisation: str = "org-1", type_: str = HAPPENED, **given: Any
    ) -> None:
        """One more published event of each subject."""
        async with self.db.write() as session:
            for subject in subjects:
                sequence = self.sequences[subject] = self.sequences.get(subject, 0) + 1
                data = given or {"data": {"text": f"{subject}/{sequence}"}}
                event = Outgoing(
                    TOPIC.name, subject, type_, organisation, sequence, time=self.clock(), **data
                )
                await Outbox(messaging, URL).add(session, event)
        while await self.relay.step():
            continue

    async def hook(self, url: str, who: Access | None = None, **options: Any) -> WebhookWithSecret:
        made, _ = await self.webhooks.create(who or self.me, WebhookIn(url=url, **options))
        return made

    async def deliver(self) -> None:
        """Everything that is due now."""
        deliverer = self.deliverer()
        while await deliverer.deliver_due():
            continue

    async def log_of(self, webhook: str) -> list[DeliveryOut]:
        """Oldest first."""
        found = await self.webhooks.deliveries(self.me, webhook, state=None, before=None, limit=200)
        return [each for _, each in reversed(found)]

    async def mails(self) -> int:
        async with self.db.read() as session:
            return int(await session.scalar(select(func.count()).select_from(mail)) or 0)


@contextlib.asynccontextmanager
async def stage(url: str, folder: Path, **options: Any) -> AsyncIterator[Stage]:
    db, log = Database(url), LocalLog(folder / "log.sqlite3")
    async with db.write() as session:
        await (await session.connection()).run_sync(metadata.create_all)
    await log.ensure_topics([TOPIC])
    made = Stage(db, log, Clock(), KeyEncryption.from_file(folder / "test.kek", create=True), **options)
    try:
        yield made
    finally:
        await made.fetcher.close()
        await log.close()
        await db.close()


@pytest.fixture
async def on(database_url: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    async with stage(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiver() as made:
        yield made
