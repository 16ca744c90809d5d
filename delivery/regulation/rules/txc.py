"""Thông tư 28/2023, Điều 2 of the wrapping circular: to whom it applies."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, warns
from delivery.regulation.indexes import is_legacy, profile_of
from delivery.regulation.registry import rule
from delivery.regulation.snapshot import Snapshot


@rule("TXC-2-1")
def cohort_comes_under_a_profile(s: Snapshot) -> Iterator[Finding]:
    """Cohorts admitted after 12/02/2024; older ones are labelled “theo TT 10/2017” and not checked (A24)."""
    for cohort in s.cohorts.values():
        subject = Subject("cohort", cohort.code, cohort.programme)
        profile = profile_of(s, cohort)
        if is_legacy(s, cohort):
            yield outside(
                subject,
                N_("Admitted on {day}, by {limit}: under Thông tư 10/2017, which is not checked."),
                day=cohort.admission_date,
                limit=profile.admitted_after,
            )
        elif profile.unverified:
            yield warns(
                subject,
                N_("The profile {profile} holds {count} values that were not read in a primary text."),
                N_("Have the institution confirm them before relying on what is found."),
                value=profile.id,
                profile=profile.id,
                count=len(profile.unverified),
            )
        else:
            yield passes(subject, value=profile.id)


@rule("TXC-2-2")
def legal_basis_of_documents(s: Snapshot) -> Iterator[Finding]:
    """The “Căn cứ” lines come from the cohort's profile."""
    for cohort in s.cohorts.values():
        subject = Subject("cohort", cohort.code, cohort.programme)
        profile = profile_of(s, cohort)
        lines = profile.basis_of(cohort.admission_date)
        if lines:
            yield passes(subject, value=len(lines))
        else:
            yield fails(
                subject,
                N_("The profile {profile} names no legal basis."),
                N_("Add legal_basis to the profile."),
                profile=profile.id,
            )
