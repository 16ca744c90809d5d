"""TX Điều 5: minimum requirements, without material by year (tx5_material), staff (tx5_staff), scheme (tx5_scheme)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import ComponentKind, DeliveryMode, GradingBasis
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, Verdict, fails, outside, passes, unknown, warns
from delivery.regulation.indexes import (
    components_of,
    courses_of,
    covered,
    covered_courses,
    details_of,
    evidence_of,
    latest,
    launched_on,
    materials_of,
    programme_modes,
    standings_of,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import ADD_EVIDENCE, has_evidence, in_order, mirrors, missing
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.snapshot import Snapshot

HEALTH, TEACHERS = "772", "71402"
"""Field and group by the list of majors: sức khỏe, đào tạo giáo viên (TX-5.2-2)."""


@rule("TX-5.1", Gate.APPROVE_PROGRAMME, over_others=True, override=LAUNCH)
def system_is_complete_at_the_launch(s: Snapshot) -> Iterator[Finding]:
    """All eight components on the day of the decision; afterwards they are kept up (TX-6.1b)."""
    found = s.outcomes.get("TX-2.5", ())
    for programme in covered(s):
        subject = the_programme(programme.code)
        readiness = found[0] if found else None
        if readiness is None or readiness.verdict is not Verdict.PASS:
            yield (unknown(subject, "evidence") if readiness is None else _as(readiness, subject))
        else:
            yield passes(
                subject, value=readiness.value, threshold=readiness.threshold, rests_on=readiness.rests_on
            )


def _as(finding: Finding, subject: Subject) -> Finding:
    return finding._replace(subject=subject, clause="")


@rule("TX-5.2-1", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def three_regular_intakes_in_a_row(s: Snapshot) -> Iterator[Finding]:
    """A decision to open the major, and three consecutive years with learners of the regular form (A10)."""
    for programme in covered(s):
        subject, major = the_programme(programme.code), programme.major_code
        wanted = values_of(s, programme.code).whole("regular_intakes_min")
        until = launched_on(s, programme.code) or s.on
        years = sorted(
            row.year
            for row in s.regular_intakes.values()
            if row.major == major and row.enrolled > 0 and row.year <= until.year
        )
        if not any(row.major == major for row in s.regular_intakes.values()):
            yield unknown(subject, "regular_intakes")
            continue
        best = longest_run(years)
        if best < wanted:
            yield fails(
                subject,
                N_("{value} consecutive regular intakes, less than {threshold}."),
                N_("Distance training of this major has to wait."),
                value=best,
                threshold=wanted,
                unit="intakes",
                rests_on=[f"{major}/{year}" for year in years],
            )
        elif not evidence_of(s, EvidenceKind.MAJOR_OPENING, major):
            yield missing(s, subject, EvidenceKind.MAJOR_OPENING, major)
        elif years[-1] < until.year - 1:
            yield warns(
                subject,
                N_("The last regular intake was in {year}."),
                N_("Check that the regular programme is still taught."),
                value=best,
                threshold=wanted,
                unit="intakes",
                year=years[-1],
            )
        else:
            yield passes(subject, value=best, threshold=wanted, unit="intakes")


def longest_run(years: list[int]) -> int:
    """Length of the longest run of consecutive years."""
    best = run = 0
    before = None
    for year in sorted(set(years)):
        run = run + 1 if before is not None and year == before + 1 else 1
        best, before = max(best, run), year
    return best


@rule("TX-5.2-2", Gate.APPROVE_PROGRAMME, Gate.OPEN_INTAKE)
def excluded_majors(s: Snapshot) -> Iterator[Finding]:
    """No major that leads to a practice licence in health, and none of the group of teacher training."""
    for programme in covered(s):
        subject, code = the_programme(programme.code), programme.major_code
        details = details_of(s, programme.code)
        licensed = details.licensed_practice if details else None
        judgement = latest(s, EvidenceKind.LICENCE_JUDGEMENT, programme.code)
        if code.startswith(TEACHERS):
            yield fails(
                subject,
                N_("Major {code} belongs to the group of teacher training."),
                N_("It cannot be taught at a distance."),
                value=code,
                code=code,
            )
        elif licensed == "yes" or (code.startswith(HEALTH) and (licensed is None or judgement is None)):
            yield fails(
                subject,
                N_("Major {code} is in the field of health and may lead to a practice licence."),
                N_(
                    "If it does not, have a named officer state so: licensed_practice = no, with a judgement on file."
                ),
                value=code,
                code=code,
            )
        else:
            yield passes(subject, value=code, rests_on=[judgement.code] if judgement else [])


@rule("TX-5.3", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def programme_was_appraised_and_issued(s: Snapshot) -> Iterator[Finding]:
    """Appraisal minutes, then the decision that issues it; the newest decision counts."""
    steps = ((EvidenceKind.PROGRAMME_APPRAISAL, ""), (EvidenceKind.PROGRAMME_ISSUE, ""))
    for programme in covered(s):
        found = in_order(s, the_programme(programme.code), steps, programme.code)
        newest = latest(s, EvidenceKind.PROGRAMME_ISSUE, programme.code)
        yield found._replace(value=newest.number) if newest else found


@rule("TX-5.4-1")
def interaction_is_recorded(s: Snapshot) -> Iterator[Finding]:
    """Exchanges learner-lecturer and learner-learner; the text names no least number, none at all is shown (A18)."""
    for course in covered_courses(s):
        sums = s.totals.get(course.code)
        if sums is None or not sums.learners:
            continue
        value = sums.learner_lecturer + sums.learner_learner
        least = values_of(s, course.programme).whole("interactions_min") * sums.learners
        if value < least or value == 0:
            yield (fails if value < least else warns)(
                the_course(course),
                N_("{ls} exchanges with lecturers and {ss} between learners, for {learners} learners."),
                N_("Ask the lecturer to open a discussion; enter exchanges on paper."),
                value=value,
                threshold=least,
                ls=sums.learner_lecturer,
                ss=sums.learner_learner,
                learners=sums.learners,
            )
        else:
            yield passes(the_course(course), value=value, threshold=least)


@rule("TX-5.4-2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def lead_unit_is_that_of_the_regular_programme(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        subject, details = the_programme(programme.code), details_of(s, programme.code)
        successor = latest(s, EvidenceKind.UNIT_SUCCESSOR, programme.code)
        if details is None or not (details.lead_unit and details.regular_lead_unit):
            yield unknown(subject, "programme_details")
        elif details.lead_unit == details.regular_lead_unit or successor:
            yield passes(subject, value=details.lead_unit, rests_on=[successor.code] if successor else [])
        else:
            yield fails(
                subject,
                N_("Led by {value}; the regular programme by {threshold}."),
                N_("Give it to the same unit, or enter the decision by which one unit succeeded the other."),
                value=details.lead_unit,
                threshold=details.regular_lead_unit,
            )


@rule("TX-5.5", Gate.START_TEACHING)
def process_and_final_are_assessed(s: Snapshot) -> Iterator[Finding]:
    """Every course has at least one process component and a final one; identity is checked by codes and sign-in."""
    for course in covered_courses(s):
        kinds = {component.kind for component in components_of(s, course.code)}
        subject = the_course(course)
        if not kinds:
            yield unknown(subject, "components")
        elif ComponentKind.PROCESS not in kinds or ComponentKind.FINAL not in kinds:
            single = course.credits < _small(s) and len(components_of(s, course.code)) == 1
            say = warns if single and course.grading is GradingBasis.LETTER else fails
            yield say(
                subject,
                N_("There is no {items} component."),
                N_("Add it to the table components."),
                items=", ".join(kind.value for kind in ComponentKind if kind not in kinds),
                value=len(kinds),
                threshold=2,
            )
        else:
            yield passes(subject, value=len(kinds), threshold=2)


def _small(s: Snapshot) -> Decimal:
    """Courses below these credits may have one component (T8-9.1-1)."""
    return s.profiles[s.default_profile].grading.small_course_credits


@rule("TX-5.6")
def own_values_are_stricter(s: Snapshot) -> Iterator[Finding]:
    """Looser values are refused when they are read; here they are counted."""
    own = [value for profile in s.profiles.values() for value in profile.own_values()]
    yield passes(the_institution(s), value=len(own), rests_on=[value.name for value in own])


@rule("TX-5.8b")
def systems_and_producers(s: Snapshot) -> Iterator[Finding]:
    """The register of software names each producer; admission, training and degrees use the regular form's system."""
    institution = the_institution(s)
    if not s.systems:
        yield unknown(institution, "systems")
    for system in s.systems.values():
        subject = Subject("system", system.code)
        if system.producer:
            yield passes(subject, value=system.producer)
        else:
            yield warns(subject, N_("It has no producer."), N_("Enter the producer in the table systems."))
    for programme in covered(s):
        details = details_of(s, programme.code)
        subject = the_programme(programme.code)
        if details is None or not (details.distance_system and details.regular_system):
            yield unknown(subject, "programme_details")
        elif details.distance_system == details.regular_system:
            yield passes(subject, value=details.distance_system)
        else:
            yield fails(
                subject,
                N_("Its system {value} is not that of the regular form, {threshold}."),
                N_("Manage admission, training and degrees in one system."),
                value=details.distance_system,
                threshold=details.regular_system,
            )


