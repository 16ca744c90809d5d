"""Alembic's entry point: runs on the connection that :mod:`delivery.store.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

from delivery.store import tables

tables.register()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
