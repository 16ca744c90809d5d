"""TX Điều 4: learning material."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import (
    DISTANCE_MODES,
    PRINTED_KINDS,
    DeliveryMode,
    MaterialKind,
    MaterialRole,
    MaterialState,
)
from delivery.catalogue.model import Course, Material
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes, share, unknown, warns
from delivery.regulation.indexes import (
    MATERIAL_MODES,
    activities_of,
    covered_courses,
    mains,
    materials_of,
    modes_of,
    the_course,
    units_of,
)
from delivery.regulation.phrases import COMPLETE_IT, INCOMPLETE, reviewed_each_year
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import MaterialStanding, Snapshot, index

USABLE = frozenset({MaterialState.APPROVED, MaterialState.IN_USE})
_APPROVE = N_("Have it appraised and approved for this mode: tuxa media approve.")
# Formats that a network course can show: made digital, or a printed kind of which the file is held.
_DIGITAL = frozenset({MaterialKind.DIGITAL, MaterialKind.TV_PROGRAMME, MaterialKind.RADIO_PROGRAMME})


def standing_of(s: Snapshot, material: str) -> MaterialStanding:
    return s.material_standings.get(material, _DRAFT)


_DRAFT = MaterialStanding(MaterialState.DRAFT)


def approved_for(s: Snapshot, material: str, mode: DeliveryMode) -> bool:
    """Approved, and for that mode (TX-4.1)."""
    standing = standing_of(s, material)
    return standing.state in USABLE and mode in standing.modes


def of_material(s: Snapshot, material: Material) -> Subject:
    return Subject("material", material.code, s.courses[material.course].programme)


@index
def covered_materials(s: Snapshot) -> tuple[Material, ...]:
    return tuple(m for course in covered_courses(s) for m in materials_of(s, course.code))


@rule("TX-4.1", Gate.SCHEDULE, Gate.PRINT, Gate.PUBLISH)
def material_is_approved_for_its_mode(s: Snapshot) -> Iterator[Finding]:
    """Whatever an activity uses is approved for the activity's mode."""
    for course in covered_courses(s):
        for activity in activities_of(s, course.code):
            if not activity.material or activity.mode not in DISTANCE_MODES:
                continue
            subject = Subject("activity", activity.code, course.programme)
            standing = standing_of(s, activity.material)
            if standing.state in USABLE and activity.mode in standing.modes:
                yield passes(subject, rests_on=[activity.material, standing.decision])
                continue
            used = bool(standing.first_used_at)
            yield (fails if used else warns)(
                subject,
                N_("Material {material} is not approved for the mode “{mode}” (state: {state})."),
                _APPROVE,
                value=standing.state.value,
                threshold=MaterialState.APPROVED.value,
                rests_on=[activity.material],
                material=activity.material,
                mode=activity.mode.value,
                state=standing.state.value,
            )


@rule("TX-4.2")
def main_and_supplementary(s: Snapshot) -> Iterator[Finding]:
    """Each course has both."""
    for course in covered_courses(s):
        roles = {m.role for m in materials_of(s, course.code)}
        lacking = [role.value for role in MaterialRole if role not in roles]
        subject = the_course(course)
        if not roles:
            yield unknown(subject, "materials")
        elif lacking:
            yield fails(
                subject, INCOMPLETE, COMPLETE_IT, value=len(roles), threshold=2, items=", ".join(lacking)
            )
        else:
            yield passes(subject, value=2, threshold=2)


@index
def coverage(s: Snapshot) -> dict[tuple[str, DeliveryMode], tuple[int, ...]]:
    """(course, mode) -> units that no main material of the mode tells of (TX-4.3-1). Unit 0 means the whole course."""
    out: dict[tuple[str, DeliveryMode], tuple[int, ...]] = {}
    for course in covered_courses(s):
        for mode in modes_of(s, course.code) & frozenset(DISTANCE_MODES):
            told = {m.unit for m in mains(s, course.code) if mode in m.modes}
            out[(course.code, mode)] = (
                () if 0 in told else tuple(unit for unit in units_of(s, course.code) if unit not in told)
            )
    return out


