"""What machines read in bubbles, and what people said of it: proposals until a ReadingDecided fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.errors import N_, NotFound
from delivery.ids import digest_of
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.tables.returns import ReadingTable, ReturnedPageTable

_reading = ReadingTable.__table__  # type: ignore[attr-defined]
_page = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500
CHOICE, MARK, SCORE = "choice", "mark", "score"
"""What is read: a learner's choice, a lecturer's mark; and the mark that confirmed choices come to by the key."""
PROPOSED, DOUBTFUL, NOTHING, KNOWN = "proposed", "doubtful", "none", "known"
CONFIRMED, CORRECTED, REFUSED = "confirmed", "corrected", "refused"
WAITING = (PROPOSED, DOUBTFUL)
COUNTS = (CONFIRMED, CORRECTED)
DECIDED = (*COUNTS, REFUSED)
UNSEEN = "unseen"
"""In doubt because the lecturer's strip was filled in already when the sheet first came."""
TAKEN_BACK = "taken_back"
"""Decided, and then its page was taken back: when that is filed again, it is read and proposed anew."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer or mark as a machine read it, and what became of it."""

    reading: str
    work: str
    learner: str
    course: str
    activity: str
    page: int
    use: str
    question: int
    read: str = ""
    confidence: int = 0
    doubt: str = ""
    crop: str = ""
    state: str = ""
    value: str = ""
    decided_by: str = ""
    decided_at: int = 0
    fact: str = ""


_READ_ANEW = ("work", "page", "read", "confidence", "doubt", "crop", "state", "value")
"""What a new reading of the same place sets; the fact of the last decision stays, and the next one follows it."""


def reading_id(work: str, use: str, question: int) -> str:
    """Names one reading, the same however often the page is read."""
    return digest_of(("reading", work, use, str(question)))[:16]


