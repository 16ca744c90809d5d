"""Slots and orders by hand are projections of their facts; a withdrawn slot keeps its row."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("air_slot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scheduled_n", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("withdrawn_n", sa.Integer(), nullable=False, server_default="-1"))


def downgrade() -> None:
    op.execute("DELETE FROM air_slot WHERE scheduled_n <= withdrawn_n")
    with op.batch_alter_table("air_slot", schema=None) as batch_op:
        batch_op.drop_column("withdrawn_n")
        batch_op.drop_column("scheduled_n")
