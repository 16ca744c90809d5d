"""The log file: every line once, and a fresh file where one is full."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from delivery import log


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    log.configure(tmp_path / "log" / "portal.log")
    yield tmp_path / "log" / "portal.log"
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_full_file_is_put_aside_and_no_line_is_lost_cut_or_written_twice(file: Path) -> None:
    told = structlog.get_logger("test")
    for number in range(25):
        told.info("large", number=number, fill="ă" * 300_000)
    files = sorted(file.parent.iterdir(), reverse=True)
    assert [each.name for each in files] == ["portal.log.1", "portal.log"]
    assert all(each.stat().st_size <= 10_000_000 for each in files)
    lines = [json.loads(line) for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    assert [line["number"] for line in lines] == list(range(25))
    assert {len(line["fill"]) for line in lines} == {300_000}


def test_a_full_disk_loses_lines_and_ends_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Path("/dev/full"))
    structlog.get_logger("test").info("lost")
    assert capsys.readouterr() == ("", "")
