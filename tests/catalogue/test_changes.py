"""What an import would change, compared purely."""

from __future__ import annotations

from dataclasses import replace

from delivery.catalogue.changes import Mentioned, compare, merge, vanished
from delivery.catalogue.model import LearnerProfile, RosterEntry
from delivery.catalogue.rosterplan import KnownLearner, ProfileStep, plan_learner, shrinks_too_far
from tests.catalogue.term import TERM, read

CATALOGUE = read(TERM)[0].catalogue
PROFILE = LearnerProfile("SV1", "Trần Văn Được")
ENTRY = RosterEntry(PROFILE, "K1", "MAIN", ("C", "D"))
KNOWN = KnownLearner("MAIN", "K1", 0, frozenset({"C", "D"}))


def test_the_first_import_adds_everything() -> None:
    changes = compare(None, CATALOGUE, merge(None, CATALOGUE, Mentioned({})))
    assert changes["activities"].added == 4
    assert changes["institution"].added == 1


def test_the_same_catalogue_changes_nothing() -> None:
    merged = merge(CATALOGUE, CATALOGUE, Mentioned({}))
    assert merged == CATALOGUE
    assert all(change.empty for change in compare(CATALOGUE, CATALOGUE, merged).values())


def test_a_row_that_is_gone_goes_unless_the_record_speaks_of_it() -> None:
    fewer = replace(
        CATALOGUE, activities={k: v for k, v in CATALOGUE.activities.items() if k not in ("C-1", "C-4")}
    )
    assert vanished(CATALOGUE, fewer)
    merged = merge(CATALOGUE, fewer, Mentioned({"activities": {"C-4"}}))
    change = compare(CATALOGUE, fewer, merged)["activities"]
    assert set(merged.activities) == {"C-2", "C-3", "C-4"}
    assert (change.removed, change.kept) == (1, ("C-4",))


def test_content_that_came_by_another_way_is_not_taken_away() -> None:
    bound = replace(CATALOGUE.materials["M"], content="ab" * 32, file="m.pdf")
    stored = replace(CATALOGUE, materials={"M": bound})
    renamed = replace(CATALOGUE, materials={"M": replace(CATALOGUE.materials["M"], title="Tên mới")})
    assert merge(stored, renamed, Mentioned({})).materials["M"] == replace(bound, title="Tên mới")


def test_a_new_learner_is_registered_and_enrolled() -> None:
    plan = plan_learner(ENTRY, None, None)
    assert (plan.step, plan.revision, plan.enrol) == (ProfileStep.REGISTER, 0, (("C", 0), ("D", 0)))


def test_a_known_learner_without_changes_needs_nothing() -> None:
    plan = plan_learner(ENTRY, KNOWN, PROFILE)
    assert (plan.step, plan.enrol) == (ProfileStep.NONE, ())


def test_a_changed_profile_site_or_cohort_is_the_next_revision() -> None:
    moved = replace(ENTRY, profile=replace(PROFILE, address="12 Nguyễn Trãi"))
    for entry in (moved, replace(ENTRY, site="XA"), replace(ENTRY, cohort="K2")):
        plan = plan_learner(entry, replace(KNOWN, revision=3), PROFILE)
        assert (plan.step, plan.revision) == (ProfileStep.CHANGE, 4)


def test_a_course_that_is_no_longer_listed_is_told_and_stays() -> None:
    plan = plan_learner(replace(ENTRY, courses=("D",)), KNOWN, PROFILE)
    assert (plan.step, plan.enrol, plan.unlisted) == (ProfileStep.NONE, (), ("C",))


def test_a_course_that_was_left_is_entered_again_only_when_that_is_meant() -> None:
    known = replace(KNOWN, courses=frozenset({"D"}), left={"C": 2})
    plan = plan_learner(ENTRY, known, PROFILE)
    assert (plan.enrol, plan.left) == ((), ("C",))
    again = plan_learner(ENTRY, known, PROFILE, enrol_again=True)
    assert (again.enrol, again.left) == ((("C", 2),), ())


def test_an_erased_learner_is_not_brought_back() -> None:
    plan = plan_learner(ENTRY, replace(KNOWN, courses=frozenset()), None)
    assert (plan.step, plan.enrol) == (ProfileStep.ERASED, ())


def test_half_may_vanish_but_not_more() -> None:
    assert not shrinks_too_far(stored=40, missing=20)
    assert shrinks_too_far(stored=40, missing=21)
    assert not shrinks_too_far(stored=0, missing=0)
