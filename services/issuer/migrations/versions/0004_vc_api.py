"""vc api: instances with keys of their own, their status lists and entries"""

import sqlalchemy as sa
from alembic import op

from shared.db import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vc_api_instance",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("securing", sa.String(length=24), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("verification_method", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("purposes", Json(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vc_api_instance")),
        sa.UniqueConstraint("did", name=op.f("uq_vc_api_instance_did")),
    )
    with op.batch_alter_table("vc_api_instance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vc_api_instance_organisation"), ["organisation"], unique=False)

    op.create_table(
        "vc_api_status_list",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("event_sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["vc_api_instance.id"], name=op.f("fk_vc_api_status_list_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vc_api_status_list")),
        sa.UniqueConstraint("uri", name=op.f("uq_vc_api_status_list_uri")),
    )
    with op.batch_alter_table("vc_api_status_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vc_api_status_list_instance_id"), ["instance_id"], unique=False)
        batch_op.create_index(
            "uq_vc_api_status_list_open",
            ["instance_id", "purpose"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "vc_api_status_entry",
        sa.Column("list_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("credential_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"], ["vc_api_status_list.id"], name=op.f("fk_vc_api_status_entry_list_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "place", name=op.f("pk_vc_api_status_entry")),
        sa.UniqueConstraint(
            "organisation",
            "credential_sha256",
            "purpose",
            name=op.f("uq_vc_api_status_entry_organisation_credential_sha256_purpose"),
        ),
    )


def downgrade() -> None:
    op.drop_table("vc_api_status_entry")
    with op.batch_alter_table("vc_api_status_list", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_vc_api_status_list_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index(batch_op.f("ix_vc_api_status_list_instance_id"))

    op.drop_table("vc_api_status_list")
    with op.batch_alter_table("vc_api_instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vc_api_instance_organisation"))

    op.drop_table("vc_api_instance")
