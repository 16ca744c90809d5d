"""What a page is that was read, codes and picture together: the one way for every page that comes by post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from delivery.postal.incoming.beside import shows_another
from delivery.postal.incoming.resolve import Doubt, Resolution, resolve
from delivery.postal.incoming.scan import PageReading
from delivery.postal.incoming.shape import is_part_of_a_sheet
from delivery.postal.incoming.unread import is_another_sheets
from delivery.record.sheetcode import CodeKeys


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets that a page may be, and how they are signed."""

    page_of_side: Callable[[str], str | None]
    """Page id of the sheet with a side id."""
    side_of_page: Callable[[str], str | None]
    """Side id of the sheet with a page id."""
    keys: CodeKeys
    address: str
    """What main codes begin with, before their path."""


def judge(image: bytes, reading: PageReading, sheets: Sheets) -> Resolution:
    """What a page is. Only a whole sheet by itself is a known page; of a part of one, and of one that shows another,
    the codes that were read make a proposal.

    `image` are the bytes that `reading` was read from. Raises BadInput when they cannot be looked at any more.
    """
    found = resolve(
        reading.texts,
        sheets.keys,
        page_of_side=sheets.page_of_side,
        blank=reading.blank,
        dark=reading.dark,
        framed=reading.framed,
        hosts=frozenset({urlsplit(sheets.address).netloc}),
    )
    if found.page_id and is_part_of_a_sheet(reading):
        return Resolution(doubt=Doubt.TORN, proposal=found.page_id)
    if found.page_id and (_bears_another(reading, found.page_id, sheets) or shows_another(image, reading)):
        return Resolution(doubt=Doubt.TWO_SHEETS, proposal=found.page_id)
    return found


def _bears_another(reading: PageReading, page_id: str, sheets: Sheets) -> bool:
    """Whether a code that cannot be read is certainly another sheet's."""
    side_id = sheets.side_of_page(page_id) if reading.unread else None
    return side_id is not None and any(
        is_another_sheets(code, page_id=page_id, side_id=side_id, keys=sheets.keys, address=sheets.address)
        for code in reading.unread
    )
