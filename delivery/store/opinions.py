"""What learners and staff think of a course or of the service, and what was answered (TT-10.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from delivery.clock import VIETNAM, Clock, from_micros, to_micros
from delivery.errors import N_, BadInput
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.course_facts import CourseFacts
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners
from delivery.store.teaching import checked
from delivery.store.vault import Vault

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class Opinion:
    """One learner's opinion; whose it is stays in the log."""

    fact: str
    course: str
    """Empty for the service as a whole."""
    period: str
    score: int
    at: datetime
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Satisfaction with one thing in one period."""

    course: str
    period: str
    answers: int
    staff: int
    """How many of them are of staff."""
    mean: float | None
    """None when there are too few answers to show without pointing at people."""


def period_of(moment: datetime) -> str:
    """The month in Viet Nam, ``2026-11``."""
    return moment.astimezone(VIETNAM).strftime("%Y-%m")


class Opinions:
    """Takes, answers and counts."""

    def __init__(
        self, facts: FactLog, course_facts: CourseFacts, learners: Learners, vault: Vault, clock: Clock
    ) -> None:
        self._facts = facts
        self._course_facts = course_facts
        self._learners = learners
        self._vault = vault
        self._clock = clock

    def give(self, learner: str, course: str, *, score: int, text: str) -> None:
        """A learner's opinion. One about each thing in a month counts: the first. Raises BadInput."""
        now = self._clock.now()
        ref = self._learners.get(learner)
        draft = Draft(
            id=fact_id(FactKind.OPINION_GIVEN, learner, course, period_of(now)),
            kind=FactKind.OPINION_GIVEN,
            occurred_at=to_micros(now),
            actor=learner,
            audience=ref.site if ref else "all",
            learner=learner,
            course=course,
            data={"score": _score(score), "period": period_of(now)},
            private={"text": checked(text)} if text else None,
        )
        self._facts.append([draft], once=True)

    def give_as_staff(self, person: str, course: str, *, score: int) -> None:
        """As :meth:`give`, of a member of staff."""
        now = self._clock.now()
        draft = Draft(
            id=fact_id(FactKind.STAFF_OPINION_GIVEN, person, course, period_of(now)),
            kind=FactKind.STAFF_OPINION_GIVEN,
            occurred_at=to_micros(now),
            actor=person,
            course=course,
            data={"score": _score(score), "period": period_of(now)},
        )
        self._facts.append([draft], once=True)

    def given_by(self, learner: str) -> list[Opinion]:
        """A learner's own opinions with what was answered, newest first."""
        return self._opinions([fact for fact in self._told() if fact.learner == learner])

    def with_words(self) -> list[Opinion]:
        """Opinions with words, newest first."""
        return [opinion for opinion in self._opinions(self._told()) if opinion.text]

    def answer(self, opinion: str, *, text: str, actor: str) -> None:
        """Answer one; the learner reads it. Raises BadInput when there is no such opinion."""
        try:
            given = self._facts.get(str(UUID(opinion)))
        except ValueError:
            given = None
        if given is None or given.kind is not FactKind.OPINION_GIVEN:
            raise BadInput(N_("This opinion is no longer there."))
        draft = Draft(
            id=fact_id(FactKind.OPINION_ANSWERED, opinion),
            kind=FactKind.OPINION_ANSWERED,
            occurred_at=to_micros(self._clock.now()),
            actor=actor,
            audience=given.stream.rpartition("/")[2],
            learner=given.learner,
            course=given.course,
            data={"opinion": opinion},
            private={"text": checked(text)},
        )
        self._facts.append([draft], once=True)

    def measures(self, *, least: int) -> list[Measure]:
        """Satisfaction by period and course, newest first; fewer than `least` answers are not broken down."""
        facts = self._course_facts.of_kind(FactKind.OPINION_GIVEN, FactKind.STAFF_OPINION_GIVEN)
        groups: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            groups.setdefault((fact.data["period"], fact.course), []).append(fact)
        out = []
        for (period, course), told in sorted(groups.items(), key=lambda item: item[0][1]):
            scores = [fact.data["score"] for fact in told]
            mean = sum(scores) / len(scores) if len(scores) >= least else None
            staff = sum(fact.kind is FactKind.STAFF_OPINION_GIVEN for fact in told)
            out.append(Measure(course, period, len(scores), staff, mean))
        return sorted(out, key=lambda measure: measure.period, reverse=True)

    def _told(self) -> Sequence[Fact]:
        return self._course_facts.of_kind(FactKind.OPINION_GIVEN)

    def _opinions(self, facts: Sequence[Fact]) -> list[Opinion]:
        answers = {
            fact.data["opinion"]: fact for fact in self._course_facts.of_kind(FactKind.OPINION_ANSWERED)
        }
        wanted = [fact.id for fact in facts if fact.private_hash]
        wanted += [answers[fact.id].id for fact in facts if fact.id in answers]
        texts = self._vault.open_many(wanted)
        out = [
            Opinion(
                fact.id,
                fact.course,
                fact.data["period"],
                fact.data["score"],
                from_micros(fact.occurred_at),
                _text(texts, fact.id),
                _text(texts, answers[fact.id].id) if fact.id in answers else "",
            )
            for fact in facts
        ]
        return sorted(out, key=lambda opinion: (opinion.at, opinion.fact), reverse=True)


def _text(texts: Mapping[str, Mapping[str, str]], fact: str) -> str:
    return str(texts.get(fact, {}).get("text", ""))


def _score(score: int) -> int:
    if not LOWEST <= score <= HIGHEST:
        raise BadInput(N_("Choose a number from 1 to 5."))
    return score
