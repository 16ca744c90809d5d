"""Cells of the grid: a programme, what is being carried, and what neither is."""

from __future__ import annotations

from textual.content import Content

from tui.shared.lines import cell, time_of_day
from tui.technician.span import MINUTE_US, Carried, Programme
from tui.technician.words import AIRED, FINDINGS

_ROOM_FOR_TIME = 16
"""Cells of a column in which the time of day has room before the title."""


def empty_cell(size: int, *, is_now: bool, at_cursor: bool) -> Content:
    """Nothing but the slate."""
    text = "┄" * (size - 1) + " " if is_now else "·" + " " * (size - 1)
    style = "reverse" if at_cursor else "$primary" if is_now else "$foreground 30%"
    return cell(Content.styled(text, style), size)


def programme_cell(
    one: Programme, size: int, *, begins: bool, style: str, more: int, with_time: bool
) -> Content:
    """A row of a programme: its sign and title where it `begins`. `more` programmes lie in the same row."""
    inner = max(size - 1, 1)
    text = cell("▏", inner)
    if begins:
        sign, tail = _sign(one), f" +{more}" if more else ""
        clock = f"{time_of_day(one.start)} " if with_time or size >= _ROOM_FOR_TIME else ""
        text = cell(Content.assemble(f"{sign} " if sign else "", clock, one.title), inner - len(tail))
        text = Content.assemble(text, tail)
    return Content.assemble(text.stylize_before(style), " ")


def carried_cell(carried: Carried, first: int, stop: int, size: int) -> Content | None:
    """What is carried, where it would lie; None where it would not."""
    length = carried.programme.end - carried.programme.start
    if carried.minutes is not None:
        length = carried.minutes * MINUTE_US
    if not (carried.start < stop and carried.start + length > first):
        return None
    begins = first <= carried.start < stop
    text = f"⇕ {time_of_day(carried.start)} {carried.programme.title}" if begins else "▏"
    return Content.assemble((cell(text, max(size - 1, 1)).plain, "bold $background on $warning"), " ")


def ground_of(one: Programme) -> str:
    """What lies behind a programme: the colour repeats what its sign says."""
    if one.severity == "error" or (one.aired and one.aired.status == "missed"):
        return "$error 40%"
    if one.severity == "warning" or (one.aired and one.aired.status == "partial"):
        return "$warning 35%"
    return "$secondary 20%" if one.rerun else "$primary 35%"


def _sign(one: Programme) -> str:
    """What a person must see of a programme at first sight; empty for nothing."""
    if one.aired is not None and one.aired.status in AIRED:
        return AIRED[one.aired.status].glyph
    if one.severity:
        return FINDINGS[one.severity].glyph
    return "↻" if one.rerun else ""
