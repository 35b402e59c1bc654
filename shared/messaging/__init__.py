"""Events: written with what they tell (outbox), published by a relay, handled once in effect (inbox)."""

from shared.messaging.consumer import Consumer, Handler, Subscription, Unprocessable
from shared.messaging.envelope import Event, UnreadableEvent, parse
from shared.messaging.metrics import MessagingMetrics
from shared.messaging.outbox import Outbox, Outgoing, Wake
from shared.messaging.relay import Expand, OutboxRow, Relay
from shared.messaging.tables import MessagingTables, messaging_tables
from shared.messaging.tail import Tail
from shared.messaging.topics import TOPICS, Topic

__all__ = [
    "TOPICS",
    "Consumer",
    "Event",
    "Expand",
    "Handler",
    "MessagingMetrics",
    "MessagingTables",
    "Outbox",
    "OutboxRow",
    "Outgoing",
    "Relay",
    "Subscription",
    "Tail",
    "Topic",
    "Unprocessable",
    "UnreadableEvent",
    "Wake",
    "messaging_tables",
    "parse",
]
