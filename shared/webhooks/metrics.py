"""What operators watch of webhooks. Labels name outcomes and states, never a receiver."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class WebhookMetrics:
    """The measurements of one service's deliveries, in `registry` (by default one that nobody reads)."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        into = registry or CollectorRegistry()
        self.tries = Counter(
            "confer_webhook_deliveries",
            "Tries to deliver an event, by outcome: delivered, refused, gone.",
            ["outcome"],
            registry=into,
        )
        self.exhausted = Counter(
            "confer_webhook_exhausted", "Events given up after the last try.", registry=into
        )
        self.seconds = Histogram(
            "confer_webhook_delivery_seconds",
            "How long receivers take to answer.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
            registry=into,
        )
        self.overdue = Gauge(
            "confer_webhook_overdue_seconds",
            "How long the delivery that waits longest has been due.",
            registry=into,
        )
        self.webhooks = Gauge("confer_webhooks", "Webhooks by state.", ["state"], registry=into)
