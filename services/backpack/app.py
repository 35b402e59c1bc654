"""The backpack as a service: what it opens, what it runs, what it answers."""

import functools
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from fastapi import FastAPI
from prometheus_client import Counter
from sqlalchemy.exc import IntegrityError

from services.backpack import housekeeping
from services.backpack.consents.endpoints import router as consents
from services.backpack.context import Context
from services.backpack.credentials.endpoints import router as credentials
from services.backpack.deliveries import service as deliveries
from services.backpack.deliveries import worker
from services.backpack.deliveries.answers import expand
from services.backpack.deliveries.store import await_again
from services.backpack.facts import facts
from services.backpack.fsck import damaged
from services.backpack.identifiers.endpoints import router as identifiers
from services.backpack.imports.endpoints import router as imports
from services.backpack.learners.endpoints import router as learners
from services.backpack.limits import Limits
from services.backpack.notices import Post
from services.backpack.openapi import with_sessions
from services.backpack.sessions.access import SessionAuthenticator
from services.backpack.sessions.endpoints import router as sessions
from services.backpack.settings import BackpackSettings
from services.backpack.shares.endpoints import router as shares
from services.backpack.shares.public import router as public_shares
from services.backpack.tables import add_own_key, mail, messaging, own_key, webhooks
from services.backpack.vault import LOOKUP_KEY_BYTES, Vault
from services.backpack.verification import Checker
from services.backpack.web.routers import error_page, pages
from shared.clock import Clock, utc_now
from shared.contracts.channels import published_by
from shared.db import Database, KeyEncryption, ReadSession
from shared.http.access import require
from shared.http.application import create_application
from shared.http.fetch import Fetcher
from shared.http.fetch_cache import CachingFetcher
from shared.http.tokens import directory_tokens
from shared.mail import MailQueue, MailSender, mailer_for
from shared.messaging import Outbox, Wake
from shared.messaging.consumer import Consumer, Subscription
from shared.messaging.feed.endpoints import events_router
from shared.messaging.feed.reading import Feed
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.relay import OutboxRow, Relay
from shared.messaging.topics import CREDENTIALS
from shared.observability.context import current_traceparent
from shared.process import Service, Worker, with_lifespan
from shared.process.facts import Fact
from shared.process.service import Projection
from shared.vc.contexts import ContextStore
from shared.webhooks.endpoints import webhooks_router
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.service import Webhooks
from shared.webhooks.worker import Deliverer, sender_for

_CONSUMER = "backpack"
_HEARD = (CREDENTIALS,)
_LOOKUP = "lookup"
_REMEMBERED = timedelta(seconds=60)
"""How long an issuer's key or status list is taken from memory when deliveries are verified."""

DESCRIPTION = """\
A learner's badges: what issuers delivered, what she imported, and what she shares.

Operations under `/v1` are the learner's own. Sign in with `POST /v1/sessions` and send the token as
`Authorization: Bearer …`; pages use the same session by cookie. A share's link is public to whoever has it.
"""


