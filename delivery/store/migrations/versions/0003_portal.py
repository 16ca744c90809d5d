"""The portal: accounts of staff beside learners, tokens for programs, and the facts of a course."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

_KINDS = (
    "WorkReceived",
    "WorkHeld",
    "MarkRecorded",
    "MarkProposed",
    "WorkAnnotated",
    "RubricSet",
    "QuestionAsked",
    "QuestionAnswered",
    "PeerAnswered",
)


def upgrade() -> None:
    op.execute("ALTER TABLE credential RENAME COLUMN learner TO account")
    op.drop_index("portal_session_by_learner", table_name="portal_session")
    op.execute("ALTER TABLE portal_session RENAME COLUMN learner TO account")
    op.create_index("portal_session_by_account", "portal_session", ["account"])
    op.create_table(
        "api_token",
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("token_digest"),
    )
    op.create_index("api_token_by_account", "api_token", ["account"])
    course_fact = op.create_table(
        "course_fact",
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("learner", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("fact"),
    )
    op.create_index("course_fact_by_course", "course_fact", ["course", "kind"])
    op.create_index("course_fact_by_activity", "course_fact", ["activity", "kind"])
    _fill(course_fact)


def _fill(course_fact: sa.Table) -> None:
    """Rows for the facts that are there already."""
    fact = sa.table("fact", sa.column("id"), sa.column("kind"), sa.column("learner"), sa.column("content"))
    connection = op.get_bind()
    told = connection.execute(sa.select(fact).where(fact.c.kind.in_(_KINDS))).all()
    rows = []
    for row in told:
        content = json.loads(row.content)
        rows.append(
            {
                "fact": row.id,
                "course": content.get("course", ""),
                "activity": content.get("activity", ""),
                "learner": row.learner,
                "kind": row.kind,
            }
        )
    if rows:
        connection.execute(sa.insert(course_fact), rows)
