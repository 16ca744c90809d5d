"""What an import changed, counted as it goes and told in the words of the person who imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from delivery.catalogue.changes import TableChange
from delivery.catalogue.rosterplan import LearnerPlan, ProfileStep
from delivery.errors import N_, Message

_SHOWN = 5
"""Enrolments that a note names."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed."""

    tables: Mapping[str, TableChange]
    learners: int
    """Learners that the roster lists."""
    registered: int
    profiles_changed: int
    enrolled: int
    vanished: int
    """Learners of the record whom the roster no longer lists; nothing was done about them."""
    unlisted: int
    """Enrolments of listed learners that the files no longer list; nothing was done about them."""
    left: int
    """Enrolments that the files list although the learner left the course; they were not entered again."""
    notes: tuple[Message, ...]
    registers: Mapping[str, TableChange] = field(default_factory=dict)
    """Registers that the files bring, and what changed in them."""
    standings: int = 0
    """Events, terms and results of learners that were recorded."""

    @property
    def catalogue_changed(self) -> bool:
        return bool(self.registered or self.profiles_changed or self.enrolled) or any(
            not change.empty for change in self.tables.values()
        )

    @property
    def changed(self) -> bool:
        return (
            self.catalogue_changed
            or bool(self.standings)
            or any(not change.empty for change in self.registers.values())
        )


@dataclass(slots=True)
class _Enrolments:
    """How many there are, and the first few as a person would look them up."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, code: str, courses: Sequence[str]) -> None:
        self.count += len(courses)
        if len(self.shown) < _SHOWN:
            self.shown += [f"{code} {course}" for course in courses[: _SHOWN - len(self.shown)]]

    def __str__(self) -> str:
        return "; ".join(self.shown) + ("; …" if self.count > len(self.shown) else "")


@dataclass(slots=True)
class Tally:
    """Counts while the facts of a roster are made, and the notes that come of them."""

    learners: int
    vanished: int
    lists_enrolments: bool
    steps: Counter[ProfileStep] = field(default_factory=Counter)
    enrolled: int = 0
    unlisted: _Enrolments = field(default_factory=_Enrolments)
    left: _Enrolments = field(default_factory=_Enrolments)

    def count(self, plan: LearnerPlan) -> None:
        code = plan.entry.profile.code
        self.steps[plan.step] += 1
        self.enrolled += len(plan.enrol)
        self.left.add(code, plan.left)
        # Without that table the files say nothing of enrolments.
        if self.lists_enrolments:
            self.unlisted.add(code, plan.unlisted)

    def result(self, tables: Mapping[str, TableChange], notes: tuple[Message, ...]) -> ImportResult:
        own = []
        if self.vanished:
            text = N_(
                "{count} learners of the record are no longer in the roster. They stay; nothing was removed."
            )
            own.append(Message(text, {"count": self.vanished}))
        if erased := self.steps[ProfileStep.ERASED]:
            text = N_("{count} learners of the roster were erased on request. They were left out.")
            own.append(Message(text, {"count": erased}))
        if self.unlisted.count:
            text = N_(
                "{count} enrolments are no longer in the files: {enrolments}. Nothing was removed. "
                "If a learner left, record it: tuxa catalogue leave LEARNER COURSE --reason TEXT"
            )
            own.append(Message(text, {"count": self.unlisted.count, "enrolments": str(self.unlisted)}))
        if self.left.count:
            text = N_(
                "{count} enrolments are in courses that the learner left: {enrolments}. They were not entered again. "
                "If that is meant, import with --enrol-again."
            )
            own.append(Message(text, {"count": self.left.count, "enrolments": str(self.left)}))
        return ImportResult(
            tables=tables,
            learners=self.learners,
            registered=self.steps[ProfileStep.REGISTER],
            profiles_changed=self.steps[ProfileStep.CHANGE],
            enrolled=self.enrolled,
            vanished=self.vanished,
            unlisted=self.unlisted.count,
            left=self.left.count,
            notes=(*notes, *own),
        )
