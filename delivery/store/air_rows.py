"""Rows of the air tables as frozen values, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from delivery.clock import VIETNAM, from_micros
from delivery.store.air import Airing, Channel, Control, Effect, Row, RowKind, Slot, freeze_continuity
from delivery.store.tables.broadcast_air import AiringTable
from delivery.units import Ticks

_AIRING_COLUMNS = tuple(column.name for column in AiringTable.__table__.columns)  # type: ignore[attr-defined]


def to_channel(row: Any) -> Channel:
    details = orjson.loads(row.details)
    return Channel(
        row.code,
        row.name,
        row.kind,
        {int(k): v for k, v in orjson.loads(row.slates).items()},
        tuple(details.get("fillers", ())),
        details.get("ident", ""),
        details.get("gap_minutes", 0),
        details.get("profile", ""),
    )


def from_channel(channel: Channel) -> dict[str, Any]:
    """All columns but code, revision and as-run mark."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "slates": orjson.dumps({str(k): v for k, v in sorted(channel.slates.items())}).decode(),
        "details": orjson.dumps(channel.details(), option=orjson.OPT_SORT_KEYS).decode(),
    }


def to_slot(row: Any) -> Slot:
    details = orjson.loads(row.details)
    return Slot(
        row.id,
        row.channel,
        from_micros(row.start_us).astimezone(VIETNAM),
        row.rule,
        tuple(m for m in row.materials.split(",") if m),
        row.rerun,
        row.course,
        row.activity,
        row.unit,
        tuple(details.get("except", ())),
        tuple(datetime.fromisoformat(text) for text in details.get("also", ())),
        details.get("skip_holidays", False),
        details.get("minutes", 0),
        details.get("whole_course", False),
        details.get("makes_good", ""),
    )


def to_airing(row: Any) -> Airing:
    return Airing(
        **{name: getattr(row, name) for name in _AIRING_COLUMNS if name != "ticks"}, ticks=Ticks(row.ticks)
    )


def from_airing(airing: Airing) -> dict[str, Any]:
    return {name: getattr(airing, name) for name in _AIRING_COLUMNS}


def to_control(row: Any) -> Control:
    effect = Effect.from_json(orjson.loads(row.effect))
    return Control(row.id, row.channel, row.at_tick, row.command, row.actor, effect)


def to_row(row: Any) -> Row:
    return Row(
        row.start_tick,
        row.ticks,
        RowKind(row.kind),
        row.asset,
        row.airing,
        row.sequence,
        freeze_continuity(orjson.loads(row.continuity)),
        row.first_segment,
    )


ROW_COLUMNS = (
    "channel",
    "start_tick",
    "ticks",
    "kind",
    "asset",
    "airing",
    "sequence",
    "continuity",
    "first_segment",
)


def from_row(channel: str, row: Row) -> tuple[Any, ...]:
    """Values of :data:`ROW_COLUMNS`."""
    continuity = orjson.dumps(
        {name: dict(pids) for name, pids in row.continuity}, option=orjson.OPT_SORT_KEYS
    )
    return (
        channel,
        row.start_tick,
        row.ticks,
        str(row.kind),
        row.asset,
        row.airing,
        row.sequence,
        continuity.decode(),
        row.first_segment,
    )
