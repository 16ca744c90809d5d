"""What lecturers tell beside marks: rubrics, remarks on pages, proposals of two markers. All of it is facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput
from delivery.ids import IdSource, fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.course_facts import CourseFacts
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners
from delivery.store.vault import Vault

THOUSANDTHS = 1000
LONGEST_TEXT = 5_000
"""Characters of a remark or comment."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric."""

    code: str
    title: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Rubric:
    """How an activity is marked."""

    criteria: tuple[Criterion, ...] = ()
    blind: bool = False
    second: str = ""
    """Code of the second marker, or empty."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark pinned to a place on a page; `x` and `y` in thousandths of the page."""

    note: str
    work: str
    page: int
    x: int
    y: int
    text: str
    marker: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one marker would give."""

    learner: str
    marker: str
    score: str
    comment: str
    criteria: Mapping[str, str]


class Teaching:
    """Records and reads what lecturers tell."""

    def __init__(
        self,
        facts: FactLog,
        course_facts: CourseFacts,
        learners: Learners,
        vault: Vault,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._facts = facts
        self._course_facts = course_facts
        self._learners = learners
        self._vault = vault
        self._clock = clock
        self._ids = ids

    # Rubrics

    def rubric(self, activity: str) -> Rubric:
        """The newest rubric of an activity; an empty one when nobody set any."""
        told = self._course_facts.of_activity(activity, FactKind.RUBRIC_SET)
        if not told:
            return Rubric()
        data = told[-1].data
        criteria = tuple(Criterion(code, title, Decimal(points)) for code, title, points in data["criteria"])
        return Rubric(criteria, bool(data.get("blind")), data.get("second", ""))

    def set_rubric(self, activity: str, course: str, rubric: Rubric, *, actor: str) -> None:
        """Tell a new rubric; the same one again tells nothing."""
        if rubric == self.rubric(activity):
            return
        draft = Draft(
            id=fact_id(FactKind.RUBRIC_SET, activity, self._ids.random_bytes(16).hex()),
            kind=FactKind.RUBRIC_SET,
            occurred_at=to_micros(self._clock.now()),
            actor=actor,
            course=course,
            activity=activity,
            data={
                "criteria": [[c.code, c.title, str(c.points)] for c in rubric.criteria],
                **({"blind": True} if rubric.blind else {}),
                **({"second": rubric.second} if rubric.second else {}),
            },
        )
        self._facts.append([draft])

    # Remarks on pages

    def remark(self, work: Fact, *, page: int, x: int, y: int, text: str, actor: str, note: str) -> None:
        """Pin a remark to a page of a piece of work. The same `note` (an id of the form) again tells nothing."""
        data = {
            "work": work.id,
            "page": page,
            "x": min(max(0, x), THOUSANDTHS),
            "y": min(max(0, y), THOUSANDTHS),
            "note": note,
        }
        self._tell(work, FactKind.WORK_ANNOTATED, (note,), data, actor=actor, private={"text": checked(text)})

    def take_back(self, remark: Remark, work: Fact, *, actor: str) -> None:
        """Remove a remark; that it was there stays known."""
        data = {
            "work": remark.work,
            "page": remark.page,
            "x": remark.x,
            "y": remark.y,
            "note": remark.note,
            "removed": True,
        }
        self._tell(work, FactKind.WORK_ANNOTATED, (remark.note, "removed"), data, actor=actor)

    def remarks(self, activity: str, learner: str) -> list[Remark]:
        """The remarks on a learner's work for an activity, in order of page and height."""
        told = self._course_facts.of_activity(activity, FactKind.WORK_ANNOTATED, learner=learner)
        gone = {fact.data["note"] for fact in told if fact.data.get("removed")}
        kept = [fact for fact in told if fact.data["note"] not in gone]
        texts = self._vault.open_many(fact.id for fact in kept)
        found = [
            Remark(
                fact.data["note"],
                fact.data["work"],
                fact.data["page"],
                fact.data["x"],
                fact.data["y"],
                texts.get(fact.id, {}).get("text", ""),
                fact.actor,
            )
            for fact in kept
        ]
        return sorted(found, key=lambda remark: (remark.page, remark.y, remark.x, remark.note))

    # Two markers

    def propose(
        self,
        work: Fact,
        *,
        score: str,
        marker: str,
        comment: str = "",
        criteria: Mapping[str, str] | None = None,
    ) -> None:
        """Tell what `marker` would give for a learner's work, until both markers are heard."""
        data = {
            "score": score,
            "method": "web",
            **({"comment": True} if comment else {}),
            **({"criteria": dict(criteria)} if criteria else {}),
        }
        before = len(
            self._course_facts.of_activity(work.activity, FactKind.MARK_PROPOSED, learner=work.learner)
        )
        private = {"comment": checked(comment)} if comment else None
        self._tell(work, FactKind.MARK_PROPOSED, (marker, str(before)), data, actor=marker, private=private)

    def proposals(self, activity: str, learner: str = "") -> dict[tuple[str, str], Proposal]:
        """(learner, marker) -> the newest proposal."""
        told = self._course_facts.of_activity(activity, FactKind.MARK_PROPOSED, learner=learner)
        texts = self._vault.open_many(fact.id for fact in told if fact.private_hash)
        return {
            (fact.learner, fact.actor): Proposal(
                fact.learner,
                fact.actor,
                fact.data["score"],
                texts.get(fact.id, {}).get("comment", ""),
                fact.data.get("criteria", {}),
            )
            for fact in told
        }

    def comment(self, mark: Fact) -> str:
        """The comment beside a mark; empty when there is none or it was erased."""
        if not mark.private_hash:
            return ""
        return str((self._vault.open(mark.id) or {}).get("comment", ""))

    def _tell(
        self,
        work: Fact,
        kind: FactKind,
        key: Sequence[str],
        data: Mapping[str, object],
        *,
        actor: str,
        private: Mapping[str, str] | None = None,
    ) -> None:
        ref = self._learners.get(work.learner)
        draft = Draft(
            id=fact_id(kind, work.learner, work.activity, *key),
            kind=kind,
            occurred_at=to_micros(self._clock.now()),
            actor=actor,
            audience=ref.site if ref else "all",
            learner=work.learner,
            course=work.course,
            activity=work.activity,
            mode=work.mode,
            data=data,
            private=private,
        )
        self._facts.append([draft], once=True)


def checked(text: str) -> str:
    """A text by a person as it is kept. Raises BadInput when it is empty or too long."""
    plain = "\n".join(line.rstrip() for line in text.replace("\x00", "").splitlines()).strip()
    if not plain or len(plain) > LONGEST_TEXT:
        raise BadInput(
            N_("The text is empty or too long."),
            do=N_("Write 1 to {limit} characters."),
            limit=LONGEST_TEXT,
        )
    return plain
