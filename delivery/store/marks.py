"""Marks: the lecturer's judgement as facts, corrected by new facts, never overwritten (design D1, T8-9)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import InvalidOperation

from delivery.catalogue.model import Activity, Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.grades import parse_score
from delivery.record.kinds import FactKind
from delivery.regulation.profile import load_profile
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners


@dataclass(frozen=True, slots=True)
class StandingMark:
    """The mark that counts now."""

    learner: str
    course: str
    activity: str
    score: str
    marker: str
    fact: str


class Marks:
    """Record and correct marks."""

    def __init__(self, facts: FactLog, learners: Learners, clock: Clock, *, default_profile: str) -> None:
        self._facts = facts
        self._learners = learners
        self._clock = clock
        self._profile = default_profile

    def standing(self, learner: str, activity: str) -> Fact | None:
        """The mark of an activity that no later fact replaced."""
        told = [f for f in self._facts.select(learner=learner) if f.corrects or f.activity == activity]
        replaced = {fact.corrects for fact in told if fact.corrects}
        marks = [
            f
            for f in told
            if f.kind is FactKind.MARK_RECORDED and f.activity == activity and f.id not in replaced
        ]
        return max(marks, key=lambda fact: fact.order, default=None)

    def set(
        self,
        learner_code: str,
        activity_code: str,
        *,
        score: str,
        marker: str,
        catalogue: Catalogue,
        method: str = "keyboard",
        correct: bool = False,
    ) -> StandingMark:
        """Record a mark. The same mark again is a no-op; another one is refused unless `correct` says it replaces."""
        ref = self._learners.require(learner_code)
        activity = self._activity(activity_code, catalogue)
        cohort = catalogue.cohorts.get(ref.cohort)
        rules = load_profile((cohort.profile if cohort else "") or self._profile).grading
        try:
            value = str(parse_score(score, rules))
        except (ValueError, InvalidOperation) as error:
            raise Refused(
                N_("“{score}” is not a mark."),
                do=N_("Give a number from 0 to {top} with at most two decimals (T8-9.1-2)."),
                score=score,
                top=str(rules.scale_max),
            ) from error
        before = self.standing(ref.id, activity.code)
        if before is not None and before.data["score"] == value:
            return _standing(before)
        if before is not None and not correct:
            raise Refused(
                N_("Activity {activity} of {learner} already has the mark {before}."),
                do=N_("To replace it, say so with --correct; both marks stay in the history."),
                activity=activity.code,
                learner=learner_code,
                before=before.data["score"],
            )
        draft = Draft(
            id=fact_id(
                FactKind.MARK_RECORDED, ref.id, activity.code, before.id if before else "first", marker, value
            ),
            kind=FactKind.MARK_RECORDED,
            occurred_at=to_micros(self._clock.now()),
            actor=marker,
            audience=ref.site,
            learner=ref.id,
            course=activity.course,
            activity=activity.code,
            mode=str(activity.mode),
            corrects=before.id if before else "",
            data={"score": value, "method": method, "component": activity.component},
        )
        self._facts.append([draft], once=True)
        return StandingMark(ref.id, activity.course, activity.code, value, marker, str(draft.id))

    def all(self) -> list[StandingMark]:
        """Every standing mark, in order of learner and activity."""
        marks = list(self._facts.select(kind=FactKind.MARK_RECORDED))
        replaced = {f.corrects for f in marks} | {
            f.corrects for f in self._facts.select(kind=FactKind.FACT_RETRACTED)
        }
        return sorted(
            (_standing(fact) for fact in marks if fact.id not in replaced),
            key=lambda mark: (mark.learner, mark.activity, mark.fact),
        )

    def _activity(self, code: str, catalogue: Catalogue) -> Activity:
        activity = catalogue.activities.get(code)
        if activity is None:
            raise NotFound(
                N_("There is no activity “{code}”."),
                do=N_("“tuxa catalogue show” lists the activities of each course."),
                code=code,
            )
        if not activity.component:
            raise Refused(
                N_("Activity {code} is not marked: it counts into no component of its course."),
                do=N_("Give it a component in activities.csv and import the catalogue again."),
                code=code,
            )
        return activity


def _standing(fact: Fact) -> StandingMark:
    return StandingMark(fact.learner, fact.course, fact.activity, fact.data["score"], fact.actor, fact.id)
