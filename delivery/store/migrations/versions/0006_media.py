"""What an approval is bound to, for each asset; rights in material."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "material_rights",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("territory", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("material"),
    )
    with op.batch_alter_table("media_asset", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content", sa.String(), nullable=False, server_default=""))
    # Assets of before were approved by the hash of their source.
    op.execute("UPDATE media_asset SET content = source")


def downgrade() -> None:
    with op.batch_alter_table("media_asset", schema=None) as batch_op:
        batch_op.drop_column("content")
    op.drop_table("material_rights")
