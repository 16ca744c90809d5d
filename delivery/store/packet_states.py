"""Which state a packet and each of its pages is in: computed from what was told, kept nowhere a second time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, and_, case, or_, select

from delivery.store.tables.core import PacketTable, SheetTable
from delivery.store.tables.returns import ReturnedPageTable

_packet: Table = PacketTable.__table__  # type: ignore[attr-defined]
_sheet: Table = SheetTable.__table__  # type: ignore[attr-defined]
_back: Table = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_newer = _packet.alias("newer_packet")


def state_of(row: Any) -> str:
    """A packet's state by the times in its row. Of delivery and non-delivery the later one counts."""
    if row.voided_at:
        return "voided"
    if row.undelivered_at or row.delivered_at:
        return "undelivered" if row.undelivered_at >= row.delivered_at else "delivered"
    return "posted" if row.posted_at else "printed" if row.printed_at else "planned"


_times = _packet.c
PACKET_STATE = case(
    (_times.voided_at != 0, "voided"),
    (and_(_times.undelivered_at != 0, _times.undelivered_at >= _times.delivered_at), "undelivered"),
    (_times.delivered_at != 0, "delivered"),
    (_times.posted_at != 0, "posted"),
    (_times.printed_at != 0, "printed"),
    else_="planned",
)
"""As :func:`state_of`, for a query that reads the packet table."""

SUPERSEDED = (
    # Said twice, because the index leaves out packets that replace none.
    select(_newer.c.packet).where(_newer.c.supersedes == _packet.c.packet, _newer.c.supersedes != "").exists()
)
"""Whether a newer packet replaces the one that a query reads."""

CAME_BACK = select(_back.c.fact).where(_back.c.sheet == _sheet.c.page_id, _back.c.stands.is_(True)).exists()
"""Whether an image of the page that a query reads came back and was not taken back."""

PAGE_STATE = case((_times.voided_at != 0, "voided"), (CAME_BACK, "returned"), else_=PACKET_STATE)
"""State of a page: that of its packet, unless it came back; of a voided packet nothing counts."""


def pages_back_of(batch: str) -> Any:
    """Pages that came back of the packets of a batch that were not voided: (packet, page id), each page once."""
    mine = select(_times.packet).where(_times.batch == batch)
    return (
        select(_sheet.c.packet, _back.c.sheet)
        .distinct()
        .select_from(_back)
        .join(_sheet, _sheet.c.page_id == _back.c.sheet)
        .join(_packet, _times.packet == _sheet.c.packet)
        .where(
            # Work that was told before facts named the packet is found by its page alone.
            or_(_back.c.packet.in_(mine), _back.c.packet == ""),
            _back.c.stands.is_(True),
            _times.batch == batch,
            _times.voided_at == 0,
        )
    )