@rule("TX-4.3-1")
def main_material_covers_the_course(s: Snapshot) -> Iterator[Finding]:
    """Every unit of the syllabus, for each mode used."""
    for course in covered_courses(s):
        units = units_of(s, course.code)
        for mode in DISTANCE_MODES:
            if mode not in modes_of(s, course.code):
                continue
            subject = Subject("course", f"{course.code}/{mode.value}", course.programme)
            if not units:
                yield unknown(subject, "units")
                continue
            lacking = coverage(s)[(course.code, mode)]
            value = share(len(units) - len(lacking), len(units))
            if lacking:
                yield fails(
                    subject,
                    N_("The main material covers {value} percent of the units; missing: {items}."),
                    N_("Add main material of this mode for these units."),
                    value=value,
                    threshold=100,
                    unit="percent",
                    items=", ".join(map(str, lacking)),
                )
            else:
                yield passes(subject, value=value, threshold=100, unit="percent")


@rule("TX-4.3a", Gate.PUBLISH)
def network_material_is_digital(s: Snapshot) -> Iterator[Finding]:
    """A network course has main material in a digital format."""
    for course in _courses_in(s, DeliveryMode.NETWORK):
        subject = the_course(course)
        found = [m for m in mains(s, course.code) if DeliveryMode.NETWORK in m.modes]
        digital = [m.code for m in found if m.kind in _DIGITAL or m.content]
        if digital:
            yield passes(subject, rests_on=digital)
        elif not materials_of(s, course.code):
            yield unknown(subject, "materials")
        else:
            yield fails(
                subject,
                N_("No main material of the network mode is digital."),
                N_("Add digital main material, or the file of what is printed."),
                rests_on=[m.code for m in found],
            )


@rule("TX-4.3b", Gate.PRINT)
def printed_material_for_post(s: Snapshot) -> Iterator[Finding]:
    """An approved printed main item, or nothing is printed; of the five kinds a missing one is warned of (A12)."""
    for course in _courses_in(s, DeliveryMode.POSTAL):
        subject = the_course(course)
        printed = [
            m
            for m in materials_of(s, course.code)
            if m.kind in PRINTED_KINDS and DeliveryMode.POSTAL in m.modes
        ]
        if not printed:
            yield (fails if materials_of(s, course.code) else _no_material)(
                subject,
                N_("There is no printed material."),
                N_("Add a textbook for distance training, printed."),
            )
            continue
        ready = [
            m for m in printed if m.role is MaterialRole.MAIN and approved_for(s, m.code, DeliveryMode.POSTAL)
        ]
        if not ready:
            yield fails(
                subject,
                N_("No printed main item is approved: packets cannot be printed."),
                _APPROVE,
                rests_on=[m.code for m in printed],
            )
            continue
        syllabus = s.syllabi.get(course.code)
        waived = syllabus.not_needed if syllabus else ()
        have = {m.kind.value for m in printed} | set(waived)
        lacking = [kind.value for kind in PRINTED_KINDS if kind.value not in have]
        if lacking:
            yield warns(
                subject,
                N_("Of the five printed kinds these are absent: {items}."),
                N_("Add them, or say in the syllabus that they are not needed (not_needed)."),
                value=len(PRINTED_KINDS) - len(lacking),
                threshold=len(PRINTED_KINDS),
                rests_on=[m.code for m in ready],
                items=", ".join(lacking),
            )
        else:
            yield passes(
                subject,
                value=len(PRINTED_KINDS),
                threshold=len(PRINTED_KINDS),
                rests_on=[m.code for m in ready],
            )


def _no_material(subject: Subject, what: str, do: str) -> Finding:
    return unknown(subject, "materials", what=what, do=do)


@rule("TX-4.3c", Gate.SCHEDULE)
def programmes_for_air(s: Snapshot) -> Iterator[Finding]:
    """Main material of broadcast is radio and television programmes; only approved ones can be scheduled."""
    for course in _courses_in(s, DeliveryMode.BROADCAST):
        subject = the_course(course)
        wanted = MATERIAL_MODES[DeliveryMode.BROADCAST]
        found = [m for m in mains(s, course.code) if m.kind in wanted]
        if not found:
            yield (fails if materials_of(s, course.code) else _no_material)(
                subject,
                N_("There is no radio or television programme."),
                N_("Add lessons: tuxa media add."),
            )
            continue
        waiting = [m.code for m in found if not approved_for(s, m.code, DeliveryMode.BROADCAST)]
        if waiting:
            used = any(standing_of(s, code).first_used_at for code in waiting)
            yield (fails if used else warns)(
                subject,
                N_("Not approved for broadcast: {items}."),
                _APPROVE,
                value=len(found) - len(waiting),
                threshold=len(found),
                rests_on=waiting,
                items=", ".join(waiting),
            )
        else:
            yield passes(subject, value=len(found), threshold=len(found), rests_on=[m.code for m in found])


