"""Questions and answers of a course, by unit: between learner and lecturer (LS) and between learners (SS), TX-5.4-1.

Every post is a fact about the learner whose exchange it is; its words are sealed under that learner's key (design D3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.catalogue.model import Catalogue
from delivery.clock import Clock, from_micros, to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.course_facts import CourseFacts
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners
from delivery.store.teaching import checked
from delivery.store.vault import Vault

KINDS = (FactKind.QUESTION_ASKED, FactKind.QUESTION_ANSWERED, FactKind.PEER_ANSWERED)
CHANNEL = "portal"
MOST_MINUTES = 240


@dataclass(frozen=True, slots=True)
class Post:
    """One post. `author` is a learner id, or the code of the lecturer."""

    fact: str
    by: Literal["asker", "lecturer", "peer"]
    author: str
    at: datetime
    text: str
    """Empty when the words were erased."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A question and what followed."""

    ident: str
    course: str
    unit: int
    asker: str
    posts: tuple[Post, ...]

    @property
    def waiting_since(self) -> datetime | None:
        """When the asker last wrote without an answer by a lecturer since; None when nothing waits."""
        since = None
        for post in self.posts:
            if post.by == "asker":
                since = since or post.at
            elif post.by == "lecturer":
                since = None
        return since


class Threads:
    """Tells and reads questions and answers."""

    def __init__(
        self, facts: FactLog, course_facts: CourseFacts, learners: Learners, vault: Vault, clock: Clock
    ) -> None:
        self._facts = facts
        self._course_facts = course_facts
        self._learners = learners
        self._vault = vault
        self._clock = clock

    def ask(self, learner: str, course: str, unit: int, *, text: str, once: str, catalogue: Catalogue) -> str:
        """Begin a thread; its id. `once` is the form's own id: the same form again is the same question."""
        thread = fact_id("thread", learner, course, once).hex[:16]
        self._question(learner, course, unit, thread, text=text, once=once, catalogue=catalogue)
        return thread

    def follow_up(self, thread: Thread, learner: str, *, text: str, once: str, catalogue: Catalogue) -> None:
        """A further post of a learner: of the asker a further question, of another learner an answer (SS)."""
        if learner == thread.asker:
            self._question(
                learner, thread.course, thread.unit, thread.ident, text=text, once=once, catalogue=catalogue
            )
            return
        about = {"thread": thread.ident, "unit": thread.unit}
        answer = self._draft(
            FactKind.PEER_ANSWERED,
            learner,
            (learner, thread.ident, once),
            {**about, "peer": thread.asker},
            course=thread.course,
            actor=learner,
            activity=_consultation(thread.course, thread.unit, catalogue),
            private={"text": checked(text)},
        )
        received = self._draft(
            FactKind.PEER_ANSWER_RECEIVED,
            thread.asker,
            (str(answer.id),),
            {**about, "peer": learner, "answer": str(answer.id)},
            course=thread.course,
            actor=learner,
            activity=_consultation(thread.course, thread.unit, catalogue),
        )
        self._facts.append([answer, received], once=True)

    def answer(
        self, thread: Thread, *, lecturer: str, text: str, minutes: int, once: str, catalogue: Catalogue
    ) -> None:
        """A lecturer's answer, with the minutes that it took as the lecturer says."""
        draft = self._draft(
            FactKind.QUESTION_ANSWERED,
            thread.asker,
            (thread.ident, lecturer, once),
            {"thread": thread.ident, "unit": thread.unit, "minutes": min(max(0, minutes), MOST_MINUTES)},
            course=thread.course,
            actor=lecturer,
            activity=_consultation(thread.course, thread.unit, catalogue),
            private={"text": checked(text)},
        )
        self._facts.append([draft], once=True)

    def of_course(self, course: str) -> list[Thread]:
        """The threads of a course, newest question first."""
        return self._threads(self._course_facts.of_course(course, *KINDS))

    def find(self, course: str, ident: str) -> Thread | None:
        """One thread of a course."""
        return next((thread for thread in self.of_course(course) if thread.ident == ident), None)

    def _threads(self, facts: Iterable[Fact]) -> list[Thread]:
        by_thread: dict[str, list[Fact]] = {}
        for fact in facts:
            by_thread.setdefault(fact.data["thread"], []).append(fact)
        texts = self._vault.open_many(fact.id for told in by_thread.values() for fact in told)
        out = [
            _thread(ident, told, texts)
            for ident, told in by_thread.items()
            if any(fact.kind is FactKind.QUESTION_ASKED for fact in told)
        ]
        return sorted(out, key=lambda thread: (thread.posts[0].at, thread.ident), reverse=True)

    def _question(
        self,
        learner: str,
        course: str,
        unit: int,
        thread: str,
        *,
        text: str,
        once: str,
        catalogue: Catalogue,
    ) -> None:
        draft = self._draft(
            FactKind.QUESTION_ASKED,
            learner,
            (learner, thread, once),
            {"thread": thread, "channel": CHANNEL, "unit": unit},
            course=course,
            actor=learner,
            activity=_consultation(course, unit, catalogue),
            private={"text": checked(text)},
        )
        self._facts.append([draft], once=True)

    def _draft(
        self,
        kind: FactKind,
        learner: str,
        key: tuple[str, ...],
        data: Mapping[str, Any],
        *,
        course: str,
        actor: str,
        activity: str,
        private: Mapping[str, str] | None = None,
    ) -> Draft:
        ref = self._learners.get(learner)
        return Draft(
            id=fact_id(kind, *key),
            kind=kind,
            occurred_at=to_micros(self._clock.now()),
            actor=actor,
            audience=ref.site if ref else "all",
            learner=learner,
            course=course,
            activity=activity,
            mode=DeliveryMode.NETWORK,
            data=data,
            private=private,
        )


def _thread(ident: str, told: list[Fact], texts: Mapping[str, Mapping[str, Any]]) -> Thread:
    first = next(fact for fact in told if fact.kind is FactKind.QUESTION_ASKED)
    posts = []
    for fact in sorted(told, key=lambda fact: fact.order):
        by: Literal["asker", "lecturer", "peer"] = (
            "asker"
            if fact.kind is FactKind.QUESTION_ASKED
            else "lecturer"
            if fact.kind is FactKind.QUESTION_ANSWERED
            else "peer"
        )
        words = str(texts.get(fact.id, {}).get("text", ""))
        posts.append(Post(fact.id, by, fact.actor, from_micros(fact.occurred_at), words))
    return Thread(ident, first.course, int(first.data.get("unit", 0)), first.learner, tuple(posts))


def _consultation(course: str, unit: int, catalogue: Catalogue) -> str:
    """The planned consultation on the network that an exchange belongs to: of its unit, else of the course."""
    planned = [
        activity
        for activity in catalogue.activities_of.get(course, ())
        if activity.kind is ActivityKind.CONSULTATION and activity.mode is DeliveryMode.NETWORK
    ]
    best = [a for a in planned if a.unit == unit] or [a for a in planned if a.unit == 0] or planned
    return best[0].code if best else ""
