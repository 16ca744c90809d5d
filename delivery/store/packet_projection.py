"""Projection of what is told about packets: one row for each packet, one for each of its pages.

Facts may arrive in any order (sites sync): what is told of a packet before its plan waits in its row, and the pages
take their state from that row when they come.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Table, case, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.kinds import FactKind
from delivery.store import return_projection
from delivery.store.among import among
from delivery.store.tables.core import PacketTable, SheetTable
from delivery.store.tables.returns import ReturnedPageTable

_packet: Table = PacketTable.__table__  # type: ignore[attr-defined]
_sheet: Table = SheetTable.__table__  # type: ignore[attr-defined]
_back: Table = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500


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


def state_of(row: Any) -> str:
    """A packet's state by the times in its row. Of delivery and non-delivery the later one counts."""
    if row.voided_at:
        return "voided"
    if row.undelivered_at or row.delivered_at:
        return "undelivered" if row.undelivered_at >= row.delivered_at else "delivered"
    return "posted" if row.posted_at else "printed" if row.printed_at else "planned"


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
            )
        )
    # Whatever was told of these packets before their plan came.
    mine = [row[0] for row in packets]
    early = sorted(among(connection, _packet.c.packet, mine))
    connection.exec_driver_sql(_PACKETS_IN[connection.dialect.name == "postgresql"], packets)
    connection.exec_driver_sql(_SHEETS_IN[connection.dialect.name == "postgresql"], sheets)
    if early:
        _refresh(connection, early)
    replaced = among(connection, _packet.c.supersedes, mine)
    _mark_superseded(connection, replaced | {row[6] for row in packets} - {""})
    _refresh_returned(connection, among(connection, _back.c.packet, mine, give=_back.c.sheet) - {""})


_PLANNED_COLUMNS = ("packet", "batch", "learner", "course", "pages", "planned_at", "supersedes")
_SHEET_COLUMNS = (
    "page_id", "side_id", "learner", "course", "activity", "role", "page", "pages", "packet", "batch", "state",
    "supersedes", "superseded", "layout", "position", "on_paper",
)  # fmt: skip
# Hundreds of thousands of rows at a time: as plain SQL, which both databases understand.
_SHEETS_IN = tuple(
    f"INSERT INTO sheet ({', '.join(_SHEET_COLUMNS)}) VALUES ({', '.join([mark] * len(_SHEET_COLUMNS))}) "
    "ON CONFLICT (page_id) DO NOTHING"
    for mark in ("?", "%s")
)


def _sheet_rows(fact: Told) -> list[tuple[Any, ...]]:
    """In the order of :data:`_SHEET_COLUMNS`."""
    data = fact.data
    packet, batch, learner, course = data["packet"], data["batch"], fact.learner, fact.course
    supersedes, layout = data.get("supersedes", ""), data.get("layout", "")
    return [
        (page_id, side_id, learner, course, activity, role, page, pages, packet, batch, "planned", supersedes, False,
         layout, position, False)
        for position, (page_id, side_id, role, activity, page, pages) in enumerate(data["sheets"], start=1)
    ]  # fmt: skip


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
    _refresh(connection, list(rows))


def sheets_returned(connection: Connection, facts: Sequence[Any]) -> None:
    """Pages came back: the sheet is returned, whatever became of its packet, unless it was voided."""
    _refresh_returned(connection, return_projection.pages_returned(connection, facts))


def returns_retracted(connection: Connection, facts: Sequence[Any]) -> None:
    """What was told of a page that came back was taken back, or stands again."""
    _refresh_returned(connection, return_projection.retracted(connection, facts))


def _refresh_returned(connection: Connection, sheets: Iterable[str]) -> None:
    """Sheets of which a page stands are returned; the others are in the state of their packet again."""
    wanted = sorted(sheets)
    back = return_projection.standing_sheets(connection, wanted)
    for chunk in _chunks(sorted(back)):
        connection.execute(
            update(_sheet)
            .where(_sheet.c.page_id.in_(chunk), _sheet.c.state != "voided")
            .values(state="returned")
        )
    for chunk in _chunks([sheet for sheet in wanted if sheet not in back]):
        query = select(_packet).where(
            _packet.c.packet.in_(
                select(_sheet.c.packet).where(_sheet.c.page_id.in_(chunk), _sheet.c.state == "returned")
            )
        )
        for row in connection.execute(query).all():
            connection.execute(
                update(_sheet)
                .where(_sheet.c.packet == row.packet, _sheet.c.page_id.in_(chunk))
                .values(state=state_of(row))
            )


def _refresh(connection: Connection, packets: Sequence[str]) -> None:
    """Give the pages of `packets` the state that their packet is in."""
    by_state: dict[tuple[str, bool], list[str]] = {}
    for chunk in _chunks(packets):
        for row in connection.execute(select(_packet).where(_packet.c.packet.in_(chunk))):
            by_state.setdefault((state_of(row), row.printed_at > 0), []).append(row.packet)
    for (state, on_paper), members in by_state.items():
        for chunk in _chunks(members):
            kept = case((_sheet.c.state == "returned", "returned"), else_=state)
            connection.execute(
                update(_sheet)
                .where(_sheet.c.packet.in_(chunk))
                .values(state=state if state == "voided" else kept, on_paper=on_paper)
            )


def _mark_superseded(connection: Connection, replaced: Collection[str]) -> None:
    """Pages of packets that another one replaces, whichever of the two was told first."""
    for chunk in _chunks(sorted(replaced)):
        connection.execute(update(_sheet).where(_sheet.c.packet.in_(chunk)).values(superseded=True))


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


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


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
    **dict.fromkeys(return_projection.PAGES, sheets_returned),
    FactKind.FACT_RETRACTED: returns_retracted,
    FactKind.ENVELOPE_RECEIVED: return_projection.envelopes,
    FactKind.ENVELOPE_NOTED: return_projection.envelopes,
}

TABLES = (PacketTable, SheetTable, *return_projection.TABLES)
