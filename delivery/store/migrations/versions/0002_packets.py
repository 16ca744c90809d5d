"""Packets: a row for each, print jobs, and for each sheet its place, layout record and whether it is on paper."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

_TIMES = {
    "PacketPlanned": "planned_at",
    "PacketPrinted": "printed_at",
    "PacketPosted": "posted_at",
    "PacketDelivered": "delivered_at",
    "PacketReturnedUndelivered": "undelivered_at",
    "PacketVoided": "voided_at",
}


def upgrade() -> None:
    op.create_table(
        "packet",
        sa.Column("packet", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("learner", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _TIMES.values()),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("supersedes", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("first_page", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("packet"),
    )
    for column in ("batch", "item", "learner", "supersedes"):
        op.create_index(f"ix_packet_{column}", "packet", [column], unique=False)
    op.create_table(
        "print_job",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("packets", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("spooled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job"),
    )
    op.create_index("ix_print_job_batch", "print_job", ["batch"], unique=False)
    with op.batch_alter_table("sheet") as sheet:
        sheet.add_column(sa.Column("layout", sa.String(), nullable=False, server_default=""))
        sheet.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        sheet.add_column(sa.Column("on_paper", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """What the facts so far tell of packets: the same rows as a rebuild of the projections gives."""
    fact = sa.table("fact", *(sa.column(name) for name in ("kind", "learner", "content")))
    rows: dict[str, dict[str, object]] = {}
    query = sa.select(fact).where(fact.c.kind.in_(list(_TIMES)))
    for kind, learner, content in connection.execute(query):
        document = json.loads(content)
        data = document["data"]
        row = rows.setdefault(data["packet"], _empty(data["packet"]))
        row[_TIMES[kind]] = max(int(str(row[_TIMES[kind]])), document["at"])
        if kind == "PacketPlanned":
            row |= {
                "batch": data["batch"],
                "learner": learner,
                "course": document.get("course", ""),
                "pages": len(data["sheets"]),
                "supersedes": data.get("supersedes", ""),
            }
            _place(connection, data["sheets"])
        elif kind == "PacketPrinted":
            row |= {"job": data.get("job", ""), "first_page": data.get("first", 1)}
        elif kind == "PacketPosted":
            row["item"] = data.get("item", "")
        elif kind == "PacketReturnedUndelivered":
            row["reason"] = data["reason"]
    if not rows:
        return
    packet = sa.table("packet", *(sa.column(name) for name in _empty("")))
    connection.execute(sa.insert(packet), list(rows.values()))
    sheet = sa.table("sheet", *(sa.column(name) for name in ("packet", "on_paper")))
    printed = [ident for ident, row in rows.items() if row["printed_at"]]
    for start in range(0, len(printed), 500):
        connection.execute(
            sa.update(sheet)
            .where(sheet.c.packet.in_(printed[start : start + 500]))
            .values(on_paper=sa.true())
        )


def _place(connection: sa.Connection, sheets: list[list[object]]) -> None:
    sheet = sa.table("sheet", *(sa.column(name) for name in ("page_id", "position")))
    connection.execute(
        sa.update(sheet).where(sheet.c.page_id == sa.bindparam("of")).values(position=sa.bindparam("place")),
        [{"of": row[0], "place": place} for place, row in enumerate(sheets, start=1)],
    )


def _empty(packet: str) -> dict[str, object]:
    times = dict.fromkeys(_TIMES.values(), 0)
    texts = dict.fromkeys(("batch", "learner", "course", "item", "reason", "supersedes", "job"), "")
    return {"packet": packet, "pages": 0, **times, **texts, "first_page": 0}
