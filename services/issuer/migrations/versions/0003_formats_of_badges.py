"""formats of badges: keys of further kinds, and how each award is signed"""

import sqlalchemy as sa
from alembic import op

from shared.db import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DEFAULT = "eddsa-rdfc-2022"
_ACTIVE = sa.text("state = 'active'")


def upgrade() -> None:
    with op.batch_alter_table("profile", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("proof_format", sa.String(length=16), server_default=_DEFAULT, nullable=False)
        )
    with op.batch_alter_table("achievement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proof_format", sa.String(length=16), nullable=True))
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("proof_format", sa.String(length=16), server_default=_DEFAULT, nullable=False)
        )
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("jwk", Json(), nullable=True))
        batch_op.drop_index("uq_signing_key_active", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
        batch_op.create_index(
            "uq_signing_key_active_algorithm",
            ["profile_id", "algorithm"],
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        )


def downgrade() -> None:
    # Before, a profile had one active key, of one kind.
    op.execute(
        sa.text(
            "UPDATE signing_key SET state = 'retired', valid_until = valid_from"
            " WHERE state = 'active' AND algorithm <> 'Ed25519'"
        )
    )
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.drop_index("uq_signing_key_active_algorithm", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
        batch_op.create_index(
            "uq_signing_key_active",
            ["profile_id"],
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        )
        batch_op.drop_column("jwk")
    for table in ("award", "achievement", "profile"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("proof_format")
