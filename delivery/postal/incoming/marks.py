"""Answers and marks that were filled in on paper: read by a machine, counted only once a person has confirmed them.

What is read (:mod:`delivery.postal.incoming.reading_filed`) is a proposal. Confirming, correcting or refusing it is a
ReadingDecided fact with its actor; a confirmed mark, the lecturer's own or the one that confirmed answers come to by
the key, is then recorded through the door for marks, and replaced or taken back by the same ways as any other (TX-5.5:
no mark without a person).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sqlalchemy import Connection

from delivery.clock import to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.postal.incoming.plainmarks import Doubt
from delivery.postal.incoming.reading_filed import came_empty
from delivery.postal.incoming.scoring import Scoring
from delivery.postal.incoming.wholepage import whole_page
from delivery.postal.parts import Desk
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.marks import Target
from delivery.store.readings import (
    CHOICE,
    CONFIRMED,
    CORRECTED,
    COUNTS,
    DOUBTFUL,
    MARK,
    REFUSED,
    SCORE,
    UNSEEN,
    Reading,
    Readings,
)
from delivery.store.returned import ReturnedPages

_PAGE_PX = 1200
"""Long side of a whole page: 100 dots per inch of A4, enough to read a figure and a bubble."""
_METHODS = {MARK: "omr", SCORE: "key"}
"""How a mark came about, as its fact says it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Outcome of a decision about one reading."""

    reading: Reading
    value: str
    problem: Refused | None = None
    """Why it could not be taken over; it waits as before."""


def has_its_place(reading: Reading) -> bool:
    """Whether there is a picture of the very place that was read. Where the page could not be laid out, what was cut
    from it shows anything."""
    return bool(reading.crop) and reading.doubt != Doubt.NOT_STRAIGHT


class Marking:
    """Readings for people: list, look at, confirm, correct, refuse."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.readings = Readings(desk.database)
        self._scoring = Scoring(desk)

    def counts(self) -> dict[str, int]:
        """How many readings there are in each state, as of now."""
        return self.readings.counts()

    def crop(self, reading: Reading, *, long_px: int = _PAGE_PX) -> bytes:
        """JPEG of the place that was read; of the whole page, its long side at most `long_px`, where that place was not
        found on it. Raises NotFound when neither is kept here."""
        if not has_its_place(reading):
            return whole_page(self._desk, reading.work, long_px=long_px)
        return self._desk.scans.get(reading.learner, reading.crop)

    def confirm(
        self, names: Sequence[str], *, actor: str, marker: str = "", replace: bool = False
    ) -> list[Decided]:
        """Confirm what the machine proposes, one by one; a doubtful reading cannot be confirmed, only corrected.

        `marker` is the lecturer who marked on paper; the course's own when left out. Naming one also answers for a mark
        that stood on its sheet when that first came. `replace` lets a mark take the place of another one that stands.
        What cannot be taken over is named, and the rest goes on.
        """
        done = []
        for known in self.readings.require(names):
            # As it stands now: many take a while, and somebody else may have decided about this one meanwhile.
            (row,) = self.readings.require([known.reading])
            done.append(self._one(row, row.read, actor=actor, marker=marker, replace=replace, by_hand=False))
        return done

    def correct(
        self, name: str, value: str, *, actor: str, marker: str = "", replace: bool = False
    ) -> Decided:
        """Say what really stands there: for a doubtful reading, or for one that was confirmed wrongly."""
        (row,) = self.readings.require([name])
        decided = self._one(
            row, value, actor=actor, marker=marker, replace=replace or row.state in COUNTS, by_hand=True
        )
        if decided.problem:
            raise decided.problem
        return decided

    def refuse(self, name: str, *, actor: str) -> Decided:
        """Say that nothing there counts. A mark that was recorded from it is taken back."""
        (row,) = self.readings.require([name])
        if row.use in _METHODS and row.state in COUNTS:
            self._take_back(row, actor)
        self._tell(row, "", REFUSED, actor)
        return Decided(row, "")

    def scored(self, page: Fact) -> list[Reading]:
        """The confirmed score of the work that a page belongs to, if there is one."""
        rows = self.readings.of_work(page.learner, page.activity, use=SCORE)
        return [row for row in rows if row.state in COUNTS]

    def rescore_in(self, connection: Connection, page: Fact) -> None:
        """Make the proposed score of a page's work anew, in the caller's transaction."""
        key = self._scoring.key(page.learner, page.activity)
        if key is not None:
            self._scoring.refresh_in(connection, page.learner, page.course, page.activity, key)

    def _one(
        self, row: Reading, value: str, *, actor: str, marker: str, replace: bool, by_hand: bool
    ) -> Decided:
        try:
            if row.use == MARK and row.state not in COUNTS and not marker and not self._came_empty(row):
                raise _stood_there(row, by_hand=by_hand)
            if not by_hand and row.state == DOUBTFUL and row.doubt != UNSEEN:
                raise Refused(
                    N_("Reading {ident} is in doubt and cannot be confirmed as it is."),
                    do=N_("Say what stands there: tuxa returns mark {ident} VALUE."),
                    ident=row.reading,
                )
            if not by_hand and row.state == REFUSED:
                raise Refused(
                    N_("A person refused reading {ident}."),
                    do=N_("If it counts after all, say what stands there: tuxa returns mark {ident} VALUE."),
                    ident=row.reading,
                )
            if not by_hand and row.state in COUNTS:
                return Decided(row, row.value)  # told before
            if row.work not in ReturnedPages(self._desk.database).with_facts([row.work]):
                raise Refused(
                    N_("The page of reading {ident} was taken back."),
                    do=N_("Decide about the page first: tuxa returns queue."),
                    ident=row.reading,
                )
            value = _checked(row, value)
            if row.use in _METHODS:
                self._record(row, value, actor=actor, marker=marker, replace=replace)
        except Refused as problem:
            return Decided(row, value, problem)
        self._tell(row, value, CONFIRMED if value == row.read else CORRECTED, actor)
        return Decided(row, value)

    def _came_empty(self, row: Reading) -> bool:
        """Whether the sheet of a mark was seen before the lecturer had it. Also of a mark that is told by hand: whoever
        reads it on the picture cannot tell either whose pen it was."""
        page = ReturnedPages(self._desk.database).with_facts([row.work]).get(row.work)
        same_page = self.readings.of_work(row.learner, row.activity, page=row.page)
        return page is None or came_empty(self._desk, page, same_page)

    def _record(self, row: Reading, value: str, *, actor: str, marker: str, replace: bool) -> None:
        catalogue = self._desk.catalogue()
        course = catalogue.courses.get(row.course)
        self._desk.marks.set(
            row.learner,
            row.activity,
            score=value,
            marker=marker or (course.lecturer if course else ""),
            catalogue=catalogue,
            method=_METHODS[row.use],
            correct=replace or self._is_own(row),
            read_from=row.work,
            confirmed_by=actor,
        )

    def _is_own(self, row: Reading) -> bool:
        """Whether the mark that stands is what the same answers came to before one of them was corrected."""
        if row.use != SCORE:
            return False
        standing = self._desk.marks.standing(row.learner, Target(row.course, row.activity, "", ""))
        return standing is not None and standing.data["method"] == _METHODS[SCORE]

    def _take_back(self, row: Reading, actor: str) -> None:
        for fact in self._desk.facts.select(kind=FactKind.MARK_RECORDED, learner=row.learner):
            same = fact.activity == row.activity and fact.data["method"] == _METHODS[row.use]
            # A score belongs to the whole work, whichever of its pages it was noted with.
            if same and (row.use == SCORE or fact.data.get("read_from") == row.work):
                self._desk.marks.take_back(fact, reason="reading_refused", actor=actor)

    def _tell(self, row: Reading, value: str, decision: str, actor: str) -> None:
        now = to_micros(self._desk.clock.now())
        draft = Draft(
            id=fact_id(FactKind.READING_DECIDED, row.reading, row.fact or "first", decision, value),
            kind=FactKind.READING_DECIDED,
            occurred_at=now,
            actor=actor,
            audience=self._desk.learners.require(row.learner).site,
            learner=row.learner,
            course=row.course,
            activity=row.activity,
            corrects=row.fact,
            data={
                "work": row.work,
                "use": row.use,
                "question": row.question,
                "read": row.read,
                "value": value,
                "decision": decision,
                "confidence": row.confidence,
            },
        )
        key = self._scoring.key(row.learner, row.activity) if row.use == CHOICE else None
        with self._desk.database.write() as connection:
            self._desk.facts.append_in(connection, [draft], once=True)
            self.readings.decide_in(
                connection, row.reading, state=decision, value=value, by=actor, at=now, fact=str(draft.id)
            )
            if key is not None:
                self._scoring.refresh_in(connection, row.learner, row.course, row.activity, key)


