"""TX Điều 6 and 7: suspension and lapse; places and partners."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.model import Cohort
from delivery.catalogue.register_kinds import ContractDuty, SessionKind, StandingEvent
from delivery.catalogue.registers import Session, Suspension
from delivery.regulation.findings import Verdict
from delivery.regulation.rules.tx7 import CONDITIONS
from delivery.regulation.snapshot import Override
from tests.regulation.institution import (
    FAIL,
    PASS,
    UNKNOWN,
    WARN,
    K,
    P,
    at,
    contract,
    enrolled,
    ev,
    event,
    evidence,
    found,
    institution,
    learner,
    people_of,
    verdict,
)


def _suspended(starts: date, ends: date, **fields: object) -> dict[str, Suspension]:
    return {"QD": Suspension("QD", starts, ends, "lý do", programmes=(P,), **fields)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        (date(2026, 8, 31), PASS),
        (date(2026, 8, 30), FAIL),
        (date(2027, 2, 28), PASS),
        (date(2027, 3, 1), FAIL),
    ],
)
def test_tx_6_2_a_suspension_takes_six_to_twelve_months(ends: date, wanted: Verdict) -> None:
    s = institution(suspensions=_suspended(date(2026, 3, 1), ends))
    assert verdict(s, "TX-6.2", "suspension:QD") is wanted


def test_tx_6_2_and_6_4_intake_stays_closed_until_it_is_resumed() -> None:
    row = _suspended(date(2026, 3, 1), date(2026, 8, 31))
    assert verdict(institution(on=date(2026, 9, 1), suspensions=row), "TX-6.2", "programme:P1") is FAIL
    done = evidence(
        ev(K.REMEDY, P, signed=date(2026, 8, 1)), ev(K.RESUME_DECISION, P, signed=date(2026, 9, 2))
    )
    s = institution(on=date(2026, 9, 3), suspensions=row, evidence=done)
    assert verdict(s, "TX-6.2", "programme:P1") is PASS
    assert verdict(s, "TX-6.4") in (WARN, FAIL)  # the report to the Ministry is outstanding


def test_tx_6_1c_a_suspended_major_stops_its_programme_the_same_day() -> None:
    row = {"QD": Suspension("QD", date(2026, 5, 3), None, "x", majors=("7480201",))}
    assert verdict(institution(on=date(2026, 5, 2), suspensions=row), "TX-6.1c") is PASS
    (finding,) = found(institution(on=date(2026, 5, 3), suspensions=row), "TX-6.1c")
    assert (finding.verdict, finding.since) == (FAIL, date(2026, 5, 3))


def test_tx_6_1a_an_override_stays_on_the_risk_page() -> None:
    made = Override(
        "approve_programme",
        "TX-5.8dd-1",
        "programme:P1",
        "HT",
        "rector",
        "Lý do dài",
        "PHT",
        date(2026, 5, 1),
    )
    (finding,) = found(institution(overrides=(made,)), "TX-6.1a")
    assert finding.verdict is WARN
    assert finding.what.params["reason"] == "Lý do dài"


def test_tx_6_3_thirty_seven_learners_are_thirty_seven_cases() -> None:
    people = people_of(*(learner(f"L{n}", enrolled()) for n in range(37)))
    row = _suspended(date(2026, 3, 1), date(2026, 8, 31))
    one_open = evidence(ev(K.PROTECTION_MEASURES, "QD", value=Decimal(36)))
    assert verdict(institution(standings=people, suspensions=row, evidence=one_open), "TX-6.3") is FAIL
    all_done = evidence(ev(K.PROTECTION_MEASURES, "QD", value=Decimal(37)))
    assert verdict(institution(standings=people, suspensions=row, evidence=all_done), "TX-6.3") is PASS


APPROVED = evidence(ev(K.DISTANCE_DECISION, P, signed=date(2024, 3, 15)))


@pytest.mark.parametrize(
    ("on", "intake", "wanted"),
    [
        (date(2027, 3, 15), None, WARN),
        (date(2027, 3, 16), None, FAIL),
        (date(2027, 3, 16), date(2027, 3, 15), PASS),
        (date(2026, 9, 14), None, PASS),
        (date(2026, 9, 15), None, WARN),
    ],
)
def test_tx_6_5_thirty_six_months_without_intake(on: date, intake: date | None, wanted: Verdict) -> None:
    people = people_of(learner("L", enrolled(intake), on=on)) if intake else {}
    cohorts = {"K1": Cohort("K1", P, date(2025, 9, 1))}  # held, nobody enrolled: no reset
    s = institution(on=on, evidence=APPROVED, standings=people, cohorts=cohorts)
    assert verdict(s, "TX-6.5") is wanted


def _session(
    kind: SessionKind, site: str, day: date = date(2026, 10, 1), **fields: object
) -> dict[str, Session]:
    return {"S": Session("S", "C", kind, site, at(day), 90, **fields)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "site", "day", "wanted"),
    [
        (SessionKind.TUTORIAL, "outside", date(2026, 10, 1), FAIL),
        (SessionKind.INTERNSHIP, "outside", date(2026, 10, 1), PASS),
        (SessionKind.TUTORIAL, "B1", date(2026, 10, 1), PASS),
        (SessionKind.TUTORIAL, "C1", date(2026, 12, 31), PASS),
        (SessionKind.TUTORIAL, "C1", date(2027, 1, 1), FAIL),
    ],
)
def test_tx_7_1_and_7_3b_places_and_terms_of_contracts(
    kind: SessionKind, site: str, day: date, wanted: Verdict
) -> None:
    s = institution(sessions=_session(kind, site, day), contracts={"HD1": contract()})
    assert verdict(s, "TX-7.1") is wanted


def test_tx_7_3b_a_programme_that_the_contract_does_not_list_is_blocked() -> None:
    s = institution(
        sessions=_session(SessionKind.TUTORIAL, "C1"), contracts={"HD1": contract(programmes=("P2",))}
    )
    assert verdict(s, "TX-7.1") is FAIL


@pytest.mark.parametrize(
    ("on", "wanted", "step"),
    [(date(2026, 6, 1), PASS, ""), (date(2026, 7, 4), WARN, "180"), (date(2026, 12, 15), WARN, "30")],
)
def test_tx_7_3b_expiry_is_told_in_time(on: date, wanted: Verdict, step: str) -> None:
    (finding,) = found(institution(on=on, contracts={"HD1": contract()}), "TX-7.3b", "partner:C1")
    assert (finding.verdict, finding.threshold) == (wanted, step)


def test_tx_7_3a_2_a_contract_before_the_appraisal_is_refused() -> None:
    rows = ev(K.PARTNER_APPRAISAL, "C1", signed=date(2024, 1, 2), items=CONDITIONS)
    s = institution(contracts={"HD1": contract()}, evidence=evidence(rows))
    assert verdict(s, "TX-7.3a-2", "partner:C1") is FAIL
    early = ev(K.PARTNER_APPRAISAL, "C1", signed=date(2024, 1, 1), items=CONDITIONS)
    s = institution(contracts={"HD1": contract()}, evidence=evidence(early))
    assert verdict(s, "TX-7.3a-2", "partner:C1") is PASS
    half = ev(K.PARTNER_APPRAISAL, "C1", signed=date(2024, 1, 1), items=CONDITIONS[:6])
    (finding,) = found(institution(evidence=evidence(half)), "TX-7.3a-2", "partner:C1")
    assert finding.what.params["items"] == "managers"


def test_tx_7_3c_everybody_leaves_a_partner_that_failed() -> None:
    stays = learner("L1", enrolled(), site="C1")
    goes = learner(
        "L2", enrolled(), event(StandingEvent.TRANSFERRED, date(2026, 6, 1), detail="MAIN"), site="C1"
    )
    failed = evidence(ev(K.PARTNER_FAILED, "C1"))
    s = institution(evidence=failed, standings=people_of(stays, goes))
    (finding,) = found(s, "TX-7.3c", "partner:C1")
    assert (finding.verdict, finding.value) == (FAIL, "1")
    assert verdict(institution(evidence=failed, standings=people_of(goes)), "TX-7.3c") is PASS


def test_tx_7_4b_a_contract_without_examinations_opens_none() -> None:
    s = institution(
        sessions=_session(SessionKind.EXAM, "C1"),
        contracts={"HD1": contract(duties=(ContractDuty.TEACHING,))},
    )
    assert verdict(s, "TX-7.4b") is FAIL
    assert verdict(s.changed(contracts={"HD1": contract()}), "TX-7.4b") is PASS


def test_tx_7_2_a_partner_of_which_no_kind_is_entered_is_shown() -> None:
    assert verdict(institution(partners={}), "TX-7.2") is UNKNOWN
    assert verdict(institution(), "TX-7.2") is PASS
