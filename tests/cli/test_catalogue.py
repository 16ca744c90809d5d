"""``tuxa catalogue`` speaks to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from delivery.app import App
from delivery.cli.catalogue import app as command
from delivery.demo.sample import sample_term
from delivery.errors import Refused


def call(tuxa: App, *arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), obj=tuxa, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_import_tells_what_changed_and_the_second_time_that_nothing_did(tuxa: App) -> None:
    with sample_term() as folder:
        first = call(tuxa, "import", str(folder))
        again = call(tuxa, "import", str(folder))
    assert "ghi danh 40" in first
    assert again.strip() == "Không có gì thay đổi: mọi dữ liệu trong tệp đã được lưu từ trước."


def test_import_gives_one_json_document(tuxa: App) -> None:
    with sample_term() as folder:
        document = json.loads(call(tuxa, "import", str(folder), "--json"))
    assert document["changed"] is True
    assert (document["registered"], document["enrolled"]) == (40, 120)
    assert document["tables"]["courses"]["added"] == 3


def test_leave_tells_that_a_learner_is_out_and_the_second_time_that_it_was_so_before(tuxa: App) -> None:
    with sample_term() as folder:
        call(tuxa, "import", str(folder))
    leave = ("leave", "TX260001", "TVTH101", "--reason", "Bảo lưu kết quả")
    assert call(tuxa, *leave).strip() == "TX260001 đã thôi học phần TVTH101."
    assert json.loads(call(tuxa, *leave, "--json"))["new"] is False


def test_show_lists_courses_and_counts_learners(tuxa: App) -> None:
    with sample_term() as folder:
        call(tuxa, "import", str(folder))
    assert "Nguyên lý thống kê: 3 tín chỉ, Thư tín" in call(tuxa, "show")
    document = json.loads(call(tuxa, "show", "--json"))
    assert document["institution"]["code"] == "PNU"
    assert document["learners"] == {"count": 40, "by_site": {"MAIN": 24, "THATSON": 16}}


def test_show_says_what_to_do_when_nothing_was_imported(tuxa: App, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no catalogue"):
        call(tuxa, "show")
