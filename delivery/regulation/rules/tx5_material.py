"""TX Điều 5 khoản 8 điểm đ: material by year of the standard plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from delivery.catalogue.registers import PlannedCourse
from delivery.errors import N_
from delivery.regulation.calendar import add_months, later
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import covered, materials_of, the_programme, values_of
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.rules.tx4 import complete_courses, standing_of
from delivery.regulation.snapshot import Snapshot, grouped, index


@index
def planned(s: Snapshot) -> dict[str, list[PlannedCourse]]:
    return grouped(s.plan_courses.values(), lambda row: row.programme)


@rule("TX-5.8dd-1", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def material_of_the_first_two_years(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        subject = the_programme(programme.code)
        years = values_of(s, programme.code).whole("material_years_ready")
        early = [row.course for row in planned(s).get(programme.code, ()) if row.year <= years]
        if not early:
            yield unknown(subject, "plan_courses")
            continue
        lacking = [code for code in early if complete_courses(s).get(code, ("?",))]
        if lacking:
            yield fails(
                subject,
                N_(
                    "{value} of {threshold} courses of the first {years} years have all their material; not: {items}."
                ),
                N_("Complete, appraise and approve the material of these courses."),
                value=len(early) - len(lacking),
                threshold=len(early),
                unit="courses",
                rests_on=lacking,
                years=years,
                items=", ".join(lacking[:10]),
            )
        else:
            yield passes(subject, value=len(early), threshold=len(early), unit="courses")


@rule("TX-5.8dd-2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def later_courses_have_a_plan(s: Snapshot) -> Iterator[Finding]:
    """Owner, kinds and due day for each course of a later year."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        years = values_of(s, programme.code).whole("material_years_ready")
        rows = planned(s).get(programme.code, ())
        if not rows:
            yield unknown(subject, "plan_courses")
            continue
        later = [
            row.course for row in rows if row.year > years and complete_courses(s).get(row.course, ("?",))
        ]
        lacking = []
        for code in later:
            plan = s.material_plans.get(code)
            if plan is None or not (plan.owner and plan.kinds and plan.due):
                lacking.append(code)
        if lacking:
            yield fails(
                subject,
                N_("No plan to develop the material of: {items}."),
                N_("Give each an owner, kinds and a due day in the table material_plans."),
                value=len(later) - len(lacking),
                threshold=len(later),
                unit="courses",
                rests_on=lacking,
                items=", ".join(lacking[:10]),
            )
        else:
            yield passes(subject, value=len(later), threshold=len(later), unit="courses")


@index
def school_years(s: Snapshot) -> dict[str, date]:
    """Programme -> start of its first school year: that of the first cohort to start teaching."""
    out: dict[str, date] = {}
    for cohort in s.cohorts.values():
        intake = s.intakes.get(cohort.code)
        start = (intake.starts if intake else None) or cohort.admission_date
        if cohort.programme not in out or start < out[cohort.programme]:
            out[cohort.programme] = start
    return out


def material_due(start: date, year: int, months: int) -> date:
    """By when the material of that year of the plan must be there: 12 months before the year starts (A11)."""
    return add_months(add_months(start, 12 * (year - 1)), -months)


@rule("TX-5.8dd-3", Gate.START_TEACHING, override=LAUNCH)
def material_a_year_ahead(s: Snapshot) -> Iterator[Finding]:
    """For years after the first ones: all material approved 12 months before the school year starts."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        values = values_of(s, programme.code)
        rows, start = planned(s).get(programme.code, ()), school_years(s).get(programme.code)
        if not rows or start is None:
            yield unknown(subject, "plan_courses")
            continue
        found = False
        for row in rows:
            if row.year <= values.whole("material_years_ready") or row.course not in s.courses:
                continue
            due = material_due(start, row.year, values.whole("material_ready_months"))
            done = _approved_all_by(s, row.course)
            about = Subject("course", row.course, programme.code)
            late = complete_courses(s).get(row.course)
            if (late and s.on > due) or (done and done > due):
                found = True
                yield fails(
                    about,
                    N_("All material was due on {due}; {state}."),
                    N_("Complete it, or move the course to a later year of the plan."),
                    value=f"{done:%Y-%m-%d}" if done and not late else "",
                    threshold=f"{due:%Y-%m-%d}",
                    unit="day",
                    since=later(due, 1),
                    due=due,
                    state=f"{done:%d/%m/%Y}" if done and not late else "…",
                )
            elif late and (due - s.on).days <= 90:
                found = True
                yield warns(
                    about,
                    N_("All material is due on {due}, in {value} days."),
                    N_("Complete, appraise and approve it."),
                    value=(due - s.on).days,
                    threshold=90,
                    unit="days",
                    due=due,
                )
        if not found:
            yield passes(subject)


def _approved_all_by(s: Snapshot, course: str) -> date | None:
    """The day on which the last material of the course was approved; None while one is not."""
    days = [standing_of(s, m.code).approved_on for m in materials_of(s, course)]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None
