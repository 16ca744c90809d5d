"""Batches of packets: what each consists of, and the state of every packet and page in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.tables.core import SheetTable
from delivery.store.tables.postal import PacketBatchTable

_batch = PacketBatchTable.__table__  # type: ignore[attr-defined]
_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """A planned batch; `spec` is JSON that delivery.postal.packet reads."""

    code: str
    course: str
    spec: str
    created_at: int


@dataclass(frozen=True, slots=True)
class PacketState:
    """One packet of a batch, from the facts about it."""

    packet: str
    learner: str
    pages: int
    planned: Fact
    printed: Fact | None
    posted: Fact | None

    @property
    def state(self) -> str:
        return "posted" if self.posted else "printed" if self.printed else "planned"


class Packets:
    """Reads and keeps batches."""

    def __init__(self, database: Database, facts: FactLog) -> None:
        self._database = database
        self._facts = facts

    def save(self, batch: Batch) -> None:
        """Keep a new batch; the same one again is a no-op. Raises Refused when the code names another content."""
        with self._database.write() as connection:
            known = connection.execute(select(_batch.c.spec).where(_batch.c.batch == batch.code)).scalar()
            if known is None:
                connection.execute(
                    insert(PacketBatchTable),
                    {
                        "batch": batch.code,
                        "course": batch.course,
                        "spec": batch.spec,
                        "created_at": batch.created_at,
                    },
                )
            elif known != batch.spec:
                raise Refused(
                    N_("Batch {batch} is already planned with other contents."),
                    do=N_("Give the new packets another batch code."),
                    batch=batch.code,
                )

    def find(self, code: str) -> Batch | None:
        """The batch with this code."""
        with self._database.read() as connection:
            row = connection.execute(select(_batch).where(_batch.c.batch == code)).first()
        return Batch(row.batch, row.course, row.spec, row.created_at) if row else None

    def require(self, code: str) -> Batch:
        """As :meth:`find`, raising NotFound."""
        found = self.find(code)
        if found is None:
            raise NotFound(
                N_("There is no batch {batch}."),
                do=N_("Known batches: {known}. Plan a new one with “tuxa packets plan”."),
                batch=code,
                known=", ".join(batch.code for batch in self.all()) or "–",
            )
        return found

    def all(self) -> list[Batch]:
        """Every batch, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(_batch).order_by(_batch.c.created_at, _batch.c.batch)).all()
        return [Batch(row.batch, row.course, row.spec, row.created_at) for row in rows]

    def states(self, code: str) -> list[PacketState]:
        """Every packet of a batch with what happened to it, in order of learner."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(_sheet.c.packet, _sheet.c.learner, func.count())
                .where(_sheet.c.batch == code)
                .group_by(_sheet.c.packet, _sheet.c.learner)
                .order_by(_sheet.c.learner, _sheet.c.packet)
            ).all()
        told = self._told([packet for packet, _, _ in rows])
        return [
            PacketState(
                packet,
                learner,
                pages,
                told[(packet, FactKind.PACKET_PLANNED)],
                told.get((packet, FactKind.PACKET_PRINTED)),
                told.get((packet, FactKind.PACKET_POSTED)),
            )
            for packet, learner, pages in rows
        ]

    def _told(self, packets: list[str]) -> Mapping[tuple[str, FactKind], Fact]:
        kinds = (FactKind.PACKET_PLANNED, FactKind.PACKET_PRINTED, FactKind.PACKET_POSTED)
        out: dict[tuple[str, FactKind], Fact] = {}
        for start in range(0, len(packets), _CHUNK // len(kinds)):
            ids = [
                str(fact_id(kind, p)) for p in packets[start : start + _CHUNK // len(kinds)] for kind in kinds
            ]
            for fact in self._facts.select(ids=ids):
                out[(fact.data["packet"], fact.kind)] = fact
        return out

    def page_totals(self, code: str) -> dict[str, int]:
        """Pages of a batch by state. Each page is in exactly one state, so the values add up to all pages."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(_sheet.c.state, _sheet.c.superseded, func.count())
                .where(_sheet.c.batch == code)
                .group_by(_sheet.c.state, _sheet.c.superseded)
            ).all()
        totals: Counter[str] = Counter()
        for state, superseded, count in rows:
            totals["superseded" if superseded and state != "returned" else state] += count
        return dict(sorted(totals.items()))

    def packet_of_item(self, item: str) -> str:
        """The packet that was posted under this postal item number; empty when there is none."""
        for fact in self._facts.select(kind=FactKind.PACKET_POSTED):
            if fact.data.get("item") == item:
                packet: str = fact.data["packet"]
                return packet
        return ""
