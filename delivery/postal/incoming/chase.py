"""What has to be asked after: pages that are missing, packets that came back, work that is overdue, envelopes that lie
unopened. Each with what to do next; the learner sees the same on the portal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity, Catalogue
from delivery.clock import VIETNAM, from_micros
from delivery.postal.outgoing.posting import Resend, resends
from delivery.postal.parts import Desk
from delivery.postal.roles import ASSIGNMENT
from delivery.store.packets import Packets
from delivery.store.returned import Envelope, ReturnedPages, Work
from delivery.units import Micros


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Work of which pages are missing."""

    learner: str
    course: str
    activity: str
    pages: int
    missing: tuple[int, ...]
    last: date
    """When its newest page came."""
    batch: str
    """Batch to reprint from, when the sheet was lost; empty for work without printed sheets."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Work of which nothing has come though it is due."""

    learner: str
    course: str
    activity: str
    due: date
    days: int
    batch: str
    """Batch of the packet with its sheets; empty when none was printed."""
    packet_state: str
    """posted, delivered, undelivered …; empty when no packet was printed."""


@dataclass(frozen=True, slots=True)
class Chase:
    """Everything to ask after, as of now."""

    incomplete: tuple[Incomplete, ...]
    overdue: tuple[Overdue, ...]
    undelivered: tuple[Resend, ...]
    unopened: tuple[Envelope, ...]

    @property
    def empty(self) -> bool:
        return not (self.incomplete or self.overdue or self.undelivered or self.unopened)


def chase(desk: Desk, *, course: str = "", on: date | None = None) -> Chase:
    """What to ask after by a day (today when left out), of one course or all."""
    today = on or desk.clock.now().astimezone(VIETNAM).date()
    catalogue = desk.catalogue()
    pages = ReturnedPages(desk.database)
    works = pages.works(course)
    packets = Packets(desk.database, desk.facts)
    back = [resend for resend in resends(desk) if not course or resend.state.course == course]
    return Chase(
        tuple(_incomplete(works.values(), packets)),
        tuple(_overdue(desk, catalogue, works, packets, course=course, today=today)),
        tuple(back),
        tuple(envelope for envelope in pages.unopened() if not course or envelope.course == course),
    )


def _incomplete(works: Iterable[Work], packets: Packets) -> Iterable[Incomplete]:
    for work in sorted(works, key=lambda work: (work.course, work.activity, work.learner)):
        if work.missing:
            state = packets.get(work.packet) if work.packet else None
            last = from_micros(Micros(work.last_at)).astimezone(VIETNAM).date()
            yield Incomplete(
                work.learner,
                work.course,
                work.activity,
                work.pages,
                work.missing,
                last,
                state.batch if state else "",
            )


def _overdue(
    desk: Desk,
    catalogue: Catalogue,
    works: dict[tuple[str, str], Work],
    packets: Packets,
    *,
    course: str,
    today: date,
) -> Iterable[Overdue]:
    """Assignments with printed sheets whose day has passed: those who were sent them, and returned nothing."""
    by_course: dict[str, list[Activity]] = {}
    for activity in catalogue.activities.values():
        late = activity.due is not None and activity.due < today
        if activity.kind is ActivityKind.ASSIGNMENT and late and course in ("", activity.course):
            by_course.setdefault(activity.course, []).append(activity)
    for code, activities in sorted(by_course.items()):
        out = desk.sheets.sent_of_course(code, role=ASSIGNMENT)
        states = {
            state.packet: state
            for batch in {s.batch for s in out.values()}
            for state in packets.states(batch)
        }
        for activity in activities:
            for ref in desk.learners.of_course(code):
                sheet = out.get((ref.id, activity.code))
                if sheet is None or (ref.id, activity.code) in works:
                    continue
                assert activity.due is not None
                state = states.get(sheet.packet)
                yield Overdue(
                    ref.id,
                    code,
                    activity.code,
                    activity.due,
                    (today - activity.due).days,
                    sheet.batch,
                    state.state if state else "",
                )
