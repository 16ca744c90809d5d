"""Bubbles: what a machine reads is a proposal, and counts only when a person has confirmed it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from delivery.app import App
from delivery.app.consoles.returns import ReturnsDesk
from delivery.catalogue.kinds import ComponentKind, EmploymentKind, Role
from delivery.catalogue.model import Component, Person
from delivery.cli import returns
from delivery.clock import ManualClock
from delivery.demo.paper import SheetOnPaper, render, scan, write_scan
from delivery.errors import BadInput, NotFound, Refused
from delivery.postal.incoming.clean import printed_text
from delivery.postal.incoming.contactsheet import contact_page, shown_on
from delivery.postal.incoming.intake import take_in
from delivery.postal.incoming.marks import Marking
from delivery.postal.incoming.queue import Queue
from delivery.postal.incoming.reading_filed import read_unread
from delivery.postal.outgoing.printing import packet_pages
from delivery.postal.sheetlayout import BubbleUse, PacketLayout
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from delivery.store.readings import Reading
from delivery.store.submissions import Arrival
from tests.postal.incoming.mail import copy_of, printed, sheets_of
from tests.support import postal_home

ONE, WORK, DPI = "TX260001", "NLTK102-A1", 150
CHOICES = """# Bài tập 1

## Câu 1 (4 điểm)

- ( ) trung bình
- ( ) trung vị
- ( ) mốt

## Câu 2 (6 điểm)

- [ ] đúng
- [ ] cũng đúng
- [ ] sai
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One learner with a multiple-choice assignment, marked by a lecturer."""
    return marked_home(tmp_path_factory.mktemp("marks") / "home", CHOICES)


def marked_home(folder: Path, assignment: str) -> Path:
    """A printed home of one learner with this assignment, whose mark counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postal_home, "ASSIGNMENT", assignment)
        printed(folder, learners=1)
    app = postal_home.open_home(folder)
    catalogue = app.catalogue()
    activity = replace(catalogue.activities[WORK], component="QT")
    course = replace(catalogue.courses["NLTK102"], lecturer="GV01")
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection,
            replace(
                catalogue,
                activities={**catalogue.activities, WORK: activity},
                courses={"NLTK102": course},
                components={
                    ("NLTK102", "QT"): Component(
                        "NLTK102", "QT", "Quá trình", ComponentKind.PROCESS, Decimal(100)
                    )
                },
                people={"GV01": Person("GV01", "Lê Thị Hạnh", (Role.LECTURER,), EmploymentKind.PERMANENT)},
            ),
        )
    app.close()
    return folder


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(home, tmp_path / "home")
    yield app
    app.close()


def filled(app: App, *values: tuple[BubbleUse, int, str]) -> Image.Image:
    """The learner's first page with these bubbles filled in by pen, scanned."""
    sheet = sheets_of(app, ONE)[3]
    state = Packets(app.database, app.facts).get(sheet.packet)
    assert state is not None
    file, first = packet_pages(app.settings.home / "print", state)
    page = render(SheetOnPaper(file, first + sheet.position - 1), dpi=DPI)
    draw, mm = ImageDraw.Draw(page), DPI / 25.4
    layout = PacketLayout.from_json(app.blobs.get(sheet.layout)).pages[sheet.position - 1]
    for bubble in layout.bubbles:
        x, y, r = bubble.x * mm, bubble.y * mm, bubble.radius * mm * 0.8
        if (bubble.use, bubble.question, bubble.value) in values:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=(30, 40, 120))
    return scan(page, seed=3)


A1 = (BubbleUse.CHOICE, 1, "B")
A2 = ((BubbleUse.CHOICE, 2, "A"), (BubbleUse.CHOICE, 2, "B"))
SEVEN = ((BubbleUse.MARK_WHOLE, 0, "7"), (BubbleUse.MARK_QUARTER, 0, "50"))
FINAL = (BubbleUse.CONFIRM, 0, "yes")


_piles: dict[object, bytes] = {}