@rule("TX-5.8c-2")
def content_is_kept_and_delivered(s: Snapshot) -> Iterator[Finding]:
    """Every approved material has its content in the store, under its hash."""
    for course in covered_courses(s):
        held = materials_of(s, course.code)
        lacking = [m.code for m in held if not m.content]
        if lacking:
            yield warns(
                the_course(course),
                N_("The content of {items} is not in the store."),
                N_("Bring it in: tuxa media add, or the column file of the table materials."),
                value=len(held) - len(lacking),
                threshold=len(held),
                items=", ".join(lacking[:5]),
            )
        elif held:
            yield passes(the_course(course), value=len(held), threshold=len(held))


@rule("TX-5.8c-3")
def nobody_is_lost_from_sight(s: Snapshot) -> Iterator[Finding]:
    """Learners of whom nothing was recorded for some days: the adviser's list."""
    for programme in covered(s):
        days = values_of(s, programme.code).whole("at_risk_days")
        active = [x for x in standings_of(s, programme.code) if x.studying]
        silent = [
            x.learner
            for x in active
            if x.learner in s.last_seen and (s.on - s.last_seen[x.learner]).days > days
        ]
        if not active:
            continue
        if silent:
            yield warns(
                the_programme(programme.code),
                N_("Of {value} learners nothing was recorded for more than {threshold} days."),
                N_("Have their advisers ask: the list is what the finding rests on."),
                value=len(silent),
                threshold=days,
                unit="days",
                rests_on=silent[:50],
            )
        else:
            yield passes(the_programme(programme.code), value=0, threshold=days, unit="days")


