"""The migrations and the declared tables agree."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from delivery.store import migrate
from delivery.store.database import Database
from delivery.store.sheets import Sheets


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


def test_packets_of_an_older_home_keep_their_layout_and_state_in_the_narrow_tables(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'older.sqlite'}")
    migrate.upgrade(database, "0011")
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO packet VALUES ('p1', 'B1', 'L1', 'C1', 1, 5, 6, 7, 0, 0, 0, 'RR473124829VN', '', '', 'j', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO sheet VALUES ('aa', 'bb', 'L1', 'C1', 'A1', 'assignment', 1, 1, 'p1', 'B1', 'posted', '', 0,"
            " 'layout-address', 1, 1)"
        )
    migrate.upgrade(database)
    sheet = Sheets(database).by_page("aa")
    assert sheet is not None
    assert (sheet.learner, sheet.batch, sheet.layout, sheet.state) == ("L1", "B1", "layout-address", "posted")
    assert sheet.on_paper
    assert not sheet.superseded
    database.close()
