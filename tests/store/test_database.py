"""The database itself: migrations and declared tables agree, and what goes wrong beneath it is told in words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

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


def test_a_disk_without_room_is_told_as_such_even_when_nothing_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    failed = OperationalError("SELECT 1", None, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(Refused, match="does not answer"), database.read():
        raise failed
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=0))
    with pytest.raises(Refused, match="disk is full"), database.read():
        raise failed
    database.close()
