"""Bring a database to the newest schema, and compare it with the declared tables."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import SQLModel

from delivery.store import tables
from delivery.store.database import Database


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "delivery.store:migrations")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every migration that is missing, up to `revision`, in one transaction."""
    with database.write() as connection:
        command.upgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """Revision of the database; None when it was never prepared."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known() -> set[str]:
    """Every revision that this program knows."""
    return {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}


def newest() -> str:
    """Newest revision that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def differences(database: Database) -> list[Any]:
    """What the declared tables have that the database has not, or the other way round."""
    tables.register()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def draft_revision(database: Database, message: str, revision: str) -> None:
    """Write a new migration from the difference between database and declared tables (for developers)."""
    with database.write() as connection:
        command.revision(_config(connection), message=message, rev_id=revision, autogenerate=True)
