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
from delivery.demo.paper import blank_back, fill_in, scan
from delivery.errors import BadInput
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.queue import Queue, WhyDiscard
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import CodeKeys, page_token, page_url
from delivery.store.returns import Returns
from tests.postal.incoming.mail import copy_of, own_paper, paper, pile, sheets_of

ONE, TWO = "TX260001", "TX260002"


@pytest.fixture(scope="module")
def mailbag(printed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A scan of filled-in, skewed sheets of two learners, and whatever else turns up; page ids in scan order."""
    folder = tmp_path_factory.mktemp("mail")
    app = copy_of(printed_home, folder / "home")
    order = [sheets_of(app, TWO)[4], sheets_of(app, ONE)[3], sheets_of(app, TWO)[3]]
    pages = [
        scan(fill_in(paper(app, sheet), seed=n), seed=n, upside_down=n == 1) for n, sheet in enumerate(order)
    ]
    app.close()
    forged = page_url("https://hoctuxa.edu.vn", page_token("00" * 6, CodeKeys({1: b"z" * 32}, 1)))
    pages += [blank_back(seed=9, dpi=75), _with_code("https://baochi.vn"), _with_code(forged), own_paper()]
    return pile(pages, folder / "mail.pdf"), [sheet.page_id for sheet in order]


@pytest.fixture(scope="module")
def taken(
    printed_home: Path, mailbag: tuple[Path, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Intake]:
    """A home where the mailbag was taken in."""
    folder = tmp_path_factory.mktemp("taken") / "home"
    app = copy_of(printed_home, folder)
    result = take_in(app, mailbag[0], actor="clerk")
    app.close()
    return folder, result


@pytest.fixture
def after(taken: tuple[Path, Intake], tmp_path: Path) -> Iterator[App]:
    """A desk after that."""
    app = copy_of(taken[0], tmp_path / "home")
    yield app
    app.close()


@pytest.fixture
def fresh(printed_home: Path, tmp_path: Path) -> Iterator[App]:
    """A desk to which nothing has come back."""
    app = copy_of(printed_home, tmp_path / "home")
    yield app
    app.close()


def _with_code(text: str) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    code = qrcode.make(text, box_size=6)
    page.paste(code.get_image().convert("RGB"), (400, 500))
    return scan(page, seed=4)


def _counts(result: Intake) -> tuple[int, int, int, int, int]:
    counted = (result.filed, len(result.queued), result.duplicates, result.blank, result.foreign)
    assert sum(counted) == result.pages
    return counted


def _received(app: App) -> list[tuple[str, str, int]]:
    return [
        (f.learner, f.data["sheet"], f.data["page"]) for f in app.facts.select(kind=FactKind.WORK_RECEIVED)
    ]


def test_a_mixed_degraded_scan_is_filed_to_the_right_learners_and_the_rest_is_counted(
    taken: tuple[Path, Intake], after: App, mailbag: tuple[Path, list[str]]
) -> None:
    result = taken[1]
    assert _counts(result) == (3, 2, 0, 1, 1)
    assert [(q.page, q.reason) for q in result.queued] == [(6, "forged"), (7, "unreadable")]
    assert sorted(sheet for _, sheet, _ in _received(after)) == sorted(mailbag[1])
    for learner, page_id, page in _received(after):
        sheet = after.sheets.by_page(page_id)
        assert sheet is not None
        assert (sheet.learner, sheet.page, sheet.state) == (learner, page, "returned")
    present = sorted((s.pages_present, s.pages_missing) for s in result.submissions)
    assert present == [((1,), (2,)), ((1, 2), ())]


def test_the_same_file_again_gives_only_duplicates_and_nothing_new(
    after: App, mailbag: tuple[Path, list[str]]
) -> None:
    before = len(list(after.facts.select()))
    assert _counts(take_in(after, mailbag[0], actor="clerk")) == (0, 0, 5, 1, 1)
    assert len(list(after.facts.select())) == before


def test_the_picture_of_a_queued_page_is_kept_sealed(after: App) -> None:
    returns = Returns(after.database, after.blobs, after.keys.master)
    queue = returns.queue()
    assert [row.reason for row in queue] == ["forged", "unreadable"]
    for row in queue:
        picture = returns.image(row)
        assert picture.startswith(b"\xff\xd8")
        assert picture[:64] not in after.blobs.get(row.image.partition(".")[0])


_CHILD = """
import sys
from pathlib import Path
from delivery.postal.incoming import intake
from tests.support.postal_home import open_home

intake._CHUNK = 2
app = open_home(Path(sys.argv[1]))
intake.take_in(app, Path(sys.argv[2]), actor="clerk", progress=lambda done, total: print(done, flush=True))
"""


def test_an_intake_that_is_killed_is_continued_with_the_same_result(
    fresh: App, mailbag: tuple[Path, list[str]]
) -> None:
    for line in ("0", "4"):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(fresh.settings.home), str(mailbag[0])],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert any(told.strip() == line for told in child.stdout), "it ended before it could be killed"
        child.kill()
        child.wait()
        child.stdout.close()
    _finished_as_if_never_killed(fresh, mailbag)


def test_pages_that_were_filed_but_not_remembered_still_count_as_filed(
    fresh: App, mailbag: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Returns, "keep_new_in", _die)
        with pytest.raises(_Killed):
            take_in(fresh, mailbag[0], actor="clerk")
    _finished_as_if_never_killed(fresh, mailbag)


class _Killed(BaseException):
    """Stands for a kill between two steps."""


def _die(*_args: object) -> None:
    raise _Killed


def _finished_as_if_never_killed(app: App, mailbag: tuple[Path, list[str]]) -> None:
    assert _counts(take_in(app, mailbag[0], actor="clerk")) == (3, 2, 0, 1, 1)
    assert sorted(sheet for _, sheet, _ in _received(app)) == sorted(mailbag[1])
    assert app.facts.verify().ok


def test_the_same_sheet_scanned_twice_is_two_pieces_of_evidence_for_one_page(
    fresh: App, tmp_path: Path
) -> None:
    sheet = sheets_of(fresh, ONE)[3]
    clean = paper(fresh, sheet)
    path = pile([scan(clean, seed=1), scan(clean, seed=2)], tmp_path / "twice.pdf")
    result = take_in(fresh, path, actor="clerk")
    assert result.filed == 2
    assert [page_id for _, page_id, _ in _received(fresh)] == [sheet.page_id, sheet.page_id]
    assert [s.pages_present for s in result.submissions] == [(1,)]


def test_a_decision_that_a_person_made_meanwhile_is_not_undone_by_a_second_intake_of_the_file(
    after: App, mailbag: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(after)
    decided = queue.discard(queue.rows()[0].ident, WhyDiscard.NOT_OURS, actor="VT01")
    with monkeypatch.context() as patch:
        # As if the other intake had begun before any page was dealt with, and had not ended when the person decided.
        patch.setattr(Returns, "pages_of", lambda *_: {})
        patch.setattr(Returns, "begin", lambda *_, **__: False)
        again = take_in(after, mailbag[0], actor="clerk")
    assert _counts(again) == (3, 1, 0, 1, 2)
    assert queue.row(decided.ident).row == decided


def test_a_file_that_is_no_scan_is_refused_and_leaves_nothing(fresh: App, tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match=r"letter\.docx"):
        take_in(fresh, tmp_path / "letter.docx", actor="clerk")
