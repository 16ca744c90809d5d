"""The commands of a clerk, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from delivery.cli import packets, returns
from delivery.demo.paper import SheetOnPaper, render, scan, write_scan
from tests.support.postal_home import make_home, open_home


def _run(home: Path, group: Any, *words: str, code: int = 0) -> Any:
    app = open_home(home)
    try:
        done = CliRunner().invoke(group.app, [*words], obj=app)
    finally:
        app.close()
    assert done.exit_code == code, (done.output, done.exception)
    return json.loads(done.stdout) if "--json" in words else done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_home(tmp_path / "home", learners=3, without_address=1).close()
    return tmp_path / "home"


def test_a_batch_goes_from_plan_to_post_and_back_by_scan(home: Path, tmp_path: Path) -> None:
    planned = _run(home, packets, "plan", "B1", "--course", "nltk102", "--json")
    assert (planned["packets"], planned["pages"], planned["without_address"]) == (2, 8, ["TX260003"])
    assert planned["missing_kinds"] == ["reference_book", "study_guide", "exam_guide"]
    printed = _run(home, packets, "print", "B1", "--out", str(tmp_path / "out"), "--json")
    assert (printed["packets"], printed["pages"], len(printed["files"])) == (2, 8, 2)
    posted = _run(home, packets, "post", "B1", "--item", "TX260001=RR473124829VN", "--json")
    assert posted["posted"] == 1
    assert _run(home, packets, "post", "B1", "--json")["posted"] == 1
    sheet = scan(render(SheetOnPaper(Path(printed["files"][0]), 2), dpi=150), seed=1)
    mail = write_scan([sheet], tmp_path / "mail.pdf", dpi=150)
    result = _run(home, returns, "scan", str(mail), "--json")
    assert (result["pages"], result["filed"], result["queued"], result["failed"]) == (1, 1, [], [])
    (work,) = result["submissions"]
    assert (work["activity"], work["pages_present"], work["pages_missing"]) == ("NLTK102-A1", [1], [2])
    (status,) = _run(home, packets, "status", "--json")["batches"]
    assert status["states"] == {"posted": 7, "returned": 1}
    assert sum(status["states"].values()) == status["pages"] == 8


def test_one_unreadable_file_does_not_stop_the_mailbag(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.5 nothing")
    result = _run(home, returns, "scan", str(tmp_path / "broken.pdf"), "--json", code=1)
    assert result["pages"] == 0
    assert [entry["file"] for entry in result["failed"]] == ["broken.pdf"]


def test_the_clerk_reads_vietnamese(home: Path) -> None:
    text = _run(home, packets, "plan", "B1", "--course", "NLTK102")
    assert "Đợt B1: 2 gói, mỗi gói 4 trang, tổng cộng 8 trang; 2 gói mới." in text
    assert "B1 (NLTK102): 2 gói, 8 trang: đã lập 8" in _run(home, packets, "status")
