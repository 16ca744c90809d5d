"""The track that tells a player which small picture belongs to which time: WebVTT cues with a rectangle of a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.broadcast.media.picture import SHEET, THUMBNAIL
from delivery.units import SEGMENT_TICKS, TICK_MS


def thumbnail_track(ticks: int, sheets: Sequence[str]) -> str:
    """One cue for each segment of a lesson of `ticks`, naming a sheet and a media fragment (``#xywh=``)."""
    columns, rows = SHEET
    width, height = THUMBNAIL
    lines = ["WEBVTT", ""]
    for number, start in enumerate(range(0, ticks, SEGMENT_TICKS)):
        sheet, place = divmod(number, columns * rows)
        row, column = divmod(place, columns)
        end = min(start + SEGMENT_TICKS, ticks)
        lines += [
            f"{clock(start * TICK_MS)} --> {clock(end * TICK_MS)}",
            f"{sheets[sheet]}#xywh={column * width},{row * height},{width},{height}",
            "",
        ]
    return "\n".join(lines)


def clock(ms: int) -> str:
    """A WebVTT time stamp."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
