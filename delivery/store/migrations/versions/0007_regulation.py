"""Registers, learners' standing, changed findings, overridden gates."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "regulation_register",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "key"),
    )
    op.create_table(
        "standing",
        sa.Column("learner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("on", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("learner", "key"),
    )
    op.create_table(
        "finding_change",
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("threshold", sa.String(), nullable=False),
        sa.Column("on", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("fact"),
    )
    with op.batch_alter_table("finding_change", schema=None) as batch_op:
        batch_op.create_index("finding_change_by_day", ["on"], unique=False)
    op.create_table(
        "gate_override",
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("gate", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=False),
        sa.Column("on", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("fact"),
    )


def downgrade() -> None:
    op.drop_table("gate_override")
    with op.batch_alter_table("finding_change", schema=None) as batch_op:
        batch_op.drop_index("finding_change_by_day")
    op.drop_table("finding_change")
    op.drop_table("standing")
    op.drop_table("regulation_register")
