"""The outermost layer of every service: ids, trace, body limit, security headers, metrics, one log line, last resort."""

import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.access import Access
from shared.http.body import BodyLimit
from shared.observability import context
from shared.observability.logs import get_logger
from shared.observability.metrics import Metrics

_log = get_logger("shared.http")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: that makes browsers say `Origin: null` for our own forms (Fetch standard, "append a request Origin").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # Answers are data or pages without script; pages widen this for their own style sheet.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
LastResort = Callable[[Request, Exception], Response]


class Edge:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, last_resort: LastResort, https: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.last_resort = last_resort
        self.headers = dict(_HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = context.accept_request_id(headers.get("x-request-id"))
        tokens = (
            context.request_id.set(request_id),
            context.trace.set(context.continue_trace(headers.get("traceparent"))),
        )
        try:
            await self._answer(scope, receive, send, request_id)
        finally:
            context.request_id.reset(tokens[0])
            context.trace.reset(tokens[1])

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        begun, status = time.perf_counter(), 0
        is_head = scope["method"] == "HEAD"
        if is_head:  # RFC 9110 §9.3.2: as GET, without the body
            scope = {**scope, "method": "GET"}
        limit = BodyLimit()
        scope[BodyLimit.scope_key] = limit

        async def limited() -> Message:
            return await limit.take(receive)

        async def secured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._secure(MutableHeaders(scope=message), request_id, scope["path"])
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, limited, secured)
        except ClientDisconnect:
            return  # nobody is left to answer; counted as 499
        except Exception as error:
            _log.exception("request.failed", route=_route(scope))
            if status:
                raise  # the answer has begun: only breaking the connection tells the caller
            response = self.last_resort(Request(scope, limited), error)
            await response(scope, limited, secured)
        finally:
            self._record(scope, status or 499, time.perf_counter() - begun)

    def _secure(self, headers: MutableHeaders, request_id: str, path: str) -> None:
        headers["X-Request-ID"] = request_id
        if path.startswith("/v1/"):
            headers.setdefault("Cache-Control", "no-store")  # what one organisation or learner may see
        for name, value in self.headers.items():
            headers.setdefault(name, value)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """One line and one count per request; neither has a path with ids in it, nor a query string."""
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.observe(method, route, status, seconds)
        if route in _QUIET:
            return
        access: Access | None = scope.get("confer.access")
        who: dict[str, Any] = {"organisation": access.organisation, "actor": access.actor} if access else {}
        _log.info(
            "request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1), **who
        )


def _route(scope: Scope) -> str:
    """The template (`/v1/awards/{id}`), so that neither logs nor labels hold an id or a share's secret."""
    return getattr(scope.get("route"), "path", None) or "unmatched"
