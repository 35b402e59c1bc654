"""Prometheus metrics of one service. Labels are route templates and states, never ids or addresses."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LATENCY = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Counted wherever it happens in the process, shown by the process's one service.
worker_failures = Counter(
    "confer_worker_failures",
    "Times a background worker failed and was started again.",
    ["worker"],
    registry=None,
)
mails = Counter(
    "confer_mails",
    "Tries to hand over a mail, by outcome: sent, postponed, refused.",
    ["outcome"],
    registry=None,
)

feed_streams = Gauge(
    "confer_feed_streams",
    "Feeds that are being read as they grow (server-sent events).",
    registry=None,
)


class Metrics:
    """The registry of one service; what a service counts beyond requests it adds to `registry`."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(worker_failures)
        self.registry.register(mails)
        self.registry.register(feed_streams)
        Gauge("confer_service", "The service this process runs.", ["service"], registry=self.registry).labels(
            service
        ).set(1)
        self.requests = Counter(
            "confer_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "confer_http_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ["method", "route"],
            buckets=_LATENCY,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def render(self) -> bytes:
        """The exposition text of `/metrics`."""
        return generate_latest(self.registry)