@rule("TX-4.4")
def supplementary_material_explains_something(s: Snapshot) -> Iterator[Finding]:
    """It belongs to the unit that it explains."""
    for material in covered_materials(s):
        if material.role is not MaterialRole.SUPPLEMENTARY:
            continue
        subject = of_material(s, material)
        if material.unit:
            yield passes(subject, value=material.unit)
        else:
            yield warns(
                subject,
                N_("It is linked to no unit."),
                N_("Name the unit that it explains in the table materials."),
            )


@rule("TX-4.5-1", Gate.SCHEDULE, Gate.PRINT, Gate.PUBLISH)
def appraised_then_approved_then_used(s: Snapshot) -> Iterator[Finding]:
    """Appraisal ≤ approval < first use, by different people; exact to the moment within one day."""
    for material in covered_materials(s):
        standing = s.material_standings.get(material.code)
        subject = of_material(s, material)
        if standing is None or standing.state is MaterialState.DRAFT:
            if standing is not None and standing.first_used_at:
                yield fails(
                    subject,
                    N_("It is in use without appraisal and approval."),
                    _APPROVE,
                    since=_day(standing.first_used_at),
                )
            else:
                yield unknown(
                    subject, "materials", what=N_("It is neither appraised nor approved yet."), do=_APPROVE
                )
            continue
        problem = _order_problem(material, standing)
        if problem:
            yield fails(
                subject,
                problem,
                N_("Carry out the steps again in their order, by different people."),
                rests_on=[standing.decision],
                signer=standing.signer,
            )
        elif standing.state is MaterialState.APPRAISED:
            yield warns(subject, N_("Appraised, not yet approved."), _APPROVE)
        else:
            yield passes(subject, rests_on=[standing.decision])


def _order_problem(material: Material, standing: MaterialStanding) -> str:
    if standing.approved_at and not standing.appraised_at:
        return N_("Approved without an appraisal.")
    if standing.approved_at and standing.approved_at < standing.appraised_at:
        return N_("Approved before it was appraised.")
    if standing.signer and standing.signer == material.author:
        return N_("{signer} is the author and approved it.")
    if standing.first_used_at and not standing.approved_at:
        return N_("Used before it was approved.")
    if standing.first_used_at and standing.first_used_at <= standing.approved_at:
        return N_("Used before it was approved.")
    return ""


def _day(micros: int) -> date:
    return from_micros(micros).astimezone(VIETNAM).date()


@rule("TX-4.5-2")
def material_is_reviewed_each_year(s: Snapshot) -> Iterator[Finding]:
    """Two verdicts a year, academic and technical, from the year after the approval (A13)."""
    for material in covered_materials(s):
        standing = standing_of(s, material.code)
        if standing.state not in USABLE:
            continue
        first = (standing.approved_on.year + 1) if standing.approved_on else s.on.year
        yield reviewed_each_year(
            s,
            of_material(s, material),
            EvidenceKind.MATERIAL_REVIEW,
            material.code,
            first,
            topics=("academic", "technical"),
        )


def _courses_in(s: Snapshot, mode: DeliveryMode) -> Iterator[Course]:
    return (course for course in covered_courses(s) if mode in modes_of(s, course.code))


@index
def complete_courses(s: Snapshot) -> dict[str, tuple[str, ...]]:
    """Course -> what its material lacks (TX-4.2, TX-4.3): used by the launch and by the year's deadline (TX-5.8dd)."""
    out: dict[str, tuple[str, ...]] = {}
    for course in covered_courses(s):
        held = materials_of(s, course.code)
        ready = [m for m in held if standing_of(s, m.code).state in USABLE]
        lacking = [role.value for role in MaterialRole if all(m.role is not role for m in ready)]
        for mode in DISTANCE_MODES:
            if mode not in modes_of(s, course.code):
                continue
            told = {
                m.unit for m in ready if m.role is MaterialRole.MAIN and mode in standing_of(s, m.code).modes
            }
            units = units_of(s, course.code)
            if 0 not in told and (not told or any(unit not in told for unit in units)):
                lacking.append(mode.value)
        out[course.code] = tuple(lacking)
    return out
