"""TX Điều 1: scope and whom it applies to."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, fails, outside, passes, unknown
from delivery.regulation.indexes import foreign, the_institution, the_programme
from delivery.regulation.phrases import has_evidence
from delivery.regulation.registry import rule
from delivery.regulation.snapshot import Snapshot


@rule("TX-1.2")
def kind_of_institution(s: Snapshot) -> Iterator[Finding]:
    details = s.institution_details.get(s.institution.code)
    if details is None or details.kind is None:
        yield unknown(the_institution(s), "institution_details")
    else:
        yield passes(the_institution(s), value=details.kind.value)


@rule("TX-1.3")
def own_regulation(s: Snapshot) -> Iterator[Finding]:
    """The institution's regulation is on file, and each parameter of its own points at it."""
    subject = the_institution(s)
    yield has_evidence(s, subject, EvidenceKind.REGULATION)
    for profile in s.profiles.values():
        for value in profile.own_values():
            if value.regulation in s.evidence:
                continue
            yield fails(
                subject,
                N_("The value {name} names the regulation “{regulation}”, which is not on file."),
                N_("Enter that regulation in the table evidence, or correct the reference."),
                rests_on=[value.regulation],
                name=value.name,
                regulation=value.regulation,
            )


@rule("TX-1.4")
def degree_of_a_foreign_institution(s: Snapshot) -> Iterator[Finding]:
    """Such programmes stay outside every check and both annexes."""
    for code in s.programmes:
        subject = the_programme(code)
        if code in foreign(s):
            yield outside(subject, N_("A foreign institution awards the degree."))
        else:
            yield passes(subject, value="VN")
