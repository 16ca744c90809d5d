"""Small pictures of a lesson on sheets, and the track that tells a player which belongs to which time (WebVTT)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from delivery.broadcast.media.picture import THUMBNAIL
from delivery.units import SEGMENT_TICKS, TICK_MS

SHEET: Final = (10, 10)
"""Thumbnails in a row and rows on a sheet: ten minutes of lesson."""
_QUALITY: Final = 85


def lay_sheets(thumbnails: Sequence[Path], pattern: Path) -> list[Path]:
    """Lay pictures of the size THUMBNAIL on JPEG sheets, row by row; what stays free is black.

    `pattern` has a ``%d`` for the number of the sheet, from 0. The same pictures make the same sheets.
    """
    columns, rows = SHEET
    width, height = THUMBNAIL
    sheets = []
    for number, first in enumerate(range(0, len(thumbnails), columns * rows)):
        sheet = Image.new("RGB", (columns * width, rows * height))
        for place, file in enumerate(thumbnails[first : first + columns * rows]):
            row, column = divmod(place, columns)
            with Image.open(file) as picture:
                sheet.paste(picture, (column * width, row * height))
        sheets.append(Path(str(pattern) % number))
        sheet.save(sheets[-1], "JPEG", quality=_QUALITY)
    return sheets


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
