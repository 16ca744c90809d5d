"""Slots from a table (CSV, XLSX) or a calendar (iCalendar): all rows are good, or every bad one is named.

Columns: ``channel``, ``start`` (2026-11-24T19:30), ``materials`` (separated by ``;``) or ``course`` with
``whole_course``; and where wanted ``rule``, ``rerun``, ``minutes``, ``except`` (days, separated by ``;``),
``skip_holidays``, ``unit``, ``activity``. In a calendar, LOCATION is the channel and SUMMARY the materials, or
CATEGORIES the course whose lessons air in order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from delivery.broadcast.schedule.icalendar import read_ical
from delivery.broadcast.schedule.schedule import make_slot
from delivery.errors import N_, BadInput, Message, TuxaError
from delivery.store.air import Slot

COLUMNS = (
    "channel",
    "start",
    "materials",
    "course",
    "whole_course",
    "rule",
    "rerun",
    "minutes",
    "except",
    "skip_holidays",
    "unit",
    "activity",
)
_TRUE, _FALSE = {"1", "x", "yes", "true", "có", "co"}, {"", "0", "no", "false", "không", "khong"}


def slots_of_file(path: Path) -> list[Slot]:
    """The slots that a file tells of. Raises BadInput with every problem."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}"),
            do=N_("Check the file and its permissions."),
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    ending = path.suffix.lower()
    if ending in (".ics", ".ical"):
        return _from_calendar(_text(data, path.name), path.name)
    rows = _sheet(data, path.name) if ending in (".xlsx", ".xlsm") else _table(_text(data, path.name))
    return _from_rows(rows, path.name)


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            N_("{file} is not UTF-8 text (byte {position})."),
            do=N_("Save it as “CSV UTF-8”, or as XLSX."),
            file=source,
            position=error.start,
        ) from error


def _table(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    for row in reader:
        yield (
            reader.line_num,
            {(k or "").strip().lower(): (v or "").strip() for k, v in row.items() if isinstance(v, str)},
        )


def _sheet(data: bytes, source: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadInput(
            N_("{file} is not a workbook: {reason}"),
            do=N_("Save it as XLSX again."),
            file=source,
            reason=str(error),
        ) from error
    rows = sheet.iter_rows(values_only=True)
    names = [str(cell or "").strip().lower() for cell in next(rows, ())]
    for number, cells in enumerate(rows, 2):
        values = {name: _cell(value) for name, value in zip(names, cells, strict=False) if name}
        if any(values.values()):
            yield number, values


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _from_rows(rows: Iterator[tuple[int, Mapping[str, str]]], source: str) -> list[Slot]:
    slots: list[Slot] = []
    problems: list[Message] = []
    for number, row in rows:
        unknown = sorted(set(row) - set(COLUMNS) - {""})
        if unknown:
            raise BadInput(
                N_("{file}: there is no column “{column}”."),
                do=N_("Columns: {known}."),
                file=source,
                column=unknown[0],
                known=", ".join(COLUMNS),
            )
        try:
            slots.append(_slot(row))
        except TuxaError as error:
            problems.append(Message(N_("Row {row}: {problem}"), {"row": number, "problem": error.what}))
    _complain(problems, source)
    if not slots:
        raise BadInput(
            N_("{file} has no rows."), do=N_("Columns: {known}."), file=source, known=", ".join(COLUMNS)
        )
    return slots


def _slot(row: Mapping[str, str]) -> Slot:
    def several(name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in row.get(name, "").split(";") if part.strip())

    def number(name: str) -> int:
        text = row.get(name, "") or "0"
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            raise BadInput(N_("“{text}” in {column} is not a number."), text=text, column=name)
        return int(text)

    def flag(name: str) -> bool:
        text = row.get(name, "").lower()
        if text not in _TRUE | _FALSE:
            raise BadInput(N_("“{text}” in {column} is neither yes nor no."), text=text, column=name)
        return text in _TRUE

    if not row.get("channel"):
        raise BadInput(N_("The channel is missing."))
    try:
        start = datetime.fromisoformat(row.get("start", ""))
    except ValueError as error:
        raise BadInput(N_("“{text}” is not a time."), text=row.get("start", "")) from error
    return make_slot(
        row["channel"],
        start,
        materials=several("materials"),
        rule=row.get("rule", ""),
        rerun=flag("rerun"),
        course=row.get("course", ""),
        activity=row.get("activity", ""),
        unit=number("unit"),
        except_days=several("except"),
        skip_holidays=flag("skip_holidays"),
        minutes=number("minutes"),
        whole_course=flag("whole_course") or (not several("materials") and bool(row.get("course"))),
    )


def _from_calendar(text: str, source: str) -> list[Slot]:
    slots: list[Slot] = []
    problems: list[Message] = []
    for event in read_ical(text, source=source):
        told = event.properties
        course = told.get("CATEGORIES", "").strip()
        try:
            slots.append(
                make_slot(
                    told.get("LOCATION", "").strip(),
                    event.start,
                    materials=() if course else tuple(told.get("SUMMARY", "").split()),
                    rule=event.rule,
                    course=course,
                    except_days=event.except_days,
                    also=event.also,
                    whole_course=bool(course),
                )
            )
        except TuxaError as error:
            problems.append(
                Message(N_("Line {line}: {problem}"), {"line": event.line, "problem": error.what})
            )
    _complain(problems, source)
    return slots


def _complain(problems: list[Message], source: str) -> None:
    if problems:
        raise BadInput(
            N_("{file} was not taken in: {count} rows have problems."),
            do=N_("Correct them and import the file again; nothing was stored."),
            problems=tuple(problems),
            file=source,
            count=len(problems),
        )
