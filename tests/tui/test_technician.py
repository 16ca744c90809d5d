"""The technician's console, driven by keys, against a real daemon on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from delivery.clock import SystemClock, to_micros
from delivery.errors import Refused
from delivery.i18n import Translator
from delivery.ids import SystemIds
from delivery.network.bus.authorise import question
from delivery.network.bus.client import Link
from delivery.network.bus.keys import new_key_pair
from tests.network.bus_support import Station
from tui.help import HelpScreen
from tui.technician import TechnicianConsole
from tui.widgets import ChannelRow, Drawn

CLOCK = SystemClock()
SECOND = 1_000_000


def channel(code: str = "TV1", **fields: Any) -> dict[str, Any]:
    now = to_micros(CLOCK.now())
    return {
        "channel": code,
        "name": f"Kênh {code}",
        "kind": "tv",
        "state": "on_air",
        "now": {
            "title": f"Bài 1 của {code}",
            "start": now - 60 * SECOND,
            "end": now + 90 * SECOND,
            "kind": "lesson",
        },
        "next": [
            {
                "title": f"Bài {n} của {code}",
                "start": now + n * 90 * SECOND,
                "end": 0,
                "ready": n != 3,
                "reason": reason,
            }
            for n, reason in ((2, ""), (3, "chưa được phê duyệt"), (4, ""))
        ],
        "alerts": [],
        **fields,
    }


def job(ident: str = "j1", **fields: Any) -> dict[str, Any]:
    known = {"id": ident, "file": f"{ident}.mp4", "kind": "tv", "fraction": 0.25, "stage": "", "verdict": ""}
    return {**known, "problems": [], **fields}


@dataclass
class Studio:
    """What the daemon of a test says, and what it was asked."""

    home: Path
    channels: list[dict[str, Any]] = field(
        default_factory=lambda: [channel("TV1"), channel("R1", kind="radio")]
    )
    jobs: list[dict[str, Any]] = field(default_factory=lambda: [job()])
    asked: list[str] = field(default_factory=list)
    ahead_s: float = 0.0

    def __post_init__(self) -> None:
        methods = {"channels.status": question(self._channels), "ingest.status": question(self._jobs)}
        self.station = Station(self.home, methods=methods)

    def _channels(self, _params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        self.asked.append(f"channels.status by {actor}")
        return {"now": to_micros(CLOCK.now()) + int(self.ahead_s * SECOND), "channels": self.channels}

    def _jobs(self, _params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        self.asked.append(f"ingest.status by {actor}")
        return {"jobs": self.jobs}

    def publish(self, topic: str, data: Any) -> None:
        assert self.station.server is not None
        self.station.server.publish(topic, data)


@dataclass
class Seat:
    """A console on a terminal, and the hands of its user."""

    app: TechnicianConsole
    pilot: Pilot[None]

    def screen(self) -> str:
        """All text that is drawn now."""
        widgets = self.app.screen_stack[0].query(Drawn)
        return "\n".join(widget.render().plain for widget in widgets if widget.is_on_screen)

    def row(self, code: str) -> str:
        rows = self.app.screen_stack[0].query(ChannelRow)
        return next((row.render().plain for row in rows if row.channel.code == code), "")

    async def until(self, condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
        for _ in range(int(within_s / 0.05)):
            if condition():
                return
            await self.pilot.pause(0.05)
        pytest.fail(f"never came; the screen says:\n{self.screen()}")

    async def sees(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.screen() for text in texts))

    async def sees_no(self, text: str) -> None:
        await self.until(lambda: text not in self.screen())


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def sit(
    studio: Studio,
    act: Callable[[Seat], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    lang: Any = "vi",
    stranger: bool = False,
    started: bool = True,
) -> None:
    """Open a console of `studio` and let `act` use it."""

    async def session() -> None:
        keys = new_key_pair(SystemIds()) if stranger else None
        client = studio.station.client(keys=keys)
        app = TechnicianConsole(client, clock=CLOCK, words=Translator(lang))
        async with app.run_test(size=size, notifications=True) as pilot:
            await act(Seat(app, pilot))
            # The harness takes the screen down beside the app's own loop: let what is under way arrive first.
            await asyncio.to_thread(client.close)
            await pilot.pause()

    if started:
        studio.station.start()
    try:
        asyncio.run(session())
    finally:
        studio.station.stop()


def test_the_screen_shows_each_channel_with_now_next_and_readiness(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees(
            "● đã kết nối", "2 kênh", "TV1", "R1", "Bài 1 của TV1", "● ĐANG PHÁT", "Không có cảnh báo"
        )
        await seat.until(lambda: "chưa được phê duyệt" in seat.row("TV1"))
        assert "✓ sẵn sàng" in seat.row("TV1")
        assert "Bài 4 của TV1" in seat.row("TV1")
        assert "phát thanh" in seat.row("R1")
        assert studio.asked[:2] == ["channels.status by technician", "ingest.status by technician"]

    sit(studio, act)


def test_the_time_left_counts_down_by_the_station_clock(studio: Studio) -> None:
    studio.ahead_s = 30.0

    async def act(seat: Seat) -> None:
        # 90 s are left by this machine's clock; the station is 30 s ahead.
        await seat.until(lambda: any(f"-{left}" in seat.row("TV1") for left in ("1:00", "0:59")))
        await seat.sees("lệch giờ -30,")
        await seat.until(lambda: "-0:57" in seat.row("TV1"))

    sit(studio, act)


def test_choosing_a_channel_by_key_shows_its_next_three_items(studio: Studio) -> None:
    studio.channels.append(channel("TV2"))

    async def act(seat: Seat) -> None:
        await seat.sees("Bài 4 của TV1")
        assert "Bài 4 của R1" not in seat.row("R1")
        await seat.pilot.press("down")
        await seat.sees("Bài 4 của R1")
        assert "Bài 4 của TV1" not in seat.row("TV1")
        await seat.pilot.press("up")
        await seat.sees("Bài 4 của TV1")

    sit(studio, act, size=(80, 20))


def test_a_wide_terminal_has_room_for_the_next_items_of_all_channels(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 4 của TV1", "Bài 4 của R1")
        on_air, ingest = seat.app.query_one("#on-air"), seat.app.query_one("#ingest")
        assert ingest.region.x >= on_air.region.right, "panels stand side by side"

    sit(studio, act, size=(160, 45))


def test_events_change_the_rows_without_asking_again(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1", "j1.mp4", "25%")
        await seat.until(lambda: len(studio.asked) >= 2)
        studio.publish("ingest.j1", job(fraction=0.5, stage="Transcoding"))
        await seat.sees("50%")
        studio.publish("ingest.j2", job("j2"))
        await seat.sees("j2.mp4", "2 tệp")
        studio.publish("channel.TV1", channel("TV1", state="fault", now=None, next=[]))
        await seat.sees("▲ SỰ CỐ", "không phát gì", "chưa có mục kế tiếp")

    sit(studio, act)


def test_a_refused_file_says_why_in_full(studio: Studio) -> None:
    problem = "Im lặng 41 giây từ phút 12:03, dài hơn giới hạn 10 giây của hồ sơ phát sóng đang dùng."
    studio.jobs = [job(verdict="refused", problems=[problem]), job("j2", verdict="pass", fraction=1.0)]

    async def act(seat: Seat) -> None:
        await seat.sees("✗ bị từ chối", "✓ đạt")
        shown = " ".join(seat.screen().split())
        assert problem in shown

    sit(studio, act)


def test_alarms_come_first_and_the_most_urgent_on_top(studio: Studio) -> None:
    warning = {"severity": "warning", "text": "Tệp kế tiếp thiếu"}
    alarm = {"severity": "error", "text": {"msgid": "No signal for {seconds} s", "params": {"seconds": 12}}}
    studio.channels = [channel("TV1", alerts=[warning]), channel("R1", alerts=[alarm])]

    async def act(seat: Seat) -> None:
        await seat.sees("▲ SỰ CỐ R1  No signal for 12 s", "! Cảnh báo TV1  Tệp kế tiếp thiếu")
        text = seat.screen()
        assert text.index("No signal") < text.index("Tệp kế tiếp") < text.index("2 kênh")
        studio.channels = [channel("TV1"), channel("R1")]
        studio.publish("channel.TV1", channel("TV1"))
        studio.publish("channel.R1", channel("R1"))
        await seat.sees("Không có cảnh báo")

    sit(studio, act)


def test_an_alert_is_told_at_once_and_the_state_is_asked_again(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.until(lambda: len(studio.asked) == 2)
        studio.publish("alert", {"severity": "error", "text": "Mất tín hiệu [TV1]", "channel": "TV1"})
        await seat.until(lambda: any("Mất tín hiệu [TV1]" in n.message for n in seat.app._notifications))
        await seat.until(lambda: len(studio.asked) == 4)

    sit(studio, act)


def test_refresh_asks_the_station_again(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("j1.mp4")
        before = len(studio.asked)
        await seat.pilot.press("r")
        await seat.until(lambda: len(studio.asked) >= before + 2)

    sit(studio, act)


def test_a_lost_station_is_shown_and_the_console_recovers_by_itself(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("● đã kết nối", "Bài 1 của TV1")
        await asyncio.to_thread(studio.station.stop)
        await seat.sees("Mất liên lạc với trạm phát – đang thử lại", "▲ mất liên lạc", "dữ liệu lúc")
        assert "Bài 1 của TV1" in seat.screen(), "the last known state stays"
        assert seat.app.query_one("#body").has_class("-stale")
        studio.channels = [channel("TV1", state="slate"), channel("R1")]
        await asyncio.to_thread(studio.station.start)
        await seat.sees("● đã kết nối", "◌ HÌNH HIỆU", "Không có cảnh báo")
        assert not seat.app.query_one("#body").has_class("-stale")

    sit(studio, act)


def test_a_console_without_a_station_waits_for_it_and_claims_nothing(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        assert "Đang tìm trạm phát…" in seat.screen()
        assert "Chưa có kênh nào" not in seat.screen()
        await asyncio.to_thread(studio.station.start)
        await seat.sees("● đã kết nối", "Bài 1 của TV1")

    # Ports are known, nobody listens yet.
    studio.station.start()
    studio.station.stop()
    sit(studio, act, started=False)


def test_a_console_whose_key_is_unknown_says_so(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("khóa bị từ chối")
        await seat.until(lambda: "Hãy đề nghị quản trị viên cho phép" in " ".join(seat.screen().split()))
        assert seat.app.client.link is Link.REFUSED
        assert studio.asked == []

    sit(studio, act, stranger=True)


def test_a_refusal_of_the_station_is_told_with_what_to_do(studio: Studio) -> None:
    def refuse(*_: object) -> None:
        raise Refused("Try again later.", do="Try again.")

    studio.station.methods["ingest.status"] = question(refuse)

    async def act(seat: Seat) -> None:
        await seat.until(lambda: any("→ Hãy thử lại." in note.message for note in seat.app._notifications))

    sit(studio, act)


def test_an_empty_station_says_what_to_do(studio: Studio) -> None:
    studio.channels, studio.jobs = [], []

    async def act(seat: Seat) -> None:
        await seat.sees(
            "Chưa có kênh nào. Hãy mở kênh bằng “tuxa channel open”.", "Không có tệp nào đang được nhập."
        )
        studio.channels = [channel("TV9")]
        await seat.pilot.press("r")
        await seat.sees("TV9")
        assert "Chưa có kênh nào" not in seat.screen()

    sit(studio, act)


def test_the_language_changes_everywhere_at_one_key(studio: Studio) -> None:
    def footer(seat: Seat) -> set[str]:
        return {active.binding.description for active in seat.app.screen.active_bindings.values()}

    async def act(seat: Seat) -> None:
        await seat.sees("ĐANG PHÁT", "Nhập liệu", "sẵn sàng")
        assert {"Trợ giúp", "Tải lại", "English"} <= footer(seat)
        await seat.pilot.press("ctrl+l")
        await seat.sees("ON AIR", "Ingest", "ready", "2 channels", "connected", "No alarms")
        assert "ĐANG PHÁT" not in seat.screen()
        assert {"Help", "Refresh", "Tiếng Việt"} <= footer(seat)
        await seat.pilot.press("ctrl+l")
        await seat.sees("ĐANG PHÁT", "Nhập liệu")

    sit(studio, act)


def test_english_can_be_the_first_language(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("ON AIR", "Broadcast technician")

    sit(studio, act, lang="en")


@pytest.mark.parametrize("key", ["f1", "?"])
def test_help_opens_over_the_screen_and_escape_closes_it(studio: Studio, key: str) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("TV1")
        await seat.pilot.press(key)
        assert isinstance(seat.app.screen, HelpScreen)
        assert seat.app.screen.query_one("VerticalScroll").region.height <= 24
        await seat.pilot.press("escape")
        assert not isinstance(seat.app.screen, HelpScreen)

    sit(studio, act)


def test_the_palette_offers_commands_in_the_language_of_the_moment(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        titles = [command.title for command in seat.app.get_system_commands(seat.app.screen)]
        assert titles == ["Tải lại", "English", "Trợ giúp", "Thoát"]
        await seat.pilot.press("ctrl+p")
        await seat.until(lambda: type(seat.app.screen).__name__ == "CommandPalette")
        await seat.pilot.press("escape")

    sit(studio, act)


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)])
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
        ),
        {"name": "no code"},
        "nonsense",
    ]
    studio.jobs = [job(file=long, stage=long, fraction="x", problems=[long, 7, None]), job("j2", fraction=7)]

    async def act(seat: Seat) -> None:
        await seat.sees("KÊNH-TRUYỀN")
        for widget in (found for found in seat.app.query(Drawn) if found.is_on_screen):
            for text in widget.draw(widget.content_size.width):
                assert text.cell_length <= widget.content_size.width, text.plain
        assert "\x1b" not in seat.screen()

    sit(studio, act, size=size)


def test_quitting_leaves_the_station_running(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("TV1")
        await seat.pilot.press("ctrl+q")
        await seat.until(lambda: not seat.app.is_running or seat.app.return_code == 0)

    studio.station.start()
    sit(studio, act, started=False)
