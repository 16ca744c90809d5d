"""Answers and marks that were filled in on paper: read by a machine, counted only once a person has confirmed them.

Reading follows filing: every page of work whose layout has bubbles is read once. What is read is a proposal.
Confirming, correcting or refusing it is a ReadingDecided fact with its actor; a confirmed mark of the lecturer is then
recorded through the door for marks, and replaced or taken back by the same ways as any other (TX-5.5: no mark without
a person).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from delivery.clock import to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.postal.incoming.fields import CHOICE, MARK, Field, read_fields
from delivery.postal.parts import Desk
from delivery.postal.sheetlayout import PacketLayout, SheetLayout
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.readings import (
    CONFIRMED,
    CORRECTED,
    COUNTS,
    DOUBTFUL,
    KNOWN,
    NOTHING,
    PROPOSED,
    REFUSED,
    WAITING,
    Reading,
    Readings,
    reading_id,
)
from delivery.store.returned import ReturnedPage, ReturnedPages

_AHEAD = 8
DIFFERS = "differs"
"""Another picture of the same page says something else."""


# Reading


def read_filed(desk: Desk, executor: Executor, facts: Sequence[str]) -> int:
    """Read the bubbles of pages of work that were not read yet; how many were read. Stops and goes on at any page."""
    todo = list(_to_read(desk, facts))
    ahead: list[tuple[ReturnedPage, Future[list[Field]]]] = []
    for page, layout in todo:
        image = desk.scans.get(page.learner, page.blob)
        ahead.append((page, executor.submit(read_fields, image, page.media_type, layout)))
        if len(ahead) > _AHEAD:
            first, future = ahead.pop(0)
            _keep(desk, first, future.result())
    for page, future in ahead:
        _keep(desk, page, future.result())
    return len(todo)


def _to_read(desk: Desk, facts: Sequence[str]) -> Iterator[tuple[ReturnedPage, SheetLayout]]:
    done = Readings(desk.database).read_already(facts)
    pages = ReturnedPages(desk.database).with_facts([fact for fact in facts if fact not in done])

    @lru_cache(maxsize=16)
    def layouts(address: str) -> PacketLayout:
        return PacketLayout.from_json(desk.blobs.get(address))

    for page in pages.values():
        sheet = (
            desk.sheets.by_page(page.sheet) if page.kind == FactKind.WORK_RECEIVED and page.sheet else None
        )
        if sheet is None or not sheet.layout:
            continue
        layout = layouts(sheet.layout).pages[sheet.position - 1]
        if layout.bubbles:
            yield page, layout


def _keep(desk: Desk, page: ReturnedPage, fields: Sequence[Field]) -> None:
    """Remember what was read on a page; also that nothing was, so that it is not read again."""
    readings = Readings(desk.database)
    before = readings.of_page(page.learner, page.activity, page.page)
    with desk.database.write() as connection:
        rows = []
        for found in fields:
            crop = desk.scans.put_in(connection, page.learner, found.crop) if found.crop else ""
            state, doubt = _judged(found, before)
            rows.append(_row(page, found.use, found.question, found, crop=crop, state=state, doubt=doubt))
        readings.keep_in(connection, rows or [_row(page, "none", 0, None, state=NOTHING)])


def _judged(found: Field, before: Sequence[Reading]) -> tuple[str, str]:
    """State of a new reading: another picture of the same page may have told the same, or something else."""
    others = [
        (row.value if row.state in COUNTS else row.read)
        for row in before
        if (row.use, row.question) == (found.use, found.question)
        and (row.state in COUNTS or (row.state in WAITING and not row.doubt))
    ]
    if found.doubt:
        # Nothing new is learned from a picture that cannot be read, beside one that could.
        return (KNOWN if others else DOUBTFUL), found.doubt
    if not others:
        return PROPOSED, ""
    return (KNOWN, "") if found.read in others else (DOUBTFUL, DIFFERS)


def _row(
    page: ReturnedPage,
    use: str,
    question: int,
    found: Field | None,
    *,
    state: str,
    crop: str = "",
    doubt: str = "",
) -> Reading:
    return Reading(
        reading_id(page.fact, use, question),
        page.fact,
        page.learner,
        page.course,
        page.activity,
        page.page,
        use,
        question,
        found.read if found else "",
        found.confidence if found else 0,
        doubt,
        crop,
        state,
    )


def waiting_readings(desk: Desk, facts: Sequence[str]) -> int:
    """How many readings of these pages wait for a person."""
    return len(Readings(desk.database).of_works(facts, *WAITING))


# Deciding


@dataclass(frozen=True, slots=True)
class Decided:
    """Outcome of a decision about one reading."""

    reading: Reading
    value: str
    problem: Refused | None = None
    """Why it could not be taken over; it waits as before."""


class Marking:
    """Readings for people: list, look at, confirm, correct, refuse."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.readings = Readings(desk.database)

    def counts(self) -> dict[str, int]:
        """How many readings there are in each state, as of now."""
        return self.readings.counts()

    def crop(self, reading: Reading) -> bytes:
        """JPEG of the place that was read. Raises NotFound when there is none."""
        if not reading.crop:
            raise NotFound(
                N_("There is no picture of this place: the page could not be laid out."),
                do=N_("Look at the page itself."),
            )
        return self._desk.scans.get(reading.learner, reading.crop)

    def confirm(
        self, names: Sequence[str], *, actor: str, marker: str = "", replace: bool = False
    ) -> list[Decided]:
        """Confirm what the machine proposes, one by one; a doubtful reading cannot be confirmed, only corrected.

        `marker` is the lecturer who marked on paper; the course's own when left out. `replace` lets a mark take the
        place of another one that stands. What cannot be taken over is named, and the rest goes on.
        """
        return [
            self._one(row, row.read, actor=actor, marker=marker, replace=replace, by_hand=False)
            for row in self.readings.require(names)
        ]

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
        if row.use == MARK and row.state in COUNTS:
            self._take_back(row, actor)
        self._tell(row, "", REFUSED, actor)
        return Decided(row, "")

    def _one(
        self, row: Reading, value: str, *, actor: str, marker: str, replace: bool, by_hand: bool
    ) -> Decided:
        try:
            if not by_hand and row.state == DOUBTFUL:
                raise Refused(
                    N_("Reading {ident} is in doubt and cannot be confirmed as it is."),
                    do=N_("Say what stands there: tuxa returns mark {ident} VALUE."),
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
            if row.use == MARK:
                self._record(row, value, actor=actor, marker=marker, replace=replace)
        except Refused as problem:
            return Decided(row, value, problem)
        self._tell(row, value, CONFIRMED if value == row.read else CORRECTED, actor)
        return Decided(row, value)

    def _record(self, row: Reading, value: str, *, actor: str, marker: str, replace: bool) -> None:
        catalogue = self._desk.catalogue()
        course = catalogue.courses.get(row.course)
        self._desk.marks.set(
            row.learner,
            row.activity,
            score=value,
            marker=marker or (course.lecturer if course else ""),
            catalogue=catalogue,
            method="omr",
            correct=replace,
            read_from=row.work,
            confirmed_by=actor,
        )

    def _take_back(self, row: Reading, actor: str) -> None:
        for fact in self._desk.facts.select(kind=FactKind.MARK_RECORDED, learner=row.learner):
            if fact.data.get("read_from") == row.work and fact.activity == row.activity:
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
        with self._desk.database.write() as connection:
            self._desk.facts.append_in(connection, [draft], once=True)
            self.readings.decide_in(
                connection, row.reading, state=decision, value=value, by=actor, at=now, fact=str(draft.id)
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
