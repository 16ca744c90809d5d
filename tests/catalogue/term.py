"""A small sound catalogue, as raw tables that tests bend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from delivery.catalogue.check import Regulations
from delivery.catalogue.parse import Problems, RawTable
from delivery.catalogue.tables_in import Roster, Tables, check_tables, read_tables
from delivery.i18n import Translator
from delivery.regulation.profile import load_profile

Rows = Sequence[Sequence[object]]
REGULATIONS = Regulations({"VN-2024": load_profile("VN-2024").grading}, "VN-2024")
TERM: Mapping[str, Rows] = {
    "institution": [("code", "name"), ("U", "Trường")],
    "sites": [("code", "name", "kind"), ("MAIN", "Trụ sở", "headquarters")],
    "programmes": [
        ("code", "version", "name", "major_code", "credits", "standard_months"),
        ("P", "1", "Chương trình", "7480201", "120", "54"),
    ],
    "cohorts": [("code", "programme", "admission_date"), ("K1", "P", "13/02/2024")],
    "courses": [
        ("code", "programme", "name", "credits", "lead_mode", "lecturer"),
        ("C", "P", "Học phần", "2", "network", "GV"),
    ],
    "units": [("course", "number", "title"), ("C", "1", "Bài một")],
    "components": [
        ("course", "code", "name", "kind", "weight"),
        ("C", "QT", "Quá trình", "process", "40"),
        ("C", "CK", "Cuối kỳ", "final", "60"),
    ],
    "activities": [
        ("course", "code", "unit", "kind", "mode", "title", "minutes", "component", "material"),
        ("C", "C-1", "1", "session", "network", "a", "60", "", ""),
        ("C", "C-2", "1", "material", "network", "b", "60", "", "M"),
        ("C", "C-3", "1", "assignment", "network", "c", "60", "QT", ""),
        ("C", "C-4", "", "consultation", "network", "d", "60", "", ""),
    ],
    "materials": [
        ("code", "course", "unit", "kind", "role", "modes", "title", "author"),
        ("M", "C", "1", "digital", "main", "network", "Học liệu", "GV"),
    ],
    "people": [("code", "name", "roles", "employment"), ("GV", "Lê Thị Hằng", "lecturer", "permanent")],
    "learners": [("code", "full_name", "cohort", "site"), ("SV1", "Trần Văn Được", "K1", "MAIN")],
    "enrolments": [("learner", "course"), ("SV1", "C")],
}


def with_rows(**changed: Rows) -> dict[str, Rows]:
    return {**TERM, **changed}


def replaced(table: str, row: int, column: str, value: object) -> dict[str, Rows]:
    """The term with one cell changed; rows count as in a spreadsheet, the header being row 1."""
    rows = [list(r) for r in TERM[table]]
    rows[row - 1][list(TERM[table][0]).index(column)] = value
    return with_rows(**{table: rows})


def raw(rows: Rows, file: str = "t.csv") -> RawTable:
    return RawTable(file, rows[0], iter([(n, row) for n, row in enumerate(rows[1:], 2)]), full_rows=True)


def read(tables: Mapping[str, Rows]) -> tuple[Tables, Roster, Problems]:
    problems = Problems()
    parsed = read_tables({name: raw(rows, f"{name}.csv") for name, rows in tables.items()}, problems)
    return parsed, check_tables(parsed, parsed.catalogue, REGULATIONS, problems), problems


def complaints(tables: Mapping[str, Rows]) -> list[str]:
    """Every problem in English."""
    translate = Translator("en")
    return [translate(message) for message in read(tables)[2].found]


def notes(tables: Mapping[str, Rows]) -> list[str]:
    translate = Translator("en")
    return [translate(message) for message in read(tables)[2].notes]
