"""Pages that wait: what is proposed for them, each decision with its fact, and how a decision is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfWriter

from delivery.app import App
from delivery.clock import ManualClock
from delivery.errors import NotFound, Refused
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.queue import Queue, WhyDiscard
from delivery.record.kinds import FactKind
from delivery.store.audit import audit
from delivery.store.packets import Packets
from delivery.store.returned import ReturnedPages
from delivery.store.returns import PageRow
from delivery.store.sheets import Sheet
from tests.postal.incoming.mail import came_back, codes_lost, copy_of, own_paper, pile, sheets_of

ONE, TWO = "TX260001", "TX260002"


@pytest.fixture(scope="module")
def home(printed_home: Path) -> Path:
    return printed_home


@pytest.fixture(scope="module")
def mailbag(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return sheet and first page of one learner, the second with its codes lost, a sheet of their own; then another
    learner's return sheet and a sheet of their own; then something that belongs to nobody."""
    folder = tmp_path_factory.mktemp("mail")
    app = copy_of(home, folder / "home")
    one, two = sheets_of(app, ONE), sheets_of(app, TWO)
    pages = [
        came_back(app, one[5], seed=1),
        came_back(app, one[3], seed=2),
        codes_lost(app, one[4], seed=3),
        own_paper(seed=4),
        came_back(app, two[5], seed=5),
        own_paper(seed=6),
    ]
    app.close()
    return pile(pages, folder / "mail.pdf")


@pytest.fixture(scope="module")
def scanned(home: Path, mailbag: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Intake]:
    """A home where the mailbag was taken in."""
    folder = tmp_path_factory.mktemp("scanned") / "home"
    app = copy_of(home, folder)
    result = take_in(app, mailbag, actor="clerk")
    app.close()
    return folder, result


@pytest.fixture
def desk(scanned: tuple[Path, Intake], tmp_path: Path) -> Iterator[App]:
    app = copy_of(scanned[0], tmp_path / "home")
    yield app
    app.close()


def page(queue: Queue, number: int) -> str:
    return next(entry.ident for entry in queue.rows() if entry.row.page == number)


def later(app: App) -> None:
    assert isinstance(app.clock, ManualClock)
    app.clock.advance(60)


def adds_up(app: App, pages: int = 6) -> bool:
    totals = Queue(app).returns.totals()
    (status,) = [Packets(app.database, app.facts).page_totals("B1")]
    planned = sum(len(f.data["sheets"]) for f in app.facts.select(kind=FactKind.PACKET_PLANNED))
    return sum(totals.values()) == pages and sum(status.values()) == planned


def test_a_page_without_codes_is_proposed_as_the_one_that_is_missing_in_its_place(
    scanned: tuple[Path, Intake], desk: App
) -> None:
    third = next(entry for entry in scanned[1].queued if entry.page == 3)
    assert third.proposal is not None
    missing = sheets_of(desk, ONE)[4]
    assert (third.reason, third.proposal.sheet) == ("framed", missing.page_id)
    assert third.proposal.learner == missing.learner


def test_sheets_without_our_marks_behind_a_coded_page_are_proposed_as_extra_sheets_of_that_learner(
    scanned: tuple[Path, Intake], desk: App
) -> None:
    found = {entry.page: entry.proposal for entry in scanned[1].queued}
    for number, code in ((4, ONE), (6, TWO)):
        proposal = found[number]
        assert proposal is not None
        assert (proposal.kind, proposal.activity) == ("extra", "NLTK102-A1")
        assert proposal.learner == desk.learners.require(code).id


def test_nothing_that_is_only_proposed_is_filed(scanned: tuple[Path, Intake], desk: App) -> None:
    result = scanned[1]
    assert (result.pages, result.filed, len(result.queued)) == (6, 3, 3)
    works = list(desk.facts.select(kind=FactKind.WORK_RECEIVED))
    assert [(f.data["page"], f.activity) for f in works] == [(1, "NLTK102-A1")]
    assert list(desk.facts.select(kind=FactKind.EXTRA_RECEIVED)) == []


