"""Circular on IT in online training (TT), Điều 2 to 6: terms, principles, courses online, software, material."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DISTANCE_MODES, ActivityKind, DeliveryMode, MaterialState
from delivery.catalogue.model import Course
from delivery.catalogue.register_kinds import SystemPart
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    activities_of,
    all_of_kind,
    covered,
    covered_courses,
    latest,
    modes_of,
    the_course,
    the_institution,
    the_programme,
    units_of,
)
from delivery.regulation.phrases import INCOMPLETE, mirrors, missing
from delivery.regulation.registry import Gate, rule
from delivery.regulation.rules.tx4 import covered_materials, of_material
from delivery.regulation.snapshot import Snapshot


def online_courses(s: Snapshot) -> list[Course]:
    """Courses with anything on the network. Broadcast and post are not online training (TT-2.1)."""
    return [c for c in covered_courses(s) if DeliveryMode.NETWORK in modes_of(s, c.code)]


@rule("TT-2.4")
def system_has_three_parts(s: Snapshot) -> Iterator[Finding]:
    """Software, material and infrastructure are in the register of systems."""
    parts = {system.part for system in s.systems.values()}
    lacking = [part.value for part in SystemPart if part not in parts]
    if not s.systems:
        yield unknown(the_institution(s), "systems")
    elif lacking:
        yield fails(
            the_institution(s),
            INCOMPLETE,
            N_("Enter them in the table systems."),
            value=len(parts),
            threshold=len(SystemPart),
            items=", ".join(lacking),
        )
    else:
        yield passes(the_institution(s), value=len(parts), threshold=len(SystemPart))


@rule("TT-3.2")
def improved_each_year(s: Snapshot) -> Iterator[Finding]:
    """At least one recorded improvement in the last whole year or this one."""
    found = [e for e in all_of_kind(s, EvidenceKind.IMPROVEMENT) if e.day and e.day.year >= s.on.year - 1]
    if found:
        yield passes(the_institution(s), value=len(found), rests_on=[e.code for e in found])
    else:
        yield missing(s, the_institution(s), EvidenceKind.IMPROVEMENT, "")


@rule("TT-3.3")
def a_way_without_the_internet(s: Snapshot) -> Iterator[Finding]:
    """A course that declares broadcast or post has what it takes to follow it without the network."""
    for course in covered_courses(s):
        modes = modes_of(s, course.code)
        off = [mode for mode in DISTANCE_MODES if mode is not DeliveryMode.NETWORK and mode in modes]
        if not off:
            continue
        kinds = {a.kind for a in activities_of(s, course.code) if a.mode in off}
        if ActivityKind.MATERIAL in kinds or ActivityKind.SESSION in kinds:
            yield passes(the_course(course), value=off[0].value)
        else:
            yield warns(
                the_course(course),
                N_("It declares {value}, and its lessons are on the network only."),
                N_("Add lessons or material in that mode."),
                value=off[0].value,
            )


@rule("TT-3.4", Gate.SCHEDULE, Gate.PRINT, Gate.PUBLISH)
def rights_are_held(s: Snapshot) -> Iterator[Finding]:
    """A licence that has ended blocks air, print and stream; own material (with an author) needs none."""
    for material in covered_materials(s):
        subject = of_material(s, material)
        held = latest(s, EvidenceKind.RIGHTS, material.code)
        told = s.material_standings.get(material.code)
        if told is not None and told.licence:
            # What air, print and portal are held to decides (decision 0018); the paper on file documents it.
            ended = told.licensed_until is not None and told.licensed_until < s.on
            if held is not None and held.until != told.licensed_until and not ended:
                yield warns(
                    subject,
                    N_("The paper on file ends on {paper}, what was recorded for use on {told}."),
                    N_("Record what the paper says: tuxa media rights."),
                    rests_on=[told.licence, held.code],
                    paper=held.until or "–",
                    told=told.licensed_until or "–",
                )
            else:
                yield _licence(s, subject, told.licence, told.licensed_until)
        elif held is None:
            if material.author:
                yield passes(subject, value="own", rests_on=[material.author])
            elif all_of_kind(s, EvidenceKind.RIGHTS):
                yield missing(s, subject, EvidenceKind.RIGHTS, material.code)
            else:
                yield warns(
                    subject,
                    N_("Neither author nor licence is entered."),
                    N_("Name the author in the table materials, or enter the licence: kind “rights”."),
                )
        else:
            yield _licence(s, subject, held.code, held.until)


def _licence(s: Snapshot, subject: Subject, code: str, until: date | None) -> Finding:
    if until is None or until >= s.on:
        return passes(subject, rests_on=[code])
    return fails(
        subject,
        N_("The licence ended on {until}."),
        N_("Renew it, or withdraw the material."),
        threshold=f"{until:%Y-%m-%d}",
        rests_on=[code],
        since=until,
        until=until,
    )


@rule("TT-3.5", over_others=True)
def minimum_of_the_circular(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), tuple(f"TT-{n}" for n in range(4, 13)))


@rule("TT-4-1", Gate.PUBLISH, Gate.START_TEACHING)
def online_courses_are_decided(s: Snapshot) -> Iterator[Finding]:
    """The rector's decision lists the course."""
    for course in online_courses(s):
        found = [
            e
            for e in all_of_kind(s, EvidenceKind.ONLINE_DECISION)
            if e.subject == course.code or course.code in e.items
        ]
        if found:
            yield passes(the_course(course), rests_on=[found[-1].code])
        else:
            yield missing(s, the_course(course), EvidenceKind.ONLINE_DECISION, course.code)


