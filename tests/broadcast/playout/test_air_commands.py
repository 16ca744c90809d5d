"""``tuxa schedule`` and ``tuxa channel``: documents, exit codes, words in two languages."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from delivery.app import App
from delivery.app.slotgate import require_hours
from delivery.broadcast.playout.onair import OnAir
from delivery.cli import channel, regulation, schedule
from delivery.clock import ManualClock
from delivery.demo.sample import sample_term
from delivery.errors import BadInput, GateClosed, NotFound
from delivery.settings import Settings
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import Air

__all__ = ["studio"]


class Wired(App):
    """A home whose lessons come from the test studio."""

    studio: Studio

    @cached_property
    def air(self) -> Air:
        air = Air(self.studio, self.database)
        air.lessons["M1"] = self.studio.lesson(1, 25)
        return air

    @property
    def on_air(self) -> OnAir:
        return self.air.station

    @staticmethod
    def on(studio: Studio, folder: Path) -> Wired:
        """A new home in `folder`, at the studio's time."""
        app = Wired(Settings(home=folder, lang="en"))
        app.studio = studio
        app.init()
        app.clock = app.air.clock
        return app


@pytest.fixture
def home(studio: Studio, tmp_path: Path) -> Iterator[Wired]:
    app = Wired.on(studio, tmp_path)
    yield app
    app.close()


