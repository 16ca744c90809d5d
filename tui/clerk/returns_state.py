"""What the clerk's console knows of returned sheets, read from what the station tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tui.shared.values import dicts_of, int_of, text_of, true_of


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a page may be."""

    kind: str
    why: str
    learner: str
    activity: str
    page: int
    certainty: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page that waits."""

    id: str
    file: str
    page: int
    pages: int
    reason: str
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a machine read in one place."""

    id: str
    learner: str
    activity: str
    page: int
    use: str
    question: int
    read: str
    confidence: int
    """In thousand."""
    doubt: str
    is_doubtful: bool
    has_crop: bool

    @property
    def needs_marker(self) -> bool:
        """Whether it is read well, and only whose pen it was is open: it stood there when the sheet first came."""
        return self.is_doubtful and self.doubt == "unseen" and bool(self.read)


Item = TypeVar("Item", Page, Reading)


@dataclass(frozen=True, slots=True)
class Task:
    """Long work at the station."""

    name: str
    number: int
    done: int
    total: int
    state: str
    detail: str
    result: dict[str, Any] = field(default_factory=dict)
    problem: Any = None
    do: Any = None

    @property
    def is_running(self) -> bool:
        return self.state == "running"


def continued(
    held: Sequence[Item], found: Sequence[Item], *, offset: int, more: bool
) -> tuple[list[Item], bool]:
    """A long list after a part of it, from `offset`, was read anew; and whether what is held behind that part stays.

    Whoever works far down in the list keeps the place: `more` says that the list goes on behind the part.
    """
    names = [item.id for item in held]
    goes_on = more and bool(found) and found[-1].id in names
    tail = list(held[names.index(found[-1].id) + 1 :]) if goes_on else []
    return list(held[:offset]) + list(found) + tail, bool(tail)


def read_page(document: Any) -> Page | None:
    """A page of the queue, or None when it says nothing."""
    if not (ident := text_of(document, "id")):
        return None
    proposals = tuple(
        Proposal(
            text_of(one, "kind"),
            text_of(one, "why"),
            text_of(one, "learner"),
            text_of(one, "activity"),
            int_of(one, "page"),
            int_of(one, "certainty"),
        )
        for one in dicts_of(document, "proposals")
    )
    return Page(
        ident,
        text_of(document, "file"),
        int_of(document, "page"),
        int_of(document, "pages"),
        text_of(document, "reason"),
        proposals,
    )


def read_reading(document: Any) -> Reading | None:
    """A reading that waits, or None when it says nothing."""
    if not (ident := text_of(document, "id")):
        return None
    return Reading(
        ident,
        text_of(document, "learner"),
        text_of(document, "activity"),
        int_of(document, "page"),
        text_of(document, "use"),
        int_of(document, "question"),
        text_of(document, "read"),
        int_of(document, "confidence"),
        text_of(document, "doubt"),
        text_of(document, "state") == "doubtful",
        true_of(document, "has_crop"),
    )


def read_task(document: Any) -> Task | None:
    """How long work stands; None before the first."""
    if not isinstance(document, dict) or not text_of(document, "state"):
        return None
    result = document.get("result")
    return Task(
        text_of(document, "name"),
        int_of(document, "number"),
        int_of(document, "done"),
        int_of(document, "total"),
        text_of(document, "state"),
        text_of(document, "detail"),
        result if isinstance(result, dict) else {},
        document.get("problem"),
        document.get("do"),
    )
