"""a feed of one's own events, and webhooks"""

import sqlalchemy as sa
from alembic import op

from shared.db import Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _outbox()
    _feed_indexes()
    _feed_counter()
    _inbox()
    _mail()
    _webhook()
    _webhook_delivery()


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
    op.drop_table("mail")
    for name in ("feed_counter", "parked_event", "messaging_lease", "log_position", "inbox", "outbox"):
        op.drop_table(name)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("dataschema", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("data", Json(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("erased", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("feed_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sa.UniqueConstraint("topic", "subject", "sequence", name=op.f("uq_outbox_topic_subject_sequence")),
    )
    blocked, waiting = sa.text("blocked_reason IS NOT NULL"), sa.text("published_at IS NULL")
    op.create_index(
        "ix_outbox_blocked",
        "outbox",
        ["topic", "subject"],
        postgresql_where=blocked,
        sqlite_where=blocked,
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["position"], postgresql_where=waiting, sqlite_where=waiting
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("stalled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "subject", name=op.f("pk_inbox")),
    )
    op.create_table(
        "log_position",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition", name=op.f("pk_log_position")),
    )
    op.create_table(
        "messaging_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_messaging_lease")),
    )
    op.create_table(
        "parked_event",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("parked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_parked_event")),
        sa.UniqueConstraint(
            "consumer",
            "topic",
            "subject",
            "sequence",
            name=op.f("uq_parked_event_consumer_topic_subject_sequence"),
        ),
    )
    op.create_index("ix_parked_event_state", "parked_event", ["consumer", "state"])


def _feed_indexes() -> None:
    numbered = sa.text("feed_number IS NOT NULL")
    op.create_index(
        "ix_outbox_feed",
        "outbox",
        ["organisation", "feed_number"],
        postgresql_where=numbered,
        sqlite_where=numbered,
    )
    missed = sa.text("published_at IS NOT NULL AND feed_number IS NULL")
    op.create_index(
        "ix_outbox_unnumbered", "outbox", ["position"], postgresql_where=missed, sqlite_where=missed
    )


def _feed_counter() -> None:
    op.create_table(
        "feed_counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_counter")),
    )


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index(op.f("ix_mail_about"), "mail", ["about"])
    op.create_index("ix_mail_state_due_at", "mail", ["state", "due_at"])


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("types", Json(), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", Instant(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("paused_reason", sa.String(length=16), nullable=True),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("replay_cursor", sa.BigInteger(), nullable=True),
        sa.Column("replay_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("lease_epoch", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_organisation_created_at_id", "webhook", ["organisation", "created_at", "id"])


def _webhook_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("webhook", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=6), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", Json(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("first_tried_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_delivery_id")),
    )
    op.create_index("ix_webhook_delivery_webhook_position", "webhook_delivery", ["webhook", "position"])
    op.create_index("ix_webhook_delivery_finished_at", "webhook_delivery", ["finished_at"])
    waiting = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_webhook_delivery_waiting",
        "webhook_delivery",
        ["webhook", "subject", "position"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
