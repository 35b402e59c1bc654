"""What operators watch. Labels name relays, consumers and topics, never a key."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class MessagingMetrics:
    """The measurements of one service's relays and consumers, in `registry` (by default one that nobody reads)."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        into = registry or CollectorRegistry()
        self.outbox_age = Gauge(
            "confer_outbox_age_seconds",
            "Age of the oldest event not yet published.",
            ["relay"],
            registry=into,
        )
        self.outbox_blocked = Counter(
            "confer_outbox_blocked", "Events that the log can never take.", ["relay"], registry=into
        )
        self.published = Counter(
            "confer_events_published", "Events published.", ["relay", "topic"], registry=into
        )
        self.relay_latency = Histogram(
            "confer_relay_latency_seconds",
            "From recording an event to its being durable in the log.",
            ["relay"],
            buckets=_LATENCY_SECONDS,
            registry=into,
        )
        self.handled = Counter(
            "confer_events_handled", "Events handled.", ["consumer", "topic"], registry=into
        )
        self.duplicates = Counter(
            "confer_events_duplicate",
            "Events dropped as handled before.",
            ["consumer", "topic"],
            registry=into,
        )
        self.parked = Counter(
            "confer_events_parked", "Events put aside.", ["consumer", "topic", "state"], registry=into
        )
        self.parked_now = Gauge(
            "confer_parked_events", "Events that are put aside now.", ["consumer", "state"], registry=into
        )
        self.lag = Gauge(
            "confer_consumer_lag", "Entries of the log not yet handled.", ["consumer", "topic"], registry=into
        )
