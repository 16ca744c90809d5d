"""TX Điều 5 khoản 10: the scheme, and the steps that lead to the decision on distance training."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, fails, outside
from delivery.regulation.indexes import covered, details_of, latest, the_programme
from delivery.regulation.phrases import has_all, in_order
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.snapshot import Snapshot

SCHEME_PARTS = ("necessity", "preparation", "solutions_and_roadmap", "risks")
"""What the scheme describes (TX-5.10-1)."""


def operated_before(s: Snapshot, programme: str) -> bool:
    """Distance training before the circular took effect: no new scheme is asked for (TX-13.2a-1)."""
    details = details_of(s, programme)
    start = s.profiles[s.default_profile].admitted_after
    return bool(details and details.first_intake and details.first_intake < start)


@rule("TX-5.10-1", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def scheme_has_its_parts(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        subject = the_programme(programme.code)
        if operated_before(s, programme.code):
            yield outside(
                subject, N_("Taught at a distance before the circular: no new scheme is asked for.")
            )
        else:
            yield has_all(s, subject, EvidenceKind.SCHEME_PART, programme.code, SCHEME_PARTS)


@rule("TX-5.10-2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def policy_in_its_order(s: Snapshot) -> Iterator[Finding]:
    """Rector's proposal, the science council's opinion, then the university council's decision; equal days allowed."""
    steps = (
        (EvidenceKind.RECTOR_PROPOSAL, ""),
        (EvidenceKind.COUNCIL_OPINION, ""),
        (EvidenceKind.POLICY_DECISION, ""),
    )
    for programme in covered(s):
        subject = the_programme(programme.code)
        if operated_before(s, programme.code):
            yield outside(
                subject, N_("Taught at a distance before the circular: no new scheme is asked for.")
            )
        else:
            yield in_order(s, subject, steps, programme.code)


@rule("TX-5.10-3", Gate.OPEN_INTAKE, override=LAUNCH)
def approval_rests_on_readiness(s: Snapshot) -> Iterator[Finding]:
    """Appraisal of actual readiness, approval of the scheme, decision; the appraisal's file binds what it rested on."""
    steps = (
        (EvidenceKind.READINESS_APPRAISAL, ""),
        (EvidenceKind.SCHEME_APPROVAL, ""),
        (EvidenceKind.DISTANCE_DECISION, ""),
    )
    for programme in covered(s):
        subject = the_programme(programme.code)
        if operated_before(s, programme.code):
            yield outside(
                subject, N_("Taught at a distance before the circular: no new scheme is asked for.")
            )
            continue
        found = in_order(s, subject, steps, programme.code)
        readiness = latest(s, EvidenceKind.READINESS_APPRAISAL, programme.code)
        if found.verdict == "pass" and readiness is not None and not (readiness.digest or readiness.file):
            yield fails(
                subject,
                N_("The appraisal of readiness has no file behind it."),
                N_("Add the file of the appraisal: its hash binds the decision to what it rested on."),
                rests_on=[readiness.code],
            )
        else:
            yield found