def _stood_there(row: Reading, *, by_hand: bool) -> Refused:
    told = (
        N_(
            "If a lecturer had marked it by then: tuxa returns mark {ident} VALUE --marker CODE. "
            "Otherwise it is the learner's own: tuxa returns refuse {ident}."
        )
        if by_hand
        else N_(
            "If a lecturer had marked it by then: tuxa returns confirm {ident} --marker CODE. "
            "Otherwise it is the learner's own: tuxa returns refuse {ident}."
        )
    )
    return Refused(
        N_("The mark of reading {ident} stood there when the sheet first came."), do=told, ident=row.reading
    )


def _checked(row: Reading, value: str) -> str:
    """The value in its one spelling. Raises Refused for what can be no answer."""
    text = value.strip().upper().replace(",", ".")
    if row.use == CHOICE:
        letters = "".join(sorted(set(text.replace(" ", "").replace(".", ""))))
        if all("A" <= letter <= "Z" for letter in letters):
            return letters
    else:
        try:
            mark = Decimal(text)
            if mark.is_finite() and 0 <= mark <= 10:
                return str(mark.normalize() if mark else Decimal(0)) if mark != 10 else "10"
        except InvalidOperation:
            pass
    raise Refused(
        N_("“{value}” can be no answer here."),
        do=N_("Give letters for a choice (empty: none), or a mark from 0 to 10."),
        value=value,
    )
