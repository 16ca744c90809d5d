"""What a report says now beside what it said when it was made: the numbers to send again in January (A6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from delivery.errors import N_, BadInput
from delivery.reports.document import Report


class Difference(NamedTuple):
    """One cell that is not what it was; empty where the row was not there."""

    address: str
    before: str
    now: str


def differences(before: Mapping[str, Any], now: Report) -> list[Difference]:
    """Cells that differ from an earlier JSON of the same report. Raises BadInput for another document."""
    if (before.get("report"), before.get("year"), before.get("subject")) != (
        now.kind,
        now.year,
        now.subject or None,
    ):
        raise BadInput(
            N_("That document is not the same report: {found}."),
            do=N_("Compare with a JSON made by: tuxa report {kind} --format json."),
            found=f"{before.get('report')} {before.get('year')} {before.get('subject') or ''}".strip(),
            kind=now.kind,
        )
    was = dict(_cells(before))
    told = {address: cell.text if cell.amount is None else str(cell.amount) for address, cell in now.cells()}
    return [
        Difference(address, was.get(address, ""), told.get(address, ""))
        for address in sorted(was.keys() | told.keys(), key=_place)
        if was.get(address, "") != told.get(address, "")
    ]


def _cells(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        return [
            (f"{section['number']}/{at}/{column}", str(value))
            for section in document["sections"]
            if section["table"]
            for at, row in enumerate(section["table"]["rows"], start=1)
            for column, value in enumerate(row, start=1)
        ]
    except (KeyError, TypeError) as error:
        raise BadInput(
            N_("That document is not the same report: {found}."),
            do=N_("Compare with a JSON made by: tuxa report {kind} --format json."),
            found=str(error),
            kind="annex1",
        ) from error


def _place(address: str) -> tuple[str, int, int]:
    number, row, column = address.split("/")
    return number, int(row), int(column)