def test_return_sheets_are_told_as_what_they_are_and_are_no_work(desk: App) -> None:
    told = list(desk.facts.select(kind=FactKind.SHEET_RECEIVED))
    assert {(fact.learner, fact.data["role"]) for fact in told} == {
        (desk.learners.require(code).id, "return") for code in (ONE, TWO)
    }
    assert all(
        sheet is not None and sheet.state == "returned"
        for sheet in (desk.sheets.by_page(fact.data["sheet"]) for fact in told)
    )


def test_accepting_files_the_page_with_its_actor_and_completes_the_work(desk: App) -> None:
    queue = Queue(desk)
    row = queue.accept(page(queue, 3), actor="VT01")
    fact = desk.facts.get(row.fact)
    assert fact is not None
    assert (fact.kind, fact.actor, fact.data["page"]) == (FactKind.WORK_RECEIVED, "VT01", 2)
    (decided,) = desk.facts.select(kind=FactKind.SCAN_DECIDED)
    assert (decided.actor, decided.data["decision"], decided.data["told"]) == ("VT01", "accepted", fact.id)
    record = desk.records.show(fact.learner, desk.catalogue())
    (work,) = [a for c in record["courses"] for a in c["activities"] if a["activity"] == "NLTK102-A1"]
    assert (work["status"], work["pages_missing"]) == ("submitted", [])
    assert adds_up(desk)


def test_an_extra_sheet_is_kept_with_the_work_and_changes_nothing_of_its_pages(desk: App) -> None:
    queue = Queue(desk)
    row = queue.accept(page(queue, 4), actor="VT01")
    fact = desk.facts.get(row.fact)
    assert fact is not None
    assert (fact.kind, fact.activity, fact.data["behind"]) == (FactKind.EXTRA_RECEIVED, "NLTK102-A1", 1)
    record = desk.records.show(fact.learner, desk.catalogue())
    (work,) = [a for c in record["courses"] for a in c["activities"] if a["activity"] == "NLTK102-A1"]
    assert (work["status"], work["received"]["extra"], work["pages_missing"]) == ("incomplete", 1, [2])


def test_a_clerk_chooses_by_the_number_at_the_foot_of_the_sheet_or_by_learner(desk: App) -> None:
    queue = Queue(desk)
    sheet = sheets_of(desk, TWO)[4]
    foot = "-".join(sheet.page_id[n : n + 4] for n in (0, 4, 8)).upper()
    assert queue.choose(page(queue, 4), foot, actor="VT01").page_id == sheet.page_id
    row = queue.choose_page(page(queue, 6), TWO, "nltk102-a1", 1, actor="VT01")
    assert row.page_id == sheets_of(desk, TWO)[3].page_id
    with pytest.raises(NotFound):
        queue.choose_page(page(queue, 3), TWO, "NLTK102-A1", 9, actor="VT01")


def test_learners_are_found_by_name_without_accents_and_by_code(desk: App) -> None:
    queue = Queue(desk)
    assert [match.code for match in queue.search("nguyen thi anh")] == [ONE]
    assert [match.code for match in queue.search("được")] == [TWO]
    assert [work.activity for work in queue.search("tx260002")[0].works] == ["NLTK102-A1"]
    assert queue.search("  ") == []


@pytest.mark.parametrize(
    ("reason", "counted"),
    [
        (WhyDiscard.BLANK, "blank"),
        (WhyDiscard.COPY, "duplicate"),
        (WhyDiscard.RESCANNED, "duplicate"),
        (WhyDiscard.NOT_OURS, "foreign"),
        (WhyDiscard.SPOILT, "foreign"),
    ],
)
def test_a_discarded_page_is_counted_by_its_reason_and_its_picture_is_kept(
    desk: App, reason: WhyDiscard, counted: str
) -> None:
    queue = Queue(desk)
    ident = page(queue, 6)
    before = queue.image(ident)[0]
    assert queue.discard(ident, reason, actor="VT01").status == counted
    assert queue.image(ident)[0] == before
    (told,) = desk.facts.select(kind=FactKind.SCAN_DECIDED)
    assert told.data["reason"] == str(reason)
    assert adds_up(desk)


