"""TX Điều 10: assessment."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.kinds import ComponentKind, SiteKind
from delivery.catalogue.register_kinds import OUTSIDE, Appointed, SessionKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, unknown
from delivery.regulation.indexes import (
    appointed,
    components_of,
    contract_on,
    covered,
    covered_courses,
    details_of,
    the_course,
    the_programme,
)
from delivery.regulation.phrases import mirrors
from delivery.regulation.registry import Gate, rule
from delivery.regulation.rules.tx7 import covered_sessions, of_session
from delivery.regulation.snapshot import Snapshot


@rule("TX-10.1", over_others=True)
def assessment_follows_articles_9_and_10(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-9", "T8-10"))


@rule("TX-10.2", Gate.HOLD_EXAM)
def final_examinations_are_in_person(s: Snapshot) -> Iterator[Finding]:
    """At the institution, a branch or a partner under contract, with identity checked; another form needs its article.

    A4: in person by default; a final component assessed online needs a reference to the institution's regulation.
    """
    for session in covered_sessions(s):
        if session.kind is not SessionKind.EXAM:
            continue
        subject = of_session(s, session)
        site = s.sites.get(session.site)
        if session.site == OUTSIDE or site is None:
            yield fails(
                subject,
                N_("A final examination is held at “{value}”."),
                N_("Hold it at the institution, a branch or a partner under contract."),
                value=session.site,
            )
        elif site.kind is SiteKind.PARTNER and not contract_on(
            s, site.code, session.starts.date(), subject.programme
        ):
            yield fails(
                subject,
                N_("No contract with {partner} holds on {day} for this programme."),
                N_("Renew the contract, or move the examination."),
                value=site.code,
                partner=site.code,
                day=session.starts.date(),
            )
        elif session.identified < session.present:
            yield fails(
                subject,
                N_(
                    "The identity of {value} of {threshold} candidates was checked; the others' scores stay X."
                ),
                N_("Check the attendance sheet and enter how many were identified."),
                value=session.identified,
                threshold=session.present,
                unit="learners",
            )
        else:
            yield passes(subject, value=session.identified, threshold=session.present, unit="learners")
    for course in covered_courses(s):
        syllabus = s.syllabi.get(course.code)
        finals = {c.code for c in components_of(s, course.code) if c.kind is ComponentKind.FINAL}
        online = finals & set(syllabus.online_components if syllabus else ())
        if online and syllabus and not syllabus.final_online:
            yield fails(
                the_course(course),
                N_("The final component {items} is assessed online without a reference to the regulation."),
                N_("Name the article of the institution's regulation in final_online, or hold it in person."),
                items=", ".join(sorted(online)),
            )


@rule("TX-10.3", Gate.PRINT, Gate.HOLD_EXAM)
def exam_papers_are_confirmed(s: Snapshot) -> Iterator[Finding]:
    """Confirmed by the head of the lead unit, who is not the author, before printing, and unchanged since."""
    for paper in s.exam_papers.values():
        course = s.courses.get(paper.course)
        if course is None:
            continue
        subject = Subject("exam_paper", paper.code, course.programme)
        details = details_of(s, course.programme)
        heads = {
            a.person
            for a in appointed(s, Appointed.LEAD_UNIT_HEAD.value, course.programme)
            if not a.unit or details is None or not details.lead_unit or a.unit == details.lead_unit
        }
        if not paper.confirmed_by or paper.confirmed_at is None:
            if paper.printed_at:
                yield fails(
                    subject,
                    N_("Printed before it was confirmed."),
                    N_("Have the head of the lead unit confirm it."),
                )
            else:
                yield unknown(
                    subject,
                    "exam_papers",
                    what=N_("Not confirmed yet: it stays sealed."),
                    do=N_("Have the head of the lead unit confirm it."),
                )
        elif paper.confirmed_by == paper.author:
            yield fails(
                subject,
                N_("The author confirmed the paper."),
                N_("Let the head of the lead unit confirm it."),
            )
        elif heads and paper.confirmed_by not in heads:
            yield fails(
                subject,
                N_("{value} confirmed it, and is not the head of the lead unit."),
                N_("Let the head of the lead unit confirm it."),
                value=paper.confirmed_by,
            )
        elif paper.confirmed_digest != paper.digest:
            yield fails(
                subject,
                N_("The paper was changed after it was confirmed."),
                N_("Have the paper confirmed again as it is now."),
                value=paper.digest,
                threshold=paper.confirmed_digest,
            )
        elif paper.printed_at and paper.printed_at < paper.confirmed_at:
            yield fails(
                subject,
                N_("Printed before it was confirmed."),
                N_("Have the head of the lead unit confirm it."),
            )
        else:
            yield passes(subject, value=paper.confirmed_by)
    if not s.exam_papers:
        for programme in covered(s):
            yield outside(the_programme(programme.code), N_("No exam paper is entered."))


@rule("TX-10.4", over_others=True)
def results_follow_article_11(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("T8-11",))
