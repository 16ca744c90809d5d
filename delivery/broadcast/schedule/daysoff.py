"""Days on which slots may stand still: the public holidays that ship, and what a station adds or takes away.

``<home>/calendar.toml``::

    [[day]]
    name = "Khai giảng"
    dates = ["2026-09-05"]

    [[working]]            # not a day off here
    dates = ["2026-09-01"]
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from delivery.errors import N_, ConfigError


def days_off(own: Path | None = None) -> frozenset[str]:
    """Local days, ISO 8601. Raises ConfigError naming the file and what is wrong in it."""
    shipped = resources.files("delivery.broadcast.schedule") / "calendars" / "vn.toml"
    off, _ = _read(shipped.read_text(encoding="utf-8"), "vn.toml")
    if own is None or not own.is_file():
        return frozenset(off)
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(str(own), str(error)) from error
    more, working = _read(text, str(own))
    return frozenset((off | more) - working)


def _read(text: str, source: str) -> tuple[set[str], set[str]]:
    try:
        document = tomllib.loads(text)
        return _dates(document.get("day", [])), _dates(document.get("working", []))
    except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError) as error:
        raise _unusable(source, str(error)) from error


def _dates(entries: list[dict[str, Any]]) -> set[str]:
    return {
        day.isoformat() if isinstance(day, date) else date.fromisoformat(day).isoformat()
        for entry in entries
        for day in entry["dates"]
    }


def _unusable(source: str, reason: str) -> ConfigError:
    return ConfigError(
        N_("The calendar {file} cannot be read: {reason}"),
        do=N_('Write days as in dates = ["2026-09-05"].'),
        file=source,
        reason=reason,
    )
