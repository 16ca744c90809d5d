"""Sites give side ids without asking each other: two sheets may have the same one, and none of them is refused."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None

# As PostgreSQL called it by itself; SQLite finds it by its column.
_UNIQUE = "sheet_side_id_key"
_NAMES = {"uq": "%(table_name)s_%(column_0_name)s_key"}


def upgrade() -> None:
    with op.batch_alter_table("sheet", schema=None, naming_convention=_NAMES) as batch_op:
        batch_op.drop_constraint(_UNIQUE, type_="unique")
        batch_op.create_index(batch_op.f("ix_sheet_side_id"), ["side_id"], unique=False)


def downgrade() -> None:
    """Of sheets with the same side id the first one stays; “tuxa record rebuild” finds no place for the others."""
    sheet = sa.table("sheet", sa.column("page_id"), sa.column("side_id"))
    other = sheet.alias("other")
    earlier = sa.select(other.c.page_id).where(
        other.c.side_id == sheet.c.side_id, other.c.page_id < sheet.c.page_id
    )
    op.execute(sheet.delete().where(earlier.exists()))
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sheet_side_id"))
        batch_op.create_unique_constraint(_UNIQUE, ["side_id"])
