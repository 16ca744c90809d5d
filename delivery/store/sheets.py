"""Which sheet a code names: a page of a packet, with what is told of the packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from delivery.ids import fact_id
from delivery.record.facts import FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.store.chains import FACT
from delivery.store.database import Database
from delivery.store.packet_states import PAGE_STATE, SUPERSEDED
from delivery.store.tables.core import PacketTable, SheetTable

_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_packet = PacketTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500

_SHEETS: Select[Any] = select(
    _sheet.c.page_id,
    _sheet.c.side_id,
    _packet.c.learner,
    _packet.c.course,
    _sheet.c.activity,
    _sheet.c.role,
    _sheet.c.page,
    _sheet.c.pages,
    _packet.c.packet,
    _packet.c.batch,
    PAGE_STATE.label("state"),
    _packet.c.supersedes,
    SUPERSEDED.label("superseded"),
    _packet.c.layout,
    _sheet.c.position,
    (_packet.c.printed_at != 0).label("on_paper"),
).join_from(_sheet, _packet, _packet.c.packet == _sheet.c.packet)
"""In the order of :class:`Sheet`'s fields."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printed page and what it is for."""

    page_id: str
    side_id: str
    learner: str
    course: str
    activity: str
    role: str
    page: int
    pages: int
    packet: str
    batch: str
    state: str
    supersedes: str
    superseded: bool
    layout: str = ""
    """Address of the packet's layout record; this sheet is its page `position`."""
    position: int = 0
    on_paper: bool = False


class Sheets:
    """Finds sheets by the ids in their codes.

    The sheets of a packet are found by its plan, which names them: an index for that alone would be the third one that
    each of hundreds of thousands of new pages goes into.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_page(self, page_id: str) -> Sheet | None:
        """The sheet whose main code carries this page id."""
        return self._one(_sheet.c.page_id == page_id)

    def by_side(self, side_id: str) -> Sheet | None:
        """The sheet whose side codes carry this side id; None when two sites gave it, for a person to decide."""
        return self._one(_sheet.c.side_id == side_id)

    def of_packet(self, packet: str) -> list[Sheet]:
        """All sheets of a packet, in page order."""
        with self._database.read() as connection:
            return _of_packets(connection, [packet])

    def of_activity(self, learner: str, activity: str) -> list[Sheet]:
        """The sheets that a learner returns for an activity, newest packets included."""
        return [sheet for sheet in self.of_learner(learner) if sheet.activity == activity]

    def of_learner(self, learner: str) -> list[Sheet]:
        """Every sheet that was planned for a learner."""
        return self._of_those(_packet.c.learner == learner)

    def of_batch(self, batch: str) -> list[Sheet]:
        """All sheets of a batch."""
        return self._of_those(_packet.c.batch == batch)

    def sent_of_course(self, course: str, *, role: str) -> dict[tuple[str, str], Sheet]:
        """(learner, activity) -> first page, of every work whose sheets are on paper and count."""
        query = _SHEETS.where(
            _sheet.c.page == 1,
            _sheet.c.role == role,
            _packet.c.course == course,
            _packet.c.printed_at != 0,
            _packet.c.voided_at == 0,
            ~SUPERSEDED,
        ).order_by(_sheet.c.packet, _sheet.c.position)
        with self._database.read() as connection:
            found = [Sheet(*row) for row in connection.execute(query)]
        return {(sheet.learner, sheet.activity): sheet for sheet in found}

    def learners_with(self, part: str, *, limit: int = 50) -> list[str]:
        """Learner ids of the sheets whose number begins with, or holds, this part (hexadecimal digits only)."""
        query = (
            select(_packet.c.learner)
            .distinct()
            .join_from(_sheet, _packet, _packet.c.packet == _sheet.c.packet)
            .where(_sheet.c.page_id.contains(part, autoescape=True))
        )
        with self._database.read() as connection:
            return [str(learner) for learner in connection.execute(query.limit(limit)).scalars()]

    def _one(self, condition: Any) -> Sheet | None:
        with self._database.read() as connection:
            rows = connection.execute(_SHEETS.where(condition).limit(2)).all()
        return Sheet(*rows[0]) if len(rows) == 1 else None

    def _of_those(self, condition: Any) -> list[Sheet]:
        with self._database.read() as connection:
            packets = connection.execute(select(_packet.c.packet).where(condition)).scalars().all()
            return _of_packets(connection, packets)


def _of_packets(connection: Connection, packets: Sequence[str]) -> list[Sheet]:
    """Sheets of these packets, in order of packet and place."""
    columns = [FACT.c[name] for name in FactRow._fields]
    out: list[Sheet] = []
    for chunk in _chunks(packets):
        plans = [str(fact_id(FactKind.PACKET_PLANNED, packet)) for packet in chunk]
        told = connection.execute(select(*columns).where(FACT.c.id.in_(plans)))
        pages = [sheet[0] for row in told for sheet in read_row(row).data["sheets"]]
        for some in _chunks(pages):
            out += (Sheet(*row) for row in connection.execute(_SHEETS.where(_sheet.c.page_id.in_(some))))
    wanted = set(packets)
    return sorted(
        (sheet for sheet in out if sheet.packet in wanted), key=lambda sheet: (sheet.packet, sheet.position)
    )


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
