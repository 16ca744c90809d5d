"""Returned pages, envelopes, retractions, readings; decisions about scanned pages."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    returned_page = op.create_table(
        "returned_page",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("fact", "kind", "learner", "course", "activity", "sheet", "packet")
        ),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("channel", "blob", "media_type", "source", "envelope", "postmark")
        ),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("fact"),
    )
    with op.batch_alter_table("returned_page", schema=None) as batch_op:
        batch_op.create_index("returned_page_of_learner", ["learner"], unique=False)
        batch_op.create_index("returned_page_of_work", ["activity", "learner"], unique=False)
        for name in ("sheet", "packet", "source"):
            batch_op.create_index(batch_op.f(f"ix_returned_page_{name}"), [name], unique=False)
    retraction = op.create_table(
        "retraction",
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("takes_back", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("fact"),
    )
    with op.batch_alter_table("retraction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retraction_takes_back"), ["takes_back"], unique=False)
    op.create_table(
        "envelope",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("envelope", "learner", "course", "packet", "sheet", "item", "postmark")
        ),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("envelope"),
    )
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        for name in ("learner", "packet", "item"):
            batch_op.create_index(batch_op.f(f"ix_envelope_{name}"), [name], unique=False)
    op.create_table(
        "returned_reading",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("reading", "work", "learner", "course", "activity")
        ),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("read", sa.String(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("doubt", "crop", "state", "value", "decided_by")
        ),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reading"),
    )
    with op.batch_alter_table("returned_reading", schema=None) as batch_op:
        batch_op.create_index("returned_reading_by_state", ["state", "course"], unique=False)
        batch_op.create_index("returned_reading_of_work", ["work"], unique=False)
    with op.batch_alter_table("scan_file", schema=None) as batch_op:
        for name in ("name", "postmark", "envelope"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("scan_page", schema=None) as batch_op:
        for name in ("fact", "decision", "decided_by"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("rotation", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("decided_at", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.drop_index("scan_page_by_status")
        batch_op.create_index("scan_page_by_status", ["status", "file", "page"], unique=False)
    _fill(returned_page, retraction)


def _fill(returned_page: sa.Table, retraction: sa.Table) -> None:
    """Rows for the facts that are there already: what came back before this schema, and what was taken back."""
    fact = sa.table("fact", *(sa.column(name) for name in ("id", "kind", "learner", "content")))
    connection = op.get_bind()

    def told(kind: str) -> list[tuple[Any, dict[str, Any]]]:
        query = sa.select(fact).where(fact.c.kind == kind)
        return [(row, json.loads(row.content)) for row in connection.execute(query)]

    retracted = {row.id: content.get("corrects", "") for row, content in told("FactRetracted")}
    gone = {of for ident, of in retracted.items() if ident not in retracted.values()}
    pages = []
    for row, content in told("WorkReceived"):
        data = content["data"]
        texts = {
            name: data.get(name, "")
            for name in ("sheet", "packet", "channel", "blob", "media_type", "source")
        }
        pages.append(
            {
                "fact": row.id,
                "kind": row.kind,
                "learner": row.learner,
                "course": content.get("course", ""),
                "activity": content.get("activity", ""),
                **texts,
                "page": data["page"],
                "pages": data["pages"],
                "envelope": "",
                "postmark": "",
                "superseded": data.get("superseded", False),
                "arrived_at": content["at"],
                "stands": row.id not in gone,
            }
        )
    if pages:
        connection.execute(sa.insert(returned_page), pages)
    backs = [{"fact": ident, "takes_back": of} for ident, of in retracted.items() if of]
    if backs:
        connection.execute(sa.insert(retraction), backs)


def downgrade() -> None:
    with op.batch_alter_table("scan_page", schema=None) as batch_op:
        batch_op.drop_index("scan_page_by_status")
        batch_op.create_index("scan_page_by_status", ["status"], unique=False)
        for name in ("decided_at", "rotation", "decided_by", "decision", "fact"):
            batch_op.drop_column(name)
    with op.batch_alter_table("scan_file", schema=None) as batch_op:
        for name in ("envelope", "postmark", "name"):
            batch_op.drop_column(name)
    for table in ("returned_reading", "envelope", "retraction", "returned_page"):
        op.drop_table(table)
