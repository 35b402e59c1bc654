"""a feed of one's own events, and webhooks"""

import sqlalchemy as sa
from alembic import op

from shared.db import Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("feed_number", sa.BigInteger(), nullable=True))
    # What was published so far keeps the order that it was written in.
    op.execute("UPDATE outbox SET feed_number = position WHERE published_at IS NOT NULL")
    op.drop_index("ix_outbox_organisation", table_name="outbox")
    _feed_indexes()
    _feed_counter()
    op.execute(
        "INSERT INTO feed_counter (name, last) SELECT 'feed', max(feed_number) FROM outbox "
        "WHERE feed_number IS NOT NULL HAVING max(feed_number) IS NOT NULL"
    )
    _webhook()
    _webhook_delivery()


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
    op.drop_table("feed_counter")
    op.drop_index("ix_outbox_unnumbered", table_name="outbox")
    op.drop_index("ix_outbox_feed", table_name="outbox")
    op.drop_column("outbox", "feed_number")
    op.create_index("ix_outbox_organisation", "outbox", ["organisation", "position"])


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
