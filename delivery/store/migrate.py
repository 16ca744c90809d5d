"""Bring a database to the newest schema, and compare it with the declared tables.

Every command asks whether the database is at the newest revision, and next to none has to change it: alembic, which
takes longer to import than most commands take to run, is imported by those that do.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, column, inspect, select, table
from sqlmodel import SQLModel

from delivery.store import tables
from delivery.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "delivery.store:migrations")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every migration that is missing, up to `revision`, in one transaction."""
    from alembic import command

    with database.write() as connection:
        command.upgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """Revision of the database; None when it was never prepared."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(
            select(column("version_num")).select_from(table("alembic_version"))
        )
        return revision


def known() -> set[str]:
    """Every revision that this program knows: what the names of the migration files begin with."""
    names = (entry.name for entry in files("delivery.store").joinpath("migrations/versions").iterdir())
    return {name.partition("_")[0] for name in names if name[:1].isdigit() and name.endswith(".py")}


def newest() -> str:
    """Newest revision that this program knows; their numbers rise."""
    return max(known())


def differences(database: Database) -> list[Any]:
    """What the declared tables have that the database has not, or the other way round."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    tables.register()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def draft_revision(database: Database, message: str, revision: str) -> None:
    """Write a new migration from the difference between database and declared tables (for developers)."""
    from alembic import command

    with database.write() as connection:
        command.revision(_config(connection), message=message, rev_id=revision, autogenerate=True)
