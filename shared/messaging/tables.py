"""The tables that every service keeps for its events, part of its own metadata and migrations."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from shared.db import Instant, Json

# SQLite counts automatically only in a column declared INTEGER PRIMARY KEY.
_Position = BigInteger().with_variant(Integer(), "sqlite")


@dataclass(frozen=True)
class MessagingTables:
    """outbox: events to publish · lease: who publishes · inbox: last sequence handled per key ·
    position: next offset to read · parked: events that wait or that cannot be handled ·
    feed: the last number given to a published event.
    """

    outbox: Table
    lease: Table
    inbox: Table
    position: Table
    parked: Table
    feed: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Add the six tables to `metadata`."""
    return MessagingTables(
        outbox=_outbox(metadata),
        lease=_lease(metadata),
        inbox=_inbox(metadata),
        position=_position(metadata),
        parked=_parked(metadata),
        feed=_feed(metadata),
    )


def tables_in(metadata: MetaData) -> MessagingTables:
    """The six tables of a service by the metadata of its migrations."""
    known = metadata.tables
    return MessagingTables(
        outbox=known["outbox"],
        lease=known["messaging_lease"],
        inbox=known["inbox"],
        position=known["log_position"],
        parked=known["parked_event"],
        feed=known["feed_counter"],
    )


def _outbox(metadata: MetaData) -> Table:
    table = Table(
        "outbox",
        metadata,
        Column("position", _Position, primary_key=True, autoincrement=True),
        Column("id", Text, nullable=False, unique=True),
        Column("topic", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("organisation", Text, nullable=False),
        Column("time", Instant, nullable=False),
        Column("recorded_ms", BigInteger, nullable=False),  # milliseconds since 1970, for latency
        Column("dataschema", Text),
        Column("traceparent", Text),
        Column("data", Json),  # public events
        Column("reference", Text),  # private events: what to read when publishing
        Column("published_at", Instant),
        Column("erased", Boolean, nullable=False, server_default=false()),
        Column("blocked_reason", Text),  # the log can never take it: its key stops here
        Column("feed_number", BigInteger),  # its place in the feed, given when it is marked as published
        UniqueConstraint("topic", "subject", "sequence"),
    )
    waiting = table.c.published_at.is_(None)
    Index("ix_outbox_waiting", table.c.position, postgresql_where=waiting, sqlite_where=waiting)
    blocked = table.c.blocked_reason.is_not(None)
    Index("ix_outbox_blocked", table.c.topic, table.c.subject, postgresql_where=blocked, sqlite_where=blocked)
    numbered = table.c.feed_number.is_not(None)
    Index(
        "ix_outbox_feed",
        table.c.organisation,
        table.c.feed_number,
        postgresql_where=numbered,
        sqlite_where=numbered,
    )
    # Nearly always empty: published by a release that gave no numbers.
    missed = table.c.published_at.is_not(None) & table.c.feed_number.is_(None)
    Index("ix_outbox_unnumbered", table.c.position, postgresql_where=missed, sqlite_where=missed)
    return table


def _lease(metadata: MetaData) -> Table:
    return Table(
        "messaging_lease",
        metadata,
        Column("name", Text, primary_key=True),
        Column("epoch", BigInteger, nullable=False),
        Column("holder", Text, nullable=False),
        Column("expires_at", Instant, nullable=False),
    )


def _inbox(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("last_sequence", BigInteger, nullable=False),
        Column("stalled", Boolean, nullable=False, server_default=false()),  # it has rows in `parked`
    )


def _position(metadata: MetaData) -> Table:
    return Table(
        "log_position",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next_offset", BigInteger, nullable=False),
    )


def _parked(metadata: MetaData) -> Table:
    table = Table(
        "parked_event",
        metadata,
        Column("position", _Position, primary_key=True, autoincrement=True),
        Column("consumer", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger),  # none: the bytes could not be read
        Column("type", Text),
        Column("organisation", Text),
        Column("state", Text, nullable=False),  # failed | waiting | replay
        Column("reason", Text, nullable=False),
        Column("event", LargeBinary, nullable=False),
        Column("parked_at", Instant, nullable=False),
        UniqueConstraint("consumer", "topic", "subject", "sequence"),
    )
    Index("ix_parked_event_state", table.c.consumer, table.c.state)
    return table


def _feed(metadata: MetaData) -> Table:
    return Table(
        "feed_counter",
        metadata,
        Column("name", Text, primary_key=True),
        Column("last", BigInteger, nullable=False),
    )
