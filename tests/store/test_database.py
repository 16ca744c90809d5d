"""What goes wrong beneath the database is told in words."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from delivery.errors import Refused
from delivery.store.database import Database


def test_a_disk_without_room_is_told_as_such_even_when_nothing_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'home.sqlite'}")
    failed = OperationalError("SELECT 1", None, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(Refused, match="does not answer"), database.read():
        raise failed
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=0))
    with pytest.raises(Refused, match="disk is full"), database.read():
        raise failed
    database.close()
