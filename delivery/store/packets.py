"""Batches of packets: what each consists of, the state of every packet and page in it, and its print jobs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, distinct, func, insert, select, update

from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.packet_states import CAME_BACK, PACKET_STATE, SUPERSEDED, pages_back_of, state_of
from delivery.store.tables.core import PacketTable, SheetTable
from delivery.store.tables.postal import PacketBatchTable, PrintJobTable

_batch = PacketBatchTable.__table__  # type: ignore[attr-defined]
_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_packet = PacketTable.__table__  # type: ignore[attr-defined]
_job = PrintJobTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """A planned batch; `spec` is JSON that delivery.postal.outgoing.packet reads."""

    code: str
    course: str
    spec: str
    created_at: int


@dataclass(frozen=True, slots=True)
class PacketState:
    """One packet of a batch, from the facts about it. Times are µs since 1970, 0 for what never happened."""

    packet: str
    batch: str
    learner: str
    course: str
    pages: int
    planned_at: int
    printed_at: int
    posted_at: int
    delivered_at: int
    undelivered_at: int
    voided_at: int
    item: str
    reason: str
    supersedes: str
    job: str
    first_page: int
    state: str
    """planned, printed, posted, delivered, undelivered or voided."""
    superseded: bool
    """A newer packet replaces it."""

    @property
    def valid(self) -> bool:
        """Whether this is the packet that counts for its learner."""
        return not self.superseded and not self.voided_at


@dataclass(frozen=True, slots=True)
class PrintJob:
    """A file to be printed."""

    job: str
    batch: str
    site: str
    number: int
    packets: tuple[str, ...]
    pages: int
    sha256: str = ""
    spooled_at: int = 0


class Packets:
    """Reads and keeps batches."""

    def __init__(self, database: Database, facts: FactLog) -> None:
        self._database = database
        self._facts = facts

    # Batches

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

    # Packets

    def states(self, code: str) -> list[PacketState]:
        """Every packet of a batch with what happened to it, in order of learner and then of planning."""
        return self._states(_packet.c.batch == code)

    def of_learner(self, learner: str) -> list[PacketState]:
        """Every packet that was ever planned for a learner."""
        return self._states(_packet.c.learner == learner)

    def with_item(self, item: str) -> PacketState | None:
        """The packet that was posted under this postal item number."""
        found = self._states((_packet.c.item == item) & (_packet.c.item != "")) if item else []
        return found[0] if found else None

    def get(self, packet: str) -> PacketState | None:
        """The packet with this id."""
        found = self._states(_packet.c.packet == packet)
        return found[0] if found else None

    def outstanding(self, first: int, until: int | None, *, role: str) -> int:
        """Packets printed in a span of time (µs since 1970) of which a page of `role` has not come back."""
        query = (
            select(func.count(distinct(_packet.c.packet)))
            .join_from(_sheet, _packet, _packet.c.packet == _sheet.c.packet)
            .where(
                _sheet.c.role == role,
                _packet.c.printed_at > 0,
                _packet.c.printed_at >= first,
                _packet.c.voided_at == 0,
                ~CAME_BACK,
            )
        )
        if until is not None:
            query = query.where(_packet.c.printed_at < until)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _states(self, condition: Any) -> list[PacketState]:
        query = (
            select(_packet, SUPERSEDED.label("superseded"))
            .where(condition, _packet.c.planned_at > 0)
            .order_by(_packet.c.learner, _packet.c.planned_at, _packet.c.packet)
        )
        with self._database.read() as connection:
            return [_to_state(row) for row in connection.execute(query)]

    def planned(self, packets: Sequence[str]) -> dict[str, Fact]:
        """The PacketPlanned fact of each packet: what its pages are and which codes they bear."""
        out: dict[str, Fact] = {}
        for start in range(0, len(packets), _CHUNK):
            ids = [
                str(fact_id(FactKind.PACKET_PLANNED, packet)) for packet in packets[start : start + _CHUNK]
            ]
            out.update((fact.data["packet"], fact) for fact in self._facts.select(ids=ids))
        return out

    def marks_told(self, course: str) -> frozenset[str]:
        """Facts of the marks that packets of `course` told of on their feedback slips; voided packets told nothing."""
        told = {
            fact.data["packet"]: fact.data["marks"]
            for fact in self._facts.select(kind=FactKind.PACKET_PLANNED)
            if fact.course == course and fact.data.get("marks")
        }
        if not told:
            return frozenset()
        with self._database.read() as connection:
            query = select(_packet.c.packet).where(_packet.c.course == course, _packet.c.voided_at > 0)
            voided = set(connection.execute(query).scalars())
        return frozenset(mark for packet, marks in told.items() if packet not in voided for mark in marks)

    def page_totals(self, code: str, *, on_paper: bool = False) -> dict[str, int]:
        """Pages of a batch by state, or only those that were printed.

        Each page is in exactly one state, so the values add up to all pages. A page that came back is returned even if
        it was superseded; one that was voided is voided.
        """
        query = select(_packet.c.packet, PACKET_STATE, SUPERSEDED, _packet.c.pages).where(
            _packet.c.batch == code, _packet.c.planned_at > 0
        )
        if on_paper:
            query = query.where(_packet.c.printed_at > 0)
        with self._database.read() as connection:
            back = Counter(packet for packet, _ in connection.execute(pages_back_of(code)))
            rows = connection.execute(query).all()
        totals: Counter[str] = Counter()
        for packet, state, superseded, pages in rows:
            totals["returned"] += back[packet]
            totals["superseded" if superseded and state != "voided" else state] += pages - back[packet]
        return {state: count for state, count in sorted(totals.items()) if count}

    # Print jobs

    def jobs(self, code: str) -> list[PrintJob]:
        """Print jobs of a batch, in order."""
        with self._database.read() as connection:
            return list(self.jobs_in(connection, code))

    def jobs_in(self, connection: Connection, code: str) -> Iterator[PrintJob]:
        """As :meth:`jobs`, in the caller's transaction."""
        query = select(_job).where(_job.c.batch == code).order_by(_job.c.site, _job.c.number)
        for row in connection.execute(query):
            packets = tuple(json.loads(row.packets))
            yield PrintJob(
                row.job, row.batch, row.site, row.number, packets, row.pages, row.sha256, row.spooled_at
            )

    def printed_in(self, connection: Connection, code: str) -> set[str]:
        """Packets of a batch that are on paper, in the caller's transaction."""
        query = select(_packet.c.packet).where(_packet.c.batch == code, _packet.c.printed_at > 0)
        return set(connection.execute(query).scalars())

    def add_jobs(self, connection: Connection, jobs: Collection[PrintJob], *, now: int) -> None:
        """Keep new jobs."""
        if jobs:
            connection.execute(
                insert(PrintJobTable),
                [
                    {
                        "job": job.job,
                        "batch": job.batch,
                        "site": job.site,
                        "number": job.number,
                        "packets": json.dumps(job.packets),
                        "pages": job.pages,
                        "created_at": now,
                    }
                    for job in jobs
                ],
            )

    def finish_job(self, connection: Connection, job: str, *, sha256: str) -> None:
        """The file of a job is whole."""
        connection.execute(update(_job).where(_job.c.job == job).values(sha256=sha256))

    def drop_job(self, connection: Connection, job: str) -> None:
        """Forget a job that was never drawn."""
        connection.execute(_job.delete().where(_job.c.job == job, _job.c.sha256 == ""))

    def spooled(self, job: str, *, now: int) -> None:
        """A printer took the file of a job."""
        with self._database.write() as connection:
            connection.execute(update(_job).where(_job.c.job == job).values(spooled_at=now))


def _to_state(row: Any) -> PacketState:
    return PacketState(
        row.packet,
        row.batch,
        row.learner,
        row.course,
        row.pages,
        row.planned_at,
        row.printed_at,
        row.posted_at,
        row.delivered_at,
        row.undelivered_at,
        row.voided_at,
        row.item,
        row.reason,
        row.supersedes,
        row.job,
        row.first_page,
        state_of(row),
        bool(row.superseded),
    )
