"""A technician's morning on a real terminal against a station at work: a lesson is ingested, approved, scheduled every
week, seen on the air, skipped, and what became of it is read."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from delivery.app import App
from delivery.app.consoles import build_bus
from delivery.app.services import keep_ahead, step
from delivery.catalogue.kinds import (
    ActivityKind,
    DeliveryMode,
    EmploymentKind,
    MaterialKind,
    MaterialRole,
    Role,
    SiteKind,
)
from delivery.catalogue.model import (
    Activity,
    Catalogue,
    Course,
    Institution,
    Material,
    Person,
    Programme,
    Site,
)
from delivery.clock import SystemClock
from delivery.ids import SeededIds
from delivery.network.bus.address import publish_address, withdraw_address
from delivery.record.kinds import FactKind
from delivery.settings import Settings
from delivery.store.air import TICK_US
from tests.tui.terminal import terminal

pytestmark = [pytest.mark.slow, pytest.mark.needs("tmux"), pytest.mark.timeout(180)]

AIR = (DeliveryMode.BROADCAST,)
CATALOGUE = Catalogue(
    institution=Institution("DH", "Đại học Từ xa"),
    sites={"MAIN": Site("MAIN", "Đại học Từ xa", SiteKind.HEADQUARTERS)},
    programmes={"NN": Programme("NN", "1", "Nông nghiệp", "7620101", Decimal(120), 48)},
    courses={"NN101": Course("NN101", "NN", "Trồng lúa", Decimal(3), DeliveryMode.BROADCAST)},
    activities={
        "NN101-PT1": Activity(
            "NN101",
            "NN101-PT1",
            1,
            ActivityKind.SESSION,
            DeliveryMode.BROADCAST,
            "Bài 1",
            45,
            material="PT-U1",
        )
    },
    materials={
        "PT-U1": Material(
            "PT-U1",
            "NN101",
            1,
            MaterialKind.RADIO_PROGRAMME,
            MaterialRole.MAIN,
            AIR,
            "Chọn giống lúa",
            "GV02",
        )
    },
    people={
        code: Person(code, name, (Role.LECTURER,), EmploymentKind.PERMANENT)
        for code, name in (("GV02", "Tác giả"), ("HD01", "Thẩm định"), ("HT01", "Hiệu trưởng"))
    },
)


class Ahead:
    """The machine's clock, ahead by what a test lets pass."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by

    def monotonic(self) -> float:
        return SystemClock().monotonic()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[App]:
    app = App(Settings(home=tmp_path / "home", executor="process", workers=1), Ahead(), SeededIds(3))
    app.init()
    with app.database.write() as connection:
        app.catalogue_store.save_in(connection, CATALOGUE)
    app.on_air.open_channel("PT1", "Phát thanh Từ xa", kind="radio")
    keep_ahead(app)
    (app.settings.home / "inbox").mkdir()
    spoken(app.settings.home / "inbox" / "PT-U1.mp3")
    yield app
    app.close()


def spoken(file: Path) -> None:
    """Half a minute that rises and falls as speech does."""
    rate, seconds = 48_000, 30
    at = np.arange(rate * seconds) / rate
    sound = np.random.default_rng(1).normal(size=at.size) * (0.12 + 0.1 * np.sin(at * 9) * np.sin(at * 2.3))
    raw = file.with_suffix(".wav")
    with wave.open(str(raw), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(sound, -0.9, 0.9) * 32_000).astype("<i2").tobytes())
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", "-i", raw, "-b:a", "192k", "-ac", "2", file], check=True)
    raw.unlink()


def test_a_lesson_is_ingested_approved_scheduled_seen_on_the_air_skipped_and_read_in_the_as_run(
    home: App, tmp_path: Path
) -> None:
    folder = home.settings.home
    clock = home.clock
    assert isinstance(clock, Ahead)

    def play(seconds: float) -> None:
        """The station at work, a beat every four seconds."""
        for _ in range(round(seconds / 4)):
            clock.by += timedelta(seconds=4)
            step(home)

    with build_bus(home) as bus:
        publish_address(folder / "run", bus.address)
        with terminal(tmp_path, ["--home", str(folder), "console", "technician"]) as shown:
            shown.sees("PT1", "HÌNH HIỆU")
            shown.press("3")
            shown.sees("Chưa có bản ghi nào")
            shown.press("a")
            shown.sees("PT-U1.mp3")
            shown.press("Enter")
            shown.sees("Chọn giống lúa")
            shown.press("Enter")
            shown.sees("○ chờ phê duyệt", "LUFS")
            shown.press("y")
            for text in ("BB-01", "HD01", "QĐ-7", "HT01"):
                shown.type(text)
                shown.press("Enter")
            shown.sees("● đã phê duyệt")
            shown.press("2")
            shown.sees("phút/dòng")
            shown.press("n")
            shown.sees("Chọn giống lúa")
            shown.press("Down", "Enter")
            shown.sees("hằng tuần", "FREQ=WEEKLY")
            shown.press("Enter")
            shown.sees("Không có gì cản trở")
            shown.press("Enter")
            shown.sees("Biên dịch (C) để")
            shown.press("c")
            shown.sees("chương trình, dòng thời gian")
            shown.press("Enter", "1")
            (airing, *_) = home.on_air.store.airings("PT1", since_tick=0)
            until = airing.start_tick * TICK_US / 1e6 - clock.now().timestamp()
            clock.by += timedelta(seconds=until - 6)
            play(12)
            shown.sees("ĐANG PHÁT", "Chọn giống lúa", meanwhile=lambda: step(home))
            shown.press("s")
            shown.sees("kết thúc sớm")
            shown.press("Enter")
            shown.sees("HÌNH HIỆU", meanwhile=lambda: play(4))
            play(40)
            shown.press("2")
            shown.sees("◐ phát một phần")
            shown.press("a")
            shown.sees("Nhấn G")
            keys = shown.pressed
            shown.press("Escape")
            shown.loses("Nhấn G")
            shown.press("C-q")
            shown.sees("ended with 0")
        withdraw_address(folder / "run")
    aired = [fact.data for fact in home.facts.select(kind=FactKind.ITEM_AIRED)]
    assert [(one["material"], one["status"]) for one in aired] == [("PT-U1", "partial")]
    told = list(home.facts.select(kind=FactKind.COMMAND_GIVEN))
    assert {fact.actor for fact in told} == {"technician"}
    assert [f"{fact.data['target']}.{fact.data['command']}" for fact in told] == [
        "ingest.add", "ingest.approve", "schedule.change", "schedule.compile", "channel.skip",
    ]  # fmt: skip
    assert keys == 22, "each key that is saved is saved every morning; none is added lightly"
