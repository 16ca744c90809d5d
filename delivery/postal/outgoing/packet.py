"""What a batch's packets consist of, and which page stands where: frozen plans. Pure.

A batch is one course's packets of one mailing. Its specification names every material by the hash of its content, and
everything else that decides what the pages look like, so that a batch that is printed again, or after a kill, has the
same pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from delivery.errors import N_, BadInput
from delivery.ids import IdSource, digest_of
from delivery.postal.outgoing.lines import LARGE_PRINT
from delivery.postal.roles import ASSIGNMENT, BLANK, COVER, FEEDBACK, RETURN, WEEK
from delivery.record.sheetcode import PAGE_ID_BYTES, SIDE_ID_BYTES

_BATCH_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing in every packet of a batch: a material to keep, or an assignment to send back."""

    role: str
    material: str
    kind: str
    title: str
    edition: str
    content: str
    """SHA-256 of the source."""
    activity: str
    due: str
    """ISO date, or empty."""
    approval: str
    """Number of the approval decision."""
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Address window of the envelope, in millimetres from the top left corner of the folded page. The default is
    DIN 5008 form B for a C5/6 or DL window envelope; other stocks have other windows."""

    x: float = 20.0
    y: float = 45.0
    width: float = 85.0
    height: float = 45.0


@dataclass(frozen=True, slots=True)
class Airing:
    """A lesson on the air in the days that a packet covers, with everything as it is printed."""

    course: str
    when: str
    channel: str
    title: str


@dataclass(frozen=True, slots=True)
class Due:
    """Work that is due in those days or later."""

    course: str
    when: str
    title: str
    how: str
    """Code of the mode: ``postal``, ``network`` or ``broadcast``."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the packets of a batch are made."""

    duplex: bool = False
    """Printed on both sides: each part begins on a front."""
    n_up: int = 1
    """Pages of an existing PDF on one printed page: 1, 2 or 4."""
    large: bool = False
    """Large print: text set half as large again."""
    closed: bool = False
    """Only for learners who are named; whoever enrols later gets no packet of this batch by themselves."""
    envelope: str = ""
    """Envelope by its name in the stock file; empty lets the thickness decide."""

    @property
    def scale(self) -> float:
        """By how much all type is enlarged."""
        return LARGE_PRINT if self.large else 1.0


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """What every packet of a batch consists of."""

    batch: str
    course: str
    base_url: str
    """Address in the codes: fixed when planned, for it decides how large a code is and so how pages break."""
    parts: tuple[Part, ...]
    missing: tuple[str, ...] = ()
    """Printed kinds (TX-4.3b) that the batch has none of, and for which the syllabus gives no reason."""
    not_needed: tuple[tuple[str, str], ...] = ()
    """Printed kinds that the syllabus does without, each with its reason."""
    options: Options = field(default_factory=Options)
    window: Window = field(default_factory=Window)
    mailing: int = 0
    """Number of the mailing in the course's standing order; 0 for a batch of its own."""
    first_day: str = ""
    """ISO dates of the days that the learner's week covers."""
    last_day: str = ""
    airs: tuple[Airing, ...] = ()
    """Lessons of all courses that are aired in those days; each learner's page shows the learner's own courses."""
    dues: tuple[Due, ...] = ()

    @property
    def pages(self) -> int:
        """Pages per packet without feedback slip, everything else included."""
        return len(page_plan(self))

    @property
    def tasks(self) -> tuple[Part, ...]:
        """What is to be sent back."""
        return tuple(part for part in self.parts if part.role == ASSIGNMENT)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> BatchSpec:
        document: dict[str, Any] = json.loads(text)
        take = document.pop
        return BatchSpec(
            parts=tuple(Part(**part) for part in take("parts")),
            missing=tuple(take("missing")),
            not_needed=tuple((kind, reason) for kind, reason in take("not_needed")),
            options=Options(**take("options")),
            window=Window(**take("window")),
            airs=tuple(Airing(**airing) for airing in take("airs")),
            dues=tuple(Due(**due) for due in take("dues")),
            **document,
        )


@dataclass(frozen=True, slots=True)
class PagePlan:
    """One page of every packet, before it has ids."""

    role: str
    part: int = -1
    """Index in :attr:`BatchSpec.parts`, or -1."""
    activity: str = ""
    page: int = 1
    """Within its part, from 1."""
    pages: int = 1


def page_plan(spec: BatchSpec, *, feedback: int = 0) -> tuple[PagePlan, ...]:
    """The pages of a packet in order; `feedback` is the number of pages of the learner's feedback slip."""
    groups: list[list[PagePlan]] = [[PagePlan(COVER), PagePlan(WEEK)]]
    groups.append([PagePlan(FEEDBACK, page=n, pages=feedback) for n in range(1, feedback + 1)])
    for index, part in enumerate(spec.parts):
        pages = range(1, part.pages + 1)
        groups.append([PagePlan(part.role, index, part.activity, n, part.pages) for n in pages])
    if spec.tasks:
        groups.append([PagePlan(RETURN)])
    if not spec.options.duplex:
        return tuple(page for group in groups for page in group)
    return tuple(_with_blank_backs(groups))


def _with_blank_backs(groups: list[list[PagePlan]]) -> Iterator[PagePlan]:
    filled = [group for group in groups if group]
    for group in filled:
        yield from group
        # The last sheet of the packet may well have an empty back: nothing follows that must begin on a front.
        if len(group) % 2 and group is not filled[-1]:
            yield PagePlan(BLANK)


@dataclass(frozen=True, slots=True)
class PacketPlan:
    """One learner's packet."""

    packet: str
    batch: str
    learner: str
    sheets: tuple[tuple[str, str, str, str, int, int], ...]
    """As a PacketPlanned fact tells them: page id, side id, role, activity, page, pages."""
    layout: str
    marks: tuple[str, ...] = ()
    """Facts of the marks on its feedback slip."""
    supersedes: str = ""


def require_batch_code(code: str) -> str:
    """`code`, which becomes part of file names. Raises BadInput when it cannot."""
    if not _BATCH_CODE.fullmatch(code):
        raise BadInput(
            N_("“{code}” cannot be a batch code."),
            do=N_("Use 1 to 40 letters without diacritics, digits, dots, dashes and underscores."),
            code=code,
        )
    return code


def packet_id(batch: str, learner: str, edition: int = 0) -> str:
    """Derived, so that planning again finds the packet that exists: ``P`` and 20 hexadecimal digits.

    `edition` counts reprints.
    """
    name = ["packet", batch, learner]
    return "P" + digest_of([*name, str(edition)] if edition else name)[:20]


Fixed = tuple[tuple[str, str, int, int], ...]
"""(role, activity, page, pages) of every page: what stands beside the ids, the same in thousands of packets."""


def fixed_of(pages: tuple[PagePlan, ...]) -> Fixed:
    """What stands beside the ids of these pages."""
    return tuple((page.role, page.activity, page.page, page.pages) for page in pages)


def give_ids(pages: Fixed, ids: IdSource) -> tuple[tuple[str, str, str, str, int, int], ...]:
    """Fresh random ids for every page."""
    size = PAGE_ID_BYTES + SIDE_ID_BYTES
    raw = ids.random_bytes(size * len(pages)).hex()
    width, middle = 2 * size, 2 * PAGE_ID_BYTES
    places = range(0, len(raw), width)
    return tuple(
        [
            (raw[at : at + middle], raw[at + middle : at + width], role, activity, page, count)
            for at, (role, activity, page, count) in zip(places, pages, strict=True)
        ]
    )
