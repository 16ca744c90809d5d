"""Guides, calendars and day sheets out; tables and calendars in. Judged by xmltv's own validator and by dateutil."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from delivery.broadcast.schedule.daysheet import day_sheet
from delivery.broadcast.schedule.findings import gap
from delivery.broadcast.schedule.icalendar import read_ical, to_ical
from delivery.broadcast.schedule.programme import Programme
from delivery.broadcast.schedule.tablesin import slots_of_file
from delivery.broadcast.schedule.xmltv import to_xmltv
from delivery.clock import VIETNAM, to_micros
from delivery.errors import BadInput
from delivery.i18n import Translator
from delivery.store.air import Channel
from tests.support.tools import tool

START = datetime(2026, 11, 24, 19, 30, tzinfo=VIETNAM)
CHANNEL = Channel("TV1", "Truyền hình Từ xa", "tv", {})
LESSON = Programme(
    "a" * 20,
    "TV1",
    "Truyền hình Từ xa",
    to_micros(START),
    to_micros(START),
    to_micros(START) + 2_700_000_000,
    "Đạo hàm & vi phân; <ứng dụng>, phần 2",
    "TOAN101",
    "Giải tích một biến số dành cho sinh viên hệ đào tạo từ xa",
    2,
    "TOAN101-TV2",
    rerun=False,
    card=True,
)


def evening() -> list[Programme]:
    hour = 3_600_000_000
    return [
        replace(
            LESSON,
            airing=f"{n:020}",
            start_us=LESSON.start_us + n * hour,
            planned_us=LESSON.start_us + n * hour,
            end_us=LESSON.end_us + n * hour,
            rerun=n == 2,
            unit=n + 1,
        )
        for n in range(4)
    ]


@pytest.mark.needs("tv_validate_file")
def test_the_guide_is_valid_xmltv(tmp_path: Path) -> None:
    file = tmp_path / "guide.xml"
    file.write_text(to_xmltv([CHANNEL], evening(), institution="Đại học Từ xa"), "utf-8")
    run = subprocess.run(
        [str(tool("tv_validate_file")), str(file)],
        # The DTD that Debian's package brings; the program would fetch it otherwise.
        env={**os.environ, "XMLTV_SUPPLEMENT": "/usr/share/xmltv", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.replace("Validated ok.", "").strip()) == (0, ""), (
        run.stdout + run.stderr
    )
    text = file.read_text("utf-8")
    assert 'start="20261124193000 +0700"' in text
    assert "Đạo hàm &amp; vi phân; &lt;ứng dụng&gt;" in text
    assert "previously-shown" in text


def test_a_calendar_comes_back_as_it_went_out() -> None:
    text = to_ical(evening(), name="Lịch phát sóng", stamp_us=LESSON.start_us)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    events = read_ical(text, source="x.ics")
    assert len(events) == 4
    assert events[0].start == START
    assert events[0].properties["SUMMARY"] == LESSON.title
    assert events[0].properties["LOCATION"] == CHANNEL.name


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID=Asia/Ho_Chi_Minh:20261124T193000
RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=8
EXDATE;TZID=Asia/Ho_Chi_Minh:20261126T193000
SUMMARY:M1 M2 M3
LOCATION:TV1
END:VEVENT
BEGIN:VEVENT
DTSTART:20261124T123000Z
CATEGORIES:TOAN101
LOCATION:PT1
END:VEVENT
END:VCALENDAR
"""


def test_slots_come_from_a_calendar(tmp_path: Path) -> None:
    file = tmp_path / "lich.ics"
    file.write_text(ICS, "utf-8")
    first, second = slots_of_file(file)
    assert (first.start, first.materials, first.except_days) == (START, ("M1", "M2", "M3"), ("2026-11-26",))
    assert (second.start, second.course, second.whole_course) == (START, "TOAN101", True)


CSV = """channel,start,materials,rule,rerun,minutes,except,course
TV1,2026-11-24T19:30,M1;M2,"FREQ=WEEKLY;BYDAY=TU,TH",,45,2026-11-26;2026-12-01,
TV1,2026-11-25T08:00,M1,,có,,,
PT1,2026-11-25T09:00,,FREQ=DAILY,,,,TOAN101
"""


def test_slots_come_from_a_table_and_a_workbook_alike(tmp_path: Path) -> None:
    table = tmp_path / "Lịch tuần 1.csv"
    table.write_text("\ufeff" + CSV, "utf-8")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(io.StringIO(CSV)):
        sheet.append(row)
    book.save(tmp_path / "lich.xlsx")
    slots = slots_of_file(table)
    assert slots == slots_of_file(tmp_path / "lich.xlsx")
    assert [s.rerun for s in slots] == [False, True, False]
    assert slots[0].except_days == ("2026-11-26", "2026-12-01")
    assert slots[2].whole_course


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (
            "a.csv",
            b"channel,start,materials\nTV1,tomorrow,M1\nTV1,2026-11-24T19:30,M1\n,2026-11-24T19:30,M1\n",
            "2",
        ),
        ("b.csv", b"channel,when\nTV1,x\n", "when"),
        ("c.csv", b"\xff\xfe\x00", "UTF-8"),
        ("d.xlsx", b"PK\x03\x04 no workbook", "workbook"),
        ("e.ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no events"),
        (
            "f.ics",
            ICS.replace("TZID=Asia/Ho_Chi_Minh:20261124", "TZID=Europe/Paris:20261124").encode(),
            "line 3",
        ),
        ("g.csv", b"channel,start,materials\n", "no rows"),
        ("h.csv", b"", "no rows"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_bad_files_are_refused_with_the_place(
    tmp_path: Path, name: str, data: bytes | None, told: str
) -> None:
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        slots_of_file(file)
    assert told in str(caught.value)


@pytest.mark.needs("pdftotext", "pdffonts")
def test_the_day_sheet_has_every_programme_in_embedded_vietnamese_type(tmp_path: Path) -> None:
    file = tmp_path / "sheet.pdf"
    note = gap("TV1", to_micros(START), 12)
    many = [replace(one, airing=f"{n}{one.airing}") for n in range(8) for one in evening()]
    words = Translator("vi")
    data = day_sheet(CHANNEL, date(2026, 11, 24), many, [note], institution="Đại học Từ xa", words=words)
    assert data == day_sheet(
        CHANNEL, date(2026, 11, 24), many, [note], institution="Đại học Từ xa", words=words
    )
    file.write_bytes(data)
    text = subprocess.run(
        [str(tool("pdftotext")), "-layout", str(file), "-"], capture_output=True, text=True, check=True
    )
    assert text.stdout.count("Đạo hàm & vi phân") == 32
    assert "19:30:00" in text.stdout
    assert "Thứ Ba 24/11/2026" in text.stdout
    fonts = subprocess.run(
        [str(tool("pdffonts")), str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert all(" yes yes " in line for line in fonts.splitlines()[2:])
