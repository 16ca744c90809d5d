"""Projection of what is told about packets: one row for each packet, one for each of its pages.

Facts may arrive in any order (sites sync): what is told of a packet before its plan waits in its row. The pages' own
rows are never written again (delivery.store.packet_states).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import Connection, Table, case
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.kinds import FactKind
from delivery.store import return_projection
from delivery.store.tables.core import PacketTable, SheetTable

_packet: Table = PacketTable.__table__  # type: ignore[attr-defined]


class Told(Protocol):
    """What the handlers read of a fact."""

    @property
    def kind(self) -> FactKind: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def learner(self) -> str: ...
    @property
    def course(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


Handler = Callable[[Connection, Sequence[Any]], None]

_TIMES = {
    FactKind.PACKET_PRINTED: "printed_at",
    FactKind.PACKET_POSTED: "posted_at",
    FactKind.PACKET_DELIVERED: "delivered_at",
    FactKind.PACKET_RETURNED_UNDELIVERED: "undelivered_at",
    FactKind.PACKET_VOIDED: "voided_at",
}


def packets_planned(connection: Connection, facts: Sequence[Told]) -> None:
    """Rows of new packets and their pages."""
    packets: list[tuple[Any, ...]] = []
    sheets: list[tuple[Any, ...]] = []
    for fact in facts:
        data = fact.data
        rows = _sheet_rows(fact)
        sheets += rows
        packets.append(
            (
                data["packet"],
                data["batch"],
                fact.learner,
                fact.course,
                len(rows),
                fact.occurred_at,
                data.get("supersedes", ""),
                data.get("layout", ""),
            )
        )
    # In the order of their keys, neighbours go into the same page of the index.
    sheets.sort(key=itemgetter(0))
    on_server = connection.dialect.name == "postgresql"
    connection.exec_driver_sql(_PACKETS_IN[on_server], packets)
    connection.exec_driver_sql(_SHEETS_IN[on_server], sheets)


_PLANNED_COLUMNS = ("packet", "batch", "learner", "course", "pages", "planned_at", "supersedes", "layout")
_SHEET_COLUMNS = ("page_id", "side_id", "role", "activity", "page", "pages", "packet", "position")
# Hundreds of thousands of rows at a time: as plain SQL, which both databases understand.
_SHEETS_IN = tuple(
    f"INSERT INTO sheet ({', '.join(_SHEET_COLUMNS)}) VALUES ({', '.join([mark] * len(_SHEET_COLUMNS))}) "
    "ON CONFLICT (page_id) DO NOTHING"
    for mark in ("?", "%s")
)


def _sheet_rows(fact: Told) -> list[tuple[Any, ...]]:
    """In the order of :data:`_SHEET_COLUMNS`."""
    packet = fact.data["packet"]
    return [
        (page_id, side_id, role, activity, page, pages, packet, position)
        for position, (page_id, side_id, role, activity, page, pages) in enumerate(fact.data["sheets"], 1)
    ]


def packet_told(connection: Connection, facts: Sequence[Told]) -> None:
    """Something happened to packets as they are: printed, posted, delivered, returned undelivered, voided."""
    rows: dict[str, dict[str, Any]] = {}
    for fact in facts:
        data = fact.data
        row = rows.setdefault(data["packet"], {"packet": data["packet"]})
        name = _TIMES[fact.kind]
        row[name] = max(row.get(name, 0), fact.occurred_at)
        if fact.kind is FactKind.PACKET_PRINTED:
            row |= {"job": data.get("job", ""), "first_page": data.get("first", 1)}
        elif fact.kind is FactKind.PACKET_POSTED:
            row["item"] = data.get("item", "")
        elif fact.kind is FactKind.PACKET_RETURNED_UNDELIVERED:
            row["reason"] = data["reason"]
    # Packets of which the same is told go into one statement.
    by_names: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows.values():
        by_names.setdefault(tuple(sorted(row)), []).append(row)
    for names, group in by_names.items():
        _upsert(connection, group, set_names=[name for name in names if name != "packet"])


def _upsert(connection: Connection, rows: list[dict[str, Any]], *, set_names: Sequence[str]) -> None:
    """Insert rows; of a known packet set these columns, times only forward."""
    statement = _insert(connection, _packet)
    values: dict[str, Any] = {}
    for name in set_names:
        column, given = _packet.c[name], statement.excluded[name]
        values[name] = case((given > column, given), else_=column) if name.endswith("_at") else given
    connection.execute(
        statement.on_conflict_do_update(index_elements=["packet"], set_=values),
        [{**_EMPTY, **row} for row in rows],
    )


def _insert(connection: Connection, table: Table) -> Any:
    return pg_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


_EMPTY: dict[str, Any] = {
    column.name: 0 if column.name.endswith("_at") or column.name in ("pages", "first_page") else ""
    for column in _packet.columns
}
_REST = {name: repr(value) for name, value in _EMPTY.items() if name not in _PLANNED_COLUMNS}
_PACKETS_IN = tuple(
    f"INSERT INTO packet ({', '.join((*_PLANNED_COLUMNS, *_REST))}) "
    f"VALUES ({', '.join((*[mark] * len(_PLANNED_COLUMNS), *_REST.values()))}) "
    "ON CONFLICT (packet) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}" for name in _PLANNED_COLUMNS if name not in ("packet", "planned_at")
    )
    + ", planned_at = CASE WHEN excluded.planned_at > packet.planned_at"
    " THEN excluded.planned_at ELSE packet.planned_at END"
    for mark in ("?", "%s")
)

HANDLERS: Mapping[FactKind, Handler] = {
    FactKind.PACKET_PLANNED: packets_planned,
    **dict.fromkeys(_TIMES, packet_told),
    **dict.fromkeys(return_projection.PAGES, return_projection.pages_returned),
    FactKind.FACT_RETRACTED: return_projection.retracted,
    FactKind.ENVELOPE_RECEIVED: return_projection.envelopes,
    FactKind.ENVELOPE_NOTED: return_projection.envelopes,
}

TABLES = (PacketTable, SheetTable, *return_projection.TABLES)
