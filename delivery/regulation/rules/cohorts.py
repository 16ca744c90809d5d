"""What is owed to each cohort when it starts: shared by TX-9.5-1, TX-13.2b and TT-7.5."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes
from delivery.regulation.indexes import covered_codes, is_legacy, latest
from delivery.regulation.phrases import missing
from delivery.regulation.snapshot import Snapshot, grouped, index


@index
def enrolled_in(s: Snapshot) -> dict[str, int]:
    """Cohort -> learners who enrolled (nhập học)."""
    return {
        cohort: sum(1 for x in learners if x.enrolled_on is not None)
        for cohort, learners in grouped(s.standings.values(), lambda x: x.cohort).items()
    }


def cohort_evidence(s: Snapshot, kind: EvidenceKind) -> Iterator[Finding]:
    """One finding for each cohort that has started; the value of the evidence counts the people who took note."""
    for cohort in s.cohorts.values():
        intake = s.intakes.get(cohort.code)
        start = (intake.starts if intake else None) or cohort.admission_date
        if is_legacy(s, cohort) or cohort.programme not in covered_codes(s) or start > s.on:
            continue
        subject = Subject("cohort", cohort.code, cohort.programme)
        found = latest(s, kind, cohort.code)
        wanted = enrolled_in(s).get(cohort.code, 0)
        if found is None:
            yield missing(s, subject, kind, cohort.code)
        elif found.value is not None and found.value < wanted:
            yield fails(
                subject,
                N_("{value} of {threshold} learners took note of it."),
                N_("Ask the others; a signed slip in the first packet counts."),
                value=found.value,
                threshold=wanted,
                unit="learners",
                rests_on=[found.code],
            )
        else:
            yield passes(subject, value=found.value or wanted, threshold=wanted, rests_on=[found.code])
