"""Rows become a catalogue and a roster, and every problem is named by file, row and column."""

from __future__ import annotations

import pytest

from delivery.catalogue.cells import BadCell
from delivery.catalogue.columns import SPECS
from delivery.catalogue.kinds import DeliveryMode, Role
from tests.catalogue.term import TERM, complaints, read, replaced, with_rows


def test_a_sound_term_becomes_a_catalogue_and_a_roster() -> None:
    parsed, roster, problems = read(TERM)
    assert problems.found == []
    assert problems.notes == []
    catalogue = parsed.catalogue
    assert catalogue.courses["C"].lead_mode is DeliveryMode.NETWORK
    assert catalogue.people["GV"].roles == (Role.LECTURER,)
    assert [a.code for a in catalogue.activities_of["C"]] == ["C-4", "C-1", "C-2", "C-3"]
    assert [(e.profile.full_name, e.courses) for e in roster.entries] == [("Trần Văn Được", ("C",))]


def test_vietnamese_headers_name_the_same_columns() -> None:
    rows = [("Mã học phần", "BÀI SỐ", "ten_bai"), ("C", "1", "Bài một")]
    assert complaints(with_rows(units=rows)) == []


def test_every_problem_is_reported_at_once_with_file_row_column_and_reason() -> None:
    tables = with_rows(
        courses=[*TERM["courses"], ("D", "Q", "Khác", "ba", "network", "")],
        learners=[*TERM["learners"], ("SV2", "", "K1", "MAIN"), ("SV3", "A", "K9", "XA")],
    )
    found = complaints(tables)
    assert found == [
        "courses.csv, row 3, column “credits”: “ba” is not a number. Write for example 3 or 33,3.",
        "learners.csv, row 3, column “full_name”: The cell is empty. Fill it in.",
        "learners.csv, row 4, column “cohort”: “K9” is not in cohorts. Correct the code, or add the row there.",
        "learners.csv, row 4, column “site”: “XA” is not in sites. Correct the code, or add the row there.",
    ]


def test_a_row_that_is_wrong_itself_does_not_make_those_wrong_that_refer_to_it() -> None:
    assert [text.split(":")[0] for text in complaints(replaced("courses", 2, "credits", "ba"))] == [
        "courses.csv, row 2, column “credits”"
    ]


def test_empty_rows_are_passed_over_but_counted() -> None:
    rows = [TERM["units"][0], ("", " ", None), ("C", "1", "Bài một"), ("C", "hai", "Bài hai")]
    assert complaints(with_rows(units=rows)) == [
        "units.csv, row 4, column “number”: “hai” is not a number. Write for example 3 or 33,3."
    ]


def test_unknown_missing_and_repeated_columns_are_refused() -> None:
    unknown = complaints(with_rows(units=[("course", "number", "title", "colour"), ("C", "1", "a", "b")]))
    assert unknown == [
        "units.csv, row 1, column “colour”: This table has no such column. It may have: course, number, title."
    ]
    missing = complaints(with_rows(units=[("course", "number"), ("C", "1")]))
    assert missing == [
        "units.csv, row 1, column “title”: The column is missing. Its header is one of: title, Tên bài."
    ]
    twice = complaints(with_rows(units=[("course", "number", "title", "Tên bài"), ("C", "1", "a", "b")]))
    assert twice == ["units.csv, row 1, column “Tên bài”: This column stands here twice."]


@pytest.mark.parametrize("again", ["SV1", "sv1"])
def test_a_code_stands_once_even_in_another_case(again: str) -> None:
    rows = [*TERM["learners"], (again, "Ai đó", "K1", "MAIN")]
    assert complaints(with_rows(learners=rows)) == [
        f"learners.csv, row 3, column “code”: “{again}” stands in row 2 already. Keep one of the two rows."
    ]


def test_an_enrolment_twice_is_refused() -> None:
    rows = [*TERM["enrolments"], ("SV1", "C")]
    assert "“SV1 / C” stands in row 2 already" in complaints(with_rows(enrolments=rows))[0]


def test_a_row_with_fewer_or_more_cells_than_the_header_is_refused() -> None:
    found = complaints(with_rows(units=[*TERM["units"], ("C", "2"), ("C", "3", "a", "b")]))
    assert [text.split(":")[0] for text in found] == ["units.csv, row 3", "units.csv, row 4"]


def test_there_is_one_institution() -> None:
    two = complaints(with_rows(institution=[*TERM["institution"], ("V", "Khác")]))
    assert two == ["institution.csv, row 3: There is one institution only. Remove this row."]
    none = complaints(with_rows(institution=TERM["institution"][:1]))
    assert none == ["institution: There is no row. Describe the institution in row 2."]


def test_defaults_pass_their_own_column() -> None:
    for spec in SPECS:
        for column in spec.columns:
            if not column.needed and column.default not in ("", None, ()):
                try:
                    column.parse(str(column.default))
                except BadCell:
                    pytest.fail(f"{spec.name}.{column.name}")
