"""Facts of a kind are found in every course without reading all of them: due days, opinions."""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("course_fact", schema=None) as batch_op:
        batch_op.create_index("course_fact_by_kind", ["kind"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("course_fact", schema=None) as batch_op:
        batch_op.drop_index("course_fact_by_kind")
