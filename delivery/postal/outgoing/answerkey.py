"""The key of an assignment, as its source states it: what is right, and what each question is worth. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from delivery.postal.outgoing.markdown import CHOICE_LETTERS, Answer, Choices, Document, Heading

_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
_CENT = Decimal("0.01")
SCALE = Decimal(10)
"""What a whole mark is out of (T8-9.1-2)."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A question of which the key says what is right."""

    question: int
    right: tuple[str, ...]
    """Letters. Where several may be marked, exactly these are right; else any one of them is."""
    many: bool
    points: Decimal

    def is_right(self, given: str) -> bool:
        """Whether an answer (letters) is right. There is no half of it."""
        return set(given) == set(self.right) if self.many else given in self.right


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What can be judged by the key, and what is left to a person."""

    keyed: tuple[Keyed, ...]
    left: tuple[int, ...]
    """Questions without a key, or with room for handwriting."""
    total: Decimal
    """Points of all questions."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the answers of one work come to."""

    judged: tuple[tuple[Keyed, str, bool], ...]
    """Question, what was answered, whether it is right."""
    earned: Decimal
    of: Decimal
    """Points of the questions that the key judges."""
    mark: str
    """The whole mark as decimal text, 0 to 10; empty where a person must mark a part of the work."""


def key_of(document: Document) -> AnswerKey | None:
    """The key in an assignment (from :func:`read_assignment`), or None without one.

    A question is worth the points in its heading, or one; a mark of 10 is all the points.
    """
    questions: dict[int, tuple[Decimal, list[Choices]]] = {0: (Decimal(1), [])}
    number, written = 0, set()
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 2:
            number += 1
            questions[number] = (_points(block), [])
        elif isinstance(block, Choices):
            questions[number][1].append(block)
        elif isinstance(block, Answer):
            written.add(block.question)
    if not questions[0][1] and 0 not in written:
        del questions[0]
    keyed = tuple(
        Keyed(question, tuple(CHOICE_LETTERS[at] for at in groups[0].right), groups[0].many, points)
        for question, (points, groups) in questions.items()
        # Two lists in one question bear the same letters: nobody could tell which of them is meant.
        if question not in written and len(groups) == 1 and groups[0].right
    )
    if not keyed:
        return None
    known = {entry.question for entry in keyed}
    left = tuple(question for question in questions if question not in known)
    return AnswerKey(keyed, left, sum((points for points, _ in questions.values()), Decimal(0)))


def score(key: AnswerKey, answers: Mapping[int, str]) -> Score | None:
    """Score answers (letters by question); None while one of the keyed questions has none yet."""
    if any(entry.question not in answers for entry in key.keyed):
        return None
    judged = tuple(
        (entry, answers[entry.question], entry.is_right(answers[entry.question])) for entry in key.keyed
    )
    earned = sum((entry.points for entry, _, right in judged if right), Decimal(0))
    of = sum((entry.points for entry in key.keyed), Decimal(0))
    whole = not key.left and key.total > 0
    mark = (SCALE * earned / key.total).quantize(_CENT, ROUND_HALF_UP) if whole else None
    return Score(judged, earned, of, "" if mark is None else plain_number(mark))


def plain_number(value: Decimal) -> str:
    """Decimal text without zeros at its end: 7.5, 10, 0."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _points(heading: Heading) -> Decimal:
    found = _NUMBER.search(heading.points)
    return Decimal(found[0].replace(",", ".")) if found else Decimal(1)
