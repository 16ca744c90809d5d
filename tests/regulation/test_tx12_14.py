"""TX Điều 12, 13 and 14: quality, decisions, reports and publication."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.evidence import PUBLISHED_ITEMS
from delivery.catalogue.model import Institution
from delivery.catalogue.register_kinds import StandingEvent
from delivery.catalogue.registers import Intake, Ticket
from delivery.regulation.findings import Verdict
from delivery.regulation.rules.tx12 import SURVEY_TOPICS
from delivery.regulation.rules.tx13 import DECISION_FIELDS
from delivery.regulation.rules.tx14_reports import recipients, report_last_day
from tests.regulation.institution import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    WARN,
    K,
    P,
    at,
    details,
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

OLD = details(first_intake=date(2019, 9, 1), first_graduation=date(2023, 9, 1))


@pytest.mark.parametrize(
    ("done", "on", "wanted"),
    [
        (date(2027, 2, 12), date(2027, 3, 1), PASS),
        (date(2027, 2, 13), date(2027, 3, 1), FAIL),
        (None, date(2026, 11, 21), WARN),
        (None, date(2027, 2, 13), FAIL),
    ],
)
def test_tx_12_2a_older_programmes_are_accredited_in_three_years(
    done: date | None, on: date, wanted: Verdict
) -> None:
    rows = [ev(K.ACCREDITATION, P, "passed", signed=done)] if done else []
    s = institution(on=on, programme_details=OLD, evidence=evidence(*rows))
    (finding,) = found(s, "TX-12.2a")
    assert finding.verdict is wanted
    if on == date(2026, 11, 21):
        assert finding.value == "83"  # days


def test_tx_12_2a_does_not_reach_a_programme_without_graduates() -> None:
    s = institution(programme_details=details(first_intake=date(2019, 9, 1)))
    assert verdict(s, "TX-12.2a") is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("assessed", "on", "wanted"),
    [
        (None, date(2028, 6, 29), WARN),
        (None, date(2028, 6, 30), FAIL),
        (date(2028, 6, 29), date(2028, 6, 30), UNKNOWN),
    ],
)
def test_tx_12_2b_assessed_before_the_first_graduation(
    assessed: date | None, on: date, wanted: Verdict
) -> None:
    rows = [ev(K.QUALITY_ASSESSMENT, P, signed=assessed)] if assessed else []
    graduating = details(first_graduation=date(2028, 6, 30))
    s = institution(on=on, programme_details=graduating, evidence=evidence(*rows))
    assert verdict(s, "TX-12.2b") is wanted


def test_tx_12_3_failed_blocks_and_passed_again_opens() -> None:
    failed = ev(K.ACCREDITATION, P, "failed", signed=date(2026, 5, 1))
    s = institution(on=date(2026, 8, 1), programme_details=OLD, evidence=evidence(failed))
    assert verdict(s, "TX-12.3") is FAIL
    again = ev(K.ACCREDITATION, P, "passed", signed=date(2026, 8, 20))
    s = institution(on=date(2026, 9, 1), programme_details=OLD, evidence=evidence(failed, again))
    assert verdict(s, "TX-12.3") is PASS


def test_tx_12_1_2_a_form_without_software_cannot_be_official() -> None:
    whole = evidence(ev(K.SURVEY_TEMPLATE, items=SURVEY_TOPICS), ev(K.STAKEHOLDER_FORM))
    assert verdict(institution(evidence=whole), "TX-12.1-2") is PASS
    short = evidence(ev(K.SURVEY_TEMPLATE, items=SURVEY_TOPICS[:5]), ev(K.STAKEHOLDER_FORM))
    findings = found(institution(evidence=short), "TX-12.1-2")
    assert (findings[0].verdict, findings[0].what.params["items"]) == (FAIL, "software")


@pytest.mark.parametrize(("received", "wanted"), [(date(2026, 11, 6), PASS), (date(2026, 11, 5), WARN)])
def test_tx_12_1_3_a_ticket_that_waits_too_long_is_escalated(received: date, wanted: Verdict) -> None:
    s = institution(tickets={"T": Ticket("T", received, "post")})
    assert verdict(s, "TX-12.1-3", "tickets:open") is wanted


# --- Điều 13 --------------------------------------------------------------------------------------------


def test_tx_13_1b_1_a_decision_states_five_things() -> None:
    whole = evidence(ev(K.DISTANCE_DECISION, P, items=DECISION_FIELDS))
    assert verdict(institution(evidence=whole), "TX-13.1b-1") is PASS
    without = evidence(ev(K.DISTANCE_DECISION, P, items=tuple(x for x in DECISION_FIELDS if x != "modes")))
    (finding,) = found(institution(evidence=without), "TX-13.1b-1")
    assert (finding.verdict, finding.what.params["items"]) == (FAIL, "modes")


@pytest.mark.parametrize(
    ("done", "on", "wanted"),
    [
        ((date(2026, 3, 16), date(2026, 3, 16)), date(2026, 4, 1), PASS),
        ((date(2026, 3, 16), date(2026, 3, 17)), date(2026, 4, 1), FAIL),
        ((date(2026, 3, 10), None), date(2026, 3, 16), WARN),
        ((date(2026, 3, 10), None), date(2026, 3, 17), FAIL),
    ],
    ids=["on the due day", "next day", "one of two, in time", "one of two, late"],
)
def test_tx_13_1b_2_database_and_ministry_in_ten_working_days(
    done: tuple[date, date | None], on: date, wanted: Verdict
) -> None:
    rows = [ev(K.DISTANCE_DECISION, P, signed=date(2026, 3, 2))]
    rows.append(ev(K.DATABASE_UPDATE, P, signed=done[0]))
    if done[1]:
        rows.append(ev(K.MINISTRY_DISPATCH, P, signed=done[1]))
    (finding,) = found(institution(on=on, evidence=evidence(*rows)), "TX-13.1b-2")
    assert (finding.verdict, finding.threshold) == (wanted, "2026-03-16")


def test_tx_13_1dd_both_risks_are_planned_for() -> None:
    one = evidence(ev(K.RISK_SCENARIO, topic="major_suspended"))
    assert verdict(institution(evidence=one), "TX-13.1dd") is FAIL
    both = evidence(
        ev(K.RISK_SCENARIO, topic="major_suspended"), ev(K.RISK_SCENARIO, topic="distance_suspended")
    )
    assert verdict(institution(evidence=both), "TX-13.1dd") is PASS


def test_tx_13_2a_1_a_programme_from_before_is_freed_from_the_scheme_only() -> None:
    (new,) = found(institution(), "TX-13.2a-1")
    assert any(clause.startswith("TX-5.10") for clause in new.rests_on) or new.verdict is FAIL
    (old,) = found(institution(programme_details=OLD), "TX-13.2a-1")
    assert not any(clause.startswith("TX-5.10") for clause in old.rests_on)


# --- Điều 14 --------------------------------------------------------------------------------------------


def test_tx_14_1_the_last_day_is_the_thirtieth() -> None:
    assert report_last_day(institution(), 2026) == date(2026, 12, 30)
    (finding,) = found(institution(on=date(2028, 12, 1)), "TX-14.1-0")
    assert finding.threshold == "2028-12-29"  # the 30th is a Saturday


def test_tx_14_1_recipients_follow_the_institution_and_the_tiers_of_government() -> None:
    assert recipients(institution(), 2026, partner=False) == ["ministry", "province"]
    under = institution(institution=Institution("U", "U", "Bộ Y"))
    assert recipients(under, 2026, partner=False) == ["ministry", "province", "supervisor"]
    assert recipients(institution(), 2024, partner=True)[-1] == "district"
    assert recipients(institution(), 2026, partner=True)[-1] == "commune"


@pytest.mark.parametrize(
    ("sent", "wanted"), [(date(2026, 12, 30), PASS), (date(2026, 12, 31), FAIL), (None, FAIL)]
)
def test_tx_14_1a_sent_before_31_december(sent: date | None, wanted: Verdict) -> None:
    rows = [ev(K.DISTANCE_DECISION, P)]
    if sent:
        rows += [
            ev(K.REPORT_SENT, "", to, signed=sent, value=Decimal(2026)) for to in ("ministry", "province")
        ]
    s = institution(on=date(2026, 12, 31), evidence=evidence(*rows))
    assert verdict(s, "TX-14.1a", "annex1:U/2026") is wanted
    assert verdict(s, "TX-14.1-0") is wanted


def test_tx_14_2_two_learners_without_entry_level_are_listed() -> None:
    whole = [learner(f"L{n}", enrolled()) for n in range(3)]
    bare = [learner(f"M{n}", event(StandingEvent.ENROLLED, date(2024, 9, 1))) for n in range(2)]
    (finding,) = found(institution(standings=people_of(*whole, *bare)), "TX-14.2")
    assert (finding.verdict, finding.value, finding.rests_on) == (FAIL, "2", ("M0", "M1"))


def _published(items: tuple[str, ...], **fields: object) -> dict[str, object]:
    rows = [ev(K.PUBLICATION, P, item, url="https://u.edu.vn", **fields) for item in items]
    return {"evidence": evidence(*rows), "intakes": {"K1": Intake("K1", at(date(2026, 4, 1)))}}


@pytest.mark.parametrize(("hour", "wanted"), [(7, PASS), (9, FAIL)])
def test_tx_14_4_on_the_day_of_the_intake_the_hour_decides(hour: int, wanted: Verdict) -> None:
    day = date(2026, 4, 1)
    s = institution(**_published(PUBLISHED_ITEMS, signed=None, at=at(day, hour)))
    assert verdict(s, "TX-14.4-0") is wanted
    assert verdict(institution(**_published(PUBLISHED_ITEMS, signed=day)), "TX-14.4-0") is PASS


def test_tx_14_4_four_of_five_items_block_the_start() -> None:
    assert verdict(institution(**_published(PUBLISHED_ITEMS)), "TX-14.4-0") is PASS
    (finding,) = found(institution(**_published(PUBLISHED_ITEMS[:4])), "TX-14.4-0")
    assert (finding.verdict, finding.value, finding.what.params["items"]) == (FAIL, "4", "intake")
    late = _published(PUBLISHED_ITEMS, signed=date(2026, 4, 2))
    assert verdict(institution(**late), "TX-14.4-0") is FAIL


def test_tx_14_5a_the_intake_notice_may_be_withdrawn_the_others_not() -> None:
    tables = _published(PUBLISHED_ITEMS[:4])
    assert verdict(institution(**tables), "TX-14.5a") is PASS
    assert verdict(institution(**_published(PUBLISHED_ITEMS[:4], until=date(2026, 5, 1))), "TX-14.5a") in (
        FAIL,
        UNKNOWN,
    )


@pytest.mark.parametrize(("day", "wanted"), [(date(2026, 10, 22), PASS), (date(2026, 10, 21), WARN)])
def test_tx_14_5_0_the_public_page_grows_stale(day: date, wanted: Verdict) -> None:
    rows = evidence(ev(K.STATISTICS_PUBLISHED, P, signed=day))
    assert verdict(institution(evidence=rows), "TX-14.5-0") is wanted


def test_tx_14_5b_counts_of_a_cohort_agree() -> None:
    """K2024: admitted 120, enrolled 110, studying 96, left 12 (9 voluntary, 3 forced), graduated 2."""
    people = [learner(f"S{n}", enrolled()) for n in range(96)]
    for kind, count in (
        (StandingEvent.WITHDRAWN_VOLUNTARY, 9),
        (StandingEvent.DISMISSED, 3),
        (StandingEvent.GRADUATED, 2),
    ):
        people += [learner(f"{kind}{n}", enrolled(), event(kind, date(2026, 1, 1))) for n in range(count)]
    s = institution(standings=people_of(*people), intakes={"K1": Intake("K1", admitted=120)})
    (finding,) = found(s, "TX-14.5b")
    assert (finding.verdict, finding.value, finding.threshold) == (PASS, "110", "110")
    few = s.changed(intakes={"K1": Intake("K1", admitted=109)})
    assert verdict(few, "TX-14.5b") is FAIL


def test_tx_14_3_a_broken_ledger_is_a_violation() -> None:
    assert verdict(institution(ledger_ok=False), "TX-14.3", "ledger:facts") is FAIL
    assert verdict(institution(ledger_ok=True), "TT-5.3c-2") is PASS
    assert verdict(institution(), "TT-5.3c-2") is UNKNOWN
