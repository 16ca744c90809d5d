"""Alembic's entry point: runs on the connection that :mod:`delivery.store.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

from delivery.store import tables


def _plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write SQLModel's text type as SQLAlchemy's: migrations then depend on alembic and SQLAlchemy alone."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


tables.register()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_plain_type,
)
context.run_migrations()