@rule("TX-5.8c-4")
def information_is_kept_safe(s: Snapshot) -> Iterator[Finding]:
    """Rules on access on file; the program seals personal data under one key for each learner (design D3)."""
    yield has_evidence(s, the_institution(s), EvidenceKind.ACCESS_RULES)


@rule("TX-5.8c-5")
def questions_are_answered(s: Snapshot) -> Iterator[Finding]:
    """Questions reach the lecturer of the course; those that wait too long are shown."""
    for course in covered_courses(s):
        sums = s.totals.get(course.code)
        if sums is None or not sums.learner_lecturer:
            continue
        days = values_of(s, course.programme).whole("question_days")
        waited = (s.on - sums.oldest_unanswered).days if sums.oldest_unanswered else 0
        if waited > days:
            yield warns(
                the_course(course),
                N_("{count} questions are open, the oldest for {value} days."),
                N_("Ask the lecturer to answer."),
                value=waited,
                threshold=days,
                unit="days",
                since=sums.oldest_unanswered,
                count=sums.unanswered,
            )
        else:
            yield passes(the_course(course), value=waited, threshold=days, unit="days")


@rule("TX-5.8d")
def library_holds_something(s: Snapshot) -> Iterator[Finding]:
    """Holdings are listed; whether they suffice is for people to judge."""
    for course in covered_courses(s):
        held = evidence_of(s, EvidenceKind.LIBRARY_HOLDING, course.code)
        if held:
            yield passes(the_course(course), value=len(held), rests_on=[e.code for e in held])
        else:
            yield warns(
                the_course(course),
                N_("The library lists nothing for it."),
                ADD_EVIDENCE,
                kind=EvidenceKind.LIBRARY_HOLDING.value,
                subject=course.code,
            )


@rule("TX-5.9", Gate.OPEN_INTAKE, over_others=True, override=LAUNCH)
def online_training_rules(s: Snapshot) -> Iterator[Finding]:
    """Everything of the circular on IT in online training, for programmes that use the network."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        if DeliveryMode.NETWORK in programme_modes(s, programme.code) or not courses_of(s).get(
            programme.code
        ):
            yield mirrors(s, subject, _TT)
        else:
            yield outside(subject, N_("The mode is not used."))


_TT = tuple(f"TT-{article}" for article in range(2, 13))
