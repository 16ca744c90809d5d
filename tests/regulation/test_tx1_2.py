"""TXC Điều 2, TX Điều 1 and 2: scope, share at a distance, eight components."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.evidence import COMPONENTS
from delivery.catalogue.model import Cohort, Programme
from delivery.regulation.findings import Verdict
from delivery.regulation.snapshot import CourseTotals
from tests.regulation.institution import (
    BROADCAST,
    FACE,
    FAIL,
    NETWORK,
    NOT_APPLICABLE,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    P,
    activity,
    approved,
    course,
    details,
    ev,
    evidence,
    found,
    institution,
    keyed,
    verdict,
)


@pytest.mark.parametrize(
    ("admitted", "wanted"),
    [
        (date(2024, 2, 11), NOT_APPLICABLE),
        (date(2024, 2, 12), NOT_APPLICABLE),
        (date(2024, 2, 13), PASS),
    ],
)
def test_txc_2_1_the_circular_applies_to_cohorts_admitted_after_its_day(
    admitted: date, wanted: Verdict
) -> None:
    s = institution(cohorts={"K": Cohort("K", P, admitted)})
    assert verdict(s, "TXC-2-1") is wanted
    # A legacy cohort alone raises nothing of the circular.
    assert (verdict(s, "TX-2.1") is NOT_APPLICABLE) == (wanted is NOT_APPLICABLE)


def test_txc_2_2_documents_of_older_cohorts_name_the_older_circular() -> None:
    profile = institution().profiles["VN-2024"]
    assert "10/2017" in profile.legacy_basis[0]
    assert "28/2023" in profile.legal_basis[0]


def test_tx_1_4_a_foreign_degree_is_outside_every_check() -> None:
    s = institution(programme_details=details(awarding_country="AU"))
    assert verdict(s, "TX-1.4") is NOT_APPLICABLE
    assert found(s, "TX-5.7b") == []


@pytest.mark.parametrize(
    ("total", "distance", "wanted"),
    [
        ("120", "60", PASS),
        ("120", "59.5", FAIL),
        ("121", "60", FAIL),
        ("121", "60.5", PASS),
    ],
)
def test_tx_2_1_half_of_the_credits_exactly(total: str, distance: str, wanted: Verdict) -> None:
    rest = Decimal(total) - Decimal(distance)
    s = institution(
        programmes={P: Programme(P, "1", P, "7480201", Decimal(total), 54)},
        courses=keyed([course("D", distance), course("F", str(rest), FACE)]),
    )
    assert verdict(s, "TX-2.1") is wanted


def test_tx_2_1_a_course_that_is_split_counts_its_part() -> None:
    s = institution(
        courses=keyed([course("C", "3"), course("F", "117", FACE)]),
        activities=keyed([activity("a", "C", minutes=60), activity("b", "C", mode=FACE, minutes=60)]),
    )
    (finding,) = found(s, "TX-2.1")
    assert finding.value == "1.25"  # 1.5 of 120


def test_tx_2_1_is_unknown_while_missing_courses_could_turn_it() -> None:
    s = institution(courses=keyed([course("C", "9")]))
    assert verdict(s, "TX-2.1") is UNKNOWN
    assert verdict(institution(courses=keyed([course("F", "61", FACE)])), "TX-2.1") is FAIL


def test_tx_2_2_a_network_course_needs_a_channel() -> None:
    assert verdict(institution(), "TX-2.2") is WARN


@pytest.mark.parametrize(
    ("sums", "wanted"),
    [(None, UNKNOWN), (CourseTotals(packets_posted=3), PASS), (CourseTotals(packets_posted=3, held=1), WARN)],
)
def test_tx_2_3_returned_work_that_waits_is_shown(sums: CourseTotals | None, wanted: Verdict) -> None:
    s = institution(courses=keyed([course("C", "120", POSTAL)]), totals={"C": sums} if sums else {})
    assert verdict(s, "TX-2.3") is wanted


def test_tx_2_4_hours_count_as_they_aired() -> None:
    half = CourseTotals(aired=1, aired_partly=1, planned_ticks=5625, aired_ticks=3344)
    s = institution(courses=keyed([course("C", "120", BROADCAST)]), totals={"C": half})
    (finding,) = found(s, "TX-2.4")
    assert (finding.verdict, finding.value) == (WARN, "59.45")


def test_tx_2_5_seven_of_eight_components_name_the_missing_one() -> None:
    rows = [ev(K.COMPONENT, topic=name, people=("A",)) for name in COMPONENTS]
    held = {"material_standings": {"M": approved(NETWORK)}}
    assert verdict(institution(evidence=evidence(*rows), **held), "TX-2.5") is PASS
    (finding,) = found(institution(evidence=evidence(*rows[:-1]), **held), "TX-2.5")
    assert (finding.verdict, finding.value, finding.threshold) == (FAIL, "7", "8")
    assert finding.what.params["items"] == "technical_system"
    # Components 3, 4 and 5 are computed: evidence alone does not make material ready.
    assert verdict(institution(evidence=evidence(*rows)), "TX-2.5") is FAIL
