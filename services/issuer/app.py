"""The issuer as a process: what it needs, how it is put together, what it does beside the requests."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence

from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError

from services.issuer import tables
from services.issuer.achievements.endpoints import router as achievements
from services.issuer.awards import bulk, deliveries
from services.issuer.awards.bulk_endpoints import router as bulk_awards
from services.issuer.awards.endpoints import router as awards
from services.issuer.awards.events import Expansion
from services.issuer.context import Context
from services.issuer.evidence import service as evidence
from services.issuer.evidence.endpoints import public_router as evidence_files
from services.issuer.evidence.endpoints import router as evidence_router
from services.issuer.facts import facts
from services.issuer.fsck import check_everything
from services.issuer.keys.endpoints import router as keys
from services.issuer.profiles.endpoints import router as profiles
from services.issuer.settings import IssuerSettings
from services.issuer.status import service as status
from services.issuer.status.endpoints import router as status_lists
from services.issuer.status.service import IndexBlocks
from services.issuer.vc_api import endpoints as vc_api
from services.issuer.web.endpoints import router as pages
from shared.clock import Clock, utc_now
from shared.contracts.channels import published_by
from shared.db import KeyEncryption
from shared.http.access import require
from shared.http.application import create_application
from shared.http.fetch import Fetcher
from shared.http.idempotency import forget_old
from shared.http.tokens import directory_tokens
from shared.jobs import JobRunner, jobs_router
from shared.jobs.announcing import JobAnnouncer
from shared.mail import MailQueue, MailSender, mailer_for
from shared.messaging.consumer import Consumer
from shared.messaging.feed.endpoints import events_router
from shared.messaging.feed.reading import Feed
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.outbox import Outbox, Wake
from shared.messaging.relay import Expand, Relay, expand_by_topic
from shared.messaging.topics import CREDENTIALS, ISSUER_JOBS
from shared.observability.context import current_traceparent
from shared.process import Service, Worker, with_lifespan
from shared.process.facts import Fact
from shared.process.service import Projection
from shared.vc.contexts import ContextStore
from shared.web import error_page
from shared.webhooks.endpoints import webhooks_router
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.service import Webhooks
from shared.webhooks.worker import Deliverer, sender_for

_RECIPIENTS = "recipients"


class Issuer(Service):
    """Issuer profiles, achievements, evidence, awards and status lists."""

    name = "issuer"
    migrations = "services.issuer.migrations"
    settings: IssuerSettings
    webhooks: Webhooks
    """There from `start` on."""
    _mail: MailQueue

    def __init__(self, settings: IssuerSettings, clock: Clock = utc_now) -> None:
        super().__init__(settings, clock)
        self.settings = settings
        self.fetcher = Fetcher(allow_loopback=settings.allow_loopback, peers=settings.peers, clock=clock)
        self.authenticator = directory_tokens(settings, self.fetcher, clock)
        self._sender = sender_for(settings, clock)
        self.rate_limits = tables.ratelimits
        self._wake = Wake()
        self._messaging_metrics = MessagingMetrics(self.metrics.registry)
        self._webhook_metrics = WebhookMetrics(self.metrics.registry)
        self._outbox = Outbox(
            tables.messaging, settings.public_url, self._wake, clock=clock, trace=current_traceparent
        )
        self._context: Context | None = None
        announcer = JobAnnouncer(
            self._outbox, tables.messaging, tables.jobs, topic=ISSUER_JOBS, public_url=settings.public_url
        )
        kinds = bulk.kinds(lambda: self.context, settings.job_chunk)
        self.jobs = JobRunner(self.db, tables.jobs, announcer.announcing(kinds), clock)
        self._expand: Expand = expand_by_topic(
            {CREDENTIALS: Expansion(settings.public_url), ISSUER_JOBS: announcer.expand}
        )
        self.feed = Feed(self.db, tables.messaging, published_by(self.name), expand=self._expand)

    @property
    def context(self) -> Context:
        """What the issuer's own code works with; there from `start` on."""
        assert self._context is not None, "the service was not started"
        return self._context

    async def start(self) -> None:
        """Open the keys, and make sure that the public address is still the one of the first start."""
        contexts = ContextStore.builtin(self.settings.contexts_dir)
        await super().start()
        if not self.settings.kafka_bootstrap:
            await self.log.ensure_topics()  # Kafka's are made by `migrate`
        sealing = KeyEncryption.from_file(self.settings.encryption_key_file, create=self.settings.embedded)
        self._mail = MailQueue(tables.mail, sealing, self.clock)
        self.webhooks = Webhooks(
            self.db,
            tables.webhooks,
            tables.messaging,
            feed=self.feed,
            vault=sealing,
            fetcher=self._sender,
            clock=self.clock,
        )
        self._context = Context(
            settings=self.settings,
            clock=self.clock,
            db=self.db,
            outbox=self._outbox,
            sealing=sealing,
            contexts=contexts,
            recipient_secret=await self._secret(sealing, _RECIPIENTS),
            indexes=IndexBlocks(),
        )

    async def stop(self) -> None:
        await self.fetcher.close()
        await self._sender.close()
        await super().stop()

    async def _secret(self, sealing: KeyEncryption, name: str) -> bytes:
        """A random secret of this installation, made at the first start."""
        table = tables.Secret.__tablename__
        try:
            async with self.db.write() as session:
                found = await session.get(tables.Secret, name)
                if found is None:
                    sealed = sealing.seal(secrets.token_bytes(32), table=table, row=name)
                    found = tables.Secret(name=name, sealed=sealed)
                    session.add(found)
                    await session.flush()
                return sealing.open(found.sealed, table=table, row=name)
        except IntegrityError:
            # Another process made it at this moment: use that one.
            async with self.db.read() as session:
                found = await session.get(tables.Secret, name)
                assert found is not None
                return sealing.open(found.sealed, table=table, row=name)

    def build(self) -> FastAPI:
        jobs = jobs_router(
            read=require("awards:read"),
            write=require("awards:write"),
            scopes={bulk.STATUS_CHANGES: "awards:revoke"},
        )
        return create_application(
            self,
            title="Confer issuer",
            description="Opens issuer profiles, publishes achievements, awards them as Open Badges 3.0 credentials, "
            "and says which of them still hold.",
            routers=[
                profiles,
                keys,
                achievements,
                evidence_router,
                bulk_awards,
                awards,
                jobs,
                events_router(read=require("events:read")),
                webhooks_router(
                    read=require("webhooks:read"), write=require("events:read", "webhooks:write")
                ),
                evidence_files,
                status_lists,
                vc_api.router,
                vc_api.standard_router,
                vc_api.lists_router,
                pages,
            ],
            error_page=error_page,
            metrics=self.metrics,
        )

    def workers(self) -> Sequence[Worker]:
        relay = Relay(
            self.db,
            self.log,
            tables.messaging,
            expand=self._expand,
            wake=self._wake,
            clock=self.clock,
            metrics=self._messaging_metrics,
        )
        deliverer = Deliverer(
            self.webhooks,
            public_url=self.settings.public_url,
            mail=self._mail,
            metrics=self._webhook_metrics,
        )
        sender = MailSender(
            self.db,
            self._mail,
            mailer_for(self.settings),
            sender=self.settings.mail_from,
            clock=self.clock,
        )
        consumer = Consumer(
            self.db,
            self.log,
            tables.messaging,
            deliveries.subscription(self.context),
            clock=self.clock,
            metrics=self._messaging_metrics,
        )
        return (
            Worker("issuer-relay", "relay", relay.run),
            Worker("issuer-deliveries", "consume", consumer.run),
            Worker("issuer-jobs", "work", self.jobs.run),
            Worker("issuer-status-lists", "work", lambda: status.keep_signing(self.context)),
            Worker("issuer-housekeeping", "work", self._keep_house),
            Worker("issuer-webhooks", "work", deliverer.run),
            Worker("issuer-mail", "work", sender.run),
        )

    async def _keep_house(self) -> None:
        """Every quarter of an hour: erase evidence whose time is over, forget old idempotency keys."""
        while True:
            await evidence.erase_expired(self.context)
            async with self.db.write() as session:
                await forget_old(session, tables.idempotency, self.clock)
            await asyncio.sleep(15 * 60)

    async def fsck(self) -> Sequence[str]:
        return await check_everything(self.context)

    def digest_facts(self) -> AsyncIterator[Fact]:
        return facts(self.context)

    def projections(self) -> Sequence[Projection]:
        """What the backpack last said of each award."""
        return (Projection(deliveries.NAME, deliveries.TOPICS, deliveries.forget_answers),)


def create_app(settings: IssuerSettings) -> FastAPI:
    """The issuer's application, which starts and stops the service."""
    return with_lifespan(Issuer(settings))
