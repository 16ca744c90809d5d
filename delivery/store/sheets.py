"""Which sheet a code names: the reading side of the sheet projection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from delivery.store.database import Database
from delivery.store.tables.core import SheetTable

_sheet = SheetTable.__table__  # type: ignore[attr-defined]


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
    """Finds sheets by the ids in their codes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_page(self, page_id: str) -> Sheet | None:
        """The sheet whose main code carries this page id."""
        return self._one(_sheet.c.page_id == page_id)

    def by_side(self, side_id: str) -> Sheet | None:
        """The sheet whose side codes carry this side id."""
        return self._one(_sheet.c.side_id == side_id)

    def of_packet(self, packet: str) -> list[Sheet]:
        """All sheets of a packet, in page order."""
        return self._many(_sheet.c.packet == packet)

    def of_activity(self, learner: str, activity: str) -> list[Sheet]:
        """The sheets that a learner returns for an activity, newest packets included."""
        return self._many(_sheet.c.learner == learner, _sheet.c.activity == activity)

    def of_learner(self, learner: str) -> list[Sheet]:
        """Every sheet that was planned for a learner."""
        return self._many(_sheet.c.learner == learner)

    def sent_of_course(self, course: str, *, role: str) -> dict[tuple[str, str], Sheet]:
        """(learner, activity) -> first page, of every work whose sheets are on paper and count."""
        found = self._many(
            _sheet.c.course == course,
            _sheet.c.role == role,
            _sheet.c.page == 1,
            _sheet.c.on_paper,
            _sheet.c.superseded.is_(False),
            _sheet.c.state != "voided",
        )
        return {(sheet.learner, sheet.activity): sheet for sheet in found}

    def learners_with(self, part: str, *, limit: int = 50) -> list[str]:
        """Learner ids of the sheets whose number begins with, or holds, this part (hexadecimal digits only)."""
        query = select(_sheet.c.learner).distinct().where(_sheet.c.page_id.contains(part, autoescape=True))
        with self._database.read() as connection:
            return [str(learner) for learner in connection.execute(query.limit(limit)).scalars()]

    def of_batch(self, batch: str) -> list[Sheet]:
        """All sheets of a batch."""
        return self._many(_sheet.c.batch == batch)

    def _one(self, condition: Any) -> Sheet | None:
        with self._database.read() as connection:
            row = connection.execute(select(_sheet).where(condition)).first()
        return Sheet(*row) if row else None

    def _many(self, *conditions: Any) -> list[Sheet]:
        query = select(_sheet).where(*conditions).order_by(_sheet.c.packet, _sheet.c.position)
        with self._database.read() as connection:
            return [Sheet(*row) for row in connection.execute(query)]
