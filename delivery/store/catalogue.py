"""The catalogue in the database: loaded as one frozen value, saved by differences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, insert, select, update

from delivery.catalogue.changes import TABLES
from delivery.catalogue.kinds import (
    ActivityKind,
    ComponentKind,
    DeliveryMode,
    EmploymentKind,
    GradingBasis,
    MaterialKind,
    MaterialRole,
    Role,
    SiteKind,
)
from delivery.catalogue.model import (
    Activity,
    Catalogue,
    Cohort,
    Component,
    Course,
    Institution,
    Material,
    Person,
    Programme,
    Site,
    Unit,
)
from delivery.errors import N_, NotFound, Refused
from delivery.record.canonical import canonical
from delivery.store.database import Database
from delivery.store.tables.catalogue import (
    ActivityTable,
    CohortTable,
    ComponentTable,
    CourseTable,
    InstitutionTable,
    MaterialTable,
    PersonTable,
    ProgrammeTable,
    SiteTable,
    UnitTable,
)

_BETWEEN = ";"


def _many(kind: type[StrEnum]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(kind(word) for word in text.split(_BETWEEN) if word)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """How one kind of entity lies in its table; `read` turns stored text back into types."""

    entity: Callable[..., Any]
    model: type[Any]
    read: Mapping[str, Callable[[str], Any]]

    @property
    def table(self) -> Table:
        table: Table = self.model.__table__
        return table


_MAPPED: Mapping[str, _Mapped] = {
    "sites": _Mapped(Site, SiteTable, {"kind": SiteKind}),
    "programmes": _Mapped(Programme, ProgrammeTable, {"credits": Decimal}),
    "cohorts": _Mapped(Cohort, CohortTable, {}),
    "courses": _Mapped(
        Course, CourseTable, {"credits": Decimal, "lead_mode": DeliveryMode, "grading": GradingBasis}
    ),
    "units": _Mapped(Unit, UnitTable, {}),
    "components": _Mapped(Component, ComponentTable, {"kind": ComponentKind, "weight": Decimal}),
    "activities": _Mapped(Activity, ActivityTable, {"kind": ActivityKind, "mode": DeliveryMode}),
    "materials": _Mapped(
        Material, MaterialTable, {"kind": MaterialKind, "role": MaterialRole, "modes": _many(DeliveryMode)}
    ),
    "people": _Mapped(Person, PersonTable, {"roles": _many(Role), "employment": EmploymentKind}),
}
_INSTITUTION: Table = InstitutionTable.__table__  # type: ignore[attr-defined]


def _stored(value: Any) -> Any:
    if isinstance(value, tuple):
        return _BETWEEN.join(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.value if isinstance(value, StrEnum) else value


def _row_of(entity: Any) -> dict[str, Any]:
    return {name: _stored(value) for name, value in asdict(entity).items()}


def document_of(catalogue: Catalogue) -> dict[str, Any]:
    """The whole catalogue as a JSON document, the same for equal catalogues."""
    out: dict[str, Any] = {"institution": asdict(catalogue.institution)}
    for name in TABLES:
        rows = getattr(catalogue, name)
        out[name] = [
            {k: v.isoformat() if isinstance(v, date) else v for k, v in _row_of(rows[key]).items()}
            for key in sorted(rows)
        ]
    return out


def from_document(document: Mapping[str, Any]) -> Catalogue:
    """The catalogue of :func:`document_of`'s document. Raises ValueError, KeyError or TypeError for another one."""
    tables: dict[str, dict[Any, Any]] = {}
    for name in TABLES:
        mapped = _MAPPED[name]
        keys = [column.name for column in mapped.table.primary_key]
        dates = {column.name for column in mapped.table.columns if column.type.python_type is date}
        rows = tables[name] = {}
        for row in document[name]:
            values = {
                column: date.fromisoformat(v)
                if column in dates and v is not None
                else mapped.read[column](v)
                if column in mapped.read
                else v
                for column, v in row.items()
            }
            key = tuple(row[part] for part in keys)
            rows[key if len(key) > 1 else key[0]] = mapped.entity(**values)
    return Catalogue(Institution(**document["institution"]), **tables)


def digest_of(catalogue: Catalogue) -> str:
    """SHA-256 over the canonical bytes of the catalogue."""
    return hashlib.sha256(canonical(document_of(catalogue))).hexdigest()


class CatalogueStore:
    """Loads and saves the catalogue of one home. What was loaded is kept until the stored revision changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: tuple[str, Catalogue] | None = None

    def load(self) -> Catalogue:
        """The catalogue. Raises Refused when none was imported yet."""
        with self._database.read() as connection:
            found = self.find_in(connection)
        if found is None:
            raise Refused(
                N_("There is no catalogue in this home yet."),
                do=N_("Import one with: tuxa catalogue import FOLDER"),
            )
        return found

    def find_in(self, connection: Connection) -> Catalogue | None:
        """The catalogue as this connection sees it, or None."""
        row = connection.execute(select(_INSTITUTION)).first()
        if row is None:
            return None
        cached = self._cached
        if cached is not None and cached[0] == row.revision:
            return cached[1]
        institution = Institution(row.code, row.name, row.supervising_body, row.address)
        catalogue = Catalogue(institution, **{name: _load(connection, name) for name in TABLES})
        self._cached = (row.revision, catalogue)
        return catalogue

    def save_in(self, connection: Connection, catalogue: Catalogue) -> bool:
        """Make the stored catalogue equal to `catalogue`, inside the caller's write transaction; whether it changed."""
        stored = self.find_in(connection)
        if stored == catalogue:
            return False
        for name in TABLES:
            old = getattr(stored, name) if stored is not None else {}
            _save(connection, _MAPPED[name].table, old, getattr(catalogue, name))
        connection.execute(delete(_INSTITUTION))
        row = {**_row_of(catalogue.institution), "revision": digest_of(catalogue)}
        connection.execute(insert(_INSTITUTION), row)
        return True

    def set_content(self, material: str, *, content: str, file: str) -> None:
        """Bind a material to the bytes that hold it now. Raises NotFound when the catalogue does not list it."""
        with self._database.write() as connection:
            catalogue = self.find_in(connection)
            known = catalogue.materials.get(material) if catalogue is not None else None
            if catalogue is None or known is None:
                raise NotFound(
                    N_("The catalogue has no material “{material}”."),
                    do=N_("Add it to the table materials and import the catalogue again."),
                    material=material,
                )
            bound = replace(known, content=content, file=file)
            self.save_in(connection, replace(catalogue, materials={**catalogue.materials, material: bound}))


def _load(connection: Connection, name: str) -> dict[Any, Any]:
    mapped = _MAPPED[name]
    table = mapped.table
    keys = [column.name for column in table.primary_key]
    out: dict[Any, Any] = {}
    for row in connection.execute(select(table).order_by(*table.primary_key)).mappings():
        values = {column: mapped.read[column](v) if column in mapped.read else v for column, v in row.items()}
        key = tuple(row[part] for part in keys)
        out[key if len(key) > 1 else key[0]] = mapped.entity(**values)
    return out


def _save(connection: Connection, table: Table, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> None:
    def is_row(key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        return and_(*(column == part for column, part in zip(table.primary_key, parts, strict=True)))

    for key in old.keys() - new.keys():
        connection.execute(delete(table).where(is_row(key)))
    for key in old.keys() & new.keys():
        if old[key] != new[key]:
            connection.execute(update(table).where(is_row(key)).values(_row_of(new[key])))
    if fresh := [_row_of(new[key]) for key in new if key not in old]:
        connection.execute(insert(table), fresh)
