"""Tying a service's life to its web application's."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from shared.contracts.endpoints import router as contracts_router
from shared.process.service import Service
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
            workers = [w for w in service.workers() if service.settings.embedded or w.role == "serve"]
            async with running(workers):
                yield
        finally:
            await service.stop()

    return living


def with_lifespan(service: Service) -> FastAPI:
    """The service's application, which starts and stops the service."""
    application = service.build()
    application.include_router(contracts_router())
    application.router.lifespan_context = lifespan(service)
    application.state.service = service
    return application