@rule("TT-4-2", Gate.START_TEACHING)
def online_version_is_equivalent(s: Snapshot) -> Iterator[Finding]:
    """Same credits as the regular course, and all of its units."""
    for course in online_courses(s):
        subject, syllabus = the_course(course), s.syllabi.get(course.code)
        if syllabus is None or syllabus.credits is None:
            yield unknown(subject, "syllabi")
        elif syllabus.credits != course.credits:
            yield fails(
                subject,
                N_("{value} credits, where the regular course has {threshold}."),
                N_("Correct one of the two."),
                value=course.credits,
                threshold=syllabus.credits,
                unit="credits",
            )
        elif syllabus.unit_count and len(units_of(s, course.code)) < syllabus.unit_count:
            yield warns(
                subject,
                N_("{value} of {threshold} units are listed."),
                N_("Add the others to the table units."),
                value=len(units_of(s, course.code)),
                threshold=syllabus.unit_count,
                unit="units",
            )
        else:
            yield passes(subject, value=course.credits, threshold=syllabus.credits, unit="credits")


@rule("TT-5.1")
def software_covers_its_clauses(s: Snapshot) -> Iterator[Finding]:
    """A product for khoản 3 (managing learning) at least; which product covers what is entered in covers."""
    covered_by = {clause for system in s.systems.values() for clause in system.covers}
    if not s.systems:
        yield unknown(the_institution(s), "systems")
    elif "5.3" in covered_by:
        yield passes(the_institution(s), value=", ".join(sorted(covered_by)))
    else:
        yield fails(
            the_institution(s),
            N_("No product covers khoản 3 (learning management)."),
            N_("Enter it in the table systems; tuxa itself covers 5.3."),
            value=", ".join(sorted(covered_by)),
            threshold="5.3",
        )


@rule("TT-5.3a-2", over_others=True)
def lecturers_answer(s: Snapshot) -> Iterator[Finding]:
    """Open questions, as TX-5.8c-5 counts them."""
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.8c-5",))


@rule("TT-5.3c-2")
def record_is_faithful(s: Snapshot) -> Iterator[Finding]:
    """The ledger verifies: every fact is as it was told (design D2)."""
    subject = Subject("ledger", "facts")
    if s.ledger_ok is None:
        yield unknown(
            subject,
            "ledger",
            what=N_("The ledger was not verified for this check."),
            do=N_("Check with --verify, or run: tuxa record verify."),
        )
    elif s.ledger_ok:
        yield passes(subject)
    else:
        yield fails(
            subject, N_("The ledger does not verify."), N_("See what was altered: tuxa record verify --deep.")
        )


@rule("TT-6.1")
def material_suits_self_study(s: Snapshot) -> Iterator[Finding]:
    """Appraised material: pedagogy and ease of use are what the council judged."""
    for material in covered_materials(s):
        standing = s.material_standings.get(material.code)
        if standing and standing.appraised_at:
            yield passes(of_material(s, material), rests_on=[standing.decision])


@rule("TT-6.2", over_others=True)
def material_is_kept_up(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-4.5-2",))


@rule("TT-6.3", Gate.PUBLISH)
def online_material_is_appraised_first(s: Snapshot) -> Iterator[Finding]:
    """All material of the network mode, supplementary included, before it is used."""
    for material in covered_materials(s):
        if DeliveryMode.NETWORK not in material.modes:
            continue
        subject = of_material(s, material)
        standing = s.material_standings.get(material.code)
        ready = standing is not None and standing.state not in (MaterialState.DRAFT, MaterialState.RETIRED)
        if ready and standing is not None and standing.appraised_at:
            yield passes(subject, rests_on=[standing.decision])
        elif standing is not None and standing.first_used_at:
            yield fails(
                subject,
                N_("It is used online without an appraisal."),
                N_("Withdraw it until it is appraised: tuxa media approve."),
            )
        else:
            yield unknown(
                subject,
                "materials",
                what=N_("It is not appraised yet."),
                do=N_("Have it appraised before it goes online: tuxa media approve."),
            )
