"""Many thousand values in one question: a statement with one parameter, whatever their number."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Column, Connection


def one_of(connection: Connection, values: Collection[str]) -> tuple[str, tuple[Any, ...]]:
    """What stands behind a column's name in plain SQL to ask whether it is one of `values`, and its parameters."""
    # In order, neighbours are looked for in the same page of an index.
    ordered = sorted(values)
    if connection.dialect.name == "postgresql":
        return "= ANY(%s)", (ordered,)
    return "IN (SELECT value FROM json_each(?))", (orjson.dumps(ordered).decode(),)


def among(
    connection: Connection, column: Column[Any], values: Collection[str], *, give: Column[Any] | None = None
) -> set[str]:
    """The values of `give` (`column` itself when left out) in the rows whose `column` is one of `values`."""
    if not values:
        return set()
    which, parameters = one_of(connection, values)
    wanted = (column if give is None else give).name
    query = f"SELECT {wanted} FROM {column.table.name} WHERE {column.name} {which}"
    return set(connection.exec_driver_sql(query, parameters).scalars())
