"""The hand scanner: envelopes are received line by line, at once and durably, before they are scanned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from delivery.app import App
from delivery.clock import ManualClock
from delivery.postal.incoming.handscanner import Heard, receive_envelopes, waiting_envelopes
from delivery.postal.incoming.intake import take_in
from delivery.postal.outgoing.posting import post_batch
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token, page_url, side_token
from delivery.store.sheets import Sheet
from tests.postal.incoming.mail import came_back, copy_of, pile, sheets_of

ONE, TWO = "TX260001", "TX260002"
ITEM, OTHER, OURS = "RR473124829VN", "RR000000014VN", "EE123456785VN"


@pytest.fixture(scope="module")
def home(printed_home: Path) -> Path:
    return printed_home


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(home, tmp_path / "home")
    yield app
    app.close()


def code(app: App, sheet: Sheet) -> str:
    return page_url(app.settings.base_url, page_token(sheet.page_id, app.keys.codes))


def label(app: App, student: str) -> str:
    return code(app, sheets_of(app, student)[5])


def test_each_line_is_told_before_the_next_one_is_read(desk: App) -> None:
    lines = iter([f"{label(desk, ONE)}\n", "\n", f" {ITEM.lower()} \r\n"])

    def typed() -> Iterator[str]:
        for line in lines:
            yield line
            # Whoever pulls the plug now has lost nothing that was read.
            assert heard
            again = receive_envelopes(desk, [line], actor="x")
            assert all(told.heard is Heard.DUPLICATE for told in again)

    heard: list[Heard] = []
    for told in receive_envelopes(desk, typed(), actor="VT01"):
        heard.append(told.heard)
    assert heard == [Heard.RECEIVED, Heard.NOTED]
    (fact,) = desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED)
    assert (fact.actor, fact.learner) == ("VT01", desk.learners.require(ONE).id)


def test_a_second_scan_says_since_when_it_is_known_whichever_code_of_the_sheet_is_read(desk: App) -> None:
    sheet = sheets_of(desk, ONE)[5]
    first, again, side = receive_envelopes(
        desk,
        [label(desk, ONE), label(desk, ONE), side_token(sheet.side_id, desk.keys.codes)],
        actor="VT01",
    )
    assert [line.heard for line in (first, again, side)] == [Heard.RECEIVED, Heard.DUPLICATE, Heard.DUPLICATE]
    assert again.since > 0
    assert len(list(desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED))) == 1


def test_codes_that_name_nothing_are_said_at_once_and_tell_nothing(desk: App) -> None:
    forged = page_url("https://hoctuxa.edu.vn", "A" * 24)
    lines = list(receive_envelopes(desk, ["8934567890123", forged, "RR473124820VN", "2031-02-30"], actor="c"))
    assert all(line.heard is Heard.UNUSED and line.problem for line in lines)
    assert waiting_envelopes(desk) == []


def test_a_code_that_looks_like_ours_and_does_not_verify_is_not_told_as_a_wrong_postal_number(
    desk: App,
) -> None:
    genuine = label(desk, ONE)
    altered = genuine[:-1] + ("A" if genuine[-1] != "A" else "B")
    (line,) = receive_envelopes(desk, [altered], actor="VT01")
    assert line.problem is not None
    assert "does not verify" in str(line.problem.what)
    assert list(desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED)) == []


def test_a_packet_of_our_own_is_not_taken_for_a_learners_envelope(desk: App) -> None:
    post_batch(desk, "B1", items={desk.learners.require(ONE).id: ITEM}, actor="VT01")
    cover = code(desk, sheets_of(desk, TWO)[0])
    for line in receive_envelopes(desk, [ITEM, cover], actor="VT01"):
        assert line.heard is Heard.UNUSED
        assert line.problem is not None
        assert "undelivered" in desk.translate.error(line.problem)


def test_with_pairs_the_postal_number_and_our_label_are_one_envelope(desk: App) -> None:
    lines = [ITEM, label(desk, ONE), OTHER, label(desk, TWO)]
    assert [line.heard for line in receive_envelopes(desk, lines, actor="VT01", pairs=True)] == [
        Heard.NOTED, Heard.RECEIVED, Heard.NOTED, Heard.RECEIVED,
    ]  # fmt: skip
    found = {entry.item: entry.learner for entry in waiting_envelopes(desk)}
    assert found == {ITEM: desk.learners.require(ONE).id, OTHER: desk.learners.require(TWO).id}


def test_a_postal_label_that_was_read_wrongly_ends_the_envelope_before(desk: App) -> None:
    forged = page_url("https://hoctuxa.edu.vn", "A" * 24)
    lines = [ITEM, forged, "RR473124820VN", label(desk, TWO)]
    assert [line.heard for line in receive_envelopes(desk, lines, actor="VT01", pairs=True)] == [
        Heard.NOTED, Heard.UNUSED, Heard.UNUSED, Heard.RECEIVED,
    ]  # fmt: skip
    (fact,) = desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED)
    assert "item" not in fact.data


@pytest.mark.parametrize("typed", ["30/12/2026", "30.12.2026", "2026-12-30", "2026/12/30"])
def test_a_postmark_is_typed_as_vietnam_writes_days_or_as_the_standard_does(desk: App, typed: str) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(60 * 86_400)
    told, _ = receive_envelopes(desk, [typed, label(desk, ONE)], actor="VT01")
    assert (told.heard, told.text) == (Heard.POSTMARK, "2026-12-30")
    (fact,) = desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED)
    assert fact.data["postmark"] == "2026-12-30"


@pytest.mark.parametrize(
    "mistyped", ["2026-13-20", "2026-11-2O", "31/11/2026", "20/11/26", "2027-11-20", "2016-11-20"]
)
def test_after_a_mistyped_day_no_envelope_is_marked_until_it_is_right(desk: App, mistyped: str) -> None:
    lines = ["2026-11-02", label(desk, ONE), mistyped, label(desk, TWO), "-", label(desk, TWO)]
    heard = list(receive_envelopes(desk, lines, actor="VT01"))
    assert [line.heard for line in heard] == [
        Heard.POSTMARK, Heard.RECEIVED, Heard.UNUSED, Heard.UNUSED, Heard.POSTMARK, Heard.RECEIVED,
    ]  # fmt: skip
    assert mistyped in desk.translate.error(heard[3].problem)
    days = {
        fact.learner: fact.data.get("postmark") for fact in desk.facts.select(kind=FactKind.ENVELOPE_RECEIVED)
    }
    assert days == {desk.learners.require(ONE).id: "2026-11-02", desk.learners.require(TWO).id: None}


def test_pages_that_are_scanned_later_belong_to_their_envelope_and_count_by_its_postmark(
    desk: App, tmp_path: Path
) -> None:
    sheets = sheets_of(desk, ONE)
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(60 * 86_400)  # 21 January: the work was due on 31 December
    list(receive_envelopes(desk, ["2026-12-30", label(desk, ONE)], actor="VT01"))
    desk.clock.advance(86_400)
    mail = pile([came_back(desk, sheet, seed=n) for n, sheet in enumerate(sheets[3:5])], tmp_path / "m.pdf")
    take_in(desk, mail, actor="VT01")
    works = list(desk.facts.select(kind=FactKind.WORK_RECEIVED))
    assert {(f.data["envelope"], f.data["postmark"]) for f in works} == {
        (f"label:{sheets[5].page_id}", "2026-12-30")
    }
    assert waiting_envelopes(desk) == []
    record = desk.records.show(works[0].learner, desk.catalogue())
    (work,) = [a for c in record["courses"] for a in c["activities"] if a["activity"] == "NLTK102-A1"]
    assert (work["status"], work["late"]) == ("submitted", False)
    assert work["received"]["postmark"] == "2026-12-30"
    assert date.fromisoformat(work["received"]["last"]) == date(2027, 1, 22)
