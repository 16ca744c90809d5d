"""Sections 3 and 4: recordings and what people decide on them; alerts and who took them on."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import events

from delivery.catalogue.kinds import Role
from delivery.errors import BadInput
from delivery.network.bus.authorise import command
from tests.tui.studio import MINUTE, NOON, Seat, Studio, job, sit
from tui.shared.entry import Entry
from tui.shared.picture import Picture

LONG = "Im lặng 41 giây từ phút 12:03, dài hơn giới hạn 10 giây của hồ sơ phát sóng đang dùng."


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path)
    made.jobs = [
        job("run", verdict="", fraction=0.25, left_s=95.0, queue="run", asset="a-run"),
        job("good", title="Đạo hàm và ứng dụng", problems=[LONG]),
        job("bad", verdict="refused", problems=[LONG], asset=""),
    ]
    return made


def test_the_queue_shows_progress_time_left_verdict_and_report_and_takes_decisions(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.until(lambda: len(seat.app.state.jobs) == 3)
        await seat.press("3")
        await seat.sees("25%", "-1:35", "chờ phê duyệt", "bị từ chối", "3 bản ghi")
        await seat.press("y")
        await seat.is_told("Chỉ bản ghi đã đạt")
        studio.publish(
            "ingest.run", job("run", verdict="", fraction=0.5, left_s=60.0, queue="run", asset="a-run")
        )
        await seat.sees("50%", "-1:00")
        await seat.press("c")
        assert await seat.gave(studio, "ingest.cancel") == {"queue": "run"}
        studio.publish("ingest.gone", {"gone": "run"})
        await seat.sees("2 bản ghi")
        # The report: figures, drawings, findings with what to do, and a strip of pictures.
        seat.app.section.listing.choose("good")  # type: ignore[union-attr,attr-defined]
        await seat.sees("27:10", "-18,4 → -23,0 LUFS", "chuẩn -23 LUFS", "Không có tiếng từ 00:05:20")
        await seat.until(
            lambda: any(ord(letter) > 0x2800 and ord(letter) < 0x2900 for letter in seat.screen())
        )
        await seat.until(lambda: seat.app.screen.query_one(Picture).display)
        await seat.press("y")
        await seat.dialog("Form")
        await seat.press(*"BB7", "enter", *"TD01", "enter", *"QD9", "enter", *"QL01", "enter")
        given = await seat.gave(studio, "ingest.approve")
        assert given == {
            "material": "GOOD", "asset": "asset-good",
            "minutes": "BB7", "appraiser": "TD01", "decision": "QD9", "signer": "QL01",
        }  # fmt: skip
        await seat.no_dialog()
        await seat.press("x")
        await seat.dialog("Picker")
        await seat.press(*"tieng", "enter")
        assert (await seat.gave(studio, "ingest.refuse"))["reason"] == "sound"
        seat.app.section.listing.choose("bad")  # type: ignore[union-attr,attr-defined]
        await seat.until(lambda: LONG in " ".join(seat.screen().split()))
        await seat.press("p")
        await seat.dialog("Reader")
        await seat.sees("tv720p25/3", "1280×720")

    sit(studio, act)


def test_what_was_typed_stays_when_the_station_refuses_it(studio: Studio) -> None:
    def refuse(params: Mapping[str, Any], _actor: str) -> None:
        raise BadInput("There is nobody with the code “{code}”.", code=params["appraiser"])

    studio.station.methods["ingest.approve"] = command(refuse, (Role.TECHNICIAN,))

    async def act(seat: Seat) -> None:
        await seat.until(lambda: len(seat.app.state.jobs) == 3)
        await seat.press("3")
        seat.app.section.listing.choose("good")  # type: ignore[union-attr,attr-defined]
        await seat.press("y")
        await seat.dialog("Form")
        await seat.press(*"BB7", "enter", *"TD9", "enter", *"QD9", "enter", *"QL01", "enter")
        await seat.is_told("TD9")
        await seat.dialog("Form")
        await seat.until(
            lambda: [entry.value for entry in seat.app.screen.query(Entry)] == ["BB7", "TD9", "QD9", "QL01"]
        )

    sit(studio, act)


def test_a_recording_of_the_inbox_is_added_in_four_presses(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.until(lambda: bool(seat.app.state.jobs))
        seat.pressed = 0
        # The material that the file's name speaks of stands on top.
        await seat.press("3", "a", "enter", "enter")
        assert await seat.gave(studio, "ingest.add") == {"file": "toan101-u2.mp4", "material": "TOAN101-U2"}
        assert seat.pressed == 4
        await seat.is_told("đang chờ chuyển đổi")

    sit(studio, act)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_that_comes_composed_or_decomposed_finds_the_same(studio: Studio, form: str) -> None:
    async def act(seat: Seat) -> None:
        await seat.until(lambda: len(seat.app.state.jobs) == 3)
        await seat.press("3")
        await seat.sees("3 bản ghi")
        await seat.press("slash")
        # What an input method commits arrives in one piece.
        seat.app.screen.query_one("#filter").post_message(
            events.Paste(unicodedata.normalize(form, "đạo hàm"))
        )
        await seat.sees("1 bản ghi", "GOOD")
        entry = seat.app.screen.query_one("#filter")
        assert entry.value == "đạo hàm"  # type: ignore[attr-defined]
        assert entry.cursor_position == 7  # type: ignore[attr-defined]
        await seat.press("escape")
        await seat.sees("3 bản ghi")

    sit(studio, act)


def test_ten_thousand_recordings_are_loaded_in_pages_and_drawn_as_far_as_seen(studio: Studio) -> None:
    studio.jobs = [job(f"n{number:05}", changed=NOON - number) for number in range(2_300)]

    async def act(seat: Seat) -> None:
        await seat.until(lambda: len(seat.app.state.jobs) == 2_300)
        pages = [params["offset"] for name, params in studio.asked if name == "ingest.status"]
        assert pages[:5] == [0, 500, 1000, 1500, 2000]
        await seat.press("3")
        await seat.sees("2300 bản ghi", "N00000")
        await seat.press("end")
        await seat.sees("N02299")
        await seat.press("ctrl+r")
        await seat.until(lambda: studio.asked[-1][1].get("since", 0) > 0 or len(studio.asked) > 20)

    sit(studio, act)


def test_alerts_are_acknowledged_and_everybody_sees_who_did_what(studio: Studio) -> None:
    text = {"msgid": "{channel}: the timeline ends at {at}.", "params": {"channel": "TV1", "at": "12:00"}}
    do = {"msgid": "Run “tuxa schedule compile”.", "params": {}}
    studio.alerts = [
        {"id": "a1", "severity": "error", "text": text, "do": do, "channel": "TV1", "at": NOON},
        {"id": "a2", "severity": "warning", "text": "Đĩa chậm", "channel": "TV2", "at": NOON - MINUTE},
    ]

    async def act(seat: Seat) -> None:
        await seat.until(lambda: bool(seat.app.state.channels))
        await seat.press("4")
        await seat.sees("TV1", "Đĩa chậm", "→ ")
        await seat.press("k")
        assert await seat.gave(studio, "alert.acknowledge") == {"id": "a1"}
        await seat.sees("✓ ", "technician đã tiếp nhận")
        await seat.press("slash", *"dia", "enter")
        await seat.until(lambda: "Đĩa chậm" in seat.screen() and "technician" not in seat.screen())
        await seat.press("escape", "tab")
        await seat.sees("TV1: skip bằng tay", "J1 đã phê duyệt, quyết định QĐ-7", "QL01")
        await seat.press("tab")
        await seat.sees("compile-findings", "playout")
        await seat.press("f")
        await seat.sees_no("service=portal")

    sit(studio, act)
