"""TX Điều 3: the programme and its time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from delivery.catalogue.register_kinds import StandingEvent
from delivery.catalogue.registers import Intake, StudyPlan, Syllabus
from delivery.regulation.findings import Verdict
from delivery.regulation.rules.tx3 import longest_months
from tests.regulation.institution import (
    BROADCAST,
    FACE,
    FAIL,
    NOT_APPLICABLE,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    P,
    at,
    course,
    details,
    enrolled,
    ev,
    event,
    evidence,
    found,
    institution,
    keyed,
    learner,
    people_of,
    values_changed,
    verdict,
)

SYLLABUS = Syllabus("C", "m", "d", "h", "a")


def test_tx_3_1_1_one_syllabus_of_many_names_the_missing_item() -> None:
    courses = keyed([course("C", "60"), course("D", "60")])
    both = {"C": SYLLABUS, "D": Syllabus("D", "m", "d", "", "a")}
    s = institution(courses=courses, syllabi=both)
    assert verdict(s, "TX-3.1-1", "course:C") is PASS
    (finding,) = found(s, "TX-3.1-1", "course:D")
    assert (finding.verdict, finding.what.params["items"]) == (FAIL, "materials")
    assert verdict(institution(courses=courses), "TX-3.1-1", "course:C") is UNKNOWN


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"regular_retired": date(2026, 1, 1)}, FAIL),
        ({"regular_credits": Decimal(130)}, WARN),
        ({}, PASS),
    ],
)
def test_tx_3_1_1_the_regular_programme_is_live(changed: dict[str, object], wanted: Verdict) -> None:
    s = institution(programme_details=details(**changed))
    assert verdict(s, "TX-3.1-1", "programme:P1") is wanted


def _modes(network: str, postal: str, broadcast: str) -> dict[str, object]:
    rest = Decimal(120) - Decimal(network) - Decimal(postal) - Decimal(broadcast)
    rows = [course("N", network)]
    rows += [course("T", postal, POSTAL)] if postal != "0" else []
    rows += [course("B", broadcast, BROADCAST)] if broadcast != "0" else []
    return {"courses": keyed([*rows, course("F", str(rest), FACE)])}


@pytest.mark.parametrize(
    ("modes", "rule", "wanted"),
    [
        (("41", "39", "0"), "majority", PASS),
        (("40", "40", "0"), "majority", FAIL),
        (("38", "22", "20"), "majority", FAIL),
        (("38", "22", "20"), "plurality", WARN),
    ],
)
def test_tx_3_1_2_the_network_is_the_main_mode(
    modes: tuple[str, str, str], rule: str, wanted: Verdict
) -> None:
    s = institution(profiles=values_changed("network_main_rule", rule), **_modes(*modes))
    assert verdict(s, "TX-3.1-2") is wanted


def test_tx_3_2_a_short_pace_is_blocked_and_not_the_programme() -> None:
    plans = {(P, f"{m}"): StudyPlan(P, f"{m}", m, 9) for m in (54, 48, 47)}
    s = institution(plans=plans)
    assert verdict(s, "TX-3.2", "plan:P1/48") is PASS
    assert verdict(s, "TX-3.2", "plan:P1/47") is FAIL
    assert verdict(s, "TX-3.2", "plan:P1/54") is PASS


@pytest.mark.parametrize(("exempt", "months"), [(60, 54), (0, 108)])
def test_tx_3_3_the_time_shrinks_with_what_is_exempted(exempt: int, months: int) -> None:
    assert longest_months(54, Fraction(2), Fraction(exempt), Fraction(120)) == months


@pytest.mark.parametrize(("on", "wanted"), [(date(2029, 3, 1), PASS), (date(2029, 3, 2), FAIL)])
def test_tx_3_3_the_last_day_is_within(on: date, wanted: Verdict) -> None:
    rows = (enrolled(), event(StandingEvent.EXEMPTED, date(2024, 9, 1), value=Decimal(60), decision="1"))
    s = institution(on=on, standings=people_of(learner("L", *rows, on=on)))
    assert verdict(s, "TX-3.3") is wanted
    assert verdict(s, "T8-2.5") is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("published", "wanted"),
    [(at(date(2026, 3, 1), 7, 59), PASS), (at(date(2026, 3, 1), 8, 1), FAIL), (None, UNKNOWN)],
)
def test_tx_3_4_1_public_before_the_intake_opens(published: object, wanted: Verdict) -> None:
    rows = [ev(K.PUBLICATION, P, "programme", signed=None, at=published)] if published else []
    s = institution(
        evidence=evidence(*rows), intakes={"K1": Intake("K1", at(date(2026, 3, 1)), date(2027, 1, 4))}
    )
    assert verdict(s, "TX-3.4-1") is wanted


def test_tx_3_4_1_shown_again_when_the_cohort_starts() -> None:
    rows = [ev(K.PUBLICATION, P, "programme", signed=None, at=at(date(2026, 2, 1)))]
    intake = {"K1": Intake("K1", at(date(2026, 3, 1)), date(2026, 9, 7))}
    assert verdict(institution(evidence=evidence(*rows), intakes=intake), "TX-3.4-1") is WARN
    rows.append(ev(K.PROGRAMME_SHOWN, "K1"))
    assert verdict(institution(evidence=evidence(*rows), intakes=intake), "TX-3.4-1") is PASS


@pytest.mark.parametrize(
    ("published", "noted", "wanted"),
    [
        (date(2026, 8, 31), True, PASS),
        (date(2026, 9, 1), True, FAIL),
        (date(2026, 8, 31), False, FAIL),
    ],
)
def test_tx_3_4_2_a_version_is_public_before_it_applies(
    published: date, noted: bool, wanted: Verdict
) -> None:
    rows = [
        ev(
            K.PROGRAMME_VERSION,
            P,
            number="2",
            signed=None,
            at=at(published),
            effective=date(2026, 9, 1),
        )
    ]
    if noted:
        rows.append(ev(K.VERSION_IMPACT, P, "2", people=("A",)))
    assert verdict(institution(evidence=evidence(*rows)), "TX-3.4-2") is wanted


def test_tx_3_4_3_reviews_are_counted_by_calendar_year() -> None:
    reviews = [ev(K.PROGRAMME_REVIEW, P, signed=day) for day in (date(2025, 12, 20), date(2027, 1, 5))]
    s = institution(on=date(2027, 1, 10), evidence=evidence(*reviews))
    (finding,) = found(s, "TX-3.4-3")
    assert (finding.verdict, finding.since) == (FAIL, date(2027, 1, 1))
    assert finding.what.params["years"] == "2026"
    both = [ev(K.PROGRAMME_REVIEW, P, signed=day) for day in (date(2025, 1, 1), date(2026, 12, 31))]
    assert verdict(institution(on=date(2027, 1, 10), evidence=evidence(*both)), "TX-3.4-3") is PASS
