"""A sign-in service that says who signed out there ends the sessions that it opened here."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("portal_session", schema=None) as batch_op:
        for name in ("provider_person", "provider_session"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("portal_session", schema=None) as batch_op:
        for name in ("provider_session", "provider_person"):
            batch_op.drop_column(name)
