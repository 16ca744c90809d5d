"""Vietnamese words of the reports: names of modes and levels, days as Nghị định 30/2020/NĐ-CP writes them.

The body of the annexes is not translated: they go to Vietnamese authorities.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date

from delivery.catalogue.kinds import DeliveryMode, SiteKind
from delivery.catalogue.model import Site
from delivery.catalogue.register_kinds import EntryLevel

MODES = {
    DeliveryMode.NETWORK: "Mạng máy tính và viễn thông",
    DeliveryMode.POSTAL: "Thư tín",
    DeliveryMode.BROADCAST: "Phát thanh - Truyền hình",
}
"""In the order of Điều 2; face-to-face sessions are no mode of distance training."""
ENTRY_LEVELS = {
    EntryLevel.UPPER_SECONDARY: "Trung học phổ thông",
    EntryLevel.INTERMEDIATE: "Trung cấp",
    EntryLevel.COLLEGE: "Cao đẳng",
    EntryLevel.UNIVERSITY: "Đại học",
}
DOTS = "…" * 33
"""A line to be filled in by hand."""


def day(value: date | None) -> str:
    """05/02/2026; nothing for no day."""
    return f"{value:%d/%m/%Y}" if value else ""


def long_day(value: date) -> str:
    """«ngày 05 tháng 02 năm 2026», «ngày 05 tháng 3 năm 2026»: a leading 0 for days below 10 and for months 1 and 2."""
    month = f"{value.month:02d}" if value.month <= 2 else str(value.month)
    return f"ngày {value.day:02d} tháng {month} năm {value.year}"


def modes_text(modes: Iterable[DeliveryMode]) -> str:
    """Names of modes in the order of Điều 2, separated by «; »."""
    known = set(modes)
    return "; ".join(name for mode, name in MODES.items() if mode in known)


def venue(site: Site) -> str:
    """How a place of training is named in table III."""
    return "Trụ sở chính" if site.kind is SiteKind.HEADQUARTERS else site.name


def nfc(text: str) -> str:
    """Composed letters: what TCVN 6909:2001 and every reader of documents expect."""
    return unicodedata.normalize("NFC", text)


def lower_first(text: str) -> str:
    """«Tỉnh An Giang» → «tỉnh An Giang»."""
    return text[:1].lower() + text[1:]
