"""What a page without a certain code may be, told by the pages around it in its pile: proposals for a person, pure.

The pages of a work lie in order, or in turned order, behind the learner's return sheet. A page in a gap of that order
is proposed as the printed page that is missing there; a page without our corner marks behind coded ones as an extra
sheet of their work. Nothing is ever filed by a proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from delivery.postal.incoming.resolve import Doubt
from delivery.postal.roles import ASSIGNMENT, BLANK, RETURN
from delivery.store.returns import DUPLICATE, FILED, QUEUED, PageRow
from delivery.store.sheets import Sheet

REACH = 40
"""Pages before and behind that are looked at: a work is rarely longer."""
_COMES_BACK = (ASSIGNMENT, RETURN)


class Why(StrEnum):
    """What a proposal rests on."""

    CODE = "code"
    """A code on the page itself names this sheet, but something else is wrong."""
    BETWEEN = "between"
    """The pages before and behind leave exactly this gap."""
    BESIDE = "beside"
    """The page before or behind is the neighbour of this one, which has not come yet."""
    BEHIND_RETURN = "behind_return"
    """It follows the learner's return sheet."""
    BEHIND_WORK = "behind_work"
    """It follows a page of this work."""
    SAME_PACKET = "same_packet"
    """It lies among pages of a packet that holds this work too."""
    SAID = "said"
    """A person said so."""


_CERTAINTY: Mapping[Why, int] = {
    Why.CODE: 95,
    Why.BETWEEN: 90,
    Why.BEHIND_RETURN: 75,
    Why.BESIDE: 60,
    Why.BEHIND_WORK: 50,
    Why.SAME_PACKET: 30,
    Why.SAID: 100,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a page may be: the printed page `sheet`, or (without one) an extra sheet of this work."""

    why: Why
    learner: str
    course: str
    activity: str
    packet: str
    sheet: str = ""
    page: int = 0
    """Page of the work; for an extra sheet the page that it stands behind, 0 when there is none."""

    @property
    def kind(self) -> str:
        return "sheet" if self.sheet else "extra"

    @property
    def certainty(self) -> int:
        """In hundred, for sorting and for people; a fixed ranking, not a probability."""
        return _CERTAINTY[self.why]


@dataclass(frozen=True, slots=True)
class Known:
    """What proposals look at beside the pile."""

    sheet: Callable[[str], Sheet | None]
    packet: Callable[[str], Sequence[Sheet]]
    came: Callable[[Sequence[str]], set[str]]


def propose(row: PageRow, pile: Mapping[int, PageRow], known: Known) -> tuple[Proposal, ...]:
    """Proposals for a page that waits, the most likely first. `pile` holds the pages of its file around it."""
    found: list[Proposal] = []
    own = known.sheet(row.page_id) if row.page_id else None
    if own is not None:
        found.append(_as_sheet(own, Why.CODE))
    before = _coded(row, pile, -1, known)
    behind = _coded(row, pile, +1, known)
    if row.reason != Doubt.DARK:
        found += _gaps(row, pile, before, behind, known)
    if row.reason not in (Doubt.DARK, Doubt.DAMAGED):
        # Nobody can see whose extra sheet that would be; it is scanned again.
        found += _extras(before, behind, known)
    if row.reason == Doubt.UNREADABLE and before is not None:
        # Without our corner marks it is the learner's own paper more likely than a page of ours.
        found.sort(
            key=lambda p: (
                p.why is not Why.CODE,
                p.kind != "extra" or p.why is Why.SAME_PACKET,
                -p.certainty,
            )
        )
    else:
        found.sort(key=lambda p: -p.certainty)
    unique = {(p.kind, p.sheet, p.learner, p.activity): p for p in reversed(found)}
    return tuple(sorted(unique.values(), key=found.index))


def _coded(row: PageRow, pile: Mapping[int, PageRow], step: int, known: Known) -> Sheet | None:
    """The nearest page before or behind whose sheet is known."""
    number = row.page + step
    while number in pile:
        near = pile[number]
        if near.status in (FILED, DUPLICATE) and near.page_id:
            return known.sheet(near.page_id)
        number += step
    return None


def _waiting_between(row: PageRow, pile: Mapping[int, PageRow], step: int) -> int:
    """Pages that wait between this one and the nearest coded page."""
    count, number = 0, row.page + step
    while number in pile:
        near = pile[number]
        if near.status in (FILED, DUPLICATE) and near.page_id:
            return count
        count += near.status == QUEUED
        number += step
    return count


def _gaps(
    row: PageRow, pile: Mapping[int, PageRow], before: Sheet | None, behind: Sheet | None, known: Known
) -> list[Proposal]:
    first, last = _waiting_between(row, pile, -1), _waiting_between(row, pile, +1)
    if before and behind and before.packet == behind.packet:
        step = 1 if behind.position > before.position else -1
        between = [
            sheet
            for sheet in known.packet(before.packet)
            if min(before.position, behind.position) < sheet.position < max(before.position, behind.position)
            and sheet.role in _COMES_BACK
        ][::step]
        came = known.came([sheet.page_id for sheet in between])
        if len(between) == first + 1 + last and between[first].page_id not in came:
            return [_as_sheet(between[first], Why.BETWEEN)]
    return [
        *_beside(before, first, +1, known),
        *_beside(behind, last, -1, known),
    ]


def _beside(near: Sheet | None, waiting: int, step: int, known: Known) -> list[Proposal]:
    """The missing pages next to a coded one, in either direction: a pile may lie face down."""
    if near is None or near.role not in (*_COMES_BACK, BLANK):
        return []
    sheets = [sheet for sheet in known.packet(near.packet) if sheet.role in _COMES_BACK]
    came = known.came([sheet.page_id for sheet in sheets])
    out = []
    for direction in (step, -step):
        ahead = [s for s in sheets if (s.position - near.position) * direction > 0 and s.page_id not in came]
        ahead.sort(key=lambda s: s.position * direction)
        if len(ahead) > waiting:
            out.append(_as_sheet(ahead[waiting], Why.BESIDE))
    return out


def _extras(before: Sheet | None, behind: Sheet | None, known: Known) -> list[Proposal]:
    """Extra sheets lie behind the return sheet, or behind the work that they go on with; a packet may hold several
    works, and then each of them may be meant."""
    if before is None or before.role not in (ASSIGNMENT, RETURN, BLANK):
        return []
    works: dict[str, Sheet] = {}
    near = (before, behind if behind and behind.packet == before.packet else None)
    for sheet in (*near, *known.packet(before.packet)):
        if sheet is not None and sheet.role == ASSIGNMENT:
            works.setdefault(sheet.activity, sheet)
    nearest = Why.BEHIND_WORK if before.role == ASSIGNMENT else Why.BEHIND_RETURN
    page = before.page if before.role == ASSIGNMENT else 0
    return [
        Proposal(
            Why.SAME_PACKET if number else nearest,
            work.learner, work.course, work.activity, work.packet, page=0 if number else page,
        )
        for number, work in enumerate(works.values())
    ]  # fmt: skip


def _as_sheet(sheet: Sheet, why: Why) -> Proposal:
    return Proposal(why, sheet.learner, sheet.course, sheet.activity, sheet.packet, sheet.page_id, sheet.page)


def front_of(back: Sheet, packet: Sequence[Sheet]) -> Sheet | None:
    """The page of work whose empty back this sheet is; None for the back of anything else."""
    if back.role != BLANK:
        return None
    front = next((sheet for sheet in packet if sheet.position == back.position - 1), None)
    return front if front is not None and front.role == ASSIGNMENT else None