def scanned(
    app: App, folder: Path, *values: tuple[BubbleUse, int, str], name: str = "scan"
) -> dict[str, Reading]:
    """Take a page in; what waits to be confirmed, by use and question."""
    file = folder / f"{name}.pdf"
    if values not in _piles:
        _piles[values] = write_scan([filled(app, *values)], file, dpi=DPI, quality=85).read_bytes()
    file.write_bytes(_piles[values])
    take_in(app, file, actor="VT01")
    return {f"{row.use}{row.question}": row for row in Marking(app).readings.listed()}


def marked(app: App, folder: Path, *answers: tuple[BubbleUse, int, str]) -> dict[str, Reading]:
    """The sheet comes from its learner, goes to the lecturer, and is scanned again with 7,5 on it."""
    scanned(app, folder, *answers, name="learner")
    return scanned(app, folder, *answers, *SEVEN, FINAL, name="lecturer")


def mark(app: App) -> str | None:
    learner = app.learners.require(ONE).id
    record = app.records.show(learner, app.catalogue())
    (work,) = [a for c in record["courses"] for a in c["activities"] if a["activity"] == WORK]
    found: str | None = work["mark"]
    return found


def later(app: App) -> None:
    assert isinstance(app.clock, ManualClock)
    app.clock.advance(60)


def test_what_is_read_is_proposed_and_counts_only_when_confirmed(desk: App, tmp_path: Path) -> None:
    waiting = marked(desk, tmp_path, A1, *A2)
    assert {name: (row.read, row.state) for name, row in waiting.items()} == {
        "choice1": ("B", "proposed"),
        "choice2": ("AB", "proposed"),
        "mark0": ("7.5", "proposed"),
    }
    assert mark(desk) is None
    assert list(desk.facts.select(kind=FactKind.MARK_RECORDED)) == []
    marking = Marking(desk)
    done = marking.confirm([row.reading for row in waiting.values()], actor="VT01")
    assert [decided.problem for decided in done] == [None] * 3
    assert mark(desk) == "7.5"
    (fact,) = desk.facts.select(kind=FactKind.MARK_RECORDED)
    assert (fact.actor, fact.data["confirmed_by"], fact.data["method"]) == ("GV01", "VT01", "omr")
    told = {(f.data["use"], f.data["question"]): f for f in desk.facts.select(kind=FactKind.READING_DECIDED)}
    assert told["choice", 2].data["value"] == "AB"
    assert {f.actor for f in told.values()} == {"VT01"}
    # Again changes nothing.
    before = len(list(desk.facts.select()))
    marking.confirm([row.reading for row in waiting.values()], actor="VT01")
    assert len(list(desk.facts.select())) == before


def test_a_sheet_that_is_not_marked_yet_proposes_no_mark_and_is_read_once(desk: App, tmp_path: Path) -> None:
    waiting = scanned(desk, tmp_path, A1, *A2)
    assert set(waiting) == {"choice1", "choice2"}


def test_what_is_in_doubt_is_told_by_a_person_and_cannot_be_confirmed_as_it_is(
    desk: App, tmp_path: Path
) -> None:
    scanned(desk, tmp_path, *A2, name="learner")
    waiting = scanned(desk, tmp_path, *A2, *SEVEN)  # question 1 is empty, and the square “final” too
    assert len(Marking(desk).readings.listed()) == 3  # the empty question is asked after once
    assert {name: row.doubt for name, row in waiting.items()} == {
        "choice1": "none", "choice2": "", "mark0": "not_final",
    }  # fmt: skip
    marking = Marking(desk)
    (decided,) = marking.confirm([waiting["mark0"].reading], actor="VT01")
    assert decided.problem is not None
    assert mark(desk) is None
    marking.correct(waiting["mark0"].reading, "7,25", actor="VT01")
    assert mark(desk) == "7.25"
    for wrong in ("10.5", "-1", "x", "NaN"):
        with pytest.raises(Refused):
            marking.correct(waiting["mark0"].reading, wrong, actor="VT01")


