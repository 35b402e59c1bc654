"""The verifier, put together."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from prometheus_client import Counter
from pydantic.json_schema import models_json_schema

from services.verifier.facts.service import Facts, hear
from services.verifier.policies import endpoints as policies
from services.verifier.policies.service import Policies
from services.verifier.settings import VerifierSettings
from services.verifier.tables import INSTANCE, JOBS, MAIL, MESSAGING, RATE_LIMITS, WEBHOOKS
from services.verifier.vc_api import endpoints as vc_api
from services.verifier.vc_api.service import VcApi
from services.verifier.verifications import endpoints as verifications
from services.verifier.verifications.jobs import KIND, Opening, kind_of, tidy
from services.verifier.verifications.limits import AnonymousLimit
from services.verifier.verifications.schemas import Batch, Item
from services.verifier.verifications.service import Verifications
from services.verifier.web import endpoints as web
from services.verifier.workers.pool import Documents, Pool
from shared.clock import Clock, utc_now
from shared.contracts.channels import published_by
from shared.db import KeyEncryption
from shared.http.access import require
from shared.http.application import create_application
from shared.http.fetch import Fetcher
from shared.http.recognitions import Recognitions
from shared.http.tokens import directory_tokens
from shared.jobs import JobRunner, jobs_router
from shared.jobs.announcing import JobAnnouncer
from shared.mail import MailQueue, MailSender, mailer_for
from shared.messaging import Event, MessagingMetrics, Outbox, Relay, Wake
from shared.messaging.feed.endpoints import events_router
from shared.messaging.feed.reading import Feed
from shared.messaging.tail import Tail
from shared.messaging.topics import PROFILES, RECOGNITIONS, STATUS_LISTS, VERIFIER_JOBS
from shared.observability.context import current_traceparent
from shared.process import Service, Worker, with_lifespan
from shared.vc.contexts import ContextStore
from shared.web import error_page
from shared.webhooks.endpoints import webhooks_router
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.service import Webhooks
from shared.webhooks.worker import Deliverer, sender_for

_TIDY_SECONDS = 60.0
_DESCRIPTION = """\
Says of an Open Badge what can be checked and how it turned out. One at a time without an account; up to 1,000 with an
access token of the directory (`resource` naming this service). Nothing of an anonymous verification is kept."""


class Verifier(Service):
    """Its parts, made from its settings."""

    name = "verifier"
    migrations = "services.verifier.migrations"
    settings: VerifierSettings
    webhooks: Webhooks
    """There from `start` on."""
    _mail: MailQueue

    def __init__(self, settings: VerifierSettings, clock: Clock = utc_now) -> None:
        super().__init__(settings, clock)
        self.fetcher = Fetcher(allow_loopback=settings.allow_loopback, peers=settings.peers, clock=clock)
        self.authenticator = directory_tokens(settings, self.fetcher, clock)
        self._sender = sender_for(settings, clock)
        self.documents = Facts(
            self.fetcher,
            clock,
            fact_seconds=settings.fact_seconds,
            status_seconds=settings.status_seconds,
            max_entries=settings.facts_kept,
        )
        self.recognitions = Recognitions(self.documents, settings.directory_url)
        self.policies = Policies(self.db, clock)
        if settings.contexts_dir is not None:
            # What cannot be read is refused here, not in every worker.
            ContextStore.builtin(settings.contexts_dir)
        self.pool = Pool(
            settings.processes,
            settings.waiting,
            Documents(self.documents, self.recognitions),
            contexts_dir=settings.contexts_dir,
        )
        verdicts = Counter(
            "confer_verifications", "Badges verified.", ["verdict"], registry=self.metrics.registry
        )
        self.verifications = Verifications(
            fetcher=self.fetcher,
            policies=self.policies,
            pool=self.pool,
            clock=clock,
            verdicts=verdicts,
        )
        self.vc_api = VcApi(
            pool=self.pool, clock=clock, verdicts=verdicts, checks=frozenset(settings.vc_api_checks)
        )
        self._wake = Wake()
        outbox = Outbox(MESSAGING, settings.public_url, self._wake, clock=clock, trace=current_traceparent)
        self._announcer = JobAnnouncer(
            outbox, MESSAGING, JOBS, topic=VERIFIER_JOBS, public_url=settings.public_url
        )
        kinds = self._announcer.announcing({KIND: kind_of(self.verifications)})
        self.jobs = JobRunner(self.db, JOBS, kinds, clock)
        self.feed = Feed(self.db, MESSAGING, published_by(self.name), expand=self._announcer.expand)
        self._messaging_metrics = MessagingMetrics(self.metrics.registry)
        self._webhook_metrics = WebhookMetrics(self.metrics.registry)
        self.opening = Opening(self.db, self.jobs, self.policies, clock)
        self.tail = Tail(self.log, [PROFILES, STATUS_LISTS, RECOGNITIONS], self._hear)
        self.limit: AnonymousLimit | None = None

    async def start(self) -> None:
        await super().start()
        keys = KeyEncryption.from_file(self.settings.encryption_key_file, create=self.settings.embedded)
        self._mail = MailQueue(MAIL, keys, self.clock)
        self.webhooks = Webhooks(
            self.db,
            WEBHOOKS,
            MESSAGING,
            feed=self.feed,
            vault=keys,
            fetcher=self._sender,
            clock=self.clock,
        )
        self.limit = AnonymousLimit(self.db, RATE_LIMITS, INSTANCE, keys, self.settings.anonymous_per_minute)
        await self.limit.start()
        self.pool.start()

    async def stop(self) -> None:
        await self.pool.stop()
        await self.fetcher.close()
        await self._sender.close()
        await super().stop()

    def workers(self) -> Sequence[Worker]:
        """Every process that verifies hears of changes itself; embedded, that is one process."""
        relay = Relay(
            self.db,
            self.log,
            MESSAGING,
            expand=self._announcer.expand,
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
        workers = [
            Worker("relay", "relay", relay.run),
            Worker("webhooks", "work", deliverer.run),
            Worker("mail", "work", sender.run),
            Worker("facts", "serve", self._listen),
            Worker("jobs", "work", self.jobs.run),
            Worker("tidying", "work", self._tidy),
        ]
        if not self.settings.embedded:
            workers.append(Worker("facts for jobs", "work", self._listen))
        return workers

    def build(self) -> FastAPI:
        application = create_application(
            self,
            title="Confer verifier",
            description=_DESCRIPTION,
            routers=[
                verifications.router,
                vc_api.router,
                policies.router,
                jobs_router(read=require("verifications:read"), write=require("verifications:write")),
                events_router(read=require("events:read")),
                webhooks_router(
                    read=require("webhooks:read"), write=require("events:read", "webhooks:write")
                ),
                web.router,
            ],
            error_page=error_page,
            metrics=self.metrics,
        )
        _with_schemas(application)
        return application

    async def check_limit(self, request: Request) -> dict[str, str]:
        """Count an anonymous verification; the headers that say what is left. Raises TooManyRequests."""
        assert self.limit is not None, "not started"
        return await self.limit.check(request)

    async def _listen(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.tail.run())
            await self.tail.started.wait()
            self.documents.hearing()

    async def _hear(self, event: Event) -> None:
        await hear(event, self.documents, self.recognitions.url)

    async def _tidy(self) -> None:
        while True:
            async with self.db.write() as session:
                await tidy(session, self.clock, self.settings.result_days)
            await asyncio.sleep(_TIDY_SECONDS)


def _with_schemas(application: FastAPI) -> None:
    """Add to OpenAPI the schemas of bodies that are read here and not by the framework."""
    generate = application.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        _, schemas = models_json_schema(
            [(Item, "validation"), (Batch, "validation")], ref_template="#/components/schemas/{model}"
        )
        known = document["components"]["schemas"]
        known |= {name: schema for name, schema in schemas["$defs"].items() if name not in known}
        document["components"]["schemas"] = dict(sorted(known.items()))
        return document

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's way to extend it


def create_app(settings: VerifierSettings) -> FastAPI:
    """The application, which starts and stops the service with itself."""
    return with_lifespan(Verifier(settings))
