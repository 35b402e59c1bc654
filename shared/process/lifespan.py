"""Tying a service's life to its web application's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from shared.contracts.endpoints import router as contracts_router
from shared.messaging.log import LogUnavailable
from shared.process.service import Service, Worker
from shared.process.supervision import running


def lifespan(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Start the service before the first request and stop it after the last.

    Embedded, every worker runs in the web process; in production only those of role `serve` do, and the commands `relay`,
    `consume` and `work` run the others (decision 1).
    """

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        try:
            await service.start()
            embedded = service.settings.embedded
            workers = [w for w in service.workers() if embedded or w.role == "serve"]
            if embedded and not await _topics_made(service):
                workers.append(Worker("topics", "serve", lambda: _make_topics(service)))
            async with running(workers):
                yield
        finally:
            await service.stop()

    return living


async def _topics_made(service: Service) -> bool:
    """Embedded, nobody ran `migrate`: make the topics now, unless the log is away."""
    try:
        await service.log.ensure_topics()
    except LogUnavailable:
        return False
    return True


async def _make_topics(service: Service) -> None:
    """Make the topics as soon as the log is there; raising starts this anew, with growing pauses."""
    await service.log.ensure_topics()
    await asyncio.Event().wait()


def with_lifespan(service: Service) -> FastAPI:
    """The service's application, which starts and stops the service."""
    application = service.build()
    application.include_router(contracts_router())
    application.router.lifespan_context = lifespan(service)
    application.state.service = service
    return application
