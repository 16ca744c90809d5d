"""The migrations and the declared tables agree."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from delivery.store import migrate
from delivery.store.database import Database


def test_a_migrated_database_is_what_the_tables_declare(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    migrate.upgrade(database)
    assert migrate.current(database) == migrate.newest()
    assert migrate.differences(database) == []
    database.close()


def test_the_names_of_the_migration_files_tell_the_one_chain_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", "delivery.store:migrations")
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert chain == sorted(migrate.known(), reverse=True)
