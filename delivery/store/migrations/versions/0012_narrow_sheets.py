"""A page's row says which page of which packet it is, once; what becomes of it is told by its packet."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels = None
depends_on = None

_TWICE = ("learner", "course", "batch", "state", "supersedes", "superseded", "layout", "on_paper")
_INDEXED = ("batch", "learner", "packet")
_SELDOM = {"item": "packet_by_item", "supersedes": "packet_by_replaced"}


def upgrade() -> None:
    with op.batch_alter_table("packet", schema=None) as batch_op:
        batch_op.add_column(sa.Column("layout", sa.String(), nullable=False, server_default=""))
        for name in _SELDOM:
            batch_op.drop_index(f"ix_packet_{name}")
    for name, index in _SELDOM.items():
        filled = sa.text(f"{name} <> ''")
        op.create_index(index, "packet", [name], unique=False, sqlite_where=filled, postgresql_where=filled)
    op.execute(
        "UPDATE packet SET layout = COALESCE("
        "(SELECT max(sheet.layout) FROM sheet WHERE sheet.packet = packet.packet), '')"
    )
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        for name in _INDEXED:
            batch_op.drop_index(f"ix_sheet_{name}")
        for name in _TWICE:
            batch_op.drop_column(name)


def downgrade() -> None:
    """The columns come back with what packets tell; “tuxa record rebuild” gives pages that came back their state."""
    texts = [name for name in _TWICE if name not in ("superseded", "on_paper")]
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        for name in texts:
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        for name in ("superseded", "on_paper"):
            batch_op.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        for name in _INDEXED:
            batch_op.create_index(f"ix_sheet_{name}", [name], unique=False)
    of_packet = "(SELECT {} FROM packet WHERE packet.packet = sheet.packet)"
    state = (
        "CASE WHEN voided_at > 0 THEN 'voided' WHEN undelivered_at > 0 AND undelivered_at >= delivered_at"
        " THEN 'undelivered' WHEN delivered_at > 0 THEN 'delivered' WHEN posted_at > 0 THEN 'posted'"
        " WHEN printed_at > 0 THEN 'printed' ELSE 'planned' END"
    )
    told = {name: name for name in texts} | {"state": state, "on_paper": "printed_at > 0"}
    told["superseded"] = "EXISTS (SELECT 1 FROM packet newer WHERE newer.supersedes = packet.packet)"
    values = ", ".join(f"{name} = {of_packet.format(what)}" for name, what in told.items())
    op.execute(f"UPDATE sheet SET {values}")
    with op.batch_alter_table("packet", schema=None) as batch_op:
        for name, index in _SELDOM.items():
            batch_op.drop_index(index)
            batch_op.create_index(f"ix_packet_{name}", [name], unique=False)
        batch_op.drop_column("layout")
