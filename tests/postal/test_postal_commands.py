"""The commands of a clerk, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from delivery.cli import packets, returns
from delivery.demo.paper import SheetOnPaper, render, scan, write_scan
from delivery.errors import TuxaError
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
    assert (planned["packets"], planned["pages"], planned["without_address"]) == (2, 12, ["TX260003"])
    assert planned["missing_kinds"] == ["reference_book", "study_guide", "exam_guide"]
    printed = _run(home, packets, "print", "B1", "--out", str(tmp_path / "out"), "--json")
    assert (printed["packets"], printed["pages"], len(printed["files"])) == (2, 12, 1)
    posted = _run(home, packets, "post", "B1", "--item", "TX260001=RR473124829VN", "--json")
    assert posted["posted"] == 1
    assert _run(home, packets, "post", "B1", "--json")["posted"] == 1
    sheet = scan(render(SheetOnPaper(Path(printed["files"][0]), 3), dpi=150), seed=1)
    mail = write_scan([sheet], tmp_path / "mail.pdf", dpi=150)
    result = _run(home, returns, "scan", str(mail), "--json")
    assert (result["pages"], result["filed"], result["queued"], result["failed"]) == (1, 1, [], [])
    (work,) = result["submissions"]
    assert (work["activity"], work["pages_present"], work["pages_missing"]) == ("NLTK102-A1", [1], [2])
    (status,) = _run(home, packets, "status", "--json")["batches"]
    assert status["states"] == {"posted": 11, "returned": 1}
    assert sum(status["states"].values()) == status["pages"] == 12


def test_one_unreadable_file_does_not_stop_the_mailbag(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.5 nothing")
    result = _run(home, returns, "scan", str(tmp_path / "broken.pdf"), "--json", code=1)
    assert result["pages"] == 0
    assert [entry["file"] for entry in result["failed"]] == ["broken.pdf"]


def test_the_clerk_reads_vietnamese(home: Path) -> None:
    text = _run(home, packets, "plan", "B1", "--course", "NLTK102")
    assert "Đợt B1: 2 gói, mỗi gói 6 trang, tổng cộng 12 trang; 2 gói mới." in text
    assert "B1 (NLTK102): 2 gói, 12 trang: đã lập 12" in _run(home, packets, "status")


def test_a_term_by_standing_order_from_what_is_due_to_what_comes_back(home: Path, tmp_path: Path) -> None:
    (tmp_path / "order.toml").write_text('[[mailing]]\nsend = 2026-11-20\n[not_needed]\nstudy_guide = "x"\n')
    assert (
        _run(home, packets, "order", "nltk102", str(tmp_path / "order.toml"), "--json")["course"] == "NLTK102"
    )
    (due,) = _run(home, packets, "due", "--on", "2026-11-22", "--json")["mailings"]
    assert (due["batch"], due["planned"], len(due["behind"])) == ("NLTK102-1", False, 3)
    (due,) = _run(home, packets, "due", "--on", "2026-11-22", "--plan", "--json")["mailings"]
    assert (due["planned"], due["behind"], due["to_print"]) == (True, ["TX260003"], 2)
    _run(home, packets, "print", "NLTK102-1")
    labels = _run(home, packets, "labels", "NLTK102-1", "--out", str(tmp_path / "labels.pdf"), "--json")
    assert (labels["labels"], labels["sheets"]) == (2, 1)
    (tmp_path / "items.csv").write_text("student,item\nTX260001,RR473124829VN\nTX260002,RR000000014VN\n")
    posted = _run(home, packets, "post", "NLTK102-1", "--items", str(tmp_path / "items.csv"), "--json")
    assert posted["posted"] == 2
    listed = _run(home, packets, "list", "NLTK102-1", "--out", str(tmp_path), "--json")
    assert listed["packets"] == 2
    _run(home, packets, "undelivered", "RR473124829VN", "--reason", "moved", "--json")
    (resend,) = _run(home, packets, "undelivered", "--json")["resend"]
    assert (resend["learner"], resend["code"], resend["address_changed"]) == ("TX260001", "moved", False)
    made = _run(home, packets, "reprint", "NLTK102-1", "--undelivered", "--json")
    assert (made["reprinted"], made["pages"]) == (1, 6)
    _run(home, packets, "print", "NLTK102-1")
    _run(home, packets, "void", "NLTK102-1", "--learner", "TX260002", "--reason", "lost")
    (status,) = _run(home, packets, "status", "--json")["batches"]
    assert status["states"] == {"printed": 6, "superseded": 6, "voided": 6}
    assert status["on_paper"] == {"pages": 18, "states": status["states"]}
    assert sum(job["pages"] for job in status["jobs"]) == 18


def test_every_line_of_a_file_of_item_numbers_that_does_not_fit_is_named_and_nothing_is_posted(
    home: Path, tmp_path: Path
) -> None:
    _run(home, packets, "plan", "B1", "--course", "NLTK102")
    _run(home, packets, "print", "B1")
    lines = (
        "TX260001,RR473124829VN",
        "TX260002,RR473124828VN",
        "TX269999,RR000000014VN",
        "TX260003,rr473124829vn",
    )
    (tmp_path / "items.csv").write_text("\n".join(("student,item", *lines)))
    app = open_home(home)
    command = ["post", "B1", "--items", str(tmp_path / "items.csv")]
    caught = CliRunner().invoke(packets.app, command, obj=app).exception
    assert isinstance(caught, TuxaError)
    told = [str(problem) for problem in caught.problems]
    assert [text.split(":")[0] for text in told] == ["line 3", "line 4", "line 5"]
    assert "RR473124828VN" in told[0]
    app.close()
    assert _run(home, packets, "post", "B1", "--json")["already_posted"] == 0


def test_words_that_name_nothing_are_refused_in_words(home: Path) -> None:
    app = open_home(home)
    for words in (
        ("plan", "B1", "--course", "NLTK102", "--n-up", "3"),
        ("plan", "B1", "--course", "NLTK102", "--send", "morgen"),
        ("plan", "B1", "--course", "NLTK102", "--mailing", "1"),
        ("plan", "B1", "--course", "NLTK102", "--only", "TX269999"),
        ("void", "B1"),
        ("order", "NLTK102"),
    ):
        done = CliRunner().invoke(packets.app, [*words], obj=app)
        assert isinstance(done.exception, TuxaError), (words, done.exception)
    app.close()
