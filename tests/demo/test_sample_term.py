"""The sample term is whole, sound and fictional."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from delivery.catalogue.kinds import (
    PRINTED_KINDS,
    ActivityKind,
    DeliveryMode,
    MaterialKind,
    MaterialRole,
    Role,
)
from delivery.catalogue.model import Catalogue
from delivery.catalogue.parse import Problems
from delivery.catalogue.tables_in import Roster, check_tables, read_tables
from delivery.demo.sample import sample_term
from delivery.store.catalogue_files import TableFiles
from tests.catalogue.term import REGULATIONS


def _read() -> tuple[Catalogue, Roster, Mapping[str, str]]:
    problems = Problems()
    with sample_term() as folder, TableFiles(folder, problems) as source:
        tables = read_tables(source.tables, problems)
    roster = check_tables(tables, tables.catalogue, REGULATIONS, problems)
    assert problems.found == []
    assert problems.notes == []
    return tables.catalogue, roster, tables.files


CATALOGUE, ROSTER, FILES = _read()


def test_three_courses_are_led_by_the_three_modes_with_all_four_kinds_of_activity() -> None:
    modes = {course.lead_mode: code for code, course in CATALOGUE.courses.items()}
    assert set(modes) == {DeliveryMode.BROADCAST, DeliveryMode.POSTAL, DeliveryMode.NETWORK}
    for mode, code in modes.items():
        kinds = {a.kind for a in CATALOGUE.activities_of[code] if a.mode is mode}
        assert kinds == set(ActivityKind)


def test_planned_minutes_are_fifty_hours_per_credit() -> None:
    # T8: one credit is 50 hours of study.
    for code, course in CATALOGUE.courses.items():
        assert sum(a.minutes for a in CATALOGUE.activities_of[code]) == course.credits * Decimal(50 * 60)


def test_forty_learners_at_two_sites_take_every_course() -> None:
    assert len(ROSTER.entries) == 40
    assert set(Counter(e.site for e in ROSTER.entries)) == {"MAIN", "THATSON"}
    assert all(set(e.courses) == set(CATALOGUE.courses) for e in ROSTER.entries)
    assert min(c.admission_date.isoformat() for c in CATALOGUE.cohorts.values()) > "2024-02-13"


def test_learners_have_addresses_of_today_and_some_of_before_july_2025() -> None:
    for entry in ROSTER.entries:
        p = entry.profile
        assert all((p.address, p.commune, p.province, p.postcode, p.phone))
        assert p.email.endswith("@example.edu.vn")
        assert p.old_address != p.address
    assert 0 < sum(1 for e in ROSTER.entries if e.profile.old_address) < 40
    letters = set("".join(e.profile.full_name for e in ROSTER.entries).lower())
    assert set("ăâđêôơư") <= letters


def test_lessons_cover_the_units_of_the_broadcast_course() -> None:
    tv = [m for m in CATALOGUE.materials.values() if m.kind is MaterialKind.TV_PROGRAMME]
    radio = [m for m in CATALOGUE.materials.values() if m.kind is MaterialKind.RADIO_PROGRAMME]
    assert [m.unit for m in tv] == [1, 2, 3]
    assert len(radio) == 2
    aired = {a.material for a in CATALOGUE.activities.values() if a.mode is DeliveryMode.BROADCAST}
    assert {m.code for m in (*tv, *radio)} <= aired


def test_every_course_has_main_and_supplementary_material_and_the_post_has_print() -> None:
    for code in CATALOGUE.courses:
        roles = {m.role for m in CATALOGUE.materials.values() if m.course == code}
        assert roles == set(MaterialRole)
    postal = [m for m in CATALOGUE.materials.values() if DeliveryMode.POSTAL in m.modes]
    assert all(m.kind in PRINTED_KINDS for m in postal)


def test_somebody_else_than_the_author_can_appraise_and_approve() -> None:
    authors = {m.author for m in CATALOGUE.materials.values()}
    others = [p for p in CATALOGUE.people.values() if p.code not in authors]
    assert {r for p in others for r in p.roles} >= {Role.LECTURER, Role.MANAGER, Role.CLERK, Role.TECHNICIAN}


def test_assignments_on_paper_and_in_the_portal_have_their_questions() -> None:
    asked = [
        a
        for a in CATALOGUE.activities.values()
        if a.kind is ActivityKind.ASSIGNMENT and a.mode in (DeliveryMode.POSTAL, DeliveryMode.NETWORK)
    ]
    assert len(asked) == 3
    with sample_term() as folder:
        for activity in asked:
            text = (folder / FILES[activity.material]).read_text(encoding="utf-8")
            points = [
                line.split("(")[1].split()[0] for line in text.splitlines() if line.startswith("## Câu")
            ]
            assert sum(map(int, points)) == 10


def test_all_text_is_composed_and_every_row_has_every_cell() -> None:
    with sample_term() as folder:
        for file in sorted(folder.iterdir()):
            if file.suffix not in (".csv", ".md"):
                continue
            text = file.read_text(encoding="utf-8")
            assert unicodedata.is_normalized("NFC", text), file.name
            if file.suffix == ".csv":
                assert len({len(row) for row in csv.reader(text.splitlines())}) == 1, file.name