def run(app: App, group: typer.Typer, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(group, words, obj=app, catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def document(app: App, group: typer.Typer, *words: str, code: int = 0) -> Any:
    return json.loads(run(app, group, *words, "--json", code=code))


def test_a_lesson_is_scheduled_compiled_and_shown(home: Wired) -> None:
    slot = document(home, schedule.app, "add", "TV1", "2026-11-24T19:31", "M1")
    assert slot["start"] == "2026-11-24T19:31:00+07:00"
    assert document(home, schedule.app, "add", "TV1", "2026-11-24T19:31", "M1") == slot
    assert document(home, schedule.app, "list")["slots"] == [slot]
    [compiled] = document(home, schedule.app, "compile", "--hours", "1")["channels"]
    assert [p["start"] for p in compiled["placed"]] == ["2026-11-24 19:31:00"]
    assert compiled["findings"] == []
    [shown] = document(home, channel.app, "list")["channels"]
    assert (shown["now"], shown["next"]["material"]) == (None, "M1")
    assert "M1" in run(home, channel.app, "list")


def test_findings_end_with_code_1_and_say_what_to_do(home: Wired) -> None:
    run(home, schedule.app, "add", "TV1", "2026-11-24T19:31", "M9")
    [compiled] = document(home, schedule.app, "compile", code=1)["channels"]
    assert [f["code"] for f in compiled["findings"]] == ["missing-material"]
    english = run(home, schedule.app, "compile", code=1)
    home.__dict__.pop("translate", None)
    object.__setattr__(home.settings, "lang", "vi")
    vietnamese = run(home, schedule.app, "compile", code=1)
    assert "has no ingested media" in english
    assert "chưa có tệp phát sóng" in vietnamese


def test_a_playlist_of_a_moment_and_the_feed_of_a_span(home: Wired, tmp_path: Path) -> None:
    run(home, schedule.app, "add", "TV1", "2026-11-24T19:30:30", "M1")
    run(home, schedule.app, "compile", "--hours", "1")
    at = ("--at", "2026-11-24T12:31:00+00:00")
    listed = run(home, channel.app, "playlist", "TV1", *at)
    assert listed == run(home, channel.app, "playlist", "TV1", "--at", "2026-11-24T19:31:00")
    assert listed.startswith("#EXTM3U\n")
    out = tmp_path / "feed.ts"
    span = ("--from", "2026-11-24T19:30:20", "--to", "2026-11-24T19:30:50")
    done = document(home, channel.app, "render", "TV1", *span, "--out", str(out))
    assert (done["bytes"], done["replaced"]) == (out.stat().st_size, 0)


@pytest.mark.parametrize("words", [("add", "TV9", "2026-11-24T19:31", "M1"), ("compile", "--channel", "TV9")])
def test_an_unknown_channel_is_refused(home: Wired, words: tuple[str, ...]) -> None:
    with pytest.raises(NotFound):
        run(home, schedule.app, *words)


def test_a_time_that_is_none_is_refused_with_an_example(home: Wired) -> None:
    with pytest.raises(BadInput) as caught:
        run(home, schedule.app, "add", "TV1", "tomorrow", "M1")
    assert "2026-11-24T19:30" in str(caught.value.do)


def test_the_feed_of_a_span_is_judged_clean_and_a_broken_one_is_not(home: Wired, tmp_path: Path) -> None:
    run(home, schedule.app, "add", "TV1", "2026-11-24T19:30:30", "M1")
    run(home, schedule.app, "compile", "--hours", "1")
    out = tmp_path / "feed.ts"
    span = ("--from", "2026-11-24T19:30:20", "--to", "2026-11-24T19:30:50")
    assert (
        document(home, channel.app, "render", "TV1", *span, "--out", str(out))["rendition"] == "transmitter"
    )
    clean = document(home, channel.app, "check", str(out))
    assert (clean["verdict"], clean["faults"], clean["bit_rate"]) == ("clean", 0, 940_000)
    data = bytearray(out.read_bytes())
    data[188 * 700] = 0
    out.write_bytes(data)
    broken = document(home, channel.app, "check", str(out), code=1)
    assert [c["id"] for c in broken["checks"] if c["count"]] == ["1.2"]
    assert "Sync_byte_error" in run(home, channel.app, "check", str(out), code=1)


def test_slots_of_a_file_are_scheduled_exported_and_removed(home: Wired, tmp_path: Path) -> None:
    file = tmp_path / "week.csv"
    file.write_text("channel,start,materials\nTV1,2026-11-24T19:31,M1\nTV1,2026-11-24T20:31,M9\n", "utf-8")
    slots = document(home, schedule.app, "import", str(file))["slots"]
    assert len(slots) == 2
    run(home, schedule.app, "compile", "--hours", "3", code=1)
    assert document(home, schedule.app, "remove", slots[1]["slot"])["slot"] == slots[1]["slot"]
    run(home, schedule.app, "compile", "--hours", "3")
    guide = tmp_path / "guide.xml"
    run(home, schedule.app, "export", "--format", "xmltv", "--out", str(guide), "--from", "2026-11-24")
    assert guide.read_text("utf-8").count("<programme ") == 1
    sheet = tmp_path / "sheet.pdf"
    run(home, schedule.app, "export", "--format", "daysheet", "--channel", "TV1", "--out", str(sheet))
    assert sheet.read_bytes().startswith(b"%PDF-")
    with pytest.raises(BadInput):
        run(home, schedule.app, "export", "--format", "csv")


def test_what_was_missed_is_proposed_as_a_make_good_and_then_no_more(home: Wired) -> None:
    run(home, schedule.app, "add", "TV1", "2026-11-24T19:31", "M1")
    run(home, schedule.app, "compile", "--hours", "30")
    clock = home.clock
    assert isinstance(clock, ManualClock)
    clock.advance(600)
    home.on_air.asrunner.step(clock.now())
    [missed] = document(home, schedule.app, "makegoods", code=1)["makegoods"]
    assert (missed["material"], missed["status"], missed["planned"]) == (
        "M1",
        "missed",
        "2026-11-24 19:31:00",
    )
    start = missed["proposed"].replace(" ", "T")
    run(home, schedule.app, "add", "TV1", start, "M1", "--makes-good", missed["airing"])
    assert document(home, schedule.app, "makegoods")["makegoods"] == []
    run(home, schedule.app, "compile", "--hours", "30")


def test_a_technician_sees_the_effect_before_it_is_taken(home: Wired) -> None:
    run(home, schedule.app, "add", "TV1", "2026-11-24T19:31", "M1")
    run(home, schedule.app, "compile", "--hours", "1")
    planned = document(home, channel.app, "hold", "TV1", "--minutes", "5", "--dry-run")
    assert (planned["done"], [m["material"] for m in planned["moved"]]) == (False, ["M1"])
    assert document(home, channel.app, "list")["channels"][0]["next"]["start"] == "2026-11-24 19:31:00"
    told = run(home, channel.app, "hold", "TV1", "--minutes", "5")
    assert "M1" in told


# --- the gate of scheduling: hours of a course (T8-6.4) --------------------------------------------------------------

ONE_MINUTE_A_DAY = """[values]
teaching_hour_minutes = { value = "1", regulation = "QC" }
hours_day_max = { value = "1", regulation = "QC" }
"""
EIGHT = ("add", "TV1", "2026-11-26T08:00", "M1", "--rule", "FREQ=HOURLY;COUNT=8")
"""Eight times eight seconds: more than a minute in one day."""


@pytest.fixture
def strict(home: Wired, tmp_path: Path) -> Wired:
    """A home whose regulation allows one minute of a course in a day."""
    home.air.judge_slots = lambda slots: require_hours(home, slots)
    folder = tmp_path / "regulation"
    folder.mkdir()
    (folder / "VN-2024.toml").write_text(ONE_MINUTE_A_DAY)
    return home


def slots(home: Wired) -> int:
    return len(document(home, schedule.app, "list")["slots"])


def test_a_slot_above_the_hours_is_refused_and_not_stored(strict: Wired) -> None:
    with pytest.raises(GateClosed, match=r"T8-6.4 refuses it for CNTT101: .*of 1 allowed"):
        run(strict, schedule.app, *EIGHT)
    assert slots(strict) == 0
    run(strict, schedule.app, *EIGHT, "--rerun")  # repeats do not count (A17)
    assert slots(strict) == 1


def test_an_override_by_role_and_reason_lets_a_slot_pass_and_compiling_goes_on_to_name_it(
    strict: Wired,
) -> None:
    with sample_term() as folder:  # which says that QL01 is a manager
        strict.importer.run(folder, actor="QTHT01")
    words = ["override", "schedule", "T8-6.4", "course:CNTT101", "--actor", "QL01"]
    reason = ["--reason", "Học bù hai tuần nghỉ bão"]
    with pytest.raises(GateClosed, match="distance_manager"):
        run(strict, regulation.app, *words, *reason, "--role", "technician")
    with pytest.raises(GateClosed, match="reason"):
        run(strict, regulation.app, *words, "--reason", "vội", "--role", "rector")
    run(strict, regulation.app, *words, *reason, "--role", "distance_manager")
    run(strict, schedule.app, *EIGHT)
    assert slots(strict) == 1


def test_what_was_over_the_hours_before_does_not_stop_another_day(strict: Wired) -> None:
    rule = strict.settings.home / "regulation" / "VN-2024.toml"
    rule.unlink()
    run(strict, schedule.app, *EIGHT)
    rule.write_text(ONE_MINUTE_A_DAY)
    run(strict, schedule.app, *EIGHT)  # the same slot again
    run(strict, schedule.app, "add", "TV1", "2026-11-27T08:00", "M1")
    assert slots(strict) == 2


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("A/B", "Kênh"),
        ("../x", "Kênh"),
        ("", "Kênh"),
        ("TV 1", "Kênh"),
        ("Kênh", "Kênh"),
        ("📻", "Kênh"),
        ("T" * 21, "Kênh"),
        ("tv1", "Kênh"),
        ("TV2", " "),
        ("TV2", "é" * 81),
        ("TV2", "a\x1b[31mb"),
    ],
)
def test_a_code_that_files_and_addresses_cannot_bear_opens_no_channel(
    home: Wired, code: str, name: str
) -> None:
    with pytest.raises(BadInput):
        run(home, channel.app, "open", code, name, "--kind", "tv")
    assert [c.code for c in home.on_air.store.channels()] == ["TV1"]


def test_a_name_that_was_typed_on_another_system_is_the_same_name(home: Wired) -> None:
    typed = unicodedata.normalize("NFD", " Truyền hình  Từ xa ")
    run(home, channel.app, "open", "TV1", typed, "--kind", "tv")
    assert home.on_air.store.channel("TV1").name == "Truyền hình Từ xa"
