"""The empty database of a new home, migrated once for all tests of a process: migrations take longer than most tests.

That the migrations themselves lead there is shown by ``tests/store/test_schema.py`` and by every command that a test
starts on a home of its own.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from delivery.app import App
from delivery.store import migrate
from delivery.store.database import Database
from delivery.store.keys import ensure_keys


@cache
def _empty() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tuxa-schema-"))
    file = folder / "empty.sqlite"
    database = Database(f"sqlite:///{file}")
    migrate.upgrade(database)
    database.close()
    # The write-ahead log goes into the file itself, so that one copy is all of it.
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


def copy_empty(file: Path) -> None:
    """Make `file` an SQLite database that has its tables already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_empty(), file)


def migrate_url(url: str) -> None:
    """Bring the database at `url` to the newest schema: what a template of PostgreSQL is filled with."""
    database = Database(url)
    migrate.upgrade(database)
    database.close()


def init(app: App) -> None:
    """As ``app.init()`` on a new home, with the schema copied where the database is a file of its own."""
    file = app.database.file
    if not app.settings.keys_dir.exists():
        app.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A database without keys is refused: they come first, as they do in `init`.
        ensure_keys(app.settings.keys_dir, app.ids)
        if file is not None and not file.exists():
            copy_empty(file)
    app.init()
