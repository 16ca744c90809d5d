"""The engine: every row accounted for, evaluation again after a change, gates, overrides, duties, own values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.catalogue.kinds import EmploymentKind
from delivery.catalogue.model import Cohort, Institution
from delivery.catalogue.register_kinds import StandingEvent
from delivery.catalogue.registers import Intake, PlannedCourse, Suspension, Teaching
from delivery.errors import ConfigError
from delivery.regulation.clauses import clauses
from delivery.regulation.coverage import missing
from delivery.regulation.duties import duties
from delivery.regulation.evaluate import check, evaluate
from delivery.regulation.findings import Verdict, shown
from delivery.regulation.gates import check_gate, override_problem, with_assignment
from delivery.regulation.profile import load_profile, with_own_values
from delivery.regulation.registry import Gate, rules
from delivery.regulation.snapshot import Override, Snapshot
from delivery.regulation.values import Stricter
from tests.regulation.institution import (
    FAIL,
    PASS,
    K,
    P,
    at,
    contract,
    enrolled,
    ev,
    event,
    evidence,
    institution,
    keyed,
    learner,
    people_of,
    person,
    verdict,
)


def test_every_row_of_the_matrix_has_a_rule_or_a_reason_and_every_rule_and_gate_is_implemented() -> None:
    known = rules()
    assert {ident for ident, _ in missing()} | known.keys() == clauses().keys()
    assert [c.id for c in clauses().values() if c.checked and c.id not in known] == []
    assert len(known) >= 150


def test_each_rule_is_found_in_the_module_of_its_article() -> None:
    for ident, rule in rules().items():
        instrument, _, rest = ident.partition("-")
        module = rule.check.__module__.rpartition(".")[2]
        assert module.startswith(instrument.lower()), (ident, module)
        if instrument == "TX":
            assert module.removeprefix("tx").partition("_")[0] == rest.partition(".")[0], (ident, module)


def test_only_rules_that_read_what_changed_run_again() -> None:
    before = evaluate(institution())
    changed = before.snapshot.changed(
        people={**before.snapshot.people, "A": replace(before.snapshot.people["A"], degree="Thạc sĩ")}
    )
    after = evaluate(changed, before)
    fresh = evaluate(institution(people=changed.people))
    assert after.by_clause == fresh.by_clause
    assert 0 < after.ran < before.ran / 2


def test_evaluating_the_same_snapshot_again_runs_only_the_rules_over_others() -> None:
    before = evaluate(institution())
    again = evaluate(before.snapshot, before)
    assert again.by_clause == before.by_clause
    assert again.ran <= sum(rule.over_others for rule in rules().values())


@pytest.mark.parametrize(
    ("number", "text"), [(Decimal("28"), "28"), (Decimal("30.10"), "30.1"), (Decimal(1) / 3, "0.33")]
)
def test_numbers_are_shown_exactly_or_to_two_places(number: Decimal, text: str) -> None:
    assert shown(number) == text


# --- own values (TX-5.6, TX-13.1a-1) --------------------------------------------------------------------


def _own(tmp_path: Path, line: str) -> Path:
    file = tmp_path / "VN-2024.toml"
    file.write_text(f"[values]\n{line}\n", encoding="utf-8")
    return file


def test_an_institution_may_be_stricter_and_never_looser(tmp_path: Path) -> None:
    profile = load_profile("VN-2024")
    own = with_own_values(profile, _own(tmp_path, 'visiting_share_max = { value = "25", regulation = "QC" }'))
    assert own.values.number("visiting_share_max") == 25
    assert [value.regulation for value in own.own_values()] == ["QC"]
    for line, what in (
        ('visiting_share_max = { value = "35", regulation = "QC" }', "looser"),
        ('consecutive_warnings_max = { value = "3", regulation = "QC" }', "looser"),
        ('visiting_share_max = { value = "25" }', "names no regulation"),
        ('nothing_like_it = { value = "25", regulation = "QC" }', "no value"),
        ('visiting_share_max = "25"', "cannot be read"),
        ('visiting_share_max = { value = "NaN", regulation = "QC" }', "cannot be used"),
        ('visiting_share_max = { value = "-5", regulation = "QC" }', "cannot be used"),
        ('visiting_share_max = { value = "ba mươi", regulation = "QC" }', "cannot be used"),
        ('teaching_hour_minutes = { value = "0", regulation = "QC" }', "cannot be used"),
        ('average_places = { value = "2.5", regulation = "QC" }', "cannot be used"),
        ('accreditation_due = { value = "2027-01-01", regulation = "QC" }', "cannot be used"),
        ('improve_rule = { value = "worst", regulation = "QC" }', "cannot be used"),
        ("visiting_share_max = { value = 25.5 }", "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=what):
            with_own_values(profile, _own(tmp_path, line))
    assert with_own_values(profile, tmp_path / "none.toml") is profile


@given(st.data())
def test_any_looser_value_is_refused(data: st.DataObject) -> None:
    values = [
        value
        for value in load_profile("VN-2024").values.all()
        if value.stricter in (Stricter.LOWER, Stricter.HIGHER) and isinstance(value.value, Decimal)
    ]
    value = data.draw(st.sampled_from(values))
    step = data.draw(st.decimals("0.01", "50", places=2))
    assert isinstance(value.value, Decimal)
    looser = value.value + step if value.stricter is Stricter.LOWER else value.value - step
    stricter = value.value - step if value.stricter is Stricter.LOWER else value.value + step
    assert not value.allows(looser)
    assert value.allows(stricter)
    assert value.allows(value.value)


def test_a_parameter_without_a_regulation_on_file_is_named(tmp_path: Path) -> None:
    own = with_own_values(
        load_profile("VN-2024"), _own(tmp_path, 'visiting_share_max = { value = "25", regulation = "QC-9" }')
    )
    s = institution(profiles={"VN-2024": own}, evidence=evidence(ev(K.REGULATION)))
    assert verdict(s, "TX-1.3") is FAIL
    s = institution(profiles={"VN-2024": own}, evidence=evidence(ev(K.REGULATION, code="QC-9")))
    assert verdict(s, "TX-1.3") is PASS


def test_unverified_profiles_mark_every_value_that_differs() -> None:
    profile, base = load_profile("VN-2026"), load_profile("VN-2024")
    differing = {v.name for v in profile.values.all() if v.value != base.values[v.name].value}
    assert differing <= set(profile.unverified)
    assert "min_components" in profile.unverified
    assert base.unverified == ()


# --- gates ----------------------------------------------------------------------------------------------

STAFF = keyed([person("A"), person("V", EmploymentKind.VISITING)])
TAUGHT = {("C", "A"): Teaching("C", "A", Decimal(84)), ("C", "V"): Teaching("C", "V", Decimal(36))}


def test_an_assignment_that_would_break_the_share_is_refused_with_the_number() -> None:
    s = institution(people=STAFF, teaching=TAUGHT)
    assert verdict(s, "TX-5.7b") is PASS
    planned = with_assignment(s, course="C", person="V", credits=Decimal("36.48"))
    refusals = check_gate(Gate.ASSIGN_LECTURER, planned, programme=P).refusals
    (share,) = [r.finding for r in refusals if r.finding.clause == "TX-5.7b"]
    assert (share.value, share.threshold) == ("30.4", "30")
    assert s.teaching is TAUGHT  # nothing was saved


def _override(**fields: str) -> Override:
    base = {
        "gate": "approve_programme",
        "clause": "TX-5.8dd-1",
        "subject": "programme:P1",
        "actor": "HT",
        "role": "rector",
        "reason": "Học liệu năm hai xong trong tháng tới",
        "second": "PHT",
    }
    return Override(**{**base, **fields}, on=date(2026, 5, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, None),
        ({"role": "clerk"}, "rector"),
        ({"second": ""}, "second person"),
        ({"second": "HT"}, "second person"),
        ({"second": " ht"}, "second person"),
        ({"reason": "vội"}, "reason"),
        ({"gate": "print"}, "not asked by the gate"),
        ({"subject": "P1"}, "no subject"),
        ({"clause": "TX-5.2-2"}, "cannot be overridden"),
    ],
)
def test_an_override_needs_role_reason_and_second_person(fields: dict[str, str], why: str | None) -> None:
    made = _override(**fields)
    problem = override_problem(rules()[made.clause], made)
    assert (problem is None) if why is None else (problem is not None and why in str(problem))


def test_an_override_opens_its_clause_only_and_hides_nothing() -> None:
    s = institution(overrides=(_override(),))
    result = check_gate(Gate.APPROVE_PROGRAMME, s, programme=P)
    passed = {r.finding.clause for r in result.refusals if r.override is not None}
    assert passed == {"TX-5.8dd-1"}
    assert not result.open
    assert len(result.refusals) == len(
        check_gate(Gate.APPROVE_PROGRAMME, institution(), programme=P).refusals
    )


def test_every_gate_has_rules_and_a_gate_asks_only_its_own() -> None:
    for gate in Gate:
        assert [rule for rule in rules().values() if gate in rule.gates], gate
    wanted = {ident for ident, rule in rules().items() if Gate.USE_PARTNER in rule.gates}
    result = check_gate(Gate.USE_PARTNER, institution(contracts={"HD1": contract()}))
    assert {r.finding.clause for r in result.refusals} <= wanted


def test_checking_one_clause_gives_what_the_whole_evaluation_gives() -> None:
    s = institution()
    whole = evaluate(s).by_clause
    assert check(s, ["TX-5.7b", "TX-9.3"]) == [*whole["TX-5.7b"], *whole["TX-9.3"]]


# --- duties ---------------------------------------------------------------------------------------------


def test_duties_come_soonest_first_with_their_reminders() -> None:
    rows = evidence(ev(K.DISTANCE_DECISION, P, signed=date(2026, 11, 13)))
    s = institution(on=date(2026, 11, 28), evidence=rows, contracts={"HD1": contract()})
    found = duties(s)
    assert [d.due for d in found] == sorted(d.due for d in found)
    (decision,) = [d for d in found if d.clause == "TX-13.1b-2"]
    assert (decision.due, decision.done, decision.confirmed) == (date(2026, 11, 30), False, True)
    assert decision.reminds(date(2026, 11, 28))
    (report,) = [d for d in found if d.clause == "TX-14.1a"]
    assert (report.due, report.left(s.on)) == (date(2026, 12, 30), 32)
    assert report.reminds(date(2026, 11, 30))
    assert not report.reminds(date(2026, 12, 1))


def test_an_approval_without_intake_is_reminded_of_after_30_and_33_months() -> None:
    rows = evidence(ev(K.DISTANCE_DECISION, P, signed=date(2024, 3, 15)))
    (lapse,) = [d for d in duties(institution(evidence=rows)) if d.clause == "TX-6.5"]
    assert lapse.due == date(2027, 3, 15)
    assert [day for day in (date(2026, 9, 15), date(2026, 12, 15)) if lapse.reminds(day)] == [
        date(2026, 9, 15),
        date(2026, 12, 15),
    ]
    assert not lapse.reminds(date(2026, 10, 15))


def test_verdicts_have_an_order() -> None:
    assert [v.value for v in sorted(Verdict, key=lambda v: v.rank)] == [
        "not_applicable",
        "pass",
        "warn",
        "unknown",
        "fail",
    ]


def test_dates_without_end_or_beginning_break_no_rule() -> None:
    last, first = date.max, date.min
    odd = learner(
        "L",
        enrolled(first),
        event(StandingEvent.LEAVE_MEDICAL, date(2025, 1, 1), until=last, decision="1"),
        event(StandingEvent.LEAVE_PERSONAL, date(2026, 5, 1), until=date(2026, 4, 1), decision="1"),
        event(StandingEvent.ELIGIBLE, date(2026, 11, 1)),
    )
    s = institution(
        standings=people_of(odd, learner("M", enrolled(last))),
        cohorts={"K1": Cohort("K1", P, last), "K2": Cohort("K2", P, date(2025, 9, 1))},
        intakes={"K2": Intake("K2", at(last), first)},
        contracts={"HD1": contract(ends=last)},
        suspensions={"1/QĐ": Suspension("1/QĐ", date(2026, 1, 1), last, "x", (P,))},
        plan_courses={(P, "C"): PlannedCourse(P, "C", 20)},
        evidence=evidence(ev(K.DISTANCE_DECISION, P, signed=first), ev(K.TRAINING, "A", until=last)),
        teaching={("C", "A"): Teaching("C", "A", Decimal(-3), Decimal(0), last, first)},
    )
    assert evaluate(s).findings()
    assert duties(s)


def test_an_institution_with_nothing_in_it_is_judged_all_the_same() -> None:
    empty = Snapshot(
        on=date(2028, 2, 29),
        institution=Institution("U", "U"),
        profiles={"VN-2024": load_profile("VN-2024")},
        default_profile="VN-2024",
    )
    assert all(f.verdict is not FAIL for f in evaluate(empty).findings())
    assert [d.clause for d in duties(empty)] == ["TX-14.1a", "TX-13.2a-2"]