class Backpack(Service):
    """The backpack: its context is there once it has started."""

    name: ClassVar[str] = "backpack"
    copies: ClassVar[Sequence[str]] = ("credential",)
    migrations: ClassVar[str] = "services.backpack.migrations"
    settings: BackpackSettings
    context: Context
    webhooks: Webhooks

    def __init__(self, settings: BackpackSettings, clock: Clock = utc_now) -> None:
        super().__init__(settings, clock)
        self._messaging_metrics = MessagingMetrics(self.metrics.registry)
        self._webhook_metrics = WebhookMetrics(self.metrics.registry)
        self._settled = Counter(
            "confer_backpack_deliveries_total",
            "Delivered credentials by what became of them.",
            ["outcome"],
            registry=self.metrics.registry,
        )
        self._committed = Wake()
        self._fetcher = Fetcher(allow_loopback=settings.allow_loopback, peers=settings.peers, clock=clock)
        self.authenticator = SessionAuthenticator(directory_tokens(settings, self._fetcher, clock))
        self._sender = sender_for(settings, clock)
        self.feed = Feed(self.db, messaging, published_by(self.name), expand=self._answers)
        self._queue: MailQueue | None = None

    async def start(self) -> None:
        """Claim the public URL, open the keys, and make the context."""
        await super().start()
        keys = KeyEncryption.from_file(self.settings.encryption_key_file, create=self.settings.embedded)
        vault = Vault(keys, await _lookup_key(self.db, keys, self.clock))
        self._queue = MailQueue(mail, keys, self.clock)
        self.webhooks = Webhooks(
            self.db,
            webhooks,
            messaging,
            feed=self.feed,
            vault=keys,
            fetcher=self._sender,
            clock=self.clock,
        )
        cached = CachingFetcher(self._fetcher, clock=self.clock, max_age=_REMEMBERED)
        contexts = ContextStore.builtin(self.settings.contexts_dir)
        self.context = Context(
            settings=self.settings,
            clock=self.clock,
            db=self.db,
            vault=vault,
            outbox=Outbox(
                messaging,
                self.settings.public_url,
                self._committed,
                clock=self.clock,
                trace=current_traceparent,
            ),
            post=Post(self._queue, self.settings.public_url),
            checker=Checker(self._fetcher, cached, contexts, self.clock),
            contexts=contexts,
            fetch=self._fetcher,
            limits=Limits(),
            arrivals=Wake(),
            settled=self._settled,
        )

    async def stop(self) -> None:
        await self._fetcher.close()
        await self._sender.close()
        await super().stop()

    def workers(self) -> Sequence[Worker]:
        """The relay, the consumer of issued credentials, and what is done in the background."""
        assert self._queue is not None, "started"
        mailer = mailer_for(self.settings)
        deliverer = Deliverer(
            self.webhooks,
            public_url=self.settings.public_url,
            mail=self._queue,
            metrics=self._webhook_metrics,
        )
        sender = MailSender(self.db, self._queue, mailer, sender=self.settings.mail_from, clock=self.clock)
        return (
            Worker("relay", "relay", self._relay().run),
            Worker("credentials", "consume", self._consumer().run),
            Worker("deliveries", "work", functools.partial(worker.run, self.context)),
            Worker("mail", "work", sender.run),
            Worker("webhooks", "work", deliverer.run),
            Worker("housekeeping", "work", functools.partial(housekeeping.run, self.context)),
        )

    def _relay(self) -> Relay:
        return Relay(
            self.db,
            self.log,
            messaging,
            expand=self._answers,
            wake=self._committed,
            clock=self.clock,
            metrics=self._messaging_metrics,
        )

    async def _answers(self, session: ReadSession, rows: Sequence[OutboxRow]) -> Mapping[str, Any]:
        return await expand(session, self.context.vault, rows)

    def _consumer(self) -> Consumer:
        issued = functools.partial(deliveries.issued, self.context)
        changed = functools.partial(deliveries.changed, self.context)
        handlers = {
            "org.confer.credential.issued.v1": issued,
            **{
                f"org.confer.credential.{verb}.v1": changed
                for verb in ("replaced", "revoked", "suspended", "reinstated")
            },
        }
        subscription = Subscription(_CONSUMER, _HEARD, handlers)
        return Consumer(
            self.db, self.log, messaging, subscription, clock=self.clock, metrics=self._messaging_metrics
        )

    def build(self) -> FastAPI:
        app = create_application(
            self,
            title="Confer backpack",
            description=DESCRIPTION,
            routers=[
                *(learners, sessions, identifiers, credentials, imports, consents, shares, public_shares),
                events_router(read=require("events:read")),
                webhooks_router(
                    read=require("webhooks:read"), write=require("events:read", "webhooks:write")
                ),
                *pages,
            ],
            error_page=error_page,
            metrics=self.metrics,
        )
        return with_sessions(app)

    async def fsck(self) -> Sequence[str]:
        """Whether every document opens, has its digest, and every credential still verifies."""
        return await damaged(self.context)

    def digest_facts(self) -> AsyncIterator[Fact]:
        return facts(self.context)

    def projections(self) -> Sequence[Projection]:
        """What issuers delivered."""
        return (Projection(_CONSUMER, _HEARD, await_again),)


async def _lookup_key(db: Database, keys: KeyEncryption, clock: Clock) -> bytes:
    """The key of the keyed hashes: made at the first start; of several processes starting at once, one makes it."""
    async with db.read() as session:
        stored = await own_key(session, _LOOKUP)
    if stored is None:
        fresh = secrets.token_bytes(LOOKUP_KEY_BYTES)
        sealed = keys.seal(fresh, table="own_key", row=_LOOKUP)
        try:
            async with db.write() as session:
                add_own_key(session, _LOOKUP, sealed, clock())
        except IntegrityError:
            async with db.read() as session:
                stored = await own_key(session, _LOOKUP)
            assert stored is not None, "another process has just stored it"
        else:
            return fresh
    return keys.open(stored.sealed, table="own_key", row=_LOOKUP)


def create_app(settings: BackpackSettings) -> FastAPI:
    """The application with its service's life tied to it."""
    return with_lifespan(Backpack(settings))
