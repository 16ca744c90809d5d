"""Registers against the catalogue: every code that a row refers to exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from delivery.catalogue.evidence import ABOUT
from delivery.catalogue.kinds import SiteKind
from delivery.catalogue.model import Catalogue
from delivery.catalogue.parse import Problems, Where
from delivery.catalogue.register_kinds import OUTSIDE
from delivery.catalogue.registers import Evidence
from delivery.errors import N_, Message

REFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "evidence": (("people", "people"),),
    "programme_details": (("programme", "programmes"),),
    "plans": (("programme", "programmes"),),
    "plan_courses": (("programme", "programmes"), ("course", "courses")),
    "material_plans": (("course", "courses"), ("owner", "people")),
    "teaching": (("course", "courses"), ("person", "people")),
    "appointments": (("person", "people"), ("programme", "programmes")),
    "partners": (("site", "sites"),),
    "contracts": (("partner", "sites"), ("programmes", "programmes")),
    "intakes": (("cohort", "cohorts"),),
    "quotas": (("programme", "programmes"), ("site", "sites")),
    "syllabi": (("course", "courses"),),
    "sessions": (("course", "courses"), ("site", "sites"), ("cohort", "cohorts")),
    "exam_papers": (("course", "courses"), ("author", "people"), ("confirmed_by", "people")),
    "suspensions": (("programmes", "programmes"),),
    "tickets": (("owner", "people"),),
}
"""Register -> (column, table that its value is a code of)."""


def check_registers(
    catalogue: Catalogue,
    registers: Mapping[str, Mapping[Any, Any]],
    places: Mapping[tuple[str, object], Where],
    problems: Problems,
) -> None:
    """Add to `problems` each reference to what does not exist, and each partner that is none."""
    for name, rows in registers.items():
        for key, row in rows.items():
            for column, table in REFERENCES.get(name, ()):
                for value in _values(getattr(row, column)):
                    if name == "sessions" and value == OUTSIDE:
                        continue
                    _refers(catalogue, (name, key), column, (table, value), places, problems)
            if isinstance(row, Evidence) and row.subject and row.kind in ABOUT:
                _refers(catalogue, (name, key), "subject", (ABOUT[row.kind], row.subject), places, problems)
            if name in ("partners", "contracts"):
                _is_partner(catalogue, (name, key), row, places, problems)


def _values(value: Any) -> Iterable[str]:
    if isinstance(value, tuple):
        return value
    return (value,) if value else ()


def _refers(
    catalogue: Catalogue,
    at: tuple[str, object],
    column: str,
    target: tuple[str, str],
    places: Mapping[tuple[str, object], Where],
    problems: Problems,
) -> None:
    table, value = target
    if value in getattr(catalogue, table) or problems.excuses(table, value):
        return
    text = N_("“{value}” is not in {table}. Correct the code, or add the row there.")
    problems.in_cell(places[at], column, Message(text, {"value": value, "table": table}))


def _is_partner(
    catalogue: Catalogue,
    at: tuple[str, object],
    row: Any,
    places: Mapping[tuple[str, object], Where],
    problems: Problems,
) -> None:
    column = "site" if at[0] == "partners" else "partner"
    site = catalogue.sites.get(getattr(row, column))
    if site is not None and site.kind is not SiteKind.PARTNER:
        text = N_("{site} is not a partner. Write “partner” as its kind in sites, or correct the code.")
        problems.in_cell(places[at], column, Message(text, {"site": site.code}))