def test_a_decision_is_taken_back_and_another_one_made_and_the_first_one_again(desk: App) -> None:
    queue = Queue(desk)
    ident = page(queue, 3)
    one, two = sheets_of(desk, ONE)[4], sheets_of(desk, TWO)[4]
    for sheet in (two, one, two):
        row = queue.choose(ident, sheet.page_id, actor="VT01")
        assert row.status == "filed"
        assert _states(desk) == {sheet.page_id: "returned"}
        assert [p.sheet for p in ReturnedPages(desk.database).of_source(_source(row))] == [sheet.page_id]
        later(desk)
        picture = queue.image(ident)[0]
        queue.undo(ident, actor="VT02")
        assert _states(desk) == {}
        assert queue.image(ident)[0] == picture
        later(desk)
    decisions = Counter(f.data["decision"] for f in desk.facts.select(kind=FactKind.SCAN_DECIDED))
    assert decisions == {"chosen": 3, "reopened": 3}
    assert adds_up(desk)
    assert _problems(desk, deep=True) == []
    desk.records.rebuild()
    assert _problems(desk) == []


def test_a_picture_that_came_in_two_files_is_filed_with_the_second_once_the_first_was_taken_back(
    desk: App, mailbag: Path, tmp_path: Path
) -> None:
    """Its fact is there already, and taken back: choosing it must not end with “known already” and no page."""
    both = PdfWriter(clone_from=str(mailbag))
    both.add_blank_page(595, 842)
    both.write(str(tmp_path / "both.pdf"))
    queue = Queue(desk)
    first = page(queue, 3)
    (second,) = (entry.ident for entry in take_in(desk, tmp_path / "both.pdf", actor="VT01").queued[:1])
    sheet = sheets_of(desk, ONE)[4].page_id

    def now() -> tuple[str, str, list[str]]:
        later(desk)
        return queue.returns.find(first).status, queue.returns.find(second).status, list(_states(desk))

    queue.choose(first, sheet, actor="VT01")
    queue.choose(second, sheet, actor="VT01")
    assert now() == ("filed", "duplicate", [sheet])
    queue.undo(first, actor="VT01")
    queue.discard(first, WhyDiscard.COPY, actor="VT01")
    queue.undo(second, actor="VT01")
    assert now() == ("duplicate", "queued", [])
    queue.choose(second, sheet, actor="VT01")
    assert now() == ("duplicate", "filed", [sheet])
    queue.undo(first, actor="VT01")
    queue.choose(first, sheet, actor="VT01")
    assert now() == ("duplicate", "filed", [sheet])
    queue.undo(second, actor="VT01")
    assert now() == ("duplicate", "queued", [])
    assert adds_up(desk, pages=13)


def _problems(app: App, *, deep: bool = False) -> list[str]:
    """What an audit finds; this home's catalogue was put there without an import."""
    found = audit(app.database, app.vault, app.blobs, deep=deep)
    return [problem.detail for problem in found if problem.problem != "catalogue"]


def _states(app: App) -> dict[str, str]:
    """Second pages that came back."""
    sheets = [sheets_of(app, code)[4] for code in (ONE, TWO)]
    return {sheet.page_id: sheet.state for sheet in sheets if sheet.state == "returned"}


def _source(row: PageRow) -> str:
    return f"scan:{row.file[:16]}:{row.page}"