class Readings:
    """Keeps readings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep_in(self, connection: Connection, rows: Sequence[Reading]) -> None:
        """Remember readings; one that is known stays as it is, unless its page was taken back meanwhile."""
        if rows:
            make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
            insert = make(_reading)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["reading"],
                    set_={name: insert.excluded[name] for name in _READ_ANEW},
                    where=_reading.c.state == TAKEN_BACK,
                ),
                [{name: getattr(row, name) for name in Reading.__slots__} for row in rows],
            )

    def read_already(self, works: Sequence[str]) -> set[str]:
        """Which of these facts were read."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(works), _CHUNK):
                some = _reading.c.work.in_(works[start : start + _CHUNK])
                query = select(_reading.c.work).where(some, _reading.c.state != TAKEN_BACK)
                found.update(connection.execute(query).scalars())
        return found

    def unread(self, *, since: int = 0, limit: int = 0) -> list[str]:
        """Facts of pages of work that stand and were never read, oldest first: of those that came `since` (µs since
        1970 UTC) at most `limit`, all with 0."""
        query = (
            select(_page.c.fact)
            .where(
                _page.c.kind == str(FactKind.WORK_RECEIVED),
                _page.c.arrived_at >= since,
                _page.c.sheet != "",
                _page.c.stands.is_(True),
                ~select(_reading.c.work)
                .where(_reading.c.work == _page.c.fact, _reading.c.state != TAKEN_BACK)
                .exists(),
            )
            .order_by(_page.c.arrived_at, _page.c.fact)
            .limit(limit or None)
        )
        with self._database.read() as connection:
            return [str(fact) for fact in connection.execute(query).scalars()]

    def of_work(self, learner: str, activity: str, *, page: int = 0, use: str = "") -> list[Reading]:
        """Every reading of a work, from all images of its pages; of one `page`, or of one `use`."""
        return self._select(
            _reading.c.activity == activity,
            _reading.c.learner == learner,
            *([_reading.c.page == page] if page else []),
            *([_reading.c.use == use] if use else []),
        )

    def of_works(self, works: Sequence[str], *states: str) -> list[Reading]:
        """Readings of these facts."""
        out: list[Reading] = []
        for start in range(0, len(works), _CHUNK):
            out += self._select(
                _reading.c.work.in_(works[start : start + _CHUNK]), _reading.c.state.in_(states)
            )
        return out

    def require(self, names: Sequence[str]) -> list[Reading]:
        """The readings with these names, in their order. Raises NotFound."""
        found = {row.reading: row for row in self._select(_reading.c.reading.in_(list(names)))}
        missing = [name for name in names if name not in found]
        if missing:
            raise NotFound(
                N_("There is no reading “{ident}”."),
                do=N_("“tuxa returns marks” lists what waits to be confirmed."),
                ident=", ".join(missing),
            )
        return [found[name] for name in names]

    def listed(
        self,
        *,
        state: str = "",
        course: str = "",
        activity: str = "",
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Reading]:
        """What waits to be confirmed (or is in another state), by course, activity and learner."""
        conditions = [
            _reading.c.state == state if state else _reading.c.state.in_(WAITING),
            *([_reading.c.course == course] if course else []),
            *([_reading.c.activity == activity] if activity else []),
        ]
        return self._select(*conditions, offset=offset, limit=limit)

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        query = (
            select(_reading.c.state, func.count())
            .where(_reading.c.state.not_in((NOTHING, TAKEN_BACK)))
            .group_by(_reading.c.state)
        )
        with self._database.read() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def decide_in(
        self, connection: Connection, name: str, *, state: str, value: str, by: str, at: int, fact: str
    ) -> None:
        """Note what a person decided."""
        connection.execute(
            update(_reading)
            .where(_reading.c.reading == name)
            .values(state=state, value=value, decided_by=by, decided_at=at, fact=fact)
        )

    def standing_in(self, connection: Connection, learner: str, activity: str) -> list[Reading]:
        """Readings of the pages of one work that stand, as the caller's transaction sees them."""
        query = (
            select(*(_reading.c[name] for name in Reading.__slots__))
            .join(_page, _page.c.fact == _reading.c.work)
            .where(_reading.c.activity == activity, _reading.c.learner == learner, _page.c.stands.is_(True))
        )
        return [Reading(*row) for row in connection.execute(query)]

    def propose_in(self, connection: Connection, row: Reading) -> None:
        """Propose what was computed from other readings; where nothing changed, what was decided stays decided."""
        before = connection.execute(
            select(_reading.c.read, _reading.c.state).where(_reading.c.reading == row.reading)
        ).first()
        if before is None:
            self.keep_in(connection, [row])
        elif before.read != row.read or before.state in (NOTHING, PROPOSED, TAKEN_BACK):
            connection.execute(
                update(_reading)
                .where(_reading.c.reading == row.reading)
                .values(state=PROPOSED, read=row.read, crop=row.crop, work=row.work, page=row.page, value="")
            )

    def withdraw_in(self, connection: Connection, name: str) -> None:
        """Propose no longer what was computed. What was confirmed stays confirmed."""
        connection.execute(
            update(_reading)
            .where(_reading.c.reading == name, _reading.c.state.in_((PROPOSED, REFUSED)))
            .values(state=NOTHING)
        )

    def forget_in(self, connection: Connection, work: str) -> None:
        """Forget what was read on a page that was taken back; of what was decided, only that it was decided stays."""
        decided = _reading.c.state.in_(DECIDED)
        connection.execute(delete(_reading).where(_reading.c.work == work, ~decided))
        connection.execute(
            update(_reading).where(_reading.c.work == work, decided).values(state=TAKEN_BACK, value="")
        )
        self._reopen_in(connection, work)

    def _reopen_in(self, connection: Connection, work: str) -> None:
        """What another picture of the same page said too waits again, now that this one says it no longer."""
        page = (_page.c.learner, _page.c.activity, _page.c.page)
        gone = connection.execute(select(*page).where(_page.c.fact == work)).first()
        if gone is None:
            return
        of_page = [_reading.c[column.name] == value for column, value in zip(page, gone, strict=True)]
        query = select(*(_reading.c[name] for name in Reading.__slots__)).where(*of_page)
        rows = [Reading(*row) for row in connection.execute(query.order_by(_reading.c.reading))]
        told = {(row.use, row.question) for row in rows if row.state in (*WAITING, *DECIDED)}
        for row in rows:
            if row.state != KNOWN or (row.use, row.question) in told:
                continue
            told.add((row.use, row.question))
            # The picture that showed an empty strip may be the one that went.
            doubt = row.doubt or (UNSEEN if row.use == MARK else "")
            connection.execute(
                update(_reading)
                .where(_reading.c.reading == row.reading)
                .values(state=DOUBTFUL if doubt else PROPOSED, doubt=doubt)
            )

    def _select(self, *conditions: Any, offset: int = 0, limit: int | None = None) -> list[Reading]:
        query = (
            select(*(_reading.c[name] for name in Reading.__slots__))
            .where(*conditions)
            .order_by(
                _reading.c.course,
                _reading.c.activity,
                _reading.c.learner,
                _reading.c.page,
                _reading.c.use,
                _reading.c.question,
                _reading.c.reading,
            )
            .offset(offset)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [Reading(*row) for row in connection.execute(query)]
