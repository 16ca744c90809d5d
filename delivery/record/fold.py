"""The learner record: a pure fold of facts (design D1).

The result depends on the set of facts only, not on their order, partition or repetition: facts are first made unique by
id, corrections are resolved as a set, and every choice below is by value, never by arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity, Catalogue, Component, Course
from delivery.clock import VIETNAM, from_micros
from delivery.record.corrections import standing
from delivery.record.evidence import Claim, Piece, newest_postmarks, piece_of, resolve
from delivery.record.facts import Fact
from delivery.record.grades import by_component, course_grade
from delivery.record.kinds import FactKind
from delivery.record.learner_record import ActivityRecord, CourseRecord, LearnerRecord, Received
from delivery.units import TICK_MS, Micros

_K = FactKind


@dataclass(slots=True)
class _Gathered:
    """Facts of one activity, sorted out by what they say."""

    aired: list[Fact] = field(default_factory=list)
    attended: list[Fact] = field(default_factory=list)
    took_part: list[Fact] = field(default_factory=list)
    sent: list[Fact] = field(default_factory=list)
    work: list[Fact] = field(default_factory=list)
    extra: list[Fact] = field(default_factory=list)
    held: list[Fact] = field(default_factory=list)
    asked: list[Fact] = field(default_factory=list)
    marks: list[Fact] = field(default_factory=list)
    postmarks: dict[str, str] = field(default_factory=dict)
    """Fact of a page -> the day that was entered for it later."""


_SLOTS: Mapping[FactKind, str] = {
    _K.ITEM_AIRED: "aired",
    _K.ATTENDANCE_RECORDED: "attended",
    _K.PARTICIPATION_RECORDED: "took_part",
    _K.WORK_RECEIVED: "work",
    _K.EXTRA_RECEIVED: "extra",
    _K.WORK_HELD: "held",
    _K.QUESTION_ASKED: "asked",
    _K.QUESTION_ANSWERED: "asked",
    _K.MARK_RECORDED: "marks",
}

_EXCHANGES: Mapping[FactKind, str] = {
    _K.QUESTION_ASKED: "LS",
    _K.QUESTION_ANSWERED: "LS",
    _K.PEER_ANSWERED: "SS",
    _K.PEER_ANSWER_RECEIVED: "SS",
}
_NO_EXCHANGES: Mapping[str, int] = {"LS": 0, "SS": 0}


def fold(learner: str, facts: Iterable[Fact], catalogue: Catalogue, rules: GradingRules) -> LearnerRecord:
    """The record of `learner` from the learner's own facts and the as-run facts of the learner's courses."""
    unique = {fact.id: fact for fact in facts if not fact.learner or fact.learner == learner}
    told = standing(unique.values())
    site, cohort = membership(told)
    courses = _courses(told)
    gathered, course_marks, packets = _gather(told)
    exchanges = _exchanges(told)
    _deliveries(packets, gathered)
    return LearnerRecord(
        learner,
        site,
        cohort,
        tuple(
            _course(
                catalogue,
                catalogue.courses[code],
                gathered,
                course_marks.get(code, ()),
                rules,
                exchanges=exchanges.get(code, _NO_EXCHANGES),
            )
            for code in courses
            if code in catalogue.courses
        ),
        len(unique),
    )


def membership(facts: Sequence[Fact]) -> tuple[str, str]:
    """(site, cohort) by the newest profile."""
    newest = max(
        (f for f in facts if f.kind in (_K.LEARNER_REGISTERED, _K.LEARNER_PROFILE_CHANGED)),
        key=lambda f: (f.data.get("revision", 0), f.order),
        default=None,
    )
    return (newest.data["site"], newest.data["cohort"]) if newest else ("", "")


def _courses(facts: Sequence[Fact]) -> list[str]:
    """Courses whose newest enrolment was not left: by number, because clocks of two sites may disagree."""
    enrolled: dict[str, int] = {}
    left: dict[str, int] = {}
    for fact in facts:
        if fact.kind in (_K.COURSE_ENROLLED, _K.COURSE_LEFT):
            newest = enrolled if fact.kind is _K.COURSE_ENROLLED else left
            newest[fact.course] = max(newest.get(fact.course, -1), fact.data.get("n", 0))
    return sorted(code for code, n in enrolled.items() if n > left.get(code, -1))


def _gather(
    facts: Sequence[Fact],
) -> tuple[dict[str, _Gathered], dict[str, list[Fact]], list[Fact]]:
    """(facts by activity, marks given to a component directly by course, packet facts)."""
    by_activity: dict[str, _Gathered] = {}
    course_marks: dict[str, list[Fact]] = {}
    packets: list[Fact] = []
    postmarks = newest_postmarks(facts)
    for fact in facts:
        slot = _SLOTS.get(fact.kind)
        if slot is None:
            if "packet" in fact.data:
                packets.append(fact)
            continue
        if not fact.activity:
            if fact.kind is _K.MARK_RECORDED:
                course_marks.setdefault(fact.course, []).append(fact)
            continue
        found = by_activity.get(fact.activity)
        if found is None:
            found = by_activity[fact.activity] = _Gathered(postmarks=postmarks)
        getattr(found, slot).append(fact)
    return by_activity, course_marks, packets


def _deliveries(packets: Sequence[Fact], by_activity: dict[str, _Gathered]) -> None:
    """A packet that was posted counts as sent for each activity that has a sheet or material in it."""
    contents: dict[str, set[str]] = {}
    for fact in packets:
        if fact.kind is _K.PACKET_PLANNED:
            contents[fact.data["packet"]] = {sheet[3] for sheet in fact.data["sheets"] if sheet[3]}
    for fact in packets:
        if fact.kind in (_K.PACKET_POSTED, _K.PACKET_DELIVERED):
            for activity in contents.get(fact.data["packet"], ()):
                by_activity.setdefault(activity, _Gathered()).sent.append(fact)


def _course(
    catalogue: Catalogue,
    course: Course,
    gathered: Mapping[str, _Gathered],
    direct: Sequence[Fact],
    rules: GradingRules,
    *,
    exchanges: Mapping[str, int],
) -> CourseRecord:
    activities = tuple(
        _activity(activity, gathered.get(activity.code, _EMPTY))
        for activity in catalogue.activities_of.get(course.code, ())
    )
    components = catalogue.components_of.get(course.code, ())
    scores = by_component(components, _marks(components, activities, direct))
    return CourseRecord(
        course,
        activities,
        scores,
        {component.code: component.name for component in components},
        course_grade(scores, rules, basis=course.grading),
        exchanges,
    )


def _exchanges(facts: Sequence[Fact]) -> dict[str, dict[str, int]]:
    """Course -> exchanges with lecturers (LS) and between learners (SS), TX-5.4-1."""
    out: dict[str, dict[str, int]] = {}
    for fact in facts:
        kind = _EXCHANGES.get(fact.kind)
        if kind:
            counts = out.setdefault(fact.course, dict(_NO_EXCHANGES))
            counts[kind] += 1
    return out


def _marks(
    components: Sequence[Component], activities: Sequence[ActivityRecord], direct: Sequence[Fact]
) -> dict[str, list[Decimal | None]]:
    marks: dict[str, list[Decimal | None]] = {component.code: [] for component in components}
    for record in activities:
        if record.activity.component in marks:
            marks[record.activity.component].append(record.mark)
    given: dict[str, list[Fact]] = {}
    for fact in direct:
        given.setdefault(fact.data.get("component", ""), []).append(fact)
    for code, facts in given.items():
        if code in marks:
            marks[code].append(_one_mark(facts))
    return marks


def _one_mark(facts: Sequence[Fact]) -> Decimal | None:
    """The standing mark; None when two standing marks disagree, until a person corrects one of them."""
    scores = {Decimal(fact.data["score"]) for fact in facts}
    return scores.pop() if len(scores) == 1 else None


def _activity(activity: Activity, facts: _Gathered) -> ActivityRecord:
    evidence = tuple(
        fact.id
        for fact in sorted(
            (
                *facts.aired,
                *facts.sent,
                *facts.attended,
                *facts.took_part,
                *facts.asked,
                *facts.work,
                *facts.extra,
                *facts.held,
                *facts.marks,
            ),
            key=lambda fact: fact.order,
        )
    )
    pieces = [piece_of(fact, facts.postmarks.get(fact.id, "")) for fact in facts.work]
    claim = resolve(pieces)
    mark = _one_mark(facts.marks) if facts.marks else None
    return ActivityRecord(
        activity,
        _status(facts, claim, mark),
        _credited(activity, facts, claim, marked=mark is not None),
        evidence,
        mark,
        _late(activity.due, claim),
        claim.missing if claim else (),
        _received(facts, claim, pieces) if claim else None,
    )


def _received(facts: _Gathered, claim: Claim, pieces: Sequence[Piece]) -> Received:
    first_of: dict[int, int] = {}
    for piece in pieces:
        first_of[piece.page] = min(piece.arrived_at, first_of.get(piece.page, piece.arrived_at))
    last = max(first_of.values())
    counted = max(piece.counted_at for piece in pieces)
    return Received(
        _day(claim.first_arrival),
        _day(last),
        max(piece.pages for piece in pieces),
        tuple(sorted(first_of)),
        len(facts.extra),
        _day(counted) if counted else None,
    )


def _day(micros: int) -> date:
    return from_micros(Micros(micros)).astimezone(VIETNAM).date()


def _status(facts: _Gathered, claim: Claim | None, mark: Decimal | None) -> str:
    if facts.marks:
        return "review" if mark is None else "marked"
    if claim is not None:
        if claim.disagreement:
            return "review"
        return "submitted" if claim.complete else "incomplete"
    if facts.held:
        return "held"
    if facts.attended or facts.took_part or facts.asked:
        return "recorded"
    if facts.sent or facts.aired:
        return "delivered"
    return "not_recorded"


def _credited(activity: Activity, facts: _Gathered, claim: Claim | None, *, marked: bool) -> int:
    """Minutes of the designed workload that evidence stands for. What merely aired or was posted credits nothing."""
    if activity.kind is ActivityKind.ASSIGNMENT:
        return activity.minutes if marked or (claim is not None and claim.complete) else 0
    by_airing: dict[str, int] = {}
    for fact in facts.attended:
        airing = fact.data["airing"]
        by_airing[airing] = max(by_airing.get(airing, 0), fact.data["minutes"])
    minutes: int = sum(by_airing.values()) + sum(fact.data["minutes"] for fact in facts.took_part)
    minutes += sum(fact.data.get("minutes", 0) for fact in facts.asked)
    return min(minutes, activity.minutes)


def _late(due: date | None, claim: Claim | None) -> bool:
    """Late when the last needed page came after the due day ended in Viet Nam; by its postmark, where one was entered
    (TT-2.3: what is done by the last second of the last day is in time)."""
    if due is None or claim is None or not claim.counted_at:
        return False
    return _day(claim.counted_at) > due


_EMPTY = _Gathered()


def aired_minutes(fact: Fact) -> int:
    """Whole minutes that went out, from an as-run fact (TX-2.4: as-run, not planned)."""
    ticks: int = fact.data["aired_ticks"]
    minutes: int = ticks * TICK_MS // 60_000
    return minutes
