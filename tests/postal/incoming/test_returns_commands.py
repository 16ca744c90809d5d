"""The commands of the clerk who receives mail, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from delivery.app import App
from delivery.cli import record, returns
from delivery.clock import ManualClock
from delivery.errors import TuxaError
from delivery.record.sheetcode import page_token, page_url
from tests.postal.incoming.mail import came_back, codes_lost, copy_of, own_paper, pile, sheets_of
from tests.support.postal_home import NOW, open_home

ONE, WORK = "TX260001", "NLTK102-A1"
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def mailbag(printed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return sheet, first page, second page without codes, a sheet of the learner's own."""
    folder = tmp_path_factory.mktemp("mail")
    app = copy_of(printed_home, folder / "home")
    sheets = sheets_of(app, ONE)
    pages = [came_back(app, sheets[5]), came_back(app, sheets[3]), codes_lost(app, sheets[4]), own_paper()]
    app.close()
    return pile(pages, folder / "mail.pdf")


@pytest.fixture(scope="module")
def first_page(printed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    app = copy_of(printed_home, folder / "home")
    page = came_back(app, sheets_of(app, ONE)[3], seed=7)
    app.close()
    return pile([page], folder / "page.pdf")


@pytest.fixture(scope="module")
def scanned_home(
    printed_home: Path, mailbag: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """A home where the mailbag was scanned, and what the command said."""
    folder = tmp_path_factory.mktemp("scanned") / "home"
    copy_of(printed_home, folder).close()
    said = _runner(folder)("scan", str(mailbag), "--postmark", "2026-11-19", "--json")
    return folder, said


@pytest.fixture
def scanned(scanned_home: tuple[Path, Any], tmp_path: Path) -> Run:
    """Commands in a home where the mailbag was scanned."""
    copy_of(scanned_home[0], tmp_path / "home").close()
    return _runner(tmp_path / "home")


@pytest.fixture
def run(printed_home: Path, tmp_path: Path) -> Run:
    """Commands in a home to which nothing has come back."""
    copy_of(printed_home, tmp_path / "home").close()
    return _runner(tmp_path / "home")


def _runner(home: Path) -> Run:
    """Gives one command; its JSON document, or what it said."""
    clock = ManualClock(NOW)

    def given(*words: str, group: Any = returns, typed: str = "", code: int = 0) -> Any:
        clock.advance(60)
        app = open_home(home, clock=clock)
        try:
            done = CliRunner().invoke(group.app, [*words], obj=app, input=typed)
        finally:
            app.close()
        if isinstance(done.exception, TuxaError):
            raise done.exception
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout) if "--json" in words else done.output

    return given


def test_a_mailbag_from_the_scanner_to_the_record(
    scanned_home: tuple[Path, Any], scanned: Run, tmp_path: Path
) -> None:
    said, run = scanned_home[1], scanned
    assert (said["pages"], said["filed"], len(said["queued"])) == (4, 2, 2)
    assert said["queued"][0]["proposal"]["kind"] == "sheet"
    queue = run("queue", "--json")
    assert (queue["waiting"], queue["totals"]) == (2, {"filed": 2, "queued": 2})
    lost, own = (entry["id"] for entry in queue["pages"])
    shown = run("show", lost, "--out", str(tmp_path / "page.jpg"), "--json")
    assert (shown["reason"], shown["status"]) == ("framed", "queued")
    assert (tmp_path / "page.jpg").read_bytes().startswith(b"\xff\xd8")
    assert run("accept", lost, "--json")["status"] == "filed"
    assert run("extra", own, ONE, WORK, "--behind", "2", "--json")["decision"] == "extra"
    text = run("show", ONE, group=record)
    assert (
        "đã nhận ngày 22/11/2026, trang 1–2 trên 2, 1 tờ làm thêm, tính theo dấu bưu điện ngày 19/11/2026"
        in text
    )
    made = run("copy", ONE, WORK, "--out", str(tmp_path / "copy.pdf"), "--json")
    assert (made["pages"], made["missing"]) == (3, [])
    assert (tmp_path / "copy.pdf").read_bytes().startswith(b"%PDF-")
    assert run("undo", own, "--json")["status"] == "queued"
    assert run("discard", own, "--reason", "not_ours", "--json")["status"] == "foreign"
    assert run("queue", "--json")["totals"] == {"filed": 3, "foreign": 1}
    assert [row["decision"] for row in run("queue", "--decided", "--json")["decided"]] == [
        "discarded",
        "accepted",
    ]


def test_the_queue_is_gone_through_by_keys(scanned: Run, tmp_path: Path) -> None:
    run = scanned
    (tmp_path / "pictures").mkdir()
    keys = "x\nf anh tuyet\nn\n\n"  # no key; search; the first later; the second as proposed
    said = run("resolve", "--pictures", str(tmp_path / "pictures"), typed=keys)
    assert "TX260001" in said
    assert len(list((tmp_path / "pictures").iterdir())) == 2
    assert run("queue", "--json")["totals"] == {"filed": 3, "queued": 1}
    run("resolve", typed="d spoilt\n")
    assert run("queue", "--json")["waiting"] == 0
    assert "Không có trang nào chờ" in run("queue")


def test_many_pages_of_a_wrong_file_are_left_out_at_once_and_taken_back_at_once(
    run: Run, tmp_path: Path
) -> None:
    pages = [own_paper(seed=seed).convert("L").point(lambda level: level // 4) for seed in (1, 2, 3)]
    said = run("scan", str(pile(pages, tmp_path / "lid.pdf")), "--json")
    first, second, third = (entry["id"] for entry in said["queued"])
    assert "Chữ viết trên trang" in run("show", first)
    assert run("discard", second, "--reason", "spoilt", "--json")["id"] == second
    done = run("discard", f"{first}..3", "--reason", "not_ours", "--json")["pages"]
    assert [page["id"] for page in done] == [first, third]
    assert run("queue", "--json")["totals"] == {"foreign": 3}
    assert third in run("undo", f"{first}..3")
    assert run("queue", "--json")["waiting"] == 3
    assert [row["id"] for row in run("discard", first, third, "--reason", "blank", "--json")["pages"]] == [
        first,
        third,
    ]
    assert run("queue", "--json")["totals"] == {"blank": 2, "queued": 1}
    run("undo", first)
    for wrong in ([f"{first}..0"], [f"{second}.."], [f"{second}..x"], [f"{third}..2"], [first, f"{first}0"]):
        with pytest.raises(TuxaError):
            run("discard", *wrong, "--reason", "blank")
    run("discard", first, "--reason", "blank")
    assert run("queue", "--json")["totals"] == {"blank": 2, "queued": 1}


def test_envelopes_and_what_is_asked_after(run: Run, first_page: Path, tmp_path: Path) -> None:
    app = open_home(tmp_path / "home")
    label = _code(app, 5)
    app.close()
    heard = run("envelopes", "--json", typed=f"{label}\n{label}\nnonsense\n", code=1)
    assert heard["counts"] == {"received": 1, "noted": 0, "duplicate": 1, "postmark": 0, "unused": 1}
    assert heard["lines"][0]["learner"] == ONE
    (lying,) = run("chase", "--json")["unopened"]
    assert lying["learner"] == ONE
    assert ONE in run("envelopes", "--list")
    run("scan", str(first_page))
    found = run("chase", "--course", "nltk102", "--json")
    assert found["unopened"] == []
    (incomplete,) = found["incomplete"]
    assert (incomplete["missing"], incomplete["resend"]) == (
        [2],
        f"tuxa packets reprint B1 --learner {ONE}",
    )
    assert run("postmark", ONE, WORK, "2026-11-18", "--json")["pages"] == 1


def _code(app: App, index: int) -> str:
    sheet = sheets_of(app, ONE)[index]
    return page_url(app.settings.base_url, page_token(sheet.page_id, app.keys.codes))


def test_words_that_name_nothing_are_refused_in_words(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text("<html>")
    for words in (
        ("accept", "3fa94c21-17"),
        ("choose", "3fa94c21-17"),
        ("postmark", ONE, WORK, "soon"),
        ("postmark", ONE, WORK, "2031-01-01"),
        ("confirm", "--page", str(tmp_path / "other.html")),
        ("confirm", "--page", str(tmp_path / "nowhere.html")),
        ("mark", "0" * 16, "7"),
        ("copy", ONE, WORK, "--out", str(tmp_path / "x.pdf")),
        ("watch", str(tmp_path / "nowhere")),
        ("chase", "--course", "NOSUCH"),
        ("queue", "--reason", "nosuch"),
    ):
        with pytest.raises(TuxaError):
            run(*words)
