"""Which of so many thousand values a table knows: one statement with one parameter, whatever their number."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Column, Connection


def among(
    connection: Connection, column: Column[Any], values: Collection[str], *, give: Column[Any] | None = None
) -> set[str]:
    """The values of `give` (`column` itself when left out) in the rows whose `column` is one of `values`."""
    if not values:
        return set()
    names = f"SELECT {(column if give is None else give).name} FROM {column.table.name} WHERE {column.name}"
    if connection.dialect.name == "postgresql":
        return set(connection.exec_driver_sql(f"{names} = ANY(%s)", (list(values),)).scalars())
    listed = orjson.dumps(list(values)).decode()
    query = f"{names} IN (SELECT value FROM json_each(?))"
    return set(connection.exec_driver_sql(query, (listed,)).scalars())
