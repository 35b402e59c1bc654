"""Events: written with what they tell (outbox), published by a relay, handled once in effect (inbox)."""

from shared.messaging.envelope import Event, UnreadableEvent, parse
from shared.messaging.outbox import Outbox, Outgoing, Wake
from shared.messaging.tables import MessagingTables, messaging_tables
from shared.messaging.topics import TOPICS, Topic

__all__ = [
    "TOPICS",
    "Event",
    "MessagingTables",
    "Outbox",
    "Outgoing",
    "Topic",
    "UnreadableEvent",
    "Wake",
    "messaging_tables",
    "parse",
]
