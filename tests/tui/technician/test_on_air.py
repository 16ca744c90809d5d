"""Section 1 and what holds in every section, driven by keys against a real bus on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from delivery.network.bus.authorise import question
from delivery.network.bus.client import Link
from tests.tui.studio import SECOND, Seat, Studio, channel, job, peer, sit
from tui.shared.drawn import Alarms, Drawn
from tui.shared.help import HelpScreen
from tui.shared.listing import Listing


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_what_the_station_tells_while_the_cursor_moves_does_not_put_it_back(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("2 kênh", "TV1", "R1")
        seat.app.query_one("#channels", Listing).action_move(1)
        seat.app.state_changed_now()
        assert seat.app.state.chosen == "R1"
        await seat.sees("Bài 4 của R1", "phát thanh")

    sit(studio, act)


def test_a_channel_shows_now_next_health_loudness_and_why_something_is_not_ready(studio: Studio) -> None:
    studio.channels[0]["health"]["peers"].append(peer("srt://xa.example:1", up=False))
    studio.ahead_s = 30.0

    async def act(seat: Seat) -> None:
        await seat.sees("2 kênh", "TV1", "R1", "Bài 1 của TV1", "● ĐANG PHÁT", "Không có cảnh báo")
        await seat.sees("✗ chưa được phê duyệt phát sóng", "✓ sẵn sàng", "Bài 4 của TV1")
        await seat.sees("3,01 Mbit/s", "trễ 0", "đệm đã kiểm 48 h", "2/3", "▲ srt://xa.example:1")
        # 90 s were left by this machine's clock; the station is 30 s ahead.
        await seat.until(lambda: any(f"-{left}" in seat.screen() for left in ("1:00", "0:59")))
        await seat.sees("lệch giờ -30,")
        await seat.until(lambda: "-0:57" in seat.screen())
        studio.channels[0]["loudness"]["start"] = studio.now() - SECOND
        studio.publish("channel.TV1", studio.channels[0])
        await seat.sees("LUFS")
        await seat.press("down")
        await seat.sees("Bài 4 của R1", "phát thanh")
        assert seat.app.state.chosen == "R1"

    sit(studio, act)


def test_events_change_the_screen_without_asking_again(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        before = studio.names().count("channels.status")
        studio.publish("channel.TV1", channel("TV1", state="fault", now=None, next=[]))
        await seat.sees("▲ SỰ CỐ", "không phát gì", "chưa có mục kế tiếp")
        studio.publish("channel.TV1", channel("TV1", by_hand="hold", state="slate"))
        await seat.sees("‖ giữ bằng tay", "◌ HÌNH HIỆU")
        assert studio.names().count("channels.status") - before <= 1, "at most the usual round came between"

    sit(studio, act)


def test_alarms_come_first_in_every_section_and_the_most_urgent_on_top(studio: Studio) -> None:
    warning = {"severity": "warning", "text": "Tệp kế tiếp thiếu"}
    alarm = {"severity": "error", "text": {"msgid": "No signal for {seconds} s", "params": {"seconds": 12}}}
    studio.channels = [channel("TV1", alerts=[warning]), channel("R1", alerts=[alarm])]

    async def act(seat: Seat) -> None:
        await seat.sees("▲ SỰ CỐ R1  No signal for 12 s", "và 1 cảnh báo khác")
        for key in "234":
            await seat.press(key)
            await seat.sees("No signal for 12 s")
        asked = len(studio.asked)
        studio.publish("alert", {"severity": "error", "text": "Mất tín hiệu [TV1]", "channel": "TV1"})
        await seat.is_told("Mất tín hiệu [TV1]")
        await seat.until(lambda: "channels.status" in [name for name, _ in studio.asked[asked:]])

    sit(studio, act)


def test_a_lost_station_is_shown_within_three_seconds_and_the_console_recovers_by_itself(
    studio: Studio,
) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("● ", "Bài 1 của TV1")
        await asyncio.to_thread(studio.station.stop)
        loop = asyncio.get_running_loop()
        gone = loop.time()
        await seat.sees("Mất liên lạc với trạm phát – đang thử lại", "▲ mất liên lạc", "dữ liệu lúc")
        took = loop.time() - gone
        assert took < 3.0 + 2.0, took  # the machine may be busy; without load it is 2.5 s
        assert "Bài 1 của TV1" in seat.screen(), "the last known state stays"
        section = seat.app.section
        assert section is not None
        assert section.has_class("-stale")
        await seat.press("s")
        await seat.is_told("mất liên lạc với trạm")
        studio.channels = [channel("TV1", state="slate"), channel("R1")]
        await asyncio.to_thread(studio.station.start)
        await seat.sees("◌ HÌNH HIỆU", "Không có cảnh báo")
        assert not section.has_class("-stale")
        assert studio.given == [], "nothing that was asked for meanwhile is carried out later"

    sit(studio, act)


def test_a_console_without_a_station_waits_for_it_and_claims_nothing(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        assert "Đang tìm trạm phát…" in seat.screen()
        assert "Chưa có kênh nào" not in seat.screen()
        await asyncio.to_thread(studio.station.start)
        await seat.sees("Bài 1 của TV1")

    # Ports are known, nobody listens yet.
    studio.station.start()
    studio.station.stop()
    sit(studio, act, started=False)


def test_a_console_whose_key_is_unknown_says_so_and_asks_nothing(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("khóa bị từ chối")
        await seat.until(lambda: "Hãy đề nghị quản trị viên cho phép" in " ".join(seat.screen().split()))
        assert seat.app.station.link is Link.REFUSED
        assert studio.asked == []

    sit(studio, act, key="stranger")


def test_what_cannot_be_answered_is_told_once_with_what_to_do(studio: Studio) -> None:
    from delivery.errors import Refused

    def refuse(*_: object) -> None:
        raise Refused("Try again later.", do="Try again.")

    studio.station.methods["ingest.status"] = question(refuse)

    async def act(seat: Seat) -> None:
        await seat.is_told("→ Hãy thử lại.")
        await seat.press("ctrl+r", "ctrl+r")
        await seat.pilot.pause(0.3)
        assert sum("→ Hãy thử lại." in note.message for note in seat.app._notifications) == 1

    sit(studio, act)


def test_the_language_and_the_colours_change_everywhere_at_one_key(studio: Studio) -> None:
    def footer(seat: Seat) -> set[str]:
        return {active.binding.description for active in seat.app.screen.active_bindings.values()}

    async def act(seat: Seat) -> None:
        await seat.sees("ĐANG PHÁT", "sẵn sàng", "1 Đang phát")
        assert {"Trợ giúp", "Bỏ", "English"} <= footer(seat)
        await seat.press("ctrl+l")
        await seat.sees("ON AIR", "ready", "2 channels", "No alarms", "1 On air")
        assert "ĐANG PHÁT" not in seat.screen()
        assert {"Help", "Skip", "Tiếng Việt"} <= footer(seat)
        first = seat.app.theme
        await seat.press("ctrl+t")
        assert seat.app.theme != first
        assert not seat.app.current_theme.dark
        await seat.press("3")
        await seat.sees("Recordings")

    sit(studio, act)


def test_help_in_every_section_lists_the_keys_of_the_moment(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("TV1")
        for section, expected in (("1", "Giữ"), ("2", "Biên dịch"), ("3", "Phê duyệt"), ("4", "Tiếp nhận")):
            await seat.press(section)
            await seat.until(lambda wanted=section: _number(seat) == wanted)
            await seat.press("f1")
            await seat.dialog("HelpScreen")
            assert isinstance(seat.app.screen, HelpScreen)
            assert seat.app.screen.query_one("VerticalScroll").region.height <= 24
            await seat.sees(expected, "Phím")
            await seat.press("escape")
            await seat.no_dialog()
        await seat.press("ctrl+p")
        await seat.dialog("CommandPalette")
        await seat.press("escape")
        titles = [command.title for command in seat.app.get_system_commands(seat.app.screen)]
        assert {"Tải lại", "English", "Màu sắc", "Trợ giúp", "Thoát", "Tiếp nhận", "Lịch phát"} <= set(titles)

    sit(studio, act)


def _number(seat: Seat) -> str:
    return str([name for name, _ in seat.app.SECTIONS].index(seat.app.current_mode) + 1)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
def test_no_line_is_wider_than_the_terminal_whatever_the_station_says(
    studio: Studio, size: tuple[int, int]
) -> None:
    long = "Một tên rất dài " * 20
    studio.channels = [
        channel(
            "KÊNH-TRUYỀN-HÌNH-RẤT-DÀI",
            name=long,
            state="?!",
            now={"title": long + "\n\x1b[31m", "start": 5, "end": 1, "kind": "x"},
            next=[{"title": long, "start": 0, "ready": False, "reason": long}, "nonsense"],
            alerts=[{"severity": "??", "text": long}, {}, 7],
            health={"peers": [{"name": long}, 3], "bit_rate": "x"},
            loudness={"momentary": ["x"]},
        ),
        {"name": "no code"},
        "nonsense",
    ]
    studio.jobs = [job(file=long, stage=long, fraction="x", problems=[long, 7, None]), job("j2", fraction=7)]

    async def act(seat: Seat) -> None:
        await seat.sees("KÊNH-TR")
        for key in "1234":
            await seat.press(key)
            await seat.pilot.pause(0.1)
            for widget in (found for found in seat.app.screen.query(Drawn) if found.is_on_screen):
                # A sentence that must be read in full is wrapped by the terminal's own rules.
                if not isinstance(widget, Alarms):
                    for text in widget.draw(widget.content_size.width):
                        assert text.cell_length <= widget.content_size.width, text.plain
            assert "\x1b" not in seat.screen()

    sit(studio, act, size=size)


def test_an_empty_station_says_what_to_do_and_quitting_leaves_it_running(studio: Studio) -> None:
    studio.channels, studio.jobs = [], []

    async def act(seat: Seat) -> None:
        await seat.sees("Chưa có kênh nào. Hãy mở kênh bằng “tuxa channel open”.")
        await seat.press("3")
        await seat.sees("Chưa có bản ghi nào. Hãy chép vào thư mục “inbox”")
        studio.channels = [channel("TV9")]
        await seat.press("1", "ctrl+r")
        await seat.sees("TV9")
        await seat.press("ctrl+q")
        await seat.until(lambda: not seat.app.is_running or seat.app.return_code == 0)

    sit(studio, act)
    assert studio.given == []
