"""The clerk's console: for each command the message that is sent, and the state that is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.postal.incoming.fields import NOT_FINAL, UNREADABLE
from delivery.postal.incoming.grouping import Why
from delivery.postal.incoming.plainmarks import Doubt as Unclear
from delivery.postal.incoming.queue import UNDONE, WhyDiscard
from delivery.postal.incoming.reading_filed import DIFFERS
from delivery.postal.incoming.resolve import Doubt
from delivery.postal.outgoing.posting import WhyBack
from delivery.record.words import CAME_BACK, PAGE_ASKS, PAGE_WAITS, PROPOSED, UNCLEAR
from tests.tui.clerk.office import ClerkSeat, Office, sit
from tui.clerk.words import DISCARDS

ITEM, OTHER = "RR473124829VN", "RR123456785VN"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_every_code_of_the_desk_has_a_word() -> None:
    assert set(PAGE_WAITS) >= {*Doubt, UNDONE}
    assert set(PAGE_ASKS) == set(PAGE_WAITS)
    assert set(PROPOSED) >= set(Why)
    assert set(UNCLEAR) >= {*Unclear, NOT_FINAL, DIFFERS, UNREADABLE}
    assert set(DISCARDS) == set(WhyDiscard)
    assert set(CAME_BACK) == set(WhyBack)


def test_doubtful_pages_are_decided_with_one_key_each_and_taken_back_with_one(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.sees("TX260001", "90 %", "nằm giữa", "1204", "2 tệp")
        await seat.picture()
        await seat.press("y")
        assert await seat.given(office, "returns.accept") == {"id": "3fa94c21-3", "which": 1}
        await seat.until(lambda: [page.id for page in seat.rows("#pages")] == ["3fa94c21-4", "3fa94c21-5"])
        await seat.press("u")
        assert await seat.given(office, "returns.undo") == {"id": "3fa94c21-3"}
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.press("home")
        await seat.picture()
        # Another proposal, by its place in the list.
        await seat.press("p")
        await seat.dialog("Picker")
        await seat.press("down", "enter")
        await seat.until(lambda: ("returns.accept", {"id": "3fa94c21-3", "which": 2}) in office.commands())
        await seat.until(lambda: len(seat.rows("#pages")) == 2)
        await seat.picture()
        await seat.press("x")
        await seat.dialog("Picker")
        await seat.press(*"trang", "enter")
        assert (await seat.given(office, "returns.discard"))["reason"] == "blank"
        await seat.until(lambda: len(seat.rows("#pages")) == 1)
        await seat.picture()
        # Nothing is proposed for the last one: that is said, with what to do, and nothing sent.
        await seat.sees("Lưu một phần vào đúng phiếu")
        await seat.press("y")
        await seat.is_told("Không có đề xuất")
        await seat.press("f")
        await seat.dialog("Form")
        await seat.press(*"tuyet", "enter")
        await seat.dialog("Picker")
        await seat.press("down", "enter")
        chosen = {"id": "3fa94c21-5", "learner": "L1", "activity": "TK-A1", "page": 2}
        assert await seat.given(office, "returns.choose") == chosen
        await seat.sees("Không có trang nào chờ")
        assert {actor for _, _, actor in office.given} == {"clerk"}

    sit(office.station, act)


def test_a_page_is_not_accepted_before_its_picture_is_seen(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        seat.section._shown = ""
        seat.section.action_accept()
        await seat.is_told("Ảnh chưa hiện")
        assert office.commands() == []

    sit(office.station, act)


def test_an_answer_goes_to_the_page_that_was_asked_about_when_a_colleague_moves_the_list(
    office: Office,
) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.picture()
        await seat.press("f")
        await seat.dialog("Form")
        decided_by_a_colleague(seat, office, "3fa94c21-3")
        await seat.until(lambda: [page.id for page in seat.rows("#pages")] == ["3fa94c21-4", "3fa94c21-5"])
        await seat.press(*"tuyet", "enter")
        await seat.dialog("Picker")
        await seat.press("enter")
        assert (await seat.given(office, "returns.choose"))["id"] == "3fa94c21-3"

    sit(office.station, act)


def test_a_key_that_was_meant_for_a_page_that_a_colleague_decided_decides_nothing(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.until(lambda: seat.section._pictures.get("3fa94c21-4") is not None)
        decided_by_a_colleague(seat, office, "3fa94c21-3")
        await seat.until(lambda: len(seat.rows("#pages")) == 2)
        seat.section.action_accept()
        await seat.is_told("Người khác vừa quyết định")
        assert office.commands() == []
        await seat.until(lambda: not seat.section.has_moved)
        await seat.press("y")
        assert (await seat.given(office, "returns.accept"))["id"] == "3fa94c21-4"

    sit(office.station, act)


def decided_by_a_colleague(seat: ClerkSeat, office: Office, ident: str) -> None:
    """As the station tells every console."""
    office.pages = [page for page in office.pages if page["id"] != ident]
    seat.section.told("page", {"id": ident, "status": "filed"})


def test_a_decision_that_is_refused_brings_the_page_back_with_the_reason(office: Office) -> None:
    office.refuses = {"returns.accept"}

    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.picture()
        await seat.press("y")
        await seat.is_told("đã ghi cho gói khác")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)

    sit(office.station, act)


def test_marks_are_confirmed_beside_their_crops_and_doubtful_ones_must_be_written(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.section.marks) == 3)
        await seat.press("tab")
        await seat.sees("câu 1", "Đọc được", "99%")
        await seat.picture()
        await seat.press("y")
        assert await seat.given(office, "returns.confirm") == {"id": "r1", "read": "B"}
        await seat.sees("nhiều hơn một")
        await seat.picture()
        await seat.press("y")
        await seat.is_told("còn nghi ngờ")
        await seat.press("v")
        await seat.dialog("Form")
        await seat.press(*"C", "enter")
        assert await seat.given(office, "returns.correct") == {"id": "r2", "value": "C"}
        await seat.sees("8,5")
        await seat.picture()
        await seat.press("x")
        assert await seat.given(office, "returns.refuse") == {"id": "r3"}

    sit(office.station, act)


def test_where_the_place_of_a_reading_was_not_found_the_whole_page_is_shown(office: Office) -> None:
    choice = next(reading for reading in office.readings if reading["doubt"])
    office.readings = [choice | {"doubt": "not_straight", "has_crop": False}]

    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.section.marks) == 1)
        await seat.press("tab")
        await seat.picture()
        await seat.sees("không căn thẳng được", "Cả trang")

    sit(office.station, act)


def test_a_mark_that_stood_there_when_its_sheet_first_came_is_confirmed_with_its_lecturer(
    office: Office,
) -> None:
    mark = next(reading for reading in office.readings if reading["use"] == "mark")
    office.readings = [mark | {"doubt": "unseen", "state": "doubtful"}]

    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.section.marks) == 1)
        await seat.press("tab")
        await seat.sees("đã có sẵn", "8,5", "giảng viên nào ghi")
        await seat.picture()
        await seat.press("y")
        await seat.dialog("Form")
        await seat.press(*"GV01", "enter")
        assert await seat.given(office, "returns.confirm") == {"id": "r3", "read": "8.5", "marker": "GV01"}

    sit(office.station, act)


def test_telling_such_a_mark_by_hand_asks_for_its_lecturer_too(office: Office) -> None:
    mark = next(reading for reading in office.readings if reading["use"] == "mark")
    office.readings = [mark | {"doubt": "unseen", "state": "doubtful"}]

    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.section.marks) == 1)
        await seat.press("tab")
        await seat.picture()
        await seat.press("v")
        await seat.dialog("Form")
        await seat.press(*"9", "enter", "enter")
        await seat.is_told("Mã giảng viên")
        await seat.press(*"GV01", "enter")
        assert await seat.given(office, "returns.correct") == {"id": "r3", "value": "9", "marker": "GV01"}

    sit(office.station, act)


def test_envelopes_and_packets_are_scanned_one_after_the_other_without_the_mouse(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.press("n")
        await seat.dialog("Envelopes")
        await seat.scan("2026-11-20", "TX1ABC", "TX1ABD")
        await seat.until(lambda: len(office.commands()) == 3)
        assert office.commands()[-1] == ("returns.envelope", {"text": "TX1ABD", "postmark": "2026-11-20"})
        # Where envelopes are registered, each gives two codes: they go together.
        await seat.press("f8")
        await seat.scan(ITEM)
        await seat.sees(f"{ITEM}: giờ quét")
        assert office.commands()[-1] == ("returns.envelope", {"text": ITEM, "postmark": "2026-11-20"})
        await seat.scan("TX1ABE")
        paired = {"text": "TX1ABE", "postmark": "2026-11-20", "item_text": ITEM}
        await seat.until(lambda: office.commands()[-1] == ("returns.envelope", paired))
        await seat.sees_no(f"{ITEM}: giờ quét")
        # A postal label that was read wrongly begins the next envelope too: its code does not go with the one before.
        await seat.scan(ITEM, "RR000")
        await seat.sees("RR000")
        await seat.scan("TX1ABF")
        await seat.until(lambda: office.commands()[-1][1]["text"] == "TX1ABF")
        assert "item_text" not in office.commands()[-1][1]
        await seat.press("f8")
        # A mistyped day goes with what follows: the station marks nothing with it.
        await seat.scan("2026-13-20")
        await seat.sees("✗ dấu bưu điện 2026-13-20")
        await seat.scan("TX1ABG")
        await seat.until(lambda: office.commands()[-1][1]["text"] == "TX1ABG")
        assert office.commands()[-1][1]["postmark"] == "2026-13-20"
        await seat.press("escape", "f3")
        await seat.until(lambda: seat.app.current_mode == "post")
        await seat.sees("57/98", "TX260044")
        # A hand scanner types on while the station still answers: nothing overtakes anything.
        await seat.scan("TX1ABC", ITEM, "TX1ABD", OTHER)
        await seat.until(lambda: sum(name == "post.item" for name, _ in office.commands()) == 2)
        posted = [params for name, params in office.commands() if name == "post.item"]
        assert posted == [
            {"packet_text": "TX1ABC", "text": ITEM},
            {"packet_text": "TX1ABD", "text": OTHER},
        ]
        await seat.sees("tại đây 2")
        office.refuses = {"post.item"}
        await seat.scan(ITEM)
        await seat.sees("không dùng được 1", "✗")
        # What came back: the reason once, then paper after paper.
        await seat.press("f8")
        await seat.dialog("Picker")
        await seat.press(*"chuyen", "enter")
        await seat.no_dialog()
        await seat.scan(ITEM)
        assert await seat.given(office, "post.undelivered") == {"text": ITEM, "reason": "moved"}
        await seat.press("f8")
        await seat.sees("Gói tiếp theo")

    sit(office.station, act)


def test_a_batch_is_tried_printed_with_progress_and_stopped(office: Office) -> None:
    office.gates = [{
        "what": {"msgid": "{course}: no approved material", "params": {"course": "TK101"}},
        "do": {"msgid": "Approve it first.", "params": {}},
    }]  # fmt: skip

    async def act(seat: ClerkSeat) -> None:
        await seat.sees("TK101-1", "LS204-A", "Không có gì chặn", "BACLIEU 24")
        assert [due.batch for due in seat.rows("#batches")] == ["LS204-A", "TK101-1", "TK101-2"]
        await seat.press("o")
        assert [due.batch for due in seat.rows("#batches")] == ["TK101-1", "LS204-A", "TK101-2"]
        await seat.press("end")
        await seat.sees("TK101: no approved material", "→ Approve it first.")
        await seat.press("t")
        await seat.dialog("Confirm")
        await seat.press("escape")
        await seat.no_dialog()
        assert office.commands() == []
        await seat.press("p")
        await seat.dialog("Confirm")
        await seat.press("enter")
        assert await seat.given(office, "due.print") == {"batch": "TK101-2"}
        going = {"name": "TK101-2", "number": 1, "done": 30, "total": 100, "state": "running"}
        office.publish("due.printing", going)
        await seat.sees("30/100")
        await seat.press("c")
        await seat.given(office, "due.stop")
        office.publish("due.printing", {**going, "state": "stopped"})
        await seat.sees("P để in tiếp")
        files = {"packets": 100, "pages": 1400, "files": ["/home/print/TK101-2/1-MAIN.pdf"]}
        office.publish("due.printing", {**going, "number": 2, "done": 100, "state": "done", "result": files})
        await seat.sees("/home/print/TK101-2/1-MAIN.pdf")

    sit(office.station, act)


def test_a_learner_is_found_the_record_shown_in_three_modes_and_a_packet_printed_again(
    office: Office,
) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("4")
        await seat.until(lambda: seat.app.current_mode == "learner")
        await seat.press(*"tuyet", "enter")
        await seat.sees("Nguyễn Thị Ánh Tuyết", "Bài giảng 1", "thiếu trang 2", "8,5", ITEM)
        await seat.press("r")
        await seat.dialog("Picker")
        await seat.press("enter")
        await seat.dialog("Confirm")
        await seat.press("enter")
        assert await seat.given(office, "learner.reprint") == {"batch": "TK101-1", "learner": "L1"}
        await seat.is_told("Đã lập lại, 6 trang")

    sit(office.station, act)


def test_a_key_of_another_role_is_refused_by_the_station_and_nothing_is_done(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("3")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.picture()
        await seat.press("y")
        await seat.is_told("returns.accept")
        assert office.commands() == []
        await seat.until(lambda: len(seat.rows("#pages")) == 3)

    sit(office.station, act, key="technician")
