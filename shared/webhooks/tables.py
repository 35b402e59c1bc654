"""Where webhooks and their deliveries are kept."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from shared.db import Instant, Json

_Position = BigInteger().with_variant(Integer(), "sqlite")


@dataclass(frozen=True)
class WebhookTables:
    """webhook: where an organisation wants its events · delivery: one event for one webhook, with its tries."""

    webhook: Table
    delivery: Table


def webhook_tables(metadata: MetaData) -> WebhookTables:
    """The tables `webhook` and `webhook_delivery` of a service; part of its migrations."""
    return WebhookTables(webhook=_webhook(metadata), delivery=_delivery(metadata))


def _webhook(metadata: MetaData) -> Table:
    table = Table(
        "webhook",
        metadata,
        Column("id", String(32), primary_key=True),
        Column("organisation", String(64), nullable=False),
        Column("url", LargeBinary, nullable=False),  # sealed: receivers put secrets into paths
        Column("description", Text),
        Column("types", Json()),  # none: every type
        Column("contact", LargeBinary),  # sealed: a mail address
        Column("secret", LargeBinary, nullable=False),  # sealed
        Column("previous_secret", LargeBinary),  # sealed; signs too until `previous_until`
        Column("previous_until", Instant()),
        Column("state", String(8), nullable=False),  # active | paused
        Column("paused_reason", String(16)),  # asked | failing | gone
        Column("paused_at", Instant()),
        Column("failing_since", Instant()),
        # The feed's number up to which deliveries exist, and the same for a replay under way.
        Column("cursor", BigInteger, nullable=False),
        Column("replay_cursor", BigInteger),
        Column("replay_until", BigInteger),
        Column("version", Integer, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("created_by", Text, nullable=False),
        # Who delivers: a later epoch shuts the earlier one out.
        Column("lease_epoch", BigInteger, nullable=False),
        Column("lease_until", Instant()),
    )
    Index("ix_webhook_organisation_created_at_id", table.c.organisation, table.c.created_at, table.c.id)
    return table


def _delivery(metadata: MetaData) -> Table:
    table = Table(
        "webhook_delivery",
        metadata,
        Column("position", _Position, primary_key=True, autoincrement=True),
        Column("id", String(32), nullable=False, unique=True),
        Column("webhook", String(32), ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
        Column("cause", String(6), nullable=False),  # event | replay | ping
        Column("event", Text, nullable=False),  # its id
        Column("number", BigInteger),  # its number in the feed; a ping has none
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("state", String(9), nullable=False),  # pending | delivered | failed
        Column("attempts", Integer, nullable=False),
        Column("tries", Json(), nullable=False),  # the last ones: when, how it ended, how long it took
        Column("due_at", Instant()),
        Column("created_at", Instant(), nullable=False),
        Column("first_tried_at", Instant()),
        Column("finished_at", Instant()),
    )
    pending = table.c.finished_at.is_(None)
    Index("ix_webhook_delivery_webhook_position", table.c.webhook, table.c.position)
    Index(
        "ix_webhook_delivery_waiting",
        table.c.webhook,
        table.c.subject,
        table.c.position,
        postgresql_where=pending,
        sqlite_where=pending,
    )
    Index("ix_webhook_delivery_finished_at", table.c.finished_at)
    return table
