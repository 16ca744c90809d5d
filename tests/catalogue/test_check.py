"""Tables fit together, and courses can be graded as the regulation profile says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.catalogue.term import TERM, complaints, notes, read, replaced, with_rows


@pytest.mark.parametrize(
    ("table", "column", "row", "value"),
    [
        ("cohorts", "programme", 2, "X"),
        ("courses", "programme", 2, "X"),
        ("courses", "lecturer", 2, "X"),
        ("units", "course", 2, "X"),
        ("components", "course", 2, "X"),
        ("activities", "unit", 2, "9"),
        ("activities", "component", 4, "X"),
        ("activities", "material", 3, "X"),
        ("materials", "course", 2, "X"),
        ("materials", "author", 2, "X"),
        ("learners", "cohort", 2, "X"),
        ("learners", "site", 2, "X"),
        ("enrolments", "learner", 2, "X"),
        ("enrolments", "course", 2, "X"),
    ],
)
def test_a_reference_to_nothing_is_named_where_it_stands(
    table: str, column: str, row: int, value: str
) -> None:
    found = complaints(replaced(table, row, column, value))
    assert any(text.startswith(f"{table}.csv, row {row}, column “{column}”: ") for text in found)


def components(*rows: tuple[str, str]) -> list[Sequence[object]]:
    return [
        TERM["components"][0],
        *(("C", f"K{n}", "Điểm", kind, weight) for n, (kind, weight) in enumerate(rows)),
    ]


def graded(credits: str, *rows: tuple[str, str]) -> list[str]:
    tables = replaced("courses", 2, "credits", credits)
    tables["components"] = components(*rows)
    tables["activities"] = [row if "QT" not in row else [*row[:7], "", ""] for row in TERM["activities"]]
    return complaints(tables)


@pytest.mark.parametrize(
    ("credits", "rows", "wrong"),
    [
        ("2", [("final", "100")], "at least 2"),
        ("1,5", [("final", "100")], None),
        ("2", [("process", "40"), ("final", "59")], "sum to 99, not to 100"),
        ("2", [("process", "33,3"), ("process", "33,3"), ("final", "33,4")], None),
        ("2", [("process", "33.33"), ("process", "33.33"), ("final", "33.33")], "sum to 99.99"),
        ("2", [("final", "40"), ("final", "60")], "TX-5.5"),
        ("2", [], "at least 2"),
    ],
)
def test_component_scores_follow_the_profile(
    credits: str, rows: list[tuple[str, str]], wrong: str | None
) -> None:
    found = graded(credits, *rows)
    assert (found == []) if wrong is None else (len(found) == 1 and wrong in found[0])


def test_the_profile_of_a_cohort_must_be_known() -> None:
    header, row = TERM["cohorts"]
    found = complaints(with_rows(cohorts=[(*header, "profile"), (*row, "VN-1999")]))
    assert found == [
        "cohorts.csv, row 2, column “profile”: There is no regulation profile “VN-1999”. Known profiles: VN-2024."
    ]


def test_there_is_a_headquarters_and_no_site_is_called_all() -> None:
    assert "headquarters" in complaints(replaced("sites", 2, "kind", "partner"))[0]
    rows = [*TERM["sites"], ("ALL", "Tất cả", "partner")]
    assert "every site" in complaints(with_rows(sites=rows))[0]


def test_a_lecturer_has_the_role() -> None:
    assert "does not have the role" in complaints(replaced("people", 2, "roles", "clerk"))[0]


def test_material_is_used_in_its_course_and_in_a_mode_that_it_is_meant_for() -> None:
    found = complaints(replaced("materials", 2, "modes", "postal"))
    assert len(found) == 1
    assert "not meant for the mode “network”" in found[0]


def test_a_mode_without_one_of_the_four_kinds_is_noted_but_not_refused() -> None:
    tables = with_rows(activities=TERM["activities"][:-1])
    assert complaints(tables) == []
    assert notes(tables) == [
        "Course C: no activity of kind consultation in the mode “network” (TX-9.7-2). Add it before teaching."
    ]


def test_four_kinds_in_one_mode_do_not_stand_for_another_mode() -> None:
    rows = [*TERM["activities"], ("C", "C-5", "", "assignment", "postal", "e", "60", "", "")]
    assert ["postal" in note for note in notes(with_rows(activities=rows))] == [True]


def test_a_province_of_the_past_is_noted_once_with_its_count() -> None:
    header, row = TERM["learners"]
    rows = [(*header, "province"), (*row, "Tỉnh Sóc Trăng"), ("SV2", "A", "K1", "MAIN", "TP. Cần Thơ")]
    rows += [
        ("SV3", "B", "K1", "MAIN", "Tỉnh Sóc Trăng"),
        ("SV4", "C", "K1", "MAIN", "thành phố Hồ Chí Minh"),
    ]
    noted = notes(with_rows(learners=rows))
    assert len(noted) == 1
    assert "“Tỉnh Sóc Trăng”" in noted[0]
    assert "(2 learners)" in noted[0]


def test_learners_of_another_programme_are_noted() -> None:
    tables = with_rows(
        programmes=[*TERM["programmes"], ("P2", "1", "Khác", "7480201", "120", "54")],
        cohorts=[*TERM["cohorts"], ("K2", "P2", "13/02/2024")],
    )
    tables["learners"] = [TERM["learners"][0], ("SV1", "A", "K2", "MAIN")]
    assert read(tables)[2].found == []
    assert notes(tables) == ["Course C: 1 learners are enrolled from other programmes."]
