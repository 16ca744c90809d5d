"""Two arrivals of one sheet are two pieces of evidence for one claim (design D4). The policy that chooses is here.

Declared policy, in this order: a page of a sheet that is not superseded before one that is; a scan of the paper before
an upload before a photograph before a partner's copy; the earliest arrival (of uploads without a sheet, which a
learner may improve, the latest); the smaller fact id. Nothing is dropped: every piece stays in the claim's evidence.
When both an old and a reprinted set arrive whole, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from delivery.clock import VIETNAM, to_micros
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind

CHANNEL_RANK = {"post": 0, "web": 1, "phone": 2, "partner": 3}


@dataclass(frozen=True, slots=True)
class Piece:
    """One image of one page."""

    fact: str
    packet: str
    page: int
    pages: int
    channel: str
    arrived_at: int
    superseded: bool
    counted_at: int = 0
    """When it counts as handed in: its postmark's day, where a clerk entered one; 0 for its arrival."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the pieces together say about one assignment of one learner."""

    chosen: Mapping[int, str]
    """Page number -> fact that stands for it."""
    missing: tuple[int, ...]
    first_arrival: int
    last_needed_arrival: int
    """Arrival of the last page that was needed: when the work was complete; 0 while it is not."""
    disagreement: bool
    counted_at: int = 0
    """When the work counts as handed in whole, which lateness is judged by (TT-2.3); 0 while it is not."""

    @property
    def complete(self) -> bool:
        return not self.missing


def resolve(pieces: Iterable[Piece]) -> Claim | None:
    """Choose by the declared policy; None without pieces. Does not depend on the order of `pieces`."""
    known = sorted(pieces, key=_preference)
    if not known:
        return None
    chosen: dict[int, Piece] = {}
    for piece in known:
        chosen.setdefault(piece.page, piece)
    pages = max(piece.pages for piece in known)
    missing = tuple(number for number in range(1, pages + 1) if number not in chosen)
    earliest: dict[int, int] = {}
    counted: dict[int, int] = {}
    for piece in known:
        earliest[piece.page] = min(piece.arrived_at, earliest.get(piece.page, piece.arrived_at))
        when = piece.counted_at or piece.arrived_at
        counted[piece.page] = min(when, counted.get(piece.page, when))
    return Claim(
        chosen={number: piece.fact for number, piece in sorted(chosen.items())},
        missing=missing,
        first_arrival=min(earliest.values()),
        last_needed_arrival=0 if missing else max(earliest.values()),
        disagreement=_two_whole_sets(known),
        counted_at=0 if missing else max(counted.values()),
    )


def piece_of(fact: Fact, postmark: str = "") -> Piece:
    """The piece that a WorkReceived fact stands for. `postmark` (YYYY-MM-DD) was entered later than the fact."""
    data = fact.data
    day = postmark or data.get("postmark", "")
    return Piece(
        fact.id,
        data.get("packet", ""),
        data["page"],
        data["pages"],
        data["channel"],
        fact.occurred_at,
        data.get("superseded", False),
        counted_of(day) if day else 0,
    )


def newest_postmarks(facts: Iterable[Fact]) -> dict[str, str]:
    """Fact of a page -> the day of its postmark, as it was entered last."""
    told = [fact for fact in facts if fact.kind is FactKind.POSTMARK_ENTERED]
    told.sort(key=lambda fact: (fact.occurred_at, fact.id))
    return {work: fact.data["day"] for fact in told for work in fact.data["works"]}


def counted_of(day: str) -> int:
    """The moment for which a postmark stands: noon of its day in Viet Nam, in µs since 1970 UTC."""
    return to_micros(datetime.combine(date.fromisoformat(day), time(12), VIETNAM))


def _preference(piece: Piece) -> tuple[bool, int, int, str]:
    when = piece.arrived_at if piece.packet else -piece.arrived_at
    return (piece.superseded, CHANNEL_RANK.get(piece.channel, len(CHANNEL_RANK)), when, piece.fact)


def _two_whole_sets(pieces: Iterable[Piece]) -> bool:
    seen: dict[str, set[int]] = {}
    size: dict[str, int] = {}
    for piece in pieces:
        seen.setdefault(piece.packet, set()).add(piece.page)
        size[piece.packet] = piece.pages
    return sum(len(numbers) >= size[packet] for packet, numbers in seen.items()) > 1
