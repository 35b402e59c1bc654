"""The request at hand, for logs and for what it sets going: its id and its W3C trace context."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True)
class Trace:
    """A span of ours in a trace (W3C Trace Context, level 1)."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "Trace":
        """A new span in the same trace."""
        return Trace(self.trace_id, secrets.token_hex(8), self.sampled)


request_id: ContextVar[str | None] = ContextVar("confer_request_id", default=None)
trace: ContextVar[Trace | None] = ContextVar("confer_trace", default=None)


def new_trace() -> Trace:
    return Trace(secrets.token_hex(16), secrets.token_hex(8), sampled=False)


def parse_traceparent(header: str | None) -> Trace | None:
    """The caller's span; None where the header is absent or not valid (§3.2.2: then a new trace begins)."""
    match = _TRACEPARENT.fullmatch(header.strip()) if header else None
    if match is None or match[1] == "ff" or set(match[2]) == {"0"} or set(match[3]) == {"0"}:
        return None
    if match[1] == "00" and match[5]:
        return None
    return Trace(match[2], match[3], sampled=bool(int(match[4], 16) & 1))


def continue_trace(header: str | None) -> Trace:
    """A span of ours under the caller's, or the first of a new trace."""
    caller = parse_traceparent(header)
    return caller.child() if caller else new_trace()


@contextmanager
def following(traceparent: str | None) -> Iterator[None]:
    """Work under the span that caused it, such as the one of an event; a new trace where there is none."""
    token = trace.set(continue_trace(traceparent))
    try:
        yield
    finally:
        trace.reset(token)


def current_traceparent() -> str | None:
    """`traceparent` of the work at hand, for events and outgoing requests."""
    current = trace.get()
    return current.traceparent if current else None


def accept_request_id(header: str | None) -> str:
    """The caller's `X-Request-ID` if it is a harmless one, else a new id."""
    return header if header and _REQUEST_ID.fullmatch(header) else secrets.token_hex(16)
