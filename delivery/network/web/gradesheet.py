"""Grade sheet and progress board of a course, on the screen and as a spreadsheet."""

from __future__ import annotations

import io
from typing import Any

from fastapi import APIRouter, Depends
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import Role
from delivery.catalogue.model import Course
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.network.web.deskwork import taught_course
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit, VisitOf

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def grade_routes(services: PortalServices, reader_of: VisitOf) -> APIRouter:
    """``/grades/{course}``, ``/grades/{course}.xlsx`` and ``/progress/{course}``."""
    router = APIRouter()

    def known(code: str, visit: Visit) -> Course:
        """A course that one teaches; managers see every one. Raises 404 for any other."""
        if Role.MANAGER in visit.roles:
            course = services.catalogue().courses.get(code)
            if course is None:
                raise HTTPException(404)
            return course
        return taught_course(code, visit, services)

    @router.get("/grades/{course}/sheet.xlsx")
    def spreadsheet(course: str, visit: Visit = Depends(reader_of)) -> Response:
        found = known(course, visit)
        data = workbook(
            found, _rows(found, visit, services, what="grades"), services, Translator(visit.language)
        )
        headers = {"content-disposition": f'attachment; filename="bang-diem-{_plain(found.code)}.xlsx"'}
        return visit.finish(Response(data, media_type=_XLSX, headers=headers))

    @router.get("/grades/{course}")
    def grades(course: str, visit: Visit = Depends(reader_of)) -> Response:
        found = known(course, visit)
        return visit.page(
            "grades.html",
            course=found,
            components=services.catalogue().components_of.get(found.code, ()),
            rows=_rows(found, visit, services, what="grades"),
        )

    @router.get("/progress/{course}")
    def progress(course: str, visit: Visit = Depends(reader_of)) -> Response:
        found = known(course, visit)
        rows = _rows(found, visit, services, what="progress")
        rows.sort(key=lambda row: row["percent"])
        return visit.page("progress.html", course=found, rows=rows)

    return router


def _rows(course: Course, visit: Visit, services: PortalServices, *, what: str) -> list[dict[str, Any]]:
    """One row for each learner of the course, in order of student code. That names were shown is told."""
    learners = list(services.learners_of(course.code))
    names = services.profiles(learners)
    services.seen.note(learners, what=what, actor=visit.staff)
    rows = []
    for learner in learners:
        told = next(
            (item for item in services.record_of(learner)["courses"] if item["course"] == course.code), None
        )
        if told is None:
            continue
        activities = told["activities"]
        planned = sum(activity["planned_minutes"] for activity in activities)
        rows.append(
            {
                "code": names[learner].code if learner in names else learner,
                "name": names[learner].full_name if learner in names else "",
                "scores": {part["component"]: part["score"] for part in told["components"]},
                "grade": told["grade"],
                "percent": 100 * sum(a["minutes"] for a in activities) // planned if planned else 0,
                "open": sum(a["kind"] == "assignment" and a["status"] in _OPEN for a in activities),
                "late": sum(bool(a["late"]) for a in activities),
                "exchanges": told["interactions"],
            }
        )
    return sorted(rows, key=lambda row: row["code"])


_OPEN = ("not_recorded", "delivered", "incomplete")


def workbook(course: Course, rows: list[dict[str, Any]], services: PortalServices, t: Translator) -> bytes:
    """The grade sheet as XLSX: numbers as numbers, texts as texts, whatever they begin with."""
    components = services.catalogue().components_of.get(course.code, ())
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _plain(course.code)[:31] or "grades"
    heads = [
        t(N_("Code")),
        t(N_("Name")),
        *(f"{component.name} ({component.weight}%)" for component in components),
        t(N_("Score")),
        t(N_("Letter")),
    ]
    _line(sheet, 1, [f"{course.code} · {course.name}"])
    _line(sheet, 3, heads)
    for at, row in enumerate(rows, start=4):
        grade = row["grade"] or {}
        scores = [_number(row["scores"].get(component.code)) for component in components]
        _line(
            sheet,
            at,
            [row["code"], row["name"], *scores, _number(grade.get("score")), grade.get("letter", "")],
        )
    for cell in (sheet.cell(1, 1), *sheet[3]):
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=cell.row == 3, vertical="top")
    for number, width in enumerate((14, 28, *(14 for _ in heads[2:])), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "C4"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _line(sheet: Any, at: int, values: list[Any]) -> None:
    for number, value in enumerate(values, start=1):
        cell = sheet.cell(at, number)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # never a formula, whatever a name begins with


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _plain(code: str) -> str:
    """A code as part of a file's name."""
    return "".join(letter for letter in code if letter.isascii() and (letter.isalnum() or letter in "-_."))
