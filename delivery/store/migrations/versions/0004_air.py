"""Channels and slots with their details, lessons joined in progress, make-goods, and what was done by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("air_channel", "air_slot"):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column("details", sa.Text(), nullable=False, server_default="{}"))
    with op.batch_alter_table("air_airing") as airing:
        airing.add_column(sa.Column("makes_good", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("air_timeline") as timeline:
        timeline.add_column(sa.Column("first_segment", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "air_control",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at_tick", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_air_control_channel", "air_control", ["channel"], unique=False)
