"""Marks: the lecturer's judgement as facts, corrected by new facts, never overwritten (design D1, T8-9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import InvalidOperation

from delivery.catalogue.kinds import Role
from delivery.catalogue.model import Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.corrections import standing
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


@dataclass(frozen=True, slots=True)
class Target:
    """What a mark is given to: an activity, or a component as a whole (`activity` is then empty)."""

    course: str
    activity: str
    component: str
    mode: str

    @property
    def name(self) -> str:
        return self.activity or f"{self.course}/{self.component}"

    def is_marked_by(self, fact: Fact) -> bool:
        """Whether `fact`, a mark, is given to this target."""
        if self.activity:
            return fact.activity == self.activity
        return (
            not fact.activity and fact.course == self.course and fact.data.get("component") == self.component
        )


class Marks:
    """Record and correct marks."""

    def __init__(self, facts: FactLog, learners: Learners, clock: Clock, *, default_profile: str) -> None:
        self._facts = facts
        self._learners = learners
        self._clock = clock
        self._profile = default_profile

    def standing(self, learner: str, target: Target) -> Fact | None:
        """The mark of a target that no later fact replaced."""
        return self._marks_of(learner, target)[0]

    def _marks_of(self, learner: str, target: Target) -> tuple[Fact | None, int]:
        """The mark that counts, and how many were ever given."""
        told = [
            *self._facts.select(learner=learner, kind=FactKind.MARK_RECORDED),
            *self._facts.select(kind=FactKind.FACT_RETRACTED),
        ]
        counting = [f for f in standing(told) if f.kind is FactKind.MARK_RECORDED and target.is_marked_by(f)]
        ever = sum(f.kind is FactKind.MARK_RECORDED and target.is_marked_by(f) for f in told)
        return max(counting, key=lambda fact: fact.order, default=None), ever

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
        comment: str = "",
        criteria: Mapping[str, str] | None = None,
        read_from: str = "",
        confirmed_by: str = "",
    ) -> StandingMark:
        """Record a mark. The same mark again is a no-op; another one is refused unless `correct` says it replaces.

        `comment` is for the learner and is sealed; `criteria` are points by criterion, decimal text. Either makes the
        same score a new mark. `read_from` is the work on whose sheet a machine read the mark, and `confirmed_by` the
        person who compared the two: no machine gives a mark (TX-5.5).
        """
        ref = self._learners.require(learner_code)
        target = self._target(activity_code, catalogue)
        _require_lecturer(marker, catalogue)
        value = self._value(score, ref.cohort, catalogue)
        before, ever = self._marks_of(ref.id, target)
        # After marks that were all taken back, the same one is told anew.
        since = before.id if before else f"first{ever or ''}"
        if before is not None and before.data["score"] == value and not comment and not criteria:
            return _standing(before)
        if before is not None and not correct:
            raise Refused(
                N_("{activity} of {learner} already has the mark {before}."),
                do=N_("To replace it, say so with --correct; both marks stay in the history."),
                activity=target.name,
                learner=learner_code,
                before=before.data["score"],
            )
        draft = Draft(
            id=fact_id(FactKind.MARK_RECORDED, ref.id, target.name, since, marker, value),
            kind=FactKind.MARK_RECORDED,
            occurred_at=to_micros(self._clock.now()),
            actor=marker,
            audience=ref.site,
            learner=ref.id,
            course=target.course,
            activity=target.activity,
            mode=target.mode,
            corrects=before.id if before else "",
            data={
                "score": value,
                "method": method,
                "component": target.component,
                **({"comment": True} if comment else {}),
                **({"criteria": dict(criteria)} if criteria else {}),
                **({"read_from": read_from} if read_from else {}),
                **({"confirmed_by": confirmed_by} if confirmed_by else {}),
            },
            private={"comment": comment} if comment else None,
        )
        self._facts.append([draft], once=True)
        return StandingMark(ref.id, target.course, target.name, value, marker, str(draft.id))

    def _value(self, score: str, cohort_code: str, catalogue: Catalogue) -> str:
        """The mark as decimal text, on the scale of the cohort's profile."""
        cohort = catalogue.cohorts.get(cohort_code)
        rules = load_profile((cohort.profile if cohort else "") or self._profile).grading
        try:
            return str(parse_score(score, rules))
        except (ValueError, InvalidOperation) as error:
            raise Refused(
                N_("“{score}” is not a mark."),
                do=N_("Give a number from 0 to {top} with at most two decimals (T8-9.1-2)."),
                score=score,
                top=str(rules.scale_max),
            ) from error

    def take_back(self, mark: Fact, *, reason: str, actor: str) -> None:
        """Retract a mark that should not have been recorded; what it had replaced stands again."""
        ref = self._learners.require(mark.learner)
        self._facts.append(
            [
                Draft(
                    id=fact_id(FactKind.FACT_RETRACTED, mark.id, reason),
                    kind=FactKind.FACT_RETRACTED,
                    occurred_at=to_micros(self._clock.now()),
                    actor=actor,
                    audience=ref.site,
                    corrects=mark.id,
                    data={"reason": reason},
                )
            ],
            once=True,
        )

    def all(self) -> list[StandingMark]:
        """Every standing mark, in order of learner and activity."""
        told = [
            *self._facts.select(kind=FactKind.MARK_RECORDED),
            *self._facts.select(kind=FactKind.FACT_RETRACTED),
        ]
        marks = (_standing(fact) for fact in standing(told) if fact.kind is FactKind.MARK_RECORDED)
        return sorted(marks, key=lambda mark: (mark.learner, mark.activity, mark.fact))

    def _target(self, code: str, catalogue: Catalogue) -> Target:
        """What `code` names: an activity, or ``COURSE/COMPONENT`` for a component marked as a whole."""
        course, slash, part = code.partition("/")
        if slash and (course, part) in catalogue.components:
            return Target(course, "", part, "")
        activity = catalogue.activities.get(code)
        if activity is None:
            raise NotFound(
                N_("There is no activity “{code}”."),
                do=N_(
                    "“tuxa catalogue show” lists the activities of each course; a final exam is COURSE/COMPONENT."
                ),
                code=code,
            )
        if not activity.component:
            raise Refused(
                N_("Activity {code} is not marked: it counts into no component of its course."),
                do=N_("Give it a component in activities.csv and import the catalogue again."),
                code=code,
            )
        return Target(activity.course, activity.code, activity.component, str(activity.mode))


def _require_lecturer(code: str, catalogue: Catalogue) -> None:
    person = catalogue.people.get(code)
    if person is None or Role.LECTURER not in person.roles:
        raise Refused(
            N_("“{code}” is not a lecturer of the catalogue."),
            do=N_("Give the code of a lecturer, as in people.csv."),
            code=code,
        )


def _standing(fact: Fact) -> StandingMark:
    name = fact.activity or f"{fact.course}/{fact.data.get('component', '')}"
    return StandingMark(fact.learner, fact.course, name, fact.data["score"], fact.actor, fact.id)
