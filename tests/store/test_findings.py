"""What changed since the evaluation before."""

from __future__ import annotations

from datetime import date

from delivery.regulation.findings import Finding, Subject, fails, passes, warns
from delivery.store.findings import changes_of

DAY = date(2026, 5, 3)
COURSE = Subject("course", "C", "P1")


def told(*findings: Finding) -> list[tuple[str, str]]:
    found = [finding._replace(clause="T8-6.4") for finding in findings]
    return [(change.before, change.verdict) for change in changes_of({}, found, DAY)]


def test_of_several_findings_about_one_subject_the_worst_is_followed() -> None:
    """A day that is fine must not hide the day that is not."""
    bad = fails(COURSE, "x", value=250, threshold=200)
    assert told(passes(COURSE), warns(COURSE, "y"), bad) == [("pass", "fail")]
    assert told(bad, passes(COURSE)) == [("pass", "fail")]
    assert told(passes(COURSE)) == []


def test_a_subject_that_is_found_no_longer_counts_as_satisfied() -> None:
    known = {("T8-6.4", "course:C"): ("fail", date(2026, 5, 1)), ("T8-6.4", "course:D"): ("pass", DAY)}
    (change,) = changes_of(known, [], DAY)
    assert (change.subject, change.before, change.verdict, change.on) == ("course:C", "fail", "pass", DAY)
