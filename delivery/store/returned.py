"""Envelopes and pages that came back: the reading side of :mod:`delivery.store.return_projection`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.tables.returns import EnvelopeTable, ReturnedPageTable

_envelope = EnvelopeTable.__table__  # type: ignore[attr-defined]
_page = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was marked as received."""

    envelope: str
    learner: str
    course: str
    packet: str
    sheet: str
    item: str
    postmark: str
    received_at: int


@dataclass(frozen=True, slots=True)
class ReturnedPage:
    """One image of one page that came back and stands."""

    fact: str
    kind: str
    learner: str
    course: str
    activity: str
    sheet: str
    packet: str
    page: int
    pages: int
    channel: str
    blob: str
    media_type: str
    source: str
    envelope: str
    postmark: str
    superseded: bool
    arrived_at: int


@dataclass(slots=True)
class Work:
    """What has come of one piece of work."""

    learner: str
    activity: str
    course: str
    pages: int = 0
    present: set[int] = field(default_factory=set)
    packet: str = ""
    """The packet of the newest page; empty for work without printed sheets."""
    last_at: int = 0

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(number for number in range(1, self.pages + 1) if number not in self.present)


class ReturnedPages:
    """Finds pages that came back, and the envelopes they came in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_sheet(self, sheet: str) -> list[ReturnedPage]:
        """Images of one printed page."""
        return self._pages(_page.c.sheet == sheet)

    def of_work(self, learner: str, activity: str) -> list[ReturnedPage]:
        """Images of one piece of work, extra sheets included, in order of page and arrival."""
        return self._pages(_page.c.activity == activity, _page.c.learner == learner)

    def of_activity(self, activity: str) -> list[ReturnedPage]:
        """The same of every learner."""
        return self._pages(_page.c.activity == activity)

    def of_source(self, source: str) -> list[ReturnedPage]:
        """What a page of a scanned file was filed as."""
        return self._pages(_page.c.source == source)

    def with_facts(self, facts: Sequence[str]) -> dict[str, ReturnedPage]:
        """By fact."""
        out: dict[str, ReturnedPage] = {}
        for start in range(0, len(facts), _CHUNK):
            pages = self._pages(_page.c.fact.in_(facts[start : start + _CHUNK]))
            out.update((page.fact, page) for page in pages)
        return out

    def came(self, sheets: Sequence[str]) -> set[str]:
        """Which of these printed pages have come back, by any channel."""
        found: set[str] = set()
        for start in range(0, len(sheets), _CHUNK):
            query = select(_page.c.sheet).where(
                _page.c.sheet.in_(sheets[start : start + _CHUNK]), _page.c.stands.is_(True)
            )
            with self._database.read() as connection:
                found.update(connection.execute(query).scalars())
        return found

    def present(self, works: Iterable[tuple[str, str]]) -> dict[tuple[str, str], set[int]]:
        """(learner, activity) -> numbers of the pages that have come, by any channel."""
        wanted = set(works)
        out: dict[tuple[str, str], set[int]] = {work: set() for work in wanted}
        activities = sorted({activity for _, activity in wanted})
        learners = sorted({learner for learner, _ in wanted})
        for start in range(0, len(learners), _CHUNK):
            query = select(_page.c.learner, _page.c.activity, _page.c.page).where(
                _page.c.activity.in_(activities),
                _page.c.learner.in_(learners[start : start + _CHUNK]),
                _page.c.kind == str(FactKind.WORK_RECEIVED),
                _page.c.stands.is_(True),
            )
            with self._database.read() as connection:
                for learner, activity, page in connection.execute(query):
                    if (learner, activity) in out:
                        out[learner, activity].add(page)
        return out

    def _pages(self, *conditions: Any) -> list[ReturnedPage]:
        columns = [_page.c[name] for name in ReturnedPage.__slots__]
        query = (
            select(*columns)
            .where(*conditions, _page.c.stands.is_(True))
            .order_by(_page.c.page, _page.c.arrived_at, _page.c.fact)
        )
        with self._database.read() as connection:
            return [ReturnedPage(*row) for row in connection.execute(query)]

    def works(self, course: str = "") -> dict[tuple[str, str], Work]:
        """(learner, activity) -> what has come of each piece of work, by any channel."""
        query = (
            select(
                _page.c.learner,
                _page.c.activity,
                _page.c.course,
                _page.c.packet,
                _page.c.page,
                _page.c.pages,
                _page.c.arrived_at,
            )
            .where(
                _page.c.kind == str(FactKind.WORK_RECEIVED),
                _page.c.stands.is_(True),
                *([_page.c.course == course] if course else []),
            )
            .order_by(_page.c.arrived_at)
        )
        out: dict[tuple[str, str], Work] = {}
        with self._database.read() as connection:
            for learner, activity, of, packet, page, pages, at in connection.execute(query):
                work = out.setdefault((learner, activity), Work(learner, activity, of))
                work.pages = max(work.pages, pages)
                work.present.add(page)
                work.packet = packet or work.packet
                work.last_at = max(work.last_at, at)
        return out

    # Envelopes

    def envelope(self, name: str) -> Envelope | None:
        """The envelope with this name."""
        return next(iter(self._envelopes(_envelope.c.envelope == name)), None)

    def with_item(self, item: str) -> Envelope | None:
        """The envelope that bears this postal item number."""
        return next(iter(self._envelopes(_envelope.c.item == item)), None) if item else None

    def with_label(self, sheet: str) -> Envelope | None:
        """The newest envelope that bore this return label."""
        found = self._envelopes(_envelope.c.sheet == sheet)
        return found[-1] if found else None

    def of_packets(self, packets: Sequence[str]) -> dict[str, Envelope]:
        """The newest envelope of each packet."""
        out: dict[str, Envelope] = {}
        for start in range(0, len(packets), _CHUNK):
            # Oldest first: the newest stays.
            found = self._envelopes(_envelope.c.packet.in_(packets[start : start + _CHUNK]))
            out.update((envelope.packet, envelope) for envelope in found)
        return out

    def unopened(self) -> list[Envelope]:
        """Envelopes of which no page has been scanned, oldest first."""
        scanned = select(_page.c.envelope).where(_page.c.envelope == _envelope.c.envelope).exists()
        return self._envelopes(~scanned)

    def _envelopes(self, *conditions: Any) -> list[Envelope]:
        query: Select[Any] = (
            select(*(_envelope.c[name] for name in Envelope.__slots__))
            .where(*conditions)
            .order_by(_envelope.c.received_at, _envelope.c.envelope)
        )
        with self._database.read() as connection:
            return [Envelope(*row) for row in connection.execute(query)]
