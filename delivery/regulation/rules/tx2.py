"""TX Điều 2: what distance training is, its three modes, its eight components."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import COMPONENTS, EvidenceKind
from delivery.catalogue.kinds import ActivityKind, DeliveryMode, MaterialState
from delivery.errors import N_
from delivery.regulation.findings import Finding, fails, passes, share, shown, unknown, warns
from delivery.regulation.indexes import (
    activities_of,
    covered,
    covered_courses,
    evidence_of,
    modes_of,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import (
    ADD_EVIDENCE_TOPIC,
    INCOMPLETE,
    NO_COURSES,
)
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.shares import volumes
from delivery.regulation.snapshot import Snapshot


@rule("TX-2.1", Gate.APPROVE_PROGRAMME)
def half_of_the_volume_at_a_distance(s: Snapshot) -> Iterator[Finding]:
    """Credits by the three modes over all credits, exact; courses that mix modes count pro rata (A3).

    While courses are still to be entered, the verdict is given only where they cannot turn it.
    """
    for programme in covered(s):
        subject = the_programme(programme.code)
        volume = volumes(s, programme.code)
        least = values_of(s, programme.code).number("distance_share_min")
        if not volume.listed:
            yield unknown(subject, "courses", what=NO_COURSES)
            continue
        value = share(volume.distance, volume.total)
        if value >= least:
            yield passes(subject, value=value, threshold=least, unit="percent")
        elif share(volume.distance + volume.missing, volume.total) < least:
            yield fails(
                subject,
                N_("{value} percent of the volume is at a distance, less than {threshold} percent."),
                N_("Give more courses, or parts of them, a distance mode."),
                value=value,
                threshold=least,
                unit="percent",
            )
        else:
            yield unknown(
                subject,
                "courses",
                what=N_("{listed} of {total} credits are entered: too few to judge by."),
                do=N_("Enter the remaining courses in the table courses."),
                listed=shown(volume.listed),
                total=shown(volume.total),
            )


@rule("TX-2.2")
def network_courses_have_a_channel_to_interact(s: Snapshot) -> Iterator[Finding]:
    for course in covered_courses(s):
        if DeliveryMode.NETWORK not in modes_of(s, course.code):
            continue
        syllabus = s.syllabi.get(course.code)
        channel = (syllabus is not None and bool(syllabus.learner_lecturer)) or any(
            a.kind is ActivityKind.CONSULTATION and a.mode is DeliveryMode.NETWORK
            for a in activities_of(s, course.code)
        )
        if channel:
            yield passes(the_course(course))
        else:
            yield warns(
                the_course(course),
                N_("The network course has no channel for questions or discussion."),
                N_("Add a consultation in the mode network, or name the channel in the table syllabi."),
            )


@rule("TX-2.3")
def post_goes_both_ways(s: Snapshot) -> Iterator[Finding]:
    """Packets out and work back are recorded; returned work that waits for a person is never lost from sight."""
    for course in covered_courses(s):
        if DeliveryMode.POSTAL not in modes_of(s, course.code):
            continue
        subject, sums = the_course(course), s.totals.get(course.code)
        if sums is None or not sums.packets_posted:
            yield unknown(
                subject,
                "packets",
                what=N_("No packet of this course was posted yet."),
                do=N_("Plan, print and post a batch: tuxa packets plan."),
            )
        elif sums.held:
            yield warns(
                subject,
                N_("{value} pieces of returned work wait for a person."),
                N_("Look through the queue: tuxa returns queue."),
                value=sums.held,
                threshold=0,
            )
        else:
            yield passes(subject, value=sums.packets_posted)


@rule("TX-2.4")
def hours_count_as_they_aired(s: Snapshot) -> Iterator[Finding]:
    """What went out is what counts, not what was planned."""
    for course in covered_courses(s):
        if DeliveryMode.BROADCAST not in modes_of(s, course.code):
            continue
        subject, sums = the_course(course), s.totals.get(course.code)
        if sums is None or not sums.aired:
            yield unknown(
                subject,
                "airings",
                what=N_("No lesson of this course was aired yet."),
                do=N_("Schedule its lessons: tuxa schedule add."),
            )
        elif sums.aired_partly:
            yield warns(
                subject,
                N_("{partly} of {airings} airings went out in part: {value} percent of the planned time."),
                N_("Air the lessons again; only what went out is credited."),
                value=share(sums.aired_ticks, sums.planned_ticks),
                threshold=100,
                unit="percent",
                partly=sums.aired_partly,
                airings=sums.aired,
            )
        else:
            yield passes(
                subject, value=share(sums.aired_ticks, sums.planned_ticks), threshold=100, unit="percent"
            )


@rule("TX-2.5", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def eight_components(s: Snapshot) -> Iterator[Finding]:
    """Each component has dated evidence with a responsible person; programme, materials and staff also have data."""
    subject = the_institution(s)
    wanted = values_of(s).whole("readiness_components")
    ready, rests = [], []
    for component in COMPONENTS:
        found = [
            e
            for e in evidence_of(s, EvidenceKind.COMPONENT, "", component)
            if e.day and (e.until is None or e.until >= s.on) and e.people and e.code not in s.lost_files
        ]
        if found and _data_of(s, component):
            ready.append(component)
            rests.append(found[-1].code)
    lacking = [component for component in COMPONENTS if component not in ready]
    if not lacking:
        yield passes(subject, value=len(ready), threshold=wanted, unit="count", rests_on=rests)
    elif not ready and not evidence_of(s, EvidenceKind.COMPONENT):
        yield unknown(
            subject,
            "evidence",
            what=INCOMPLETE,
            do=ADD_EVIDENCE_TOPIC,
            items=", ".join(lacking),
            kind=EvidenceKind.COMPONENT.value,
            topic=lacking[0],
            subject=s.institution.code,
        )
    else:
        yield fails(
            subject,
            INCOMPLETE,
            N_(
                "Enter evidence of the kind “component” with this topic, its date and the person responsible (people)."
            ),
            value=len(ready),
            threshold=wanted,
            unit="count",
            rests_on=rests,
            items=", ".join(lacking),
        )


def _data_of(s: Snapshot, component: str) -> bool:
    """Components 3, 4 and 5 are computed from data rather than ticked."""
    if component == "programme":
        return bool(s.programmes)
    if component == "materials":
        approved = (MaterialState.APPROVED, MaterialState.IN_USE)
        return any(m.state in approved for m in s.material_standings.values())
    if component == "staff":
        return bool(s.people)
    return True
