"""The directory as a service: what it opens, what runs beside its requests, its application."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import ClassVar

from fastapi import FastAPI

from services.directory import tables
from services.directory.authentication import DirectoryAuthenticator
from services.directory.catalogue import endpoints as catalogue
from services.directory.catalogue.consumer import CATALOGUE
from services.directory.catalogue.facts import discard, facts
from services.directory.checking import problems
from services.directory.clients import endpoints as clients
from services.directory.context import Context, Limits
from services.directory.members import endpoints as members
from services.directory.oauth import endpoints as oauth
from services.directory.oauth.keys import SigningKeys
from services.directory.oauth.store import forget_expired as forget_tokens
from services.directory.organisations import endpoints as organisations
from services.directory.recognitions import endpoints as recognitions
from services.directory.seed import seed
from services.directory.sessions import endpoints as sessions
from services.directory.sessions.store import forget_expired as forget_sessions
from services.directory.settings import DirectorySettings
from services.directory.views import endpoints as views
from services.directory.web import endpoints as web
from shared.clock import Clock, utc_now
from shared.contracts.channels import published_by
from shared.db import KeyEncryption
from shared.http.access import Authenticator, require
from shared.http.application import create_application
from shared.http.idempotency import forget_old
from shared.http.ratelimit import RateLimit, forget_full
from shared.http.tokens import TokenVerifier
from shared.mail import MailQueue, MailSender, mailer_for
from shared.messaging import Outbox, Wake
from shared.messaging.consumer import Consumer
from shared.messaging.feed.endpoints import events_router
from shared.messaging.feed.reading import Feed
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.relay import Relay
from shared.observability.context import current_traceparent
from shared.process import Service, Worker, with_lifespan
from shared.process.facts import Fact
from shared.process.service import Projection
from shared.webhooks.endpoints import webhooks_router
from shared.webhooks.metrics import WebhookMetrics
from shared.webhooks.service import Webhooks
from shared.webhooks.worker import Deliverer, sender_for

_TITLE = "Confer directory"
_DESCRIPTION = """Organisations, the people and programs that act for them, access tokens for all four services,
and the public record of who vouches for which issuer."""
_HOUSEKEEPING_SECONDS = 600
_KEPT = timedelta(days=30)
"""How long an expired session, code or refresh token is kept: long enough to look into what happened."""


class Directory(Service):
    """Organisations' sign-in, tokens, recognition and the catalogue."""

    name: ClassVar[str] = "directory"
    copies: ClassVar[Sequence[str]] = ("profile", "achievement")
    migrations: ClassVar[str] = "services.directory.migrations"
    settings: DirectorySettings
    webhooks: Webhooks
    """There from `start` on."""

    def __init__(self, settings: DirectorySettings, clock: Clock = utc_now) -> None:
        super().__init__(settings, clock)
        self.wake = Wake()
        self._messaging_metrics = MessagingMetrics(self.metrics.registry)
        self._webhook_metrics = WebhookMetrics(self.metrics.registry)
        self._sender = sender_for(settings, clock)
        self.rate_limits = tables.rate_limits
        self.feed = Feed(self.db, tables.messaging, published_by(self.name))
        self._context: Context | None = None
        self._authenticator: Authenticator | None = None

    @property
    def context(self) -> Context:
        """What the operations work with; there from `start` on."""
        assert self._context is not None, "the service has not been started"
        return self._context

    @property
    def authenticator(self) -> Authenticator:
        assert self._authenticator is not None, "the service has not been started"
        return self._authenticator

    async def start(self) -> None:
        """Fix the public URL, open the key-encryption key, see to a signing key, seed the demonstration."""
        await super().start()
        settings = self.settings
        vault = KeyEncryption.from_file(settings.encryption_key_file, create=settings.embedded)
        keys = SigningKeys(self.db, vault, settings, self.clock)
        await keys.ensure()
        self._context = Context(
            settings=settings,
            clock=self.clock,
            db=self.db,
            outbox=Outbox(
                tables.messaging,
                settings.public_url,
                self.wake,
                clock=self.clock,
                trace=current_traceparent,
            ),
            vault=vault,
            signing_keys=keys,
            mail=MailQueue(tables.mail, vault, self.clock),
            limits=_limits(settings),
        )
        self.webhooks = Webhooks(
            self.db,
            tables.webhooks,
            tables.messaging,
            feed=self.feed,
            vault=vault,
            fetcher=self._sender,
            clock=self.clock,
        )
        tokens = TokenVerifier(
            keys, issuer=settings.public_url, audience=settings.public_url, clock=self.clock
        )
        self._authenticator = DirectoryAuthenticator(lambda: self.context, tokens)
        if settings.embedded:
            await seed(self._context)

    async def stop(self) -> None:
        await self._sender.close()
        await super().stop()

    def build(self) -> FastAPI:
        return create_application(
            self,
            title=_TITLE,
            description=_DESCRIPTION,
            routers=[
                organisations.router,
                members.router,
                sessions.router,
                clients.router,
                oauth.router,
                oauth.grants_router,
                recognitions.router,
                catalogue.router,
                views.router,
                events_router(read=require("events:read")),
                webhooks_router(
                    read=require("webhooks:read"), write=require("events:read", "webhooks:write")
                ),
                web.router,
            ],
            metrics=self.metrics,
        )

    def workers(self) -> Sequence[Worker]:
        told = self._messaging_metrics
        relay = Relay(self.db, self.log, tables.messaging, wake=self.wake, metrics=told)
        consumer = Consumer(self.db, self.log, tables.messaging, CATALOGUE, clock=self.clock, metrics=told)
        deliverer = Deliverer(
            self.webhooks,
            public_url=self.settings.public_url,
            mail=self.context.mail,
            metrics=self._webhook_metrics,
        )
        sender = MailSender(
            self.db,
            self.context.mail,
            mailer_for(self.settings),
            sender=self.settings.mail_from,
            clock=self.clock,
        )
        return (
            Worker("relay", "relay", relay.run),
            Worker("catalogue", "consume", consumer.run),
            Worker("mail", "work", sender.run),
            Worker("housekeeping", "work", self._keep_house),
            Worker("webhooks", "work", deliverer.run),
        )

    async def fsck(self) -> Sequence[str]:
        """Whether organisations have owners, sealed values open, and events are numbered without a gap."""
        return await problems(self.context)

    def digest_facts(self) -> AsyncIterator[Fact]:
        return facts(self.db)

    def projections(self) -> Sequence[Projection]:
        """The catalogue of issuers and achievements."""
        return (Projection(CATALOGUE.name, CATALOGUE.topics, discard),)

    async def _keep_house(self) -> None:
        """Rotate old signing keys and forget what nobody will ask for again, every ten minutes."""
        while True:
            await self.context.signing_keys.ensure()
            async with self.db.write() as session:
                await forget_full(session, tables.rate_limits)
                await forget_old(session, tables.idempotency, self.clock)
                await forget_tokens(session, self.clock() - _KEPT)
                await forget_sessions(session, self.clock() - _KEPT)
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)


def create_app(settings: DirectorySettings) -> FastAPI:
    """The directory's application, which starts and stops the directory."""
    return with_lifespan(Directory(settings))


def _limits(settings: DirectorySettings) -> Limits:
    quarter = timedelta(minutes=15)
    tries = settings.sign_ins_per_quarter_hour
    return Limits(
        sign_ups=RateLimit("sign-ups", settings.sign_ups_per_hour, timedelta(hours=1)),
        sign_ins_per_login=RateLimit("sign-ins-login", tries, quarter),
        sign_ins_per_address=RateLimit("sign-ins-address", tries * 10, quarter),
        acceptances=RateLimit("acceptances", tries, quarter),
    )