def test_a_wrong_confirmation_is_corrected_or_refused_and_the_mark_follows(desk: App, tmp_path: Path) -> None:
    waiting = marked(desk, tmp_path, A1, *A2)
    marking, name = Marking(desk), waiting["mark0"].reading
    marking.confirm([name], actor="VT01")
    later(desk)
    marking.correct(name, "6.5", actor="VT02")
    assert mark(desk) == "6.5"
    later(desk)
    marking.refuse(name, actor="VT02")
    assert mark(desk) is None
    later(desk)
    marking.correct(name, "7.5", actor="VT01")
    assert mark(desk) == "7.5"
    assert marking.readings.require([name])[0].state == "confirmed"


def test_what_somebody_else_decides_while_many_are_confirmed_at_once_is_not_overridden(
    desk: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = marked(desk, tmp_path, A1, *A2)
    names = [waiting[name].reading for name in ("choice2", "choice1", "mark0")]
    other, tell = Marking(desk), Marking._tell

    def tell_slowly(marking: Marking, row: Reading, *more: str) -> None:
        tell(marking, row, *more)
        if marking is not other and row.reading == names[0]:
            other.correct(names[1], "C", actor="VT02")
            other.refuse(names[2], actor="VT02")

    monkeypatch.setattr(Marking, "_tell", tell_slowly)
    done = Marking(desk).confirm(names, actor="VT01")
    assert [decided.problem is None for decided in done] == [True, True, False]
    now = {row.reading: (row.state, row.value) for row in other.readings.require(names)}
    assert [now[name] for name in names] == [("confirmed", "AB"), ("corrected", "C"), ("refused", "")]
    assert mark(desk) is None


def test_a_page_that_is_taken_back_takes_its_marks_with_it(desk: App, tmp_path: Path) -> None:
    waiting = marked(desk, tmp_path, A1, *A2)
    marking, queue = Marking(desk), Queue(desk)
    marking.confirm([waiting["mark0"].reading], actor="VT01")
    later(desk)
    queue.undo(_page_of(desk, waiting["mark0"]), actor="VT01")
    assert mark(desk) is None
    # The picture from before marking still tells the answers.
    assert [(row.use, row.question) for row in marking.readings.listed()] == [("choice", 1), ("choice", 2)]


def _page_of(app: App, reading: Reading) -> str:
    """How commands name the scanned page that was read."""
    fact = app.facts.get(reading.work)
    assert fact is not None
    _, file, page = fact.data["source"].split(":")
    return f"{file[:8]}-{page}"


def test_what_two_pictures_tell_waits_again_when_the_one_that_was_proposed_is_taken_back(
    desk: App, tmp_path: Path
) -> None:
    first = marked(desk, tmp_path, A1, *A2)
    later(desk)
    Queue(desk).undo(_page_of(desk, first["choice1"]), actor="VT01")
    waiting = {f"{row.use}{row.question}": (row.read, row.state) for row in Marking(desk).readings.listed()}
    assert waiting == {
        "choice1": ("B", "proposed"),
        "choice2": ("AB", "proposed"),
        "mark0": ("7.5", "proposed"),
    }
    assert first["choice1"].work != first["mark0"].work


def test_a_mark_that_stood_there_when_the_sheet_first_came_may_be_the_learners_own(
    desk: App, tmp_path: Path
) -> None:
    waiting = scanned(desk, tmp_path, A1, *A2, *SEVEN, FINAL)
    found = waiting["mark0"]
    assert (found.read, found.state, found.doubt) == ("7.5", "doubtful", "unseen")
    marking = Marking(desk)
    shown = shown_on(
        contact_page(
            marking, marking.readings.listed(), words=desk.translate, names={}, doubts={}, file="m.html"
        )
    )
    assert {entry.reading for entry in shown if entry.unseen} == {found.reading}
    (refused,) = marking.confirm([found.reading], actor="VT01")
    assert refused.problem is not None
    assert mark(desk) is None
    for named in ({}, {"marker": "GV99"}):
        with pytest.raises(Refused, match="GV99" if named else "first came"):
            ReturnsDesk(desk, lambda *_: None).confirm({"id": found.reading, "read": "7.5", **named}, "VT01")
    # Nor does it count because the clerk writes it down again.
    with pytest.raises(Refused, match="first came"):
        marking.correct(found.reading, "7,5", actor="VT01")
    assert mark(desk) is None
    # It counts when a person says which lecturer had the sheet before; of a page of many, all such at once.
    page = tmp_path / "marks.html"

    def typed(*words: str) -> int:
        return CliRunner().invoke(returns.app, list(words), obj=desk).exit_code

    assert typed("marks", "--page", str(page)) == 0
    assert typed("confirm", "--page", str(page)) == 0
    assert mark(desk) is None
    assert typed("confirm", "--page", str(page), "--marker", "GV01") == 0
    assert mark(desk) == "7.5"


def test_a_photograph_with_an_empty_strip_does_not_vouch_for_what_comes_by_post(
    desk: App, tmp_path: Path
) -> None:
    out = io.BytesIO()
    filled(desk, A1, *A2).save(out, "JPEG")
    learner = desk.learners.require(ONE).id
    desk.submissions.accept(
        [
            Arrival(
                page_id=sheets_of(desk, ONE)[3].page_id,
                channel="phone",
                image=out.getvalue(),
                media_type="image/jpeg",
                received_at=desk.clock.now(),
                actor=f"learner:{learner}",
                source="portal file 1 page 1",
                claimed_by=learner,
            )
        ]
    )
    with ThreadPoolExecutor(1) as executor:
        read_unread(desk, executor)
    later(desk)
    found = scanned(desk, tmp_path, A1, *A2, *SEVEN, FINAL)["mark0"]
    assert (found.state, found.doubt) == ("doubtful", "unseen")


def test_a_strip_that_is_half_filled_in_waits_for_a_person(desk: App, tmp_path: Path) -> None:
    scanned(desk, tmp_path, A1, *A2, name="learner")
    found = scanned(desk, tmp_path, A1, *A2, SEVEN[0], name="lecturer")["mark0"]
    assert (found.read, found.state, found.doubt) == ("", "doubtful", "not_final")


def test_the_marked_sheet_scanned_a_second_time_proposes_only_what_is_new(desk: App, tmp_path: Path) -> None:
    first = scanned(desk, tmp_path, A1, *A2, name="learner")
    Marking(desk).confirm([row.reading for row in first.values()], actor="VT01")
    again = scanned(desk, tmp_path, A1, *A2, *SEVEN, FINAL, name="lecturer")
    assert set(again) == {"mark0"}


def test_a_second_picture_that_says_something_else_is_in_doubt(desk: App, tmp_path: Path) -> None:
    scanned(desk, tmp_path, A1, *A2, name="one")
    other = (BubbleUse.CHOICE, 1, "C")
    scanned(desk, tmp_path, other, *A2, name="two")
    doubtful = Marking(desk).readings.listed(state="doubtful")
    assert [(row.use, row.question, row.doubt) for row in doubtful] == [("choice", 1, "differs")]


def test_one_page_shows_all_pictures_and_exactly_those_are_confirmed(desk: App, tmp_path: Path) -> None:
    marked(desk, tmp_path, *A2)
    marking = Marking(desk)
    page = contact_page(
        marking, marking.readings.listed(), words=desk.translate, names={}, doubts={}, file="m.html"
    )
    assert page.count(b"data:image/jpeg;base64,") == 3
    shown = {entry.read for entry in shown_on(page)}
    assert shown == {"AB", "7.5"}  # the empty question is in doubt: it is shown, and not offered
    with pytest.raises(BadInput):
        shown_on(b"<html>")
    with pytest.raises(NotFound):
        marking.confirm(["0" * 16], actor="VT01")


KEYED = """# Bài tập 1

## Câu 1 (4 điểm)

- ( ) trung bình
- (x) trung vị
- ( ) mốt

## Câu 2 (6 điểm)

- [x] đúng
- [x] cũng đúng
- [ ] sai
"""


@pytest.fixture(scope="module")
def keyed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same assignment with its key."""
    return marked_home(tmp_path_factory.mktemp("keyed") / "home", KEYED)


@pytest.fixture
def keyed(keyed_home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(keyed_home, tmp_path / "home")
    yield app
    app.close()


def confirm_answers(app: App, waiting: dict[str, Reading]) -> dict[str, Reading]:
    """What waits once every answer is confirmed."""
    Marking(app).confirm([row.reading for row in waiting.values() if row.use == "choice"], actor="VT01")
    return {f"{row.use}{row.question}": row for row in Marking(app).readings.listed()}


def test_the_key_is_nowhere_on_paper(home: Path, keyed_home: Path) -> None:
    texts, layouts = [], []
    for folder in (home, keyed_home):
        app = postal_home.open_home(folder)
        sheet = sheets_of(app, ONE)[3]
        state = Packets(app.database, app.facts).get(sheet.packet)
        assert state is not None
        file, first = packet_pages(folder / "print", state)
        runs = printed_text(file, first + sheet.position - 1)
        texts.append([run.text for run in runs if "-" not in run.text])
        layouts.append(PacketLayout.from_json(app.blobs.get(sheet.layout)).pages[sheet.position - 1])
        app.close()
    assert texts[0] == texts[1]
    assert layouts[0] == layouts[1]


def test_confirmed_answers_come_to_a_proposed_mark_that_a_person_confirms(keyed: App, tmp_path: Path) -> None:
    waiting = scanned(keyed, tmp_path, A1, (BubbleUse.CHOICE, 2, "A"))
    assert set(waiting) == {"choice1", "choice2"}
    (score,) = confirm_answers(keyed, waiting).values()
    # Of question 2 only one of the two right ones is marked: no points for it.
    assert (score.use, score.read, score.state) == ("score", "4", "proposed")
    marking = Marking(keyed)
    with Image.open(io.BytesIO(marking.crop(score))) as seen:
        assert seen.width > 400
    assert mark(keyed) is None
    marking.confirm([score.reading], actor="VT01")
    assert mark(keyed) == "4"
    (fact,) = keyed.facts.select(kind=FactKind.MARK_RECORDED)
    assert (fact.actor, fact.data["confirmed_by"], fact.data["method"]) == ("GV01", "VT01", "key")


def test_an_answer_that_is_corrected_proposes_a_new_mark_and_the_old_one_stands_till_then(
    keyed: App, tmp_path: Path
) -> None:
    waiting = scanned(keyed, tmp_path, A1, (BubbleUse.CHOICE, 2, "A"))
    marking = Marking(keyed)
    (score,) = confirm_answers(keyed, waiting).values()
    marking.confirm([score.reading], actor="VT01")
    later(keyed)
    marking.correct(waiting["choice2"].reading, "ab", actor="VT01")
    (again,) = marking.readings.listed()
    assert (again.read, again.state, mark(keyed)) == ("10", "proposed", "4")
    marking.confirm([again.reading], actor="VT01")
    assert mark(keyed) == "10"
    later(keyed)
    marking.refuse(again.reading, actor="VT01")
    assert mark(keyed) is None


def test_a_page_that_is_taken_back_and_filed_again_is_proposed_again(keyed: App, tmp_path: Path) -> None:
    waiting = scanned(keyed, tmp_path, A1, *A2)
    marking, queue = Marking(keyed), Queue(keyed)
    (score,) = confirm_answers(keyed, waiting).values()
    marking.confirm([score.reading], actor="VT01")
    assert mark(keyed) == "10"
    ident = _page_of(keyed, waiting["choice1"])
    later(keyed)
    queue.undo(ident, actor="VT01")
    assert (mark(keyed), marking.readings.listed()) == (None, [])
    later(keyed)
    queue.accept(ident, actor="VT01")
    again = {f"{row.use}{row.question}": row for row in marking.readings.listed()}
    assert {name: row.read for name, row in again.items()} == {"choice1": "B", "choice2": "AB"}
    later(keyed)
    (score,) = confirm_answers(keyed, again).values()
    marking.confirm([score.reading], actor="VT02")
    assert mark(keyed) == "10"


def test_a_lecturers_own_mark_is_not_replaced_by_the_key(keyed: App, tmp_path: Path) -> None:
    waiting = marked(keyed, tmp_path, A1, *A2)
    marking = Marking(keyed)
    marking.confirm([waiting["mark0"].reading], actor="VT01")
    (score,) = confirm_answers(keyed, waiting).values()
    (decided,) = marking.confirm([score.reading], actor="VT01")
    assert decided.problem is not None
    assert mark(keyed) == "7.5"
