"""The web application of a service: its routers, and everything that is the same in all four."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.middleware import Middleware

from shared.http.access import public
from shared.http.edge import Edge
from shared.http.errors import Answering
from shared.http.negotiation import prefers_html
from shared.http.openapi import check_routes, complete
from shared.http.problems import NotFound, registered
from shared.http.routing import ErrorShape, Router
from shared.observability.logs import get_logger
from shared.observability.metrics import CONTENT_TYPE, Metrics
from shared.web.pages import error_page, problem_page
from shared.web.styles import styles_router

API_VERSION = "1.0.0"
_CHECK_SECONDS = 2.0
_log = get_logger("shared.http")


class Dependency(Protocol):
    """Something outside the process that the service needs, as `/readyz` shows it."""

    @property
    def name(self) -> str: ...

    @property
    def check(self) -> Callable[[], Awaitable[None]]: ...


class Settings(Protocol):
    @property
    def public_url(self) -> str: ...

    @property
    def directory_url(self) -> str: ...


class Host(Protocol):
    """What of a service its web application needs. Operations with `require` also need `service.authenticator`."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Any: ...

    def dependencies(self) -> Sequence[Any]: ...


def create_application(
    service: Host,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    error_page: ErrorShape = error_page,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The application of `service`, reachable from endpoints as `request.app.state.service`.

    Adds `/livez`, `/readyz`, `/metrics`, `/problems`, `/problems/{code}` and `/openapi.json`; turns every exception
    into a problem (or `error_page`, for browsers outside `/v1`); bounds bodies, numbers requests, sets security headers.
    Routers are included as they are: give them their whole prefix themselves.
    """
    answering = Answering(service.settings.public_url, error_page)
    metrics = metrics or Metrics(service.name)
    https = service.settings.public_url.startswith("https://")
    app = FastAPI(
        title=title,
        description=description,
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=answering.handlers(),
        middleware=[Middleware(Edge, metrics=metrics, last_resort=answering.last_resort, https=https)],
    )
    app.state.service = service
    app.state.metrics = metrics
    app.state.answering = answering
    app.include_router(_probes(service, metrics))
    app.include_router(_explanations(service))
    app.include_router(styles_router())
    for router in routers:
        app.include_router(router)
    check_routes(app)
    app.openapi = functools.partial(_openapi, app, app.openapi, service)  # type: ignore[method-assign]  # FastAPI's way to extend it
    return app


def _openapi(app: FastAPI, generate: Callable[[], dict[str, Any]], service: Host) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = complete(app, generate(), directory_url=service.settings.directory_url)
    return app.openapi_schema


def _probes(service: Host, metrics: Metrics) -> APIRouter:
    router = Router(include_in_schema=False, dependencies=[public])

    @router.get("/livez")
    async def live() -> Response:
        return PlainTextResponse("alive\n")

    @router.get("/readyz")
    async def ready() -> Response:
        checks = await asyncio.gather(*(_check(each) for each in service.dependencies()))
        good = all(check["ok"] for check in checks)
        headers = {"Cache-Control": "no-store", **({} if good else {"Retry-After": "5"})}
        body = {"status": "ready" if good else "not ready", "checks": checks}
        return JSONResponse(body, 200 if good else 503, headers)

    @router.get("/metrics")
    async def measured() -> Response:
        return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return router


async def _check(dependency: Dependency) -> dict[str, Any]:
    """Whether it can be used; why not goes to the log, which strangers do not read."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await dependency.check()
    except Exception as error:  # noqa: BLE001  (whatever it is, the dependency cannot be used)
        _log.warning("readiness.failed", dependency=dependency.name, reason=type(error).__name__)
        return {"name": dependency.name, "ok": False}
    return {"name": dependency.name, "ok": True}


def _explanations(service: Host) -> APIRouter:
    """Where the `type` of each problem leads."""
    router = Router(include_in_schema=False, dependencies=[public])
    known = {problem.code: problem for problem in registered(f"services.{service.name}")}

    @router.get("/problems")
    async def list_problems() -> Response:
        return JSONResponse({"problems": [_explained(known[code]) for code in sorted(known)]})

    @router.get("/problems/{code}")
    async def explain_problem(code: str, request: Request) -> Response:
        problem = known.get(code)
        if problem is None:
            raise NotFound("This service has no such problem code; /problems lists those it has.")
        if prefers_html(request.headers.get("accept")):
            return problem_page(request, problem)
        return JSONResponse(_explained(problem))

    return router


def _explained(problem: Any) -> dict[str, Any]:
    return {
        "code": problem.code,
        "status": problem.status,
        "title": problem.title,
        "explanation": problem.explanation(),
    }
