"""The page that tells institutions how to fill in the tables says what the program does."""

from __future__ import annotations

from pathlib import Path

from delivery.catalogue.columns import SPECS
from delivery.catalogue.tablespec import TableSpec

PAGE = Path(__file__).parents[2] / "docs" / "catalogue-files.md"


def _rows(spec: TableSpec, page: str) -> list[list[str]]:
    section = page.split(f"## `{spec.name}`\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_column_is_described_with_its_headers_and_whether_it_is_needed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for spec in SPECS:
        told = [(row[0], row[1], row[2] == "yes") for row in _rows(spec, page)]
        assert told == [(f"`{c.name}`", "; ".join(c.also), c.needed) for c in spec.columns], spec.name
