"""Lines of text of an exact width, and the few figures that a console shows."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from delivery.clock import VIETNAM, from_micros

SECOND_US = 1_000_000


def line(left: Content, right: Content, width: int) -> Content:
    """`left` flush left, cut with an ellipsis where needed, and `right` flush right; `right` is cut last."""
    right = right.truncate(max(width, 0), ellipsis=True)
    room = max(width - right.cell_length - (1 if right.cell_length else 0), 0)
    if left.cell_length > room:
        left = left.truncate(room, ellipsis=True)
    gap = max(width - left.cell_length - right.cell_length, 0)
    return Content.assemble(left, " " * gap, right)


def bar(fraction: float, width: int, colour: str) -> Content:
    """A progress bar of `width` cells, exact to half a cell."""
    halves = round(min(max(fraction, 0.0), 1.0) * width * 2)
    full, half = divmod(halves, 2)
    done = "━" * full + ("╸" if half else "")
    return Content.assemble((done, colour), ("─" * (width - len(done)), "$foreground 30%"))


def countdown(micros: int) -> str:
    """What is left, to the second, rounded up: ``0:00`` only when it is over."""
    seconds = max(-(-micros // SECOND_US), 0)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def time_of_day(micros: int, *, seconds: bool = False) -> str:
    """Time of day in Viet Nam."""
    moment: datetime = from_micros(micros).astimezone(VIETNAM)
    return f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


def signed_seconds(micros: int, *, comma: bool = False) -> str:
    """``+0.3``: seconds with one decimal and sign; with a decimal comma where the language has one."""
    tenths = round(micros / (SECOND_US // 10))
    text = f"{tenths / 10:+.1f}" if tenths else "0.0"
    return text.replace(".", ",") if comma else text
