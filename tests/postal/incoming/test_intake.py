"""Intake: every page ends with its learner, in the queue, or counted; nothing is lost, doubled or misfiled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import qrcode
from PIL import Image

from delivery.app import App
from delivery.demo.paper import SheetOnPaper, blank_back, fill_in, render, scan, write_scan
from delivery.errors import BadInput
from delivery.postal.incoming.intake import Intake, take_in
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import CodeKeys, page_token, page_url
from delivery.store.returns import Returns
from tests.support.postal_home import PrintedHome, open_home, print_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintedHome]:
    home = print_home(tmp_path_factory.mktemp("intake"), learners=3)
    yield home
    home.app.close()


@pytest.fixture(scope="module")
def mailbag(home: PrintedHome, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A scan of filled-in, skewed sheets of two learners, and whatever else turns up; page ids in scan order."""
    sheets = home.sheets()
    order = [sheets[3], sheets[0], sheets[2]]
    pages = [
        scan(fill_in(render(SheetOnPaper(file, index), dpi=150), seed=n), seed=n, upside_down=n == 1)
        for n, (file, index, _) in enumerate(order)
    ]
    forged = page_url("https://hoctuxa.edu.vn", page_token("00" * 6, CodeKeys({1: b"z" * 32}, 1)))
    pages += [blank_back(seed=9, dpi=150), _with_code("https://baochi.vn"), _with_code(forged), _torn()]
    path = write_scan(pages, tmp_path_factory.mktemp("mail") / "mail.pdf", dpi=150)
    return path, [page_id for _, _, page_id in order]


def _with_code(text: str) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    code = qrcode.make(text, box_size=6)
    page.paste(code.get_image().convert("RGB"), (400, 500))
    return scan(page, seed=4)


def _torn() -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    page.paste((30, 30, 90), (200, 300, 900, 340))
    return scan(page, seed=5)


def _adds_up(result: Intake) -> bool:
    return (
        result.filed + len(result.queued) + result.duplicates + result.blank + result.foreign == result.pages
    )


def _received(app: App) -> list[tuple[str, str, int]]:
    return [
        (f.learner, f.data["sheet"], f.data["page"]) for f in app.facts.select(kind=FactKind.WORK_RECEIVED)
    ]


def test_a_mixed_degraded_scan_is_filed_to_the_right_learners_and_the_rest_is_counted(
    home: PrintedHome, mailbag: tuple[Path, list[str]]
) -> None:
    path, page_ids = mailbag
    result = take_in(home.app, path, actor="clerk")
    assert (result.pages, result.filed, result.blank, result.foreign, result.duplicates) == (7, 3, 1, 1, 0)
    assert [(q.page, q.reason) for q in result.queued] == [(6, "forged"), (7, "unreadable")]
    assert _adds_up(result)
    assert sorted(sheet for _, sheet, _ in _received(home.app)) == sorted(page_ids)
    for learner, page_id, page in _received(home.app):
        sheet = home.app.sheets.by_page(page_id)
        assert sheet is not None
        assert (sheet.learner, sheet.page, sheet.state) == (learner, page, "returned")
    work = {s.learner: s for s in result.submissions}
    assert len(work) == 2
    present = sorted((s.pages_present, s.pages_missing) for s in work.values())
    assert present == [((1,), (2,)), ((1, 2), ())]


def test_the_same_file_again_gives_only_duplicates_and_nothing_new(
    home: PrintedHome, mailbag: tuple[Path, list[str]]
) -> None:
    before = len(list(home.app.facts.select()))
    take_in(home.app, mailbag[0], actor="clerk")
    result = take_in(home.app, mailbag[0], actor="clerk")
    assert (result.filed, result.queued, result.duplicates, result.blank, result.foreign) == (0, (), 5, 1, 1)
    assert _adds_up(result)
    after = len(list(home.app.facts.select()))
    assert after - before in (0, 3)


def test_the_picture_of_a_queued_page_is_kept_sealed(
    home: PrintedHome, mailbag: tuple[Path, list[str]]
) -> None:
    take_in(home.app, mailbag[0], actor="clerk")
    returns = Returns(home.app.database, home.app.blobs, home.app.keys.master)
    queue = returns.queue()
    assert [row.reason for row in queue] == ["forged", "unreadable"]
    for row in queue:
        picture = returns.image(row)
        assert picture.startswith(b"\xff\xd8")
        assert picture[:64] not in home.app.blobs.get(row.image.partition(".")[0])


_CHILD = """
import sys
from pathlib import Path
from tests.support.postal_home import open_home

intake._CHUNK = 2
app = open_home(Path(sys.argv[1]))
intake.take_in(app, Path(sys.argv[2]), actor="clerk", progress=lambda done, total: print(done, flush=True))
"""


def test_an_intake_that_is_killed_is_continued_with_the_same_result(
    mailbag: tuple[Path, list[str]], home: PrintedHome, tmp_path: Path
) -> None:
    _clone(home, tmp_path)
    for line in ("0", "4"):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path), str(mailbag[0])], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for told in child.stdout:
            if told.strip() == line:
                break
        child.kill()
        child.wait()
        child.stdout.close()
    _finished_as_if_never_killed(tmp_path, mailbag)


def test_pages_that_were_filed_but_not_remembered_still_count_as_filed(
    mailbag: tuple[Path, list[str]], home: PrintedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _clone(home, tmp_path)
    app = open_home(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Returns, "keep_in", _die)
        with pytest.raises(_Killed):
            take_in(app, mailbag[0], actor="clerk")
    app.close()
    _finished_as_if_never_killed(tmp_path, mailbag)


class _Killed(BaseException):
    """Stands for a kill between two steps."""


def _die(*_args: object) -> None:
    raise _Killed


def _finished_as_if_never_killed(folder: Path, mailbag: tuple[Path, list[str]]) -> None:
    app = open_home(folder)
    result = take_in(app, mailbag[0], actor="clerk")
    assert (result.filed, len(result.queued), result.duplicates, result.blank, result.foreign) == (
        3,
        2,
        0,
        1,
        1,
    )
    assert sorted(sheet for _, sheet, _ in _received(app)) == sorted(mailbag[1])
    assert app.facts.verify().ok
    app.close()


def _clone(home: PrintedHome, target: Path) -> None:
    """A second home with the same packets and nothing returned: the state just after printing."""
    app = print_home(target, learners=3).app
    app.close()
    first = {row[0] for row in _planned_rows(home.app)}
    again = open_home(target)
    assert {row[0] for row in _planned_rows(again)} == first
    again.close()


def _planned_rows(app: App) -> list[list[object]]:
    return [row for fact in app.facts.select(kind=FactKind.PACKET_PLANNED) for row in fact.data["sheets"]]


def test_the_same_sheet_scanned_twice_is_two_pieces_of_evidence_for_one_page(
    tmp_path: Path, home: PrintedHome
) -> None:
    app = print_home(tmp_path / "home", learners=3).app
    file, index, page_id = home.sheets()[0]
    clean = render(SheetOnPaper(file, index), dpi=150)
    path = write_scan([scan(clean, seed=1), scan(clean, seed=2)], tmp_path / "twice.pdf", dpi=150)
    result = take_in(app, path, actor="clerk")
    assert result.filed == 2
    assert [sheet for _, sheet, _ in _received(app)] == [page_id, page_id]
    assert [s.pages_present for s in result.submissions] == [(1,)]
    app.close()


def test_a_file_that_is_no_scan_is_refused_and_leaves_nothing(home: PrintedHome, tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match=r"letter\.docx"):
        take_in(home.app, tmp_path / "letter.docx", actor="clerk")
