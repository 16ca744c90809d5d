"""TX Điều 9: how distance training is organised."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DISTANCE_MODES, ActivityKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes, share, unknown, warns
from delivery.regulation.indexes import (
    activities_of,
    components_of,
    covered,
    covered_courses,
    evidence_of,
    latest,
    modes_of,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import (
    ADD_EVIDENCE,
    NO_EVIDENCE,
    has_evidence,
    label,
    mirrors,
)
from delivery.regulation.registry import Gate, OverridePolicy, rule, rules
from delivery.regulation.rules.cohorts import cohort_evidence
from delivery.regulation.snapshot import Snapshot

NEVER_APPLIED = ("T8-7.4a", "T8-8.2", "T8-12")
"""Articles of Thông tư 08/2021 that the circular does not refer to: year-based progress, and online at most 30 %."""


@rule("TX-9.1-1")
def by_credits_only(s: Snapshot) -> Iterator[Finding]:
    """No rule of the year-based system is registered, and every course carries credits."""
    wrong = [clause for clause in rules() if clause.startswith(NEVER_APPLIED)]
    without = [course.code for course in covered_courses(s) if course.credits <= 0]
    if wrong or without:
        yield fails(
            the_institution(s),
            N_("Not by credits: {items}."),
            N_("Give each course its credits."),
            items=", ".join(wrong + without),
        )
    else:
        yield passes(the_institution(s), value=len(covered_courses(s)))


@rule("TX-9.1-2", over_others=True)
def teaching_follows_article_8(s: Snapshot) -> Iterator[Finding]:
    """Khoản 1 and 3 of Điều 8. Khoản 2 (online at most 30 %) is not referred to and never checked."""
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-8.1c", "T8-8.3a", "T8-8.3b"))


@rule("TX-9.2", Gate.USE_PARTNER, over_others=True)
def partners_follow_article_7(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-7",))


@rule("TX-9.3", Gate.ASSIGN_LECTURER, over_others=True, override=OverridePolicy(("rector",), second=True))
def assignments_keep_the_limits(s: Snapshot) -> Iterator[Finding]:
    """Training, leading doctors and the share of visiting lecturers, before an assignment is saved."""
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.7-1", "TX-5.7a-2", "TX-5.7b"))


@rule("TX-9.4", over_others=True)
def online_teaching_follows_its_circular(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.9",))


@rule("TX-9.5-1")
def people_learn_how_to_learn_at_a_distance(s: Snapshot) -> Iterator[Finding]:
    """Orientation of each cohort that has started; its value is how many acknowledged it."""
    yield from cohort_evidence(s, EvidenceKind.ORIENTATION)


@rule("TX-9.5-2")
def one_assessment_table_for_all_modes(s: Snapshot) -> Iterator[Finding]:
    """Portal and packet print the same components, because both read the same table; it must be there."""
    for course in covered_courses(s):
        held = components_of(s, course.code)
        if held:
            yield passes(the_course(course), value=len(held))
        else:
            yield unknown(the_course(course), "components")


@rule("TX-9.5-3")
def guidance_is_offered(s: Snapshot) -> Iterator[Finding]:
    """Advice, guidance and internships offered this year, for each programme."""
    for programme in covered(s):
        found = evidence_of(s, EvidenceKind.GUIDANCE, programme.code)
        recent = [e for e in found if e.day and e.day.year >= s.on.year - 1]
        if recent:
            yield passes(the_programme(programme.code), value=len(recent), rests_on=[e.code for e in recent])
        else:
            yield warns(
                the_programme(programme.code),
                NO_EVIDENCE,
                ADD_EVIDENCE,
                evidence=label(EvidenceKind.GUIDANCE),
                kind=EvidenceKind.GUIDANCE.value,
                subject=programme.code,
            )


@rule("TX-9.7-1", Gate.PUBLISH)
def channels_between_people(s: Snapshot) -> Iterator[Finding]:
    """At least one channel learner-lecturer and one learner-learner; paper slips and study groups are channels too."""
    for course in covered_courses(s):
        subject, syllabus = the_course(course), s.syllabi.get(course.code)
        if syllabus is None and not s.syllabi:
            yield unknown(subject, "syllabi")
            continue
        lacking = [
            name
            for name, channels in (
                ("learner_lecturer", syllabus.learner_lecturer if syllabus else ()),
                ("learner_learner", syllabus.learner_learner if syllabus else ()),
            )
            if not channels
        ]
        sums = s.totals.get(course.code)
        if lacking:
            yield fails(
                subject,
                N_("No channel is declared: {items}."),
                N_("Name it in the table syllabi: question slip, forum, study group …"),
                value=2 - len(lacking),
                threshold=2,
                items=", ".join(lacking),
            )
        elif sums and sums.learners and _ended(s, course.code) and not sums.learner_learner:
            yield warns(
                subject,
                N_("The course is over, and no exchange between learners was recorded."),
                N_("Enter what took place on paper; plan an exchange next time."),
                value=0,
                threshold=1,
            )
        else:
            yield passes(subject, value=2, threshold=2)


def _ended(s: Snapshot, course: str) -> bool:
    days = [activity.due for activity in activities_of(s, course) if activity.due]
    return bool(days) and max(days) < s.on


@rule("TX-9.7-2", Gate.PUBLISH, Gate.START_TEACHING)
def four_kinds_of_activity(s: Snapshot) -> Iterator[Finding]:
    """Each of the four kinds, for each mode that the course is run in (A19)."""
    for course in covered_courses(s):
        wanted = values_of(s, course.programme).whole("activity_kinds_min")
        activities = activities_of(s, course.code)
        if not activities:
            yield unknown(the_course(course), "activities")
            continue
        for mode in DISTANCE_MODES:
            if mode not in modes_of(s, course.code):
                continue
            subject = Subject("course", f"{course.code}/{mode.value}", course.programme)
            have = {a.kind for a in activities if a.mode is mode}
            lacking = [kind.value for kind in ActivityKind if kind not in have]
            if len(have) < wanted:
                yield fails(
                    subject,
                    N_("In this mode there is no activity of the kinds: {items}."),
                    N_("Add them to the table activities."),
                    value=len(have),
                    threshold=wanted,
                    unit="kinds",
                    items=", ".join(lacking),
                )
            else:
                yield passes(subject, value=len(have), threshold=wanted, unit="kinds")


@rule("TX-9.8-1")
def taking_part_is_recorded(s: Snapshot) -> Iterator[Finding]:
    """Recorded by the system or from paper; an activity without an event is not recorded, and never absent."""
    for course in covered_courses(s):
        sums = s.totals.get(course.code)
        if sums is None or not sums.learners:
            continue
        if not sums.recorded_minutes:
            yield warns(
                the_course(course),
                N_("{learners} learners are enrolled, and nothing of their work is recorded."),
                N_("Take in attendance, paper logs and returned work."),
                value=0,
                learners=sums.learners,
            )
        else:
            yield passes(the_course(course), value=sums.recorded_minutes, unit="minutes")


@rule("TX-9.8-2")
def completion_against_the_design(s: Snapshot) -> Iterator[Finding]:
    """Recorded over designed workload of all who are enrolled, exact."""
    for course in covered_courses(s):
        sums = s.totals.get(course.code)
        designed = sum(activity.minutes for activity in activities_of(s, course.code))
        if sums is None or not sums.learners or not designed:
            continue
        value = share(sums.recorded_minutes, designed * sums.learners)
        yield passes(
            the_course(course), value=value, threshold=100, unit="percent", rests_on=[f"{sums.learners}"]
        )


@rule("TX-9.9-1")
def feedback_is_asked_for(s: Snapshot) -> Iterator[Finding]:
    """A survey of every class that is over, and its published summary."""
    for course in covered_courses(s):
        if not _ended(s, course.code):
            continue
        asked = latest(s, EvidenceKind.SURVEY, course.code)
        told = latest(s, EvidenceKind.SURVEY_SUMMARY, course.code)
        if asked and asked.value and told:
            yield passes(the_course(course), value=asked.value, rests_on=[asked.code, told.code])
        else:
            wanted = EvidenceKind.SURVEY if not (asked and asked.value) else EvidenceKind.SURVEY_SUMMARY
            yield warns(
                the_course(course),
                NO_EVIDENCE,
                ADD_EVIDENCE,
                evidence=label(wanted),
                kind=wanted.value,
                subject=course.code,
            )


@rule("TX-9.9-2")
def personal_data_are_regulated(s: Snapshot) -> Iterator[Finding]:
    """The institution's regulation settles the protection of personal information and of study data."""
    yield has_evidence(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", "personal_data")


@rule("TX-9.10", over_others=True)
def learners_affairs_follow_articles_15_to_20(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(
            s, the_programme(programme.code), ("T8-15", "T8-16", "T8-17", "T8-18", "T8-19", "T8-20")
        )
