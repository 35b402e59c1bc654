"""badges of which a share shows a part"""

import sqlalchemy as sa
from alembic import op

from shared.db import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("selective", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("share_credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revealed", Json(), nullable=True))
        batch_op.add_column(sa.Column("part", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    # What a share shows in part, it must not show whole.
    op.execute(sa.text("DELETE FROM share_credential WHERE part IS NOT NULL"))
    with op.batch_alter_table("share_credential", schema=None) as batch_op:
        batch_op.drop_column("part")
        batch_op.drop_column("revealed")
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_column("selective")