def test_what_a_machine_filed_can_be_put_into_the_queue_too(desk: App) -> None:
    queue = Queue(desk)
    filed = next(row for row in queue.returns.pages_of(_file(queue)).values() if row.page == 2)
    again = queue.undo(filed.ident, actor="VT01")
    assert (again.status, again.reason) == ("queued", "undone")
    assert queue.row(filed.ident).proposals[0].sheet == filed.page_id
    assert list(_standing(desk)) == []
    assert adds_up(desk)


def _file(queue: Queue) -> str:
    return queue.rows()[0].row.file


def _standing(app: App) -> Iterator[str]:
    learner = app.learners.require(ONE).id
    for page in ReturnedPages(app.database).of_work(learner, "NLTK102-A1"):
        yield page.sheet


def test_no_page_is_decided_twice_and_wrong_numbers_are_refused(desk: App) -> None:
    queue = Queue(desk)
    ident = page(queue, 3)
    queue.accept(ident, actor="VT01")
    with pytest.raises(Refused) as refused:
        queue.accept(ident, actor="VT01")
    assert f"undo {ident}" in desk.translate.error(refused.value)
    for wrong in ("", "3", "zzzz-1", f"{ident}9", "%-1"):
        with pytest.raises(NotFound):
            queue.row(wrong)


@pytest.mark.parametrize(
    "decide",
    [
        lambda queue, ident, sheet: queue.choose(ident, sheet.page_id, actor="VT02"),
        lambda queue, ident, _: queue.extra(ident, TWO, "NLTK102-A1", actor="VT02"),
        lambda queue, ident, _: queue.discard(ident, WhyDiscard.COPY, actor="VT02"),
    ],
    ids=["choose", "extra", "discard"],
)
def test_of_two_clerks_who_decide_about_the_same_page_at_once_the_second_is_told(
    desk: App, decide: Callable[[Queue, str, Sheet], PageRow]
) -> None:
    first, other = Queue(desk), Queue(desk)
    ident = page(first, 3)
    one, two = sheets_of(desk, ONE)[4], sheets_of(desk, TWO)[4]
    # The other one began when the page still waited, and ends when the first has decided.
    seen = other.row(ident)
    other.row = lambda ident: seen  # type: ignore[method-assign]
    decided = first.choose(ident, one.page_id, actor="VT01")
    with pytest.raises(Refused) as refused:
        decide(other, ident, two)
    assert f"show {ident}" in desk.translate.error(refused.value)
    assert _states(desk) == {one.page_id: "returned"}
    assert [p.sheet for p in ReturnedPages(desk.database).of_source(_source(decided))] == [one.page_id]
    assert first.returns.find(ident) == decided
    assert len(list(desk.facts.select(kind=FactKind.SCAN_DECIDED))) == 1
    assert adds_up(desk)


def test_the_picture_of_a_filed_page_lies_with_the_learner_only(desk: App) -> None:
    queue = Queue(desk)
    ident = page(queue, 3)
    place = queue.row(ident).row.image
    row = queue.accept(ident, actor="VT01")
    assert row.image == ""
    # Erasing the learner erases the page: what the queue had sealed has lost its salt.
    with desk.database.write() as connection:
        desk.vault.destroy(connection, sheets_of(desk, ONE)[4].learner)
    with pytest.raises(NotFound):
        queue.image(ident)
    with desk.database.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT count(*) FROM scan_page WHERE image = ?", (place,)).one()
    assert kept == 0


def test_a_long_queue_is_read_in_parts_and_counted_at_once(desk: App) -> None:
    queue = Queue(desk)
    rows = queue.returns.queue()
    returns = queue.returns
    returns.begin("f" * 64, pages=3000, now=9_999_999_999_999_999, name="long.pdf")
    returns.keep([replace(rows[0], file="f" * 64, page=n, reason="unreadable") for n in range(1, 3001)])
    assert queue.counts() == {"framed": 1, "unreadable": 3002}
    last = queue.rows(offset=3000, limit=50)
    assert [entry.row.page for entry in last] == [2998, 2999, 3000]
    assert len(queue.rows(reason="framed")) == 1
