"""What an import would change in the catalogue: a pure comparison of two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from delivery.catalogue.model import Catalogue, Material
from delivery.errors import N_, Message

TABLES = (
    "sites",
    "programmes",
    "cohorts",
    "courses",
    "units",
    "components",
    "activities",
    "materials",
    "people",
)
"""Names of the catalogue's mappings, in an order in which what is referred to comes first."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Codes that facts speak of. A row with such a code outlives its line in the files."""

    codes: Mapping[str, Set[str]]
    """Table -> codes."""

    def keeps(self, table: str, key: Any) -> bool:
        """Units and components live and die with the course's own list; everything else is kept by its code."""
        return isinstance(key, str) and key in self.codes.get(table, frozenset())


@dataclass(frozen=True, slots=True)
class TableChange:
    """Numbers of one table."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: tuple[str, ...] = ()
    """Codes that the files no longer list and that stay because facts speak of them."""

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


def vanished(stored: Catalogue | None, wanted: Catalogue) -> bool:
    """Whether the files leave out anything that is stored."""
    return stored is not None and any(
        getattr(stored, table).keys() - getattr(wanted, table).keys() for table in TABLES
    )


def merge(stored: Catalogue | None, wanted: Catalogue, mentioned: Mentioned) -> Catalogue:
    """The catalogue as it will be: the files, with what must be kept, and with contents that only the store knows.

    The content of a material whose row names no file came by another way (a lesson that was ingested); the file's
    silence does not take it away.
    """
    if stored is None:
        return wanted
    merged: dict[str, Any] = {}
    for table in TABLES:
        old, new = getattr(stored, table), getattr(wanted, table)
        kept = {key: row for key, row in old.items() if key not in new and mentioned.keeps(table, key)}
        merged[table] = {**kept, **new}
    merged["materials"] = {
        code: _with_content(material, stored.materials.get(code))
        for code, material in merged["materials"].items()
    }
    return replace(wanted, **merged)


def _with_content(material: Material, known: Material | None) -> Material:
    if material.content or known is None:
        return material
    return replace(material, content=known.content, file=known.file)


def compare(stored: Catalogue | None, wanted: Catalogue, merged: Catalogue) -> Mapping[str, TableChange]:
    """Changes by table from `stored` to `merged`; `wanted` is what the files said."""
    out = {"institution": _institution_change(stored, merged)}
    for table in TABLES:
        old: Mapping[Any, Any] = getattr(stored, table) if stored is not None else {}
        new: Mapping[Any, Any] = getattr(merged, table)
        out[table] = TableChange(
            added=len(new.keys() - old.keys()),
            changed=sum(1 for key in new.keys() & old.keys() if new[key] != old[key]),
            removed=len(old.keys() - new.keys()),
            kept=tuple(sorted(new.keys() - getattr(wanted, table).keys())),
        )
    return out


def _institution_change(stored: Catalogue | None, merged: Catalogue) -> TableChange:
    if stored is None:
        return TableChange(added=1)
    return TableChange(changed=int(stored.institution != merged.institution))


def notes_of(changes: Mapping[str, TableChange]) -> Iterable[Message]:
    """One note per table of which rows were kept."""
    for table, change in changes.items():
        if change.kept:
            text = N_("{table}: no longer listed, and kept because the record speaks of them: {codes}.")
            yield Message(text, {"table": table, "codes": ", ".join(change.kept)})
