"""Projections of the schedule and of orders by hand; the order in which their facts arrive does not matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, case
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.kinds import FactKind
from delivery.store.tables.broadcast_air import ControlTable, SlotTable

TABLES = (SlotTable, ControlTable)
_slot: Table = SlotTable.__table__  # type: ignore[attr-defined]
_control: Table = ControlTable.__table__  # type: ignore[attr-defined]
_NO_SLOT: Mapping[str, Any] = {
    "channel": "",
    "start_us": 0,
    "rule": "",
    "materials": "",
    "rerun": False,
    "course": "",
    "activity": "",
    "unit": 0,
    "details": "{}",
}


def _insert(connection: Connection, table: Table) -> Any:
    return pg_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def slots(connection: Connection, facts: Sequence[Any]) -> None:
    """A slot as it was scheduled last. It is in the schedule while it was scheduled more often than withdrawn."""
    for fact in facts:
        data, number = fact.data, fact.data.get("n", 0)
        row = {"id": data["slot"], **_NO_SLOT, "channel": data["channel"]}
        if fact.kind is FactKind.SLOT_WITHDRAWN:
            _withdraw(connection, row, number)
            continue
        row |= {
            "start_us": data["start"],
            "rule": data["rule"],
            "materials": data["material"],
            "rerun": data.get("rerun", False),
            "course": fact.course,
            "activity": fact.activity,
            "unit": data.get("unit", 0),
            "details": _json(data.get("details", {})),
            "scheduled_n": number,
            "withdrawn_n": -1,
        }
        statement = _insert(connection, _slot).values(**row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={name: statement.excluded[name] for name in (*_NO_SLOT, "scheduled_n")},
                where=statement.excluded.scheduled_n > _slot.c.scheduled_n,
            )
        )


def _withdraw(connection: Connection, row: Mapping[str, Any], number: int) -> None:
    statement = _insert(connection, _slot).values(**row, scheduled_n=-1, withdrawn_n=number)
    latest = case(
        (statement.excluded.withdrawn_n > _slot.c.withdrawn_n, statement.excluded.withdrawn_n),
        else_=_slot.c.withdrawn_n,
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"withdrawn_n": latest}))


def controls(connection: Connection, facts: Sequence[Any]) -> None:
    """Every order, by its id."""
    rows = [
        {
            "id": fact.data["control"],
            "channel": fact.data["channel"],
            "at_tick": fact.data["at_tick"],
            "command": fact.data["command"],
            "actor": fact.actor,
            "effect": _json(fact.data["effect"]),
        }
        for fact in facts
    ]
    connection.execute(_insert(connection, _control).on_conflict_do_nothing(index_elements=["id"]), rows)


HANDLERS: Mapping[FactKind, Callable[[Connection, Sequence[Any]], None]] = {
    FactKind.SLOT_SCHEDULED: slots,
    FactKind.SLOT_WITHDRAWN: slots,
    FactKind.AIR_CONTROLLED: controls,
}
